import { connectControl } from "../../../src/peer/control/control-client.ts";
import { controlAddress } from "../../../src/peer/data-folder-paths.ts";
import { jobsContract } from "../../contract/jobs.ts";
import { PeerGroup } from "../accounts/peers.ts";

jobsContract("a peer behind its control socket", async () => {
  const group = new PeerGroup();
  const { folder } = await group.add("solo");
  return { session: () => connectControl(controlAddress(folder)), stop: () => group.stop() };
});
