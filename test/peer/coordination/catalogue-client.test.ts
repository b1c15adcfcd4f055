import { describe, expect, it } from "vitest";
import { DfsError, type ErrorKind } from "../../../src/core/errors.ts";
import type { PeerId } from "../../../src/core/ids.ts";
import { askNextAfterMs, noQuorumCheckMs } from "../../../src/core/limits.ts";
import { CatalogueClient } from "../../../src/peer/coordination/catalogue-client.ts";
import type { RpcCallOptions } from "../../../src/peer/wire/rpc-client.ts";
import type { RpcMethod } from "../../../src/peer/wire/rpc-method.ts";
import type { MemberId } from "../../../src/raft/types.ts";
import { testPeer } from "./members.ts";

/** What a coordinator does when it is asked: answers, or fails. */
type Behaviour =
  | "answers"
  | "hangs"
  | { readonly kind: ErrorKind; readonly hint?: PeerId; readonly retryAfterMs?: number };

/** A client of coordinators that behave as told, and the order in which they were asked. */
function clientOf(behaviours: readonly Behaviour[]) {
  const asked: number[] = [];
  const peers = behaviours.map((_, place) => testPeer(place));
  const links = {
    call: async <Params, Result>(
      peer: PeerId,
      _method: RpcMethod<Params, Result>,
      _params: Params,
      _options?: RpcCallOptions,
    ): Promise<Result> => {
      await Promise.resolve();
      const place = peers.indexOf(peer);
      asked.push(place);
      const behaviour = behaviours[place] as Behaviour;
      if (behaviour === "answers") return place as Result;
      if (behaviour === "hangs") return new Promise<Result>(() => undefined);
      throw new DfsError(behaviour.kind, "as told", { peer: behaviour.hint, retryAfterMs: behaviour.retryAfterMs });
    },
  };
  const client = new CatalogueClient({
    self: testPeer(30),
    links,
    own: () => undefined,
    roster: () => ({
      group: "",
      generation: 1,
      members: peers.map((peer, place) => ({ id: (place + 1) as MemberId, peer, isVoter: true })),
    }),
    nameOf: (peer) => `peer ${peers.indexOf(peer)}`,
  });
  return { client, asked };
}

const beat = { usedBytes: 0, freeBytes: 0 };
const follower = (leader: number): Behaviour => ({ kind: "not-leader", hint: testPeer(leader) });

describe("the catalogue's client", () => {
  it("ROUTE-1 what only the leader can do follows the hint to it, and goes there at once the next time", async () => {
    const { client, asked } = clientOf([follower(2), follower(2), "answers"]);
    await client.heartbeat(beat);
    await client.heartbeat(beat);
    expect(asked).toEqual([0, 2, 2]);
  });

  it("ROUTE-2 a coordinator that does not answer is passed over, and each is asked once at the most", async () => {
    const silent: Behaviour = { kind: "unreachable" };
    const { client, asked } = clientOf([silent, { kind: "timeout" }, "answers"]);
    await client.members();
    expect(asked).toEqual([0, 1, 2]);
    const lost = clientOf([silent, silent, silent]);
    await expect(lost.client.members()).rejects.toMatchObject({
      kind: "unreachable",
      message: expect.stringContaining("peer 0, peer 1, peer 2"),
    });
    expect(lost.asked).toEqual([0, 1, 2]);
  });

  it("ROUTE-3 a refusal is final, whoever else might answer", async () => {
    const { client, asked } = clientOf([{ kind: "permission" }, "answers"]);
    await expect(client.members()).rejects.toMatchObject({ kind: "permission" });
    expect(asked).toEqual([0]);
  });

  it("ROUTE-4 an election is told from a missing majority, and that from silence", async () => {
    const electing: Behaviour = { kind: "not-leader" };
    const stuck: Behaviour = { kind: "no-quorum" };
    const silent: Behaviour = { kind: "unreachable" };
    const kindOf = async (behaviours: readonly Behaviour[]): Promise<unknown> =>
      clientOf(behaviours)
        .client.propose(new Uint8Array(1), new AbortController().signal)
        .catch((error: DfsError) => error.kind);
    expect(await kindOf([stuck, electing, silent])).toBe("not-leader");
    expect(await kindOf([silent, stuck, silent])).toBe("no-quorum");
    expect(await kindOf([silent, silent])).toBe("unreachable");
    expect(await kindOf([])).toBe("unreachable");
  });

  it("ROUTE-6 a coordinator that is slow is not waited for while another answers", async () => {
    const { client, asked } = clientOf(["hangs", "answers", "hangs"]);
    const startedMs = performance.now();
    await client.members();
    expect(performance.now() - startedMs).toBeLessThan(askNextAfterMs * 3);
    await client.members();
    expect(asked).toEqual([0, 1, 2, 1]);
  });

  it("ROUTE-7 where one misses the majority, those that are silent are soon given up", async () => {
    const { client } = clientOf([{ kind: "no-quorum" }, "hangs", "hangs"]);
    const startedMs = performance.now();
    await expect(client.members()).rejects.toMatchObject({ kind: "no-quorum" });
    expect(performance.now() - startedMs).toBeLessThan(noQuorumCheckMs * 2);
  });

  it("ROUTE-8 a leader that is frozen, and that no other calls the leader, is not waited for", async () => {
    const electing: Behaviour = { kind: "not-leader" };
    const { client } = clientOf(["hangs", electing, electing]);
    await expect(client.propose(new Uint8Array(1), new AbortController().signal)).rejects.toMatchObject({
      kind: "not-leader",
    });
    await expect(client.heartbeat(beat)).rejects.toMatchObject({ kind: "no-quorum" });
  });

  it("ROUTE-5 hints that lead in a circle end", async () => {
    const { client, asked } = clientOf([follower(1), follower(0), follower(0)]);
    await expect(client.propose(new Uint8Array(1), new AbortController().signal)).rejects.toMatchObject({
      kind: "not-leader",
    });
    expect(asked).toEqual([0, 1, 2]);
  });

  it("LOAD-8 a read goes to others where a coordinator is busy, which is sent no more of them until it said so", async () => {
    const behaviours: Behaviour[] = [{ kind: "busy", retryAfterMs: 5_000 }, "answers"];
    const { client, asked } = clientOf(behaviours);
    await client.totals();
    behaviours[1] = { kind: "unreachable" };
    const stop = new AbortController();
    const waiting = client.totals({ signal: stop.signal });
    await expect.poll(() => asked.length).toBe(3);
    expect(asked).toEqual([0, 1, 1]);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ kind: expect.stringMatching("busy|interrupted") as string });
  });

  it("LOAD-8 where all coordinators are busy a read waits for as long as they said, and what is no read is sent at once", async () => {
    const behaviours: Behaviour[] = [{ kind: "busy", retryAfterMs: 100 }];
    const { client, asked } = clientOf(behaviours);
    const startedMs = performance.now();
    const reading = client.totals();
    await expect.poll(() => asked.length).toBe(1);
    behaviours[0] = "answers";
    await client.heartbeat(beat);
    expect(performance.now() - startedMs).toBeLessThan(100);
    await reading;
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(99);
    expect(asked.length).toBe(3);
  });
});
