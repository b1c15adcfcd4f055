import { anyNetwork, commit, fillAll, network, peer, peerId, settle, shelf } from "./planner-fixtures.ts";
import { describe, expect, it } from "vitest";
import type { ChainOrder, PlanInput } from "../../src/backup/planner-input.ts";
import { OrderAudit } from "./sim-audit.ts";
import type { PeerId } from "../../src/core/ids.ts";
import * as fc from "fast-check";
import { isFullLink } from "../../src/core/shelf.ts";
import { planChains } from "../../src/backup/planner.ts";

/** A group of machines that were started one after the other: each owns a shelf, nobody backs up anything yet. */
const founded = fc
  .record({
    zones: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 9 }),
    copies: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ zones, copies }) => {
    const peers = zones.map((zone, index) => peer(`p${index}`, { zone: `zone ${zone}` }));
    return network(
      peers,
      peers.map(({ id }) => shelf(id, id, { copiesMax: copies })),
      { copies },
    );
  });

/** The same with every peer in a zone of its own, where zones make no difference. */
const equals = founded.map((input) => ({ ...input, peers: input.peers.map((one) => ({ ...one, zone: one.id })) }));

function loads({ peers, shelves }: PlanInput): readonly number[] {
  const backsUp = (id: PeerId): number =>
    shelves.filter(({ links }) => links.slice(1).some((link) => link.peer === id)).length;
  return peers.filter(({ standing }) => standing === "up").map(({ id }) => backsUp(id));
}

const spread = (input: PlanInput): number => Math.max(...loads(input)) - Math.min(...loads(input));
const isMove = ({ reason }: ChainOrder): boolean => reason === "fill a link: on a peer that has fewer";
const isFilling = ({ reason }: ChainOrder): boolean => reason.startsWith("fill a link");

describe("the planner, from any state", () => {
  it("PLAN-11 comes to rest as soon as nothing else happens, and everything is full then", () => {
    fc.assert(
      fc.property(anyNetwork, (input) => {
        const { input: rested } = settle(input);
        expect(planChains(rested)).toEqual([]);
        expect(rested.shelves.every(({ links }) => links.length > 0)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("PLAN-12 names no peer twice in a chain, whatever state it starts from, and nobody new who cannot keep anything", () => {
    fc.assert(
      fc.property(anyNetwork, (input) => {
        settle(input, (now, orders) => {
          for (const { shelf: id, links } of orders) {
            const peers = links.map((link) => link.peer);
            expect(new Set(peers).size).toBe(peers.length);
            const old = now.shelves.find((candidate) => candidate.shelf === id)?.links.map((link) => link.peer) ?? [];
            const added = now.peers.filter((one) => peers.includes(one.id) && !old.includes(one.id));
            expect(added.every((one) => one.standing === "up" && one.storesFiles && one.order === null)).toBe(true);
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  it("PLAN-13 orders the same whatever the order of the lists", () => {
    const sorted = (orders: readonly ChainOrder[]): readonly ChainOrder[] =>
      orders.toSorted((left, right) => (left.shelf < right.shelf ? -1 : 1));
    const shuffled = anyNetwork.chain((input) =>
      fc
        .tuple(
          fc.shuffledSubarray([...input.peers], whole(input.peers)),
          fc.shuffledSubarray([...input.shelves], whole(input.shelves)),
        )
        .map(([peers, shelves]) => [input, { ...input, peers, shelves }] as const),
    );
    fc.assert(
      fc.property(shuffled, ([input, other]) => {
        expect(sorted(planChains(other))).toEqual(sorted(planChains(input)));
      }),
      { numRuns: 300 },
    );
  });
});

describe("the planner, in a group that was founded and has come to rest", () => {
  it("PLAN-14 every shelf has its copies, and in as many zones as can be", () => {
    fc.assert(
      fc.property(founded, (input) => {
        const { input: rested } = settle(input);
        for (const { shelf: id, links } of rested.shelves) {
          const zones = new Set(links.map((link) => input.peers.find((one) => one.id === link.peer)?.zone)).size;
          const wanted = Math.min(input.copies, input.peers.length);
          expect(links.length).toBe(wanted);
          expect(links.every((link) => isFullLink(link))).toBe(true);
          expect(links[0]?.peer).toBe(id);
          expect(zones).toBe(Math.min(wanted, new Set(input.peers.map(({ zone }) => zone)).size));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("PLAN-15 nobody among equals backs up two shelves more than another", () => {
    fc.assert(
      fc.property(equals, (input) => {
        expect(spread(settle(input).input)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  it("PLAN-16 a peer that comes costs its own backups and as many moves as its share, one at a time", () => {
    fc.assert(
      fc.property(equals, (input) => {
        const { input: rested } = settle(input);
        if (rested.peers.length < input.copies) return;
        const grown = {
          ...rested,
          peers: [...rested.peers, peer("new")],
          shelves: [...rested.shelves, shelf("new", "new", { copiesMax: input.copies })],
        };
        const { input: again, orders } = settle(grown, (now, planned) => {
          const fillings = now.shelves.flatMap(({ links }) => links.filter((link) => !isFullLink(link)));
          if (planned.some((order) => isMove(order))) expect([planned.length, fillings.length]).toEqual([1, 0]);
        });
        const share = input.copies - 1;
        expect(orders.filter((order) => isMove(order))).toHaveLength(share);
        expect(orders.filter((order) => isFilling(order))).toHaveLength(2 * share);
        expect(spread(again)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });

  it("PLAN-16 a peer that goes costs one filling for each link that it leaves, and no shelf is touched without need", () => {
    const leaving = fc.tuple(equals, fc.nat(), fc.constantFrom("out", "drain"));
    fc.assert(
      fc.property(leaving, ([input, pick, how]) => {
        const { input: rested } = settle(input);
        const gone = rested.peers[pick % rested.peers.length]?.id ?? peerId("");
        const share = input.copies - 1;
        if (rested.peers.length <= Math.max(3, input.copies)) return;
        const change = how === "out" ? ({ standing: "out" } as const) : ({ order: "drain" } as const);
        const less = { ...rested, peers: rested.peers.map((one) => (one.id === gone ? { ...one, ...change } : one)) };
        const lost = rested.shelves.filter(({ links }) => links.some((link) => link.peer === gone)).length;
        const { input: again, orders } = settle(less);
        const isPossible = how === "drain" || share > 0;
        expect(orders.filter((order) => isFilling(order) && !isMove(order))).toHaveLength(isPossible ? lost : 0);
        expect(orders.filter((order) => isMove(order)).length).toBeLessThanOrEqual(share);
        expect(again.shelves.some(({ links }) => isPossible && links.some((link) => link.peer === gone))).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it("PLAN-17 no order drops a link too early, copies for a reboot or in bulk, or begins more than it may", () => {
    const standings = fc.array(fc.constantFrom("up", "up", "suspect", "down", "out"), { minLength: 9, maxLength: 9 });
    const orders = fc.array(fc.constantFrom(null, null, null, "drain", "abandon"), { minLength: 9, maxLength: 9 });
    const walk = fc.array(fc.tuple(standings, orders), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(founded, walk, (input, changes) => {
        const audit = new OrderAudit(() => undefined);
        const onPlan = (now: PlanInput, planned: readonly ChainOrder[]): void => {
          audit.planned(now);
          for (const order of planned) audit.ordered(order);
        };
        let now = settle(input, onPlan).input;
        expect(planChains(now)).toEqual([]);
        for (const [nextStandings, nextOrders] of changes) {
          const peers = now.peers.map((one, index) => ({
            ...one,
            standing: nextStandings[index] ?? "up",
            order: nextOrders[index] ?? null,
          }));
          now = { ...now, peers };
          onPlan(now, planChains(now));
          now = fillAll(commit(now, planChains(now)));
          now = settle(now, onPlan).input;
        }
      }),
      { numRuns: 300 },
    );
  });
});

function whole(list: readonly unknown[]): fc.SubarrayConstraints {
  return { minLength: list.length, maxLength: list.length };
}
