import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { decodeCommand } from "../../src/catalogue/command.ts";
import type { Entry } from "../../src/core/client.ts";
import { DfsError, toDfsError } from "../../src/core/errors.ts";
import type { FileKey, LeaseId } from "../../src/core/ids.ts";
import { transactionIdleMs } from "../../src/core/limits.ts";
import type { FileTransaction } from "../../src/peer/peer-client.ts";
import type { ShelfPort } from "../../src/peer/shelves/shelf-port.ts";
import type { CatalogueReader } from "../../src/peer/coordination/catalogue-access.ts";
import { OverlayCatalogue } from "../../src/peer/transaction/overlay-catalogue.ts";
import { TransactionCommands } from "../../src/peer/transaction/transaction-commands.ts";
import { UploadSession } from "../../src/peer/upload-session.ts";
import { founderShelf, makeDirectory, shared } from "../catalogue/world.ts";
import { FileSpace, at, putText, readerOf, textOf } from "./file-space.ts";

const minute = 60_000;

async function kindOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "ok",
    (error: unknown) => toDfsError(error).kind,
  );
}

describe("a transaction", () => {
  const space = new FileSpace();
  const { client } = space;
  /** User commands only: what the shelf says when leases end is not counted. */
  const commandsSince = (start: number) =>
    space.proposed
      .slice(start)
      .map(decodeCommand)
      .filter(({ author }) => "user" in author);

  beforeAll(() => space.start());
  afterEach(() => {
    vi.useRealTimers();
    space.beforePropose = () => Promise.resolve();
  });
  afterAll(() => space.stop());

  async function tree(of: Pick<FileTransaction, "walk">, path: string): Promise<string[]> {
    const found: string[] = [];
    for await (const entry of of.walk(at(path))) found.push(`${entry.path} ${entry.revision}`);
    return found.toSorted();
  }

  async function fileKeyOf(of: Pick<FileTransaction, "stat">, path: string): Promise<FileKey | undefined> {
    return ((await of.stat(at(path))) satisfies Entry).fileKey;
  }

  it("TXN-12 shows its own changes to itself and to nobody else, and commits them as one command", async () => {
    await client.mkdir(at("/own/old/deep"), { parents: true });
    await putText(client, "/own/old/deep/f", "one");
    const before = await tree(client, "/own");
    const transaction = await client.begin();
    const start = space.proposed.length;
    await transaction.mkdir(at("/own/new/er"), { parents: true });
    await transaction.move(at("/own/old"), at("/own/new/er/old"));
    await putText(transaction, "/own/new/er/old/deep/f", "two!", { force: true });
    await putText(transaction, "/own/new/g", "three");
    expect(await transaction.copy(at("/own/new"), at("/own/copy"), { recursive: true })).toBe(6);
    expect(await transaction.remove(at("/own/new/er"), { recursive: true })).toBe(4);
    const inside = await tree(transaction, "/own");
    expect(inside).toEqual([
      "/own 0",
      "/own/copy 0",
      "/own/copy/er 0",
      "/own/copy/er/old 0",
      "/own/copy/er/old/deep 0",
      "/own/copy/er/old/deep/f 1",
      "/own/copy/g 1",
      "/own/new 0",
      "/own/new/g 1",
    ]);
    expect(await textOf(transaction.read(at("/own/copy/er/old/deep/f")))).toBe("two!");
    expect(await tree(client, "/own")).toEqual(before);
    expect(commandsSince(start)).toEqual([]);
    const { changes } = await transaction.commit();
    const commands = commandsSince(start);
    expect(commands).toHaveLength(1);
    expect(commands[0]?.operations).toHaveLength(changes);
    expect(await tree(client, "/own")).toEqual(inside);
  });

  it("TXN-13 is refused as a whole, as a conflict, when others changed what its changes rest on", async () => {
    await client.mkdir(at("/clash/dir"), { parents: true });
    await putText(client, "/clash/f", "one");
    const others: readonly [string, () => Promise<unknown>, (own: FileTransaction) => Promise<unknown>][] = [
      [
        "a file",
        () => putText(client, "/clash/f", "theirs", { force: true }),
        (own) => putText(own, "/clash/f", "mine", { force: true }),
      ],
      ["a name", () => client.mkdir(at("/clash/name")), (own) => own.mkdir(at("/clash/name"))],
      ["a directory's content", () => putText(client, "/clash/dir/late", "x"), (own) => own.rmdir(at("/clash/dir"))],
      [
        "what is moved",
        () => client.move(at("/clash/f"), at("/clash/g")),
        (own) => own.move(at("/clash/f"), at("/clash/h")),
      ],
    ];
    for (const [what, theirs, mine] of others) {
      const transaction = await client.begin();
      await transaction.mkdir(at("/clash/before"));
      await mine(transaction);
      await transaction.mkdir(at("/clash/after"));
      await theirs();
      const before = await tree(client, "/clash");
      await expect(transaction.commit(), what).rejects.toMatchObject({
        kind: "conflict",
        message: expect.stringContaining("nothing was changed: change 2") as string,
      });
      expect(await tree(client, "/clash"), what).toEqual(before);
    }
    expect(await space.leases()).toEqual([]);
  });

  it("TXN-13 what has passed without a conflict keeps its own kind", async () => {
    const transaction = await client.begin();
    await transaction.mkdir(at("/lost"));
    space.beforePropose = () => Promise.reject(new DfsError("no-quorum", "nobody leads"));
    expect(await kindOf(transaction.commit())).toBe("no-quorum");
    space.beforePropose = () => Promise.resolve();
    const slow = await client.begin();
    await putText(slow, "/too-late", "x", { expiresMs: Date.now() + minute });
    space.nowMs = () => Date.now() + 2 * minute;
    expect(await kindOf(slow.commit())).toBe("usage");
    space.nowMs = Date.now;
  });

  it("TXN-14 chunks stay under lease until the commit, which keeps them, or the end, which drops them", async () => {
    const transaction = await client.begin();
    await putText(transaction, "/kept", "kept");
    await putText(transaction, "/kept", "again", { force: true });
    const key = await fileKeyOf(transaction, "/kept");
    expect(await space.leases()).toHaveLength(2);
    expect(await space.has(key)).toBe(true);
    await transaction.commit();
    expect(await space.leases()).toEqual([]);
    expect(await space.has(key)).toBe(true);
    expect(await textOf(client.read(at("/kept")))).toBe("again");

    const abandoned = await client.begin();
    await putText(abandoned, "/dropped", "dropped");
    const lost = await fileKeyOf(abandoned, "/dropped");
    expect(await space.has(lost)).toBe(true);
    await abandoned.close();
    await abandoned.close();
    expect(await space.leases()).toEqual([]);
    expect(await space.has(lost)).toBe(false);
    expect(await kindOf(client.stat(at("/dropped")))).toBe("not-found");
  });

  it("TXN-14 an upload of which nothing is kept ends with its put, one that comes too late as well", async () => {
    const transaction = await client.begin();
    await putText(transaction, "/twice", "content");
    expect(await kindOf(putText(transaction, "/twice", "other"))).toBe("exists");
    expect(await space.leases()).toHaveLength(1);
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const late = (async function* () {
      await gate;
      yield Buffer.from("late");
    })();
    const early = (async function* () {
      yield Buffer.from("early");
    })();
    const sources = [
      { kind: "stream", bytes: early, name: "early" },
      { kind: "stream", bytes: late, name: "late" },
    ] as const;
    const both = transaction.put({ sources, target: at("/") });
    await vi.waitFor(async () => expect(await kindOf(transaction.stat(at("/early")))).toBe("ok"));
    await transaction.close();
    expect(await space.leases()).toHaveLength(1);
    go();
    expect(await both).toMatchObject({ files: 1, failed: 1 });
    await vi.waitFor(async () => expect(await space.leases()).toEqual([]));
  });

  it("TXN-15 a transaction that is forgotten is given up, one that is at work is not", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const transaction = await client.begin();
    await putText(transaction, "/forgotten", "x");
    await vi.advanceTimersByTimeAsync(transactionIdleMs - minute);
    await transaction.stat(at("/forgotten"));
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const bytes = (async function* () {
      yield Buffer.from("slow");
      await gate;
    })();
    const slow = transaction.put({ sources: [{ kind: "stream", bytes, name: "slow" }], target: at("/slow") });
    await vi.advanceTimersByTimeAsync(3 * transactionIdleMs);
    go();
    await slow;
    await vi.advanceTimersByTimeAsync(transactionIdleMs - minute);
    await transaction.stat(at("/slow"));
    await vi.advanceTimersByTimeAsync(transactionIdleMs - minute);
    await transaction.stat(at("/slow"));
    await vi.advanceTimersByTimeAsync(transactionIdleMs);
    expect(await kindOf(transaction.stat(at("/slow")))).toBe("timeout");
    expect(await kindOf(transaction.commit())).toBe("timeout");
    vi.useRealTimers();
    await vi.waitFor(async () => expect(await space.leases()).toEqual([]));
    expect(await kindOf(client.stat(at("/slow")))).toBe("not-found");
  });

  it("TXN-15 a lease is renewed after its put, until it is let go", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    let holds = 0;
    const put = new AbortController();
    const port = {
      shelf: founderShelf,
      isLocal: true,
      holdLease: async (_lease: LeaseId, _copies: number, signal: AbortSignal) => {
        signal.throwIfAborted();
        holds += 1;
        return 3 * minute;
      },
      addRecords: () => Promise.resolve({ copies: 1, epoch: 1 }),
    } satisfies Partial<ShelfPort> as unknown as ShelfPort;
    const session = new UploadSession(port, 1, put.signal);
    await session.addRecords([]);
    put.abort();
    await vi.advanceTimersByTimeAsync(5 * minute);
    expect(holds).toBe(6);
    session.letGo();
    await vi.advanceTimersByTimeAsync(5 * minute);
    expect(holds).toBe(6);
  });

  it("TXN-16 is over after its commit or end, and cannot hold what a command cannot", async () => {
    const transaction = await client.begin();
    expect(await kindOf(transaction.begin())).toBe("usage");
    const late = kindOf(transaction.mkdir(at("/late")));
    expect(await transaction.commit()).toEqual({ changes: 0 });
    expect(await late).toBe("usage");
    for (const ended of [transaction, await client.begin()]) {
      await ended.close();
      expect(await kindOf(ended.stat(at("/")))).toBe("usage");
      expect(await kindOf(ended.mkdir(at("/late")))).toBe("usage");
      expect(await kindOf(putText(ended, "/late", "x"))).toBe("usage");
      expect(await kindOf(ended.commit())).toBe("usage");
    }
    expect(await kindOf(client.stat(at("/late")))).toBe("not-found");
  });

  it("TXN-16 a change that is on its way when the commit is asked for is not part of it", async () => {
    let isOpen = true;
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const base = readerOf(space.world);
    const entry = vi.fn<CatalogueReader["entry"]>((...call) => gate.then(() => base.entry(...call)));
    const slow: CatalogueReader = { ...base, entry };
    const requireOpen = (): void => {
      if (!isOpen) throw new DfsError("usage", "over");
    };
    const user = shared.userId;
    const overlay = new OverlayCatalogue(slow, requireOpen);
    const kept = new TransactionCommands({ user, overlay, nowMs: Date.now, requireOpen });
    const late = kindOf(kept.execute([makeDirectory("on its way")]));
    await vi.waitFor(() => expect(entry).toHaveBeenCalled());
    isOpen = false;
    const operations = kept.operations();
    go();
    expect(await late).toBe("usage");
    expect(operations).toEqual([]);
  });

  it("TXN-17 revisions can be asked for and files expire inside it as outside", async () => {
    await putText(client, "/inside", "one");
    const expiresMs = Date.now() + minute;
    const transaction = await client.begin();
    await putText(transaction, "/inside", "two", { ifRevision: 1, expiresMs });
    expect(await kindOf(putText(transaction, "/inside", "x", { ifRevision: 1 }))).toBe("conflict");
    expect(await kindOf(putText(transaction, "/inside", "x", { ifRevision: 0 }))).toBe("conflict");
    await putText(transaction, "/inside-new", "new", { ifRevision: 0, expiresMs });
    await putText(transaction, "/inside-new", "newer", { ifRevision: 1 });
    expect(await transaction.stat(at("/inside"))).toMatchObject({ revision: 2, expiresMs });
    await transaction.copy(at("/inside"), at("/inside-copy"));
    await transaction.move(at("/inside"), at("/inside-moved"));
    const seen = async (of: Pick<FileTransaction, "stat">): Promise<unknown> => {
      const entries = await Promise.all(
        ["/inside-moved", "/inside-copy", "/inside-new"].map((path) => of.stat(at(path))),
      );
      return entries.map(({ revision, expiresMs }) => [revision, expiresMs]);
    };
    const inside = await seen(transaction);
    expect(inside).toEqual([
      [2, expiresMs],
      [1, undefined],
      [2, undefined],
    ]);
    await transaction.commit();
    expect(await seen(client)).toEqual(inside);
    expect(await textOf(client.read(at("/inside-moved"), { revision: 1 }))).toBe("one");
  });

  it("TXN-18 a put beyond its room fails before more is sent, and nothing of it can be committed", async () => {
    const transaction = await client.begin();
    await transaction.mkdir(at("/full"));
    for (let place = 0; place < 255; place += 1) await transaction.mkdir(at(`/full/${place}`));
    await expect(putText(transaction, "/full/f", "one too many")).rejects.toMatchObject({ kind: "usage" });
    const put = vi.spyOn(space.store, "put");
    await expect(putText(transaction, "/full/g", "and another")).rejects.toMatchObject({ kind: "usage" });
    expect(put).not.toHaveBeenCalled();
    put.mockRestore();
    expect(await kindOf(transaction.commit())).toBe("usage");
    expect(await kindOf(client.stat(at("/full")))).toBe("not-found");
    expect(await space.leases()).toEqual([]);
  });
});
