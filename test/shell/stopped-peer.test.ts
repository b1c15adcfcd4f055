import { describe, expect, it } from "vitest";
import { parseUserName } from "../../src/core/ids.ts";
import { runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

const ann = parseUserName("ann");
const password = "seven blue kites";

/** Opens sessions of one network, of ann at first; the peer stops after the first path that each looks at. */
async function stopping(): Promise<{ openClient: () => Promise<MemoryClient>; opened: () => number }> {
  const network = new MemoryClient();
  network.add("/common.txt", "for all");
  await network.addUser({ name: ann, password });
  await network.login({ name: ann, password });
  network.add("/docs/plan", "the plan");
  let opened = 0;
  const openClient = async (): Promise<MemoryClient> => {
    const client = opened === 0 ? network : network.another();
    opened += 1;
    const stat = client.stat.bind(client);
    let hasEnded = false;
    client.stat = async (...call) => {
      hasEnded = true;
      return stat(...call);
    };
    return Object.defineProperty(client, "hasEnded", { get: () => hasEnded });
  };
  return { openClient, opened: () => opened };
}

describe("a peer that stops while the shell goes on", () => {
  it("SHELL-77 the next command opens another client", async () => {
    const { openClient, opened } = await stopping();
    const outcome = await runProgram(["-c", "logout; ls; ls; whoami; whoami"], { openClient });
    expect(outcome).toEqual({ code: 0, out: "common.txt\ncommon.txt\nshared\nshared\n", err: "" });
    expect(opened()).toBe(3);
  });

  it("SHELL-77 no command acts for somebody else unawares", async () => {
    const { openClient } = await stopping();
    const lines = "login ann; ls; mkdir /lost; pwd; whoami; ls";
    const env = { DFS_PASSWORD: password };
    const outcome = await runProgram(["-k", "-c", lines], { openClient, env });
    expect(outcome.err).toContain(
      "mkdir: this machine's peer was started anew, which ended the login of ann; log in again\n",
    );
    expect(outcome.out).toBe("docs\n/\nshared\ncommon.txt\n");
    expect(outcome.code).toBe(6);
  });
});
