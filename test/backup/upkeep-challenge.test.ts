import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { answerChallenge, challengeProof } from "../../src/backup/upkeep/challenge.ts";
import { Challenger } from "../../src/backup/upkeep/challenger.ts";
import type { ChallengeFailure, ChallengeOutcome } from "../../src/backup/upkeep/challenger.ts";
import { auditLink } from "../../src/backup/upkeep/link-audit.ts";
import type { ChallengeQuestion, ChallengeStore, ChunkPlace, KnownChain } from "../../src/backup/upkeep/ports.ts";
import type { StoredBytes } from "../../src/chunking/file-record.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { ErrorKind } from "../../src/core/errors.ts";
import { digestOf } from "../../src/core/ids.ts";
import type { FileKey, PeerId } from "../../src/core/ids.ts";
import { haveIdsMax } from "../../src/core/limits.ts";
import type { ShelfChange } from "../../src/core/shelf.ts";
import { UpkeepTestClock } from "./upkeep-clock.ts";
import { randomStored } from "./upkeep-scrub-model.ts";
import { keyOf, modelShelf, noSignal } from "./upkeep-shelf-model.ts";

const ann = "ann" as PeerId;
const bob = "bob" as PeerId;
const cleo = "cleo" as PeerId;

const hexOf = (digest: Uint8Array): string => Buffer.from(digest).toString("hex");

/** One peer's part of a shelf. */
class ModelLink implements ChallengeStore {
  readonly records = new Map<FileKey, { readonly copies: number; readonly chunks: readonly StoredBytes[] }>();
  readonly chunks = new Map<string, Uint8Array>();
  gets = 0;

  add(fileKey: FileKey, copies: number, chunks: readonly StoredBytes[]): void {
    this.records.set(fileKey, { copies, chunks });
    for (const { bytes, digest } of chunks) this.chunks.set(hexOf(digest), bytes);
  }

  async get(digest: Uint8Array): Promise<Uint8Array> {
    this.gets += 1;
    const bytes = this.chunks.get(hexOf(digest));
    if (bytes === undefined) throw new DfsError("not-found", "no such chunk");
    return bytes;
  }

  async shelfPage(
    _shelf: unknown,
    { after, limit, position }: { readonly position: number; readonly after?: FileKey; readonly limit: number },
  ): Promise<readonly (ShelfChange & { readonly bytes: number })[]> {
    return [...this.records]
      .filter(([key, { copies }]) => copies > position && (after === undefined || compare(key, after) > 0))
      .sort(([left], [right]) => compare(left, right))
      .slice(0, limit)
      .map(([fileKey, { chunks, copies }]) => ({
        fileKey,
        copies,
        bytes: chunks.reduce((sum, { bytes }) => sum + bytes.length, 0),
      }));
  }

  async recordChunks(fileKey: FileKey, after: number, limit: number): Promise<readonly ChunkPlace[]> {
    const record = this.records.get(fileKey);
    if (record === undefined) throw new DfsError("not-found", "no such record");
    const places = record.chunks.map(({ digest }, position) => ({ digest, position }));
    return places.slice(after, after + limit);
  }
}

function compare(left: FileKey, right: FileKey): number {
  return Buffer.compare(digestOf(left), digestOf(right));
}

/** A chain of Ann, Bob and Cleo, all full, who keep what asks for one, two and three copies; Ann's challenger asks. */
class ChallengeWorld {
  readonly stores = new Map([ann, bob, cleo].map((peer) => [peer, new ModelLink()]));
  readonly named = new Set<FileKey>();
  readonly asked: { readonly peer: PeerId; readonly question: ChallengeQuestion }[] = [];
  readonly failures: ChallengeFailure[] = [];
  readonly ownDamage: Uint8Array[] = [];
  /** How a peer answers; as an honest one unless told otherwise. */
  answer = (peer: PeerId, question: ChallengeQuestion): Promise<Uint8Array> =>
    answerChallenge(this.storeOf(peer), question, noSignal);
  chain: KnownChain = {
    shelf: modelShelf,
    epoch: 4,
    links: [ann, bob, cleo].map((peer, at) => ({ peer, keepsFrom: at + 1, hasFrom: at + 1, isFilled: true })),
  };
  readonly clock = new UpkeepTestClock();
  readonly challenger = new Challenger({
    self: ann,
    store: this.storeOf(ann),
    clock: this.clock,
    log: { warn: () => undefined },
    randomBytes: (count) => new Uint8Array(randomBytes(count)),
    onFailure: (failure) => this.failures.push(failure),
    onOwnDamage: (digest) => this.ownDamage.push(digest),
    catalogue: {
      chains: async () => [this.chain],
      references: async (_shelf, keys) => keys.map((key) => this.named.has(key)),
    },
    links: {
      ask: (peer, _shelf, question) => {
        this.asked.push({ peer, question });
        return this.answer(peer, question);
      },
    },
  });

  storeOf(peer: PeerId): ModelLink {
    const store = this.stores.get(peer);
    if (store === undefined) throw new Error("no such peer");
    return store;
  }

  /** A record on the first `copies` links. */
  add(number: number, copies: number, lengths: readonly number[]): void {
    const chunks = lengths.map((length) => randomStored(length));
    for (const peer of [ann, bob, cleo].slice(0, copies)) this.storeOf(peer).add(keyOf(number), copies, chunks);
    this.named.add(keyOf(number));
  }

  dropCleo(): void {
    this.chain = { ...this.chain, links: this.chain.links.filter(({ peer }) => peer !== cleo) };
  }

  async challengeOften(times: number): Promise<Set<ChallengeOutcome>> {
    const outcomes = new Set<ChallengeOutcome>();
    for (let time = 0; time < times; time += 1) outcomes.add(await this.challenger.challenge(this.chain, noSignal));
    return outcomes;
  }
}

describe("a proof", () => {
  const chunk = new Uint8Array(1_000).map((_, index) => index % 251);
  const digest = new Uint8Array(createHash("sha256").update(chunk).digest());
  const nonce = new Uint8Array(32).map((_, index) => index);

  it("SCRUB-11 is the hash of nonce, digest, range and bytes, as in FORMATS", () => {
    const message = Buffer.concat([
      Buffer.from("dfs-shell challenge"),
      nonce,
      digest,
      Buffer.from([0, 0, 1, 44, 0, 0, 0, 200]),
      chunk.subarray(300, 500),
    ]);
    const proof = challengeProof(chunk, { nonce, digest, offset: 300, length: 200 });
    expect(hexOf(proof)).toBe(createHash("sha256").update(message).digest("hex"));
    expect(hexOf(proof)).toBe("40bb950ef4f2e97a293a51bf7d3d44bfe6ddb36261d8ca9067ae34c8ddef7eec");
  });

  it.each([
    ["a range beyond the end", { offset: 900, length: 101 }],
    ["a range behind the end", { offset: 1_001, length: 1 }],
    ["a negative offset", { offset: -1, length: 10 }],
    ["half an offset", { offset: 0.5, length: 10 }],
    ["an empty range", { offset: 0, length: 0 }],
    ["a short nonce", { offset: 0, length: 10, nonce: new Uint8Array(31) }],
    ["a long digest", { offset: 0, length: 10, digest: new Uint8Array(33) }],
  ])("SCRUB-12 refuses a malformed question: %s", (_what, question) => {
    expect(() => challengeProof(chunk, { nonce, digest, ...question })).toThrow(
      expect.objectContaining({ kind: "usage" }) as Error,
    );
  });

  it("SCRUB-12 costs one read of one chunk, from this peer's own disk", async () => {
    const link = new ModelLink();
    link.add(keyOf(1), 1, [{ digest, bytes: chunk }]);
    await answerChallenge(link, { nonce, digest, offset: 0, length: 1_000 }, noSignal);
    expect(link.gets).toBe(1);
    const other = answerChallenge(link, { nonce, digest: nonce, offset: 0, length: 1 }, noSignal);
    await expect(other).rejects.toMatchObject({ kind: "not-found" });
  });
});

describe("challenges", () => {
  it("SCRUB-13 an honest link always passes, whatever it is asked", async () => {
    const world = new ChallengeWorld();
    world.add(1, 3, [1, 30, 63]);
    world.add(2, 3, [64, 65, 5_000, 200_000]);
    for (let number = 3; number < 40; number += 1) world.add(number, 1 + (number % 3), [700 + number]);
    expect(await world.challengeOften(400)).toEqual(new Set(["passed"]));
    expect(world.failures).toEqual([]);
    expect(new Set(world.asked.map(({ peer }) => peer))).toEqual(new Set([bob, cleo]));
    expect(new Set(world.asked.map(({ question }) => hexOf(question.nonce))).size).toBe(400);
    const lengths = world.asked.map(({ question }) => question.length);
    expect(Math.min(...lengths.filter((length) => length > 63))).toBeGreaterThanOrEqual(64);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(64 * 1024);
  });

  it("SCRUB-14 a peer that only pretends to hold the shelf is found by the first challenge that reaches it", async () => {
    const refusal = (kind: ErrorKind) => async (): Promise<Uint8Array> => {
      throw new DfsError(kind, "no");
    };
    const pretenders: ((question: ChallengeQuestion, honest: ModelLink) => Promise<Uint8Array>)[] = [
      refusal("not-found"),
      refusal("integrity"),
      refusal("protocol"),
      async () => new Uint8Array(32),
      async () => new Uint8Array(),
      async ({ digest }) => digest,
      (question, honest) => answerChallenge(honest, { ...question, nonce: new Uint8Array(32) }, noSignal),
      (question, honest) => answerChallenge(honest, { ...question, length: question.length - 1 }, noSignal),
    ];
    for (const pretend of pretenders) {
      const world = new ChallengeWorld();
      world.add(1, 2, [500, 900]);
      world.dropCleo();
      world.answer = (peer, question) => pretend(question, world.storeOf(peer));
      expect(await world.challenger.challenge(world.chain, noSignal)).toBe("failed");
      expect(world.failures).toMatchObject([{ peer: bob, shelf: modelShelf, epoch: 4, fileKey: keyOf(1) }]);
    }
  });

  it("SCRUB-14 one that holds a part is found in time", async () => {
    const world = new ChallengeWorld();
    for (let number = 0; number < 30; number += 1) world.add(number, 2, [500, 900, 20_000]);
    world.dropCleo();
    const { chunks } = world.storeOf(bob);
    for (const digest of [...chunks.keys()].slice(0, chunks.size / 2)) chunks.delete(digest);
    expect(await world.challengeOften(60)).toEqual(new Set(["passed", "failed"]));
    expect(world.failures.every(({ peer, reason }) => peer === bob && reason === "missing")).toBe(true);
  });

  it.each(["unreachable", "timeout", "busy", "moved"] as const)(
    "SCRUB-15 a peer that answers %s has not failed",
    async (kind) => {
      const world = new ChallengeWorld();
      world.add(1, 3, [500]);
      world.answer = async () => Promise.reject(new DfsError(kind, "not now"));
      expect(await world.challengeOften(5)).toEqual(new Set(["unanswered"]));
      expect(world.failures).toEqual([]);
    },
  );

  it("SCRUB-15 nor has one that lacks what it need not have", async () => {
    const world = new ChallengeWorld();
    world.add(1, 2, [500]);
    world.storeOf(bob).chunks.clear();
    // Not yet committed: it may be on its way.
    world.named.clear();
    expect(await world.challengeOften(5)).toEqual(new Set(["nothing"]));
    world.answer = async () => {
      world.named.add(keyOf(1)); // committed just then
      throw new DfsError("not-found", "no such chunk");
    };
    expect(await world.challengeOften(5)).toEqual(new Set(["nothing"]));
    // Dropped while it was asked.
    world.named.add(keyOf(1));
    world.dropCleo();
    world.answer = async () => {
      world.named.clear();
      throw new DfsError("not-found", "no such chunk");
    };
    expect(await world.challenger.challenge(world.chain, noSignal)).toBe("nothing");
    // It claims nothing.
    world.named.add(keyOf(1));
    world.asked.length = 0;
    const links = world.chain.links.map((link) => (link.peer === bob ? { ...link, hasFrom: 0 } : link));
    world.chain = { ...world.chain, links };
    expect(await world.challenger.challenge(world.chain, noSignal)).toBe("nothing");
    expect(world.asked).toEqual([]);
    expect(world.failures).toEqual([]);
  });

  it("SCRUB-16 damage of its own makes a peer mend itself, and accuse nobody", async () => {
    const world = new ChallengeWorld();
    world.add(1, 3, [500]);
    const [hex] = world.storeOf(ann).chunks.keys();
    world.storeOf(ann).chunks.set(hex ?? "", new Uint8Array(500));
    expect(await world.challengeOften(3)).toEqual(new Set(["nothing"]));
    world.storeOf(ann).chunks.clear();
    expect(await world.challengeOften(3)).toEqual(new Set(["nothing"]));
    expect(world.ownDamage.map(hexOf)).toEqual(Array.from({ length: 6 }, () => hex));
    expect(world.asked).toEqual([]);
  });

  it("SCRUB-17 come by themselves, once for each shelf in each interval", async () => {
    const world = new ChallengeWorld();
    world.add(1, 3, [500]);
    world.challenger.start();
    await world.clock.advance(60 * 60_000);
    expect(world.asked).toHaveLength(6);
    await world.challenger.stop();
    await world.clock.advance(60 * 60_000);
    expect(world.asked).toHaveLength(6);
  });
});

describe("auditLink", () => {
  it("SCRUB-18 names every chunk that a link has to have and lacks, and no other", async () => {
    const world = new ChallengeWorld();
    for (let number = 0; number < 600; number += 1) world.add(number, 1 + (number % 3), [90]);
    world.add(
      600,
      3,
      Array.from({ length: haveIdsMax + 300 }, () => 20),
    );
    const cleos = world.storeOf(cleo);
    const gone = new Set([...cleos.chunks.keys()].filter((_, index) => index % 50 === 0));
    for (const hex of gone) cleos.chunks.delete(hex);
    const found = new Set<string>();
    const report = await auditLink(
      {
        store: world.storeOf(ann),
        peer: cleo,
        shelf: modelShelf,
        position: 2,
        links: { has: async (_peer, digests) => digests.map((digest) => cleos.chunks.has(hexOf(digest))) },
        onMissing: async (_fileKey, digests) => {
          for (const digest of digests) found.add(hexOf(digest));
        },
      },
      noSignal,
    );
    expect(found).toEqual(gone);
    expect(report).toEqual({ records: 201, chunks: 200 + haveIdsMax + 300, missing: gone.size });
  });
});
