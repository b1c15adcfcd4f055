import { connectControl } from "../../../src/peer/control/control-client.ts";
import { controlAddress } from "../../../src/peer/data-folder-paths.ts";
import { accountsContract } from "../../contract/accounts.ts";
import { PeerGroup } from "./peers.ts";

/** Each session is a control connection. */
accountsContract("a peer behind its control socket", async () => {
  const group = new PeerGroup();
  const { folder } = await group.add("solo");
  return { session: () => connectControl(controlAddress(folder)), stop: () => group.stop() };
});
