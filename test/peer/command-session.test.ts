import { describe, expect, it } from "vitest";
import { type CommandResult, encodeResult } from "../../src/catalogue/result.ts";
import { decodeCommand } from "../../src/catalogue/command.ts";
import { DfsError, type ErrorKind } from "../../src/core/errors.ts";
import {
  type ChangeRecorder,
  type CommandAuthor,
  CommandRefused,
  CommandSession,
} from "../../src/peer/command-session.ts";
import { World, fault, makeDirectory, network, shared } from "../catalogue/world.ts";

const author: CommandAuthor = {
  network: network.networkId,
  author: { user: shared.userId },
  sign: (bytes) => shared.sign(bytes),
};
const results = [{ op: "makeDirectory" }] as const;
const done: CommandResult = { ok: { index: 7, timeMs: 1_000, results } };
const refusal = (kind: ErrorKind, operation: number | null): CommandResult => ({
  error: { kind, message: kind, operation, revision: null },
});

type Step = CommandResult | DfsError;

/** A session whose tries get the outcomes of a script, and whose pauses only are noted. */
function scripted(steps: readonly Step[], timeoutMs = 10_000) {
  const sent: Uint8Array[] = [];
  const pauses: number[] = [];
  const left = [...steps];
  const propose = async (command: Uint8Array): Promise<Uint8Array> => {
    sent.push(command);
    const step = left.shift() ?? new DfsError("unreachable", "the script is over");
    if (step instanceof DfsError) throw step;
    return encodeResult(step);
  };
  const pause = (pauseMs: number): Promise<unknown> => {
    pauses.push(pauseMs);
    return new Promise((resolve) => setImmediate(resolve));
  };
  return { session: new CommandSession(author, propose, { timeoutMs, pause }), sent, pauses };
}

const failing = (kind: ErrorKind, retryAfterMs?: number): DfsError =>
  new DfsError(kind, `scripted ${kind}`, { retryAfterMs });
const numberOf = (command: Uint8Array | undefined) => decodeCommand(command ?? new Uint8Array(0));

describe("a session of commands", () => {
  it("TXN-1 sends the same bytes again after what passes, with pauses that grow up to a limit", async () => {
    const passing = (["unreachable", "timeout", "busy", "not-leader", "interrupted"] as const).map((kind) =>
      failing(kind),
    );
    const { session, sent, pauses } = scripted([...passing, ...passing, done]);
    expect(await session.execute([makeDirectory("a")])).toEqual(results);
    expect(sent).toHaveLength(11);
    expect(new Set(sent.map((bytes) => Buffer.from(bytes).toString("hex"))).size).toBe(1);
    expect(pauses).toHaveLength(10);
    for (const [place, pauseMs] of pauses.entries()) {
      const growing = Math.min(250, 20 * 2 ** place);
      expect(pauseMs).toBeGreaterThanOrEqual(growing / 2);
      expect(pauseMs).toBeLessThanOrEqual(growing);
    }
  });

  it("TXN-1 waits as long as a busy peer asked for", async () => {
    const { session, pauses } = scripted([failing("busy", 700), done]);
    await session.execute([makeDirectory("a")]);
    expect(pauses[0]).toBeGreaterThanOrEqual(700);
    expect(pauses[0]).toBeLessThanOrEqual(1050);
  });

  it.each(["no-quorum", "permission", "io"] as const)("TXN-2 fails at once with %s", async (kind) => {
    const { session, sent } = scripted([failing(kind), done]);
    await expect(session.execute([makeDirectory("a")])).rejects.toMatchObject({ kind });
    expect(sent).toHaveLength(1);
  });

  it("TXN-2 fails with no-quorum as soon as that is known", async () => {
    const { session, sent } = scripted([failing("unreachable"), failing("no-quorum"), done]);
    await expect(session.execute([makeDirectory("a")])).rejects.toMatchObject({ kind: "no-quorum" });
    expect(sent).toHaveLength(2);
  });

  it("TXN-3 at its time limit it fails as the last try did", async () => {
    const { session, sent } = scripted([], 50);
    await expect(session.execute([makeDirectory("a")])).rejects.toMatchObject({
      kind: "unreachable",
      message: "the script is over",
    });
    expect(sent.length).toBeGreaterThan(1);
  });

  it("TXN-3 a caller's signal ends the tries as its own reason says", async () => {
    const { session } = scripted([]);
    const controller = new AbortController();
    const result = session.execute([makeDirectory("a")], controller.signal);
    controller.abort(new DfsError("interrupted", "by hand"));
    await expect(result).rejects.toMatchObject({ kind: "interrupted" });
  });

  it("TXN-4 commands follow each other in the order of their calls, whatever one of them has to wait for", async () => {
    const { session, sent } = scripted([failing("unreachable"), failing("busy"), done, done, done]);
    await Promise.all(["a", "b", "c"].map((name) => session.execute([makeDirectory(name)])));
    const numbers = sent.map((command) => numberOf(command).sequence);
    expect(numbers).toEqual([1, 1, 1, 2, 3]);
  });

  it("UNDO-1 a change hears of each command with its index and time, and of those whose outcome nobody knows", async () => {
    const heard: unknown[] = [];
    const recorder: ChangeRecorder = {
      noteCommitted: ({ index, timeMs }, operations) => heard.push([index, timeMs, operations.length]),
      noteUnknown: () => heard.push("unknown"),
      noteSent: ({ sequence }) => heard.push(`sent ${sequence}`),
      noteSettled: ({ sequence }) => heard.push(`settled ${sequence}`),
    };
    const { session } = scripted([done, refusal("exists", 0), failing("no-quorum"), done]);
    for (const name of ["a", "b", "c"])
      await session.execute([makeDirectory(name)], undefined, recorder).catch(() => undefined);
    await session.execute([makeDirectory("d")]);
    expect(heard).toEqual(["sent 1", [7, 1_000, 1], "settled 1", "sent 2", "settled 2", "sent 3", "unknown"]);
  });

  it("TXN-5 a refused operation keeps the session, an unknown outcome ends it", async () => {
    const { session, sent } = scripted([done, refusal("exists", 0), done, failing("no-quorum"), done]);
    const run = () => session.execute([makeDirectory("a")]).catch((error: unknown) => error);
    await run();
    expect(await run()).toBeInstanceOf(CommandRefused);
    await run();
    expect(await run()).toMatchObject({ kind: "no-quorum" });
    await run();
    const commands = sent.map(numberOf);
    expect(commands.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 1]);
    expect(commands[4]?.session).not.toBe(commands[3]?.session);
  });

  it("TXN-6 a command whose session was forgotten is sent once more in a new one", async () => {
    using world = World.founded("disk");
    const propose = async (command: Uint8Array): Promise<Uint8Array> => encodeResult(world.apply(command));
    const session = new CommandSession(author, propose);
    await session.execute([makeDirectory("a")]);
    world.tamper((database) => database.exec("DELETE FROM sessions"));
    await session.execute([makeDirectory("b")]);
    expect(world.catalogue.counts().directories).toBe(2);
    expect(fault(world.asUser(makeDirectory("b"))).kind).toBe("exists");
  });

  it("TXN-6 when an earlier try of it may have happened, the outcome is unknown", async () => {
    const { session } = scripted([done, failing("timeout"), refusal("conflict", null), done]);
    await session.execute([makeDirectory("a")]);
    await expect(session.execute([makeDirectory("b")])).rejects.toMatchObject({ kind: "timeout" });
  });
});
