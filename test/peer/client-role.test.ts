import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parsePeerName } from "../../src/core/ids.ts";
import { newNetwork } from "../../src/peer/founding.ts";
import { createLog } from "../../src/peer/log.ts";
import { saveMembership } from "../../src/peer/peer-config.ts";
import { usualSettings } from "../../src/peer/peer-settings.ts";
import { type RunningPeerOptions, startRunningPeer } from "../../src/peer/running-peer.ts";
import { openDataFolder } from "../../src/store/data-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "client-role-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("JOIN-5 a machine that joined as a client is told to join anew before it offers more, and its folder stays as it is", async () => {
  const name = parsePeerName("cy");
  const membership = await newNetwork({ name, zone: "", capacityBytes: 0, coordinate: "never" });
  await (await openDataFolder(folder, { program: "test" })).release();
  await saveMembership(folder, { ...membership, config: { ...membership.config, role: "client" } });
  const config = await readFile(join(folder, "config.json"), "utf8");
  const start = (setup: RunningPeerOptions["setup"]) =>
    startRunningPeer({
      folder,
      setup,
      isDaemon: true,
      settings: usualSettings,
      onFault: () => undefined,
      log: createLog(() => undefined, { level: "silent", json: false }),
      program: "test",
      version: "0",
    });
  for (const setup of [{ capacityBytes: 5 }, { capacityBytes: null }, { coordinate: "auto" as const }])
    await expect(start(setup)).rejects.toMatchObject({ kind: "permission" });
  expect(await readFile(join(folder, "config.json"), "utf8")).toBe(config);
});
