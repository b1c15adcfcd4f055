/** How long a login takes: a question to the leading coordinator, argon2id in a thread, and another question. */
import { parseUserName } from "../src/core/ids.ts";
import { connectControl } from "../src/peer/control/control-client.ts";
import { controlAddress } from "../src/peer/data-folder-paths.ts";
import type { Bench } from "./contest.ts";
import { Network } from "./peers.ts";

const repetitions = 10;

/** One login after the other, over a control connection that is open already. */
export async function login(bench: Bench): Promise<void> {
  const network = new Network(bench.program);
  try {
    const peer = await network.add("coordinator");
    const client = await connectControl(controlAddress(peer.folder));
    const user = { name: parseUserName("ann"), password: "seven blue kites" };
    await client.addUser(user);
    await bench.contest({
      name: "login",
      repetitions,
      ours: () =>
        network.measured(async () => {
          await client.login(user);
          return [];
        }),
    });
    await client.close();
  } finally {
    await network.stop();
  }
}
