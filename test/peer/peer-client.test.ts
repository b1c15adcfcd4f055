import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parsePeerName } from "../../src/core/ids.ts";
import { connectControl } from "../../src/peer/control/control-client.ts";
import { controlAddress } from "../../src/peer/data-folder-paths.ts";
import { createLog } from "../../src/peer/log.ts";
import { usualSettings } from "../../src/peer/peer-settings.ts";
import { startRunningPeer } from "../../src/peer/running-peer.ts";
import { clientContract } from "../contract/client.ts";
import { pastContract } from "../contract/past.ts";

async function startPeer() {
  const folder = await mkdtemp(join(tmpdir(), "dfs-peer-"));
  const peer = await startRunningPeer({
    folder,
    setup: { name: parsePeerName("solo") },
    listen: "/ip4/127.0.0.1/tcp/0",
    settings: usualSettings,
    isDaemon: true,
    onFault: (fault) => {
      throw fault;
    },
    log: createLog(() => undefined, { level: "silent", json: false }),
    program: "test",
    version: "0",
  });
  const stop = async (): Promise<void> => {
    await peer.stop();
    await rm(folder, { recursive: true });
  };
  return { folder, peer, stop };
}

clientContract("a peer in this process", async () => {
  const { peer, stop } = await startPeer();
  return { client: peer.client, stop };
});

clientContract("a peer behind its control socket", async () => {
  const { folder, stop } = await startPeer();
  return { client: await connectControl(controlAddress(folder)), stop };
});

pastContract("a peer behind its control socket", async () => {
  const { folder, stop } = await startPeer();
  return { client: await connectControl(controlAddress(folder)), stop };
});
