import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { decodeResult } from "../../src/catalogue/result.ts";
import {
  World,
  fault,
  founding,
  makeDirectory,
  ok,
  peerSession,
  putFile,
  shared,
  startMs,
  token,
  userSession,
} from "./world.ts";
import { Session, root } from "./world.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({ ...(await original<object>()), sessionsMax: 4 }));

let world: World;
beforeEach(() => {
  world = World.founded("disk");
});
afterEach(() => world[Symbol.dispose]());

describe("sessions", () => {
  it("CAT-30 a command that is sent again gives the same result and happens once", () => {
    const command = world.user.next(putFile("a"));
    const first = world.apply(command);
    expect(world.apply(command)).toEqual(first);
    expect(world.catalogue.counts().files).toBe(1);
    expect(world.catalogue.entry(shared.userId, root, token("a"))).toMatchObject({ revision: 1 });
  });

  it("CAT-30 a refusal is kept as well, even when the command would succeed by now", () => {
    const { node } = makeDirectory("d");
    const command = world.user.next(putFile("a", { parent: node }));
    expect(fault(world.apply(command)).kind).toBe("not-found");
    ok(world.apply(userSession("other").next(makeDirectory("d"))));
    expect(fault(world.apply(command)).kind).toBe("not-found");
    expect(world.catalogue.counts().files).toBe(0);
    ok(world.asUser(putFile("a", { parent: node })));
  });

  it("CAT-31 a gap, an old number and somebody else's session are refused and change nothing", () => {
    ok(world.asUser(putFile("a")));
    ok(world.asUser(putFile("b")));
    expect(fault(world.apply(world.user.numbered(4, putFile("c")))).kind).toBe("conflict");
    expect(fault(world.apply(world.user.numbered(1, putFile("c")))).kind).toBe("conflict");
    expect(fault(world.apply(userSession("new").numbered(2, putFile("c"))))).toMatchObject({
      kind: "conflict",
      message: expect.stringContaining("expired") as string,
    });
    const thief = peerSession();
    const stolen = new Session(thief.author, thief.sign);
    Object.assign(stolen, { session: world.user.session });
    expect(
      fault(
        world.apply(
          stolen.numbered(3, {
            op: "addInvite",
            hash: new Uint8Array(32),
            expiresMs: startMs + 9,
            uses: 1,
            role: "storage",
          }),
        ),
      ).kind,
    ).toBe("permission");
    ok(world.apply(world.user.numbered(3, putFile("c"))));
  });

  it("CAT-32 the session unused for longest makes room, and its author is told to start a new one", () => {
    const sessions = ["a", "b", "c"].map((label) => userSession(label));
    for (const session of sessions) ok(world.apply(session.next(putFile(session.session))));
    ok(
      world.asFounder({ op: "addInvite", hash: new Uint8Array(32), expiresMs: startMs + 9, uses: 1, role: "storage" }),
    );
    // Four sessions are remembered; the fifth displaces "a", because the founder's has just been used.
    ok(world.apply(userSession("d").next(putFile("d"))));
    expect(fault(world.apply(sessions[0]?.next(putFile("e")) ?? new Uint8Array(1)))).toMatchObject({
      kind: "conflict",
    });
    ok(world.apply(sessions[1]?.next(putFile("f")) ?? new Uint8Array(1)));
    ok(
      world.asFounder({
        op: "addInvite",
        hash: new Uint8Array(32).fill(1),
        expiresMs: startMs + 9,
        uses: 1,
        role: "storage",
      }),
    );
  });

  it("CAT-33 a crash after the commit, before the answer, does not make the retry happen twice", () => {
    const command = world.user.next(putFile("a"));
    const answer = world.apply(command);
    const index = world.catalogue.appliedIndex();
    const copy = join(world.folder, "after-crash.db");
    for (const suffix of ["", "-wal", "-sums"]) copyFileSync(world.path + suffix, copy + suffix);
    const recovered = Catalogue.open(copy);
    expect(recovered.appliedIndex()).toBe(index);
    const digest = recovered.digest();
    expect(recovered.applyBatch([{ index, timeMs: startMs, command }])).toEqual([new Uint8Array(0)]);
    expect(recovered.digest()).toEqual(digest);
    const [retried] = recovered.applyBatch([{ index: index + 1, timeMs: startMs + 1, command }]);
    expect(decodeResult(retried ?? new Uint8Array(0))).toEqual(answer);
    expect(recovered.counts().files).toBe(1);
    recovered.close();
  });
});

describe("entries", () => {
  it("CAT-34 an entry without a command only moves the applied index", () => {
    const index = world.catalogue.appliedIndex() + 1;
    expect(world.catalogue.applyBatch([{ index, timeMs: startMs + 5, command: new Uint8Array(0) }])).toEqual([
      new Uint8Array(0),
    ]);
    expect(world.catalogue.appliedIndex()).toBe(index);
    expect(world.catalogue.lastTimeMs()).toBe(startMs + 5);
  });

  it("CAT-34 a gap in the log stops the catalogue before it writes", () => {
    const digest = world.catalogue.digest();
    const entry = (index: number) => ({ index, timeMs: startMs, command: world.user.next(putFile(`f${index}`)) });
    expect(() => world.catalogue.applyBatch([entry(2), entry(4)])).toThrow(
      expect.objectContaining({ kind: "internal" }),
    );
    expect(world.catalogue.appliedIndex()).toBe(1);
    expect(world.catalogue.digest()).toEqual(digest);
  });

  it("CAT-82 a batch that fails leaves nothing behind, neither in the tables nor in memory", () => {
    using empty = new World();
    const digest = empty.catalogue.digest();
    const commands = [empty.founder.next(founding), empty.user.next(putFile("a")), empty.user.next(putFile("b"))];
    const entries = commands.map((command, place) => ({ index: place + 1, timeMs: startMs, command }));
    const [first, second, third] = entries;
    const gap = [first, second, { ...third, index: 9 }] as typeof entries;
    expect(() => empty.catalogue.applyBatch(gap)).toThrow(expect.objectContaining({ kind: "internal" }));
    expect([empty.catalogue.digest(), empty.catalogue.appliedIndex()]).toEqual([digest, 0]);
    expect(fault(empty.apply(userSession("early").next(putFile("a"))))).toMatchObject({
      message: expect.stringContaining("not founded") as string,
    });
  });

  it("CAT-34 a malformed command and one for another network are refused, and the log goes on", () => {
    expect(fault(world.apply(Uint8Array.of(1, 2, 3))).kind).toBe("protocol");
    ok(world.asUser(putFile("a")));
    expect(world.catalogue.appliedIndex()).toBe(3);
  });
});
