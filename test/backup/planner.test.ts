import { chains, commit, fillAll, network, peer, peerId, planned, settle, shelf, shelfId } from "./planner-fixtures.ts";
import { describe, expect, it } from "vitest";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type PlanInput, type PlanPeer, fillsAtOnceFor } from "../../src/backup/planner-input.ts";
import { dependsOn, planChains, repairState } from "../../src/backup/planner.ts";

const GiB = 2 ** 30;

/** Peers that are up, but for those that are described. */
function peers(names: string, but: Record<string, Partial<PlanPeer>> = {}): PlanPeer[] {
  return names.split(" ").map((name) => peer(name, but[name]));
}

/** The network with other standings, orders or room. */
function withPeers(input: PlanInput, but: Record<string, Partial<PlanPeer>>): PlanInput {
  return { ...input, peers: input.peers.map((one) => ({ ...one, ...but[one.id] })) };
}

const reasons = (input: PlanInput): readonly string[] => planChains(input).map(({ reason }) => reason);

describe("the owner", () => {
  it.each([
    ["down", "ann bob", ["ann: bob ann"]],
    ["out", "ann bob", ["ann: bob ann"]],
    ["suspect", "ann bob", []],
    ["down", "ann bob:0", []],
    ["down", "ann bob:3@2", []],
    ["down", "ann bob:0 cid:2@2", ["ann: cid ann bob:0@2"]],
  ] as const)("PLAN-1 is %s, chain %s", (standing, chain, expected) => {
    const input = network(peers("ann bob cid dora", { ann: { standing } }), [shelf("ann", chain)]);
    expect(planned(input)).toEqual(expected);
  });

  it("PLAN-1 a link that is itself suspect or about to go is not preferred", () => {
    const chain = [shelf("ann", "ann bob cid:2@2", { copiesMax: 3 })];
    const input = network(peers("ann bob cid", { ann: { standing: "down" }, bob: { standing: "suspect" } }), chain);
    expect(planned(input)).toEqual(["ann: cid ann bob:2@2"]);
    const leaving = withPeers(input, { bob: { standing: "up", order: "drain" } });
    expect(planned(leaving)[0]).toMatch(/^ann: cid /);
  });

  it("PLAN-2 nobody leads in its place while a link that has everything may come back", () => {
    const input = network(peers("ann bob cid", { ann: { standing: "out" }, bob: { standing: "out" } }), [
      shelf("ann", "ann bob cid:0@2"),
    ]);
    expect(planned(input)).toEqual([]);
    expect(planned(withPeers(input, { ann: { order: "abandon" } }))).toEqual([]);
    const both = { ann: { order: "abandon" }, bob: { order: "abandon" } } as const;
    expect(planned(withPeers(input, both))).toEqual(["ann: cid ann bob:2@2"]);
    expect(chains(settle(withPeers(input, both)).input)).toEqual(["ann: cid"]);
  });

  it("PLAN-2 when nothing is left at all, a peer begins anew with nothing", () => {
    const input = network(peers("ann bob", { ann: { order: "abandon", standing: "out" } }), [shelf("ann", "ann")]);
    expect(planned(input)).toEqual(["ann: bob"]);
  });

  it("PLAN-3 a home peer that is back is filled and leads again", () => {
    const input = network(peers("ann bob"), [shelf("ann", "bob ann:0")]);
    expect(planned(input)).toEqual(["ann: bob ann:0@1"]);
    const filled = fillAll(commit(input, planChains(input)));
    expect(planned(filled)).toEqual(["ann: ann bob"]);
  });

  it("PLAN-3 a shelf comes home only when it is well elsewhere, and one change follows the other", () => {
    const input = network(peers("ann bob cid dora"), [shelf("ann", "bob cid:0")]);
    expect(planned(input)).toEqual([]);
    const well = fillAll(input);
    expect(planned(well)).toEqual(["ann: bob ann:0@1 cid:2@2"]);
    const { input: rested, orders } = settle(well);
    expect(orders.map(({ reason }) => reason)).toEqual([
      "fill a link: the shelf comes home",
      "lead: back home",
      "drop a link that is not needed",
    ]);
    expect(chains(rested)[0]).toMatch(/^ann: ann (bob|cid)$/);
  });
});

describe("election", () => {
  const alone = [shelf("ann", "ann")];

  it("PLAN-4 every shelf gets a backup peer as soon as there are two storage peers", () => {
    expect(planned(network(peers("ann"), alone))).toEqual([]);
    expect(planned(network([peer("ann"), peer("bob", { storesFiles: false })], alone))).toEqual([]);
    expect(planned(network(peers("ann bob"), alone))).toEqual(["ann: ann bob:0"]);
  });

  it.each([
    ["another zone comes first", { bob: { zone: "ann", freeBytes: 900 * GiB }, cid: { zone: "west" } }, "cid"],
    ["then room", { bob: { freeBytes: GiB } }, "cid"],
    ["then most space", { cid: { freeBytes: 200 * GiB } }, "cid"],
    ["a suspect is not elected", { bob: { standing: "suspect" } }, "cid"],
    ["nor one that shall go", { bob: { order: "drain" } }, "cid"],
  ] as const)("PLAN-4 %s", (_, but, expected) => {
    expect(planned(network(peers("ann bob cid", but), alone))).toEqual([`ann: ann ${expected}:0`]);
  });

  it("PLAN-4 then the fewest links, of which its own shelf is none", () => {
    const others = [shelf("ann", "ann"), shelf("bob", "bob dora"), shelf("cid", "cid bob")];
    const input = network(peers("ann bob cid dora", { bob: { freeBytes: 900 * GiB } }), others);
    expect(planned(input)).toEqual(["ann: ann cid:0"]);
  });

  it("PLAN-4 nobody without room for the shelf and everything else that is on its way there", () => {
    const big = [shelf("ann", "ann", { bytes: 60 * GiB }), shelf("bob", "bob", { bytes: 60 * GiB })];
    const input = network(peers("ann bob cid"), big);
    const targets = planChains(input).map(({ links }) => links[1]?.peer);
    expect(new Set(targets).size).toBe(2);
    expect(planned(network(peers("ann bob", { bob: { freeBytes: GiB } }), alone))).toEqual([]);
  });

  it("PLAN-5 for a link that is down somebody stands in; nothing is copied before it is out", () => {
    const input = network(peers("ann bob cid", { bob: { standing: "down" } }), [shelf("ann", "ann bob")]);
    expect(planned(input)).toEqual(["ann: ann bob cid:-@2"]);
    const stoodIn = commit(input, planChains(input));
    expect(planned(stoodIn)).toEqual([]);
    const out = withPeers(stoodIn, { bob: { standing: "out" } });
    expect(planned(out)).toEqual(["ann: ann bob cid:0@2"]);
    expect(chains(settle(out).input)).toEqual(["ann: ann cid"]);
  });

  it("PLAN-5 a link that is back keeps its claim, or is filled with what it lacks; then the stand-in goes", () => {
    const back = network(peers("ann bob cid"), [shelf("ann", "ann bob cid:-@2")]);
    expect(planned(back)).toEqual(["ann: ann bob"]);
    const demoted = network(peers("ann bob cid"), [shelf("ann", "ann bob:0 cid:-@2")]);
    expect(planned(demoted)).toEqual([]);
    expect(planned(fillAll(demoted))).toEqual(["ann: ann bob"]);
  });

  it("HOST-7 for a link that fails somebody stands in, and later is filled in its place", () => {
    const members = peers("ann bob cid");
    const failing = (how: "away" | "lost") => ({ failing: new Map([[peerId("bob"), how]]) });
    const input = network(members, [shelf("ann", "ann bob:0", failing("away"))]);
    expect(planned(input)).toEqual(["ann: ann bob:0 cid:-@2"]);
    const stoodIn = (how: "away" | "lost") => network(members, [shelf("ann", "ann bob:0 cid:-@2", failing(how))]);
    expect(planned(stoodIn("away"))).toEqual([]);
    expect(planned(stoodIn("lost"))).toEqual(["ann: ann bob:0 cid:0@2"]);
    expect(planned(network(members, [shelf("ann", "ann bob:0 cid:2@2", failing("lost"))]))).toEqual(["ann: ann cid"]);
    expect(planned(network(members, [shelf("ann", "ann bob:0 cid:-@2")]))).toEqual([]);
  });

  it("HOST-7 nobody is replaced on such a word who has a claim, or of another shelf", () => {
    const failing = new Map([[peerId("bob"), "lost"]] as const);
    const shelves = [shelf("ann", "ann bob", { failing }), shelf("cid", "cid bob:0")];
    expect(planned(network(peers("ann bob cid dan"), shelves))).toEqual([]);
  });

  it("PLAN-5 a filling link whose disk is full is replaced when somebody has room", () => {
    const full = peers("ann bob cid", { bob: { freeBytes: 0 } });
    const input = network(full, [shelf("ann", "ann bob:0")]);
    expect(planned(input)).toEqual(["ann: ann bob:0 cid:0@2"]);
    expect(chains(settle(input).input)).toEqual(["ann: ann cid"]);
  });
});

describe("peers that shall go", () => {
  it("PLAN-6 others are filled first, then one of them leads, then it leaves", () => {
    const input = network(peers("ann bob cid", { ann: { order: "remove" } }), [shelf("ann", "ann bob")]);
    expect(planned(input)).toEqual(["ann: ann bob:2@1 cid:0@2"]);
    const { input: rested, orders } = settle(input);
    expect(orders.map(({ reason }) => reason)).toEqual([
      "fill a link: copies are short",
      "lead: the owner shall go",
      "drop a link that is not needed",
    ]);
    expect(chains(rested)).toEqual(["ann: bob cid"]);
  });

  it("PLAN-6 nothing is taken from the one that goes before the other has it", () => {
    const input = network(peers("ann bob cid", { bob: { order: "drain" } }), [shelf("ann", "ann bob")]);
    expect(planned(input)).toEqual(["ann: ann bob cid:0@2"]);
    const filling = commit(input, planChains(input));
    expect(planned(filling)).toEqual([]);
    expect(planned(withPeers(filling, { ann: { standing: "down" } }))).toEqual(["ann: bob cid:0@1 ann:2@2"]);
  });

  it("PLAN-6 it stays as long as nobody has room, and goes when it is one too many in any case", () => {
    const tight = peers("ann bob cid", { bob: { order: "remove" }, cid: { freeBytes: GiB } });
    expect(planned(network(tight, [shelf("ann", "ann bob")]))).toEqual([]);
    const pair = peers("ann bob", { bob: { order: "remove" } });
    expect(planned(network(pair, [shelf("ann", "ann bob")]))).toEqual(["ann: ann"]);
  });

  it("PLAN-6 nobody goes on the word of a link that is only suspected to be there", () => {
    const input = network(peers("ann bob cid", { bob: { order: "drain" } }), [shelf("ann", "ann bob cid:2@2")]);
    expect(planned(withPeers(input, { cid: { standing: "suspect" } }))).toEqual([]);
    expect(planned(input)).toEqual(["ann: ann cid"]);
  });

  it("PLAN-7 says for each shelf what still keeps a peer", () => {
    const reason = (chain: string, but: Record<string, Partial<PlanPeer>> = {}): string | undefined =>
      dependsOn(network(peers("ann bob cid", but), [shelf("s", chain)]), peerId("ann"))[0]?.reason;
    expect(reason("bob cid")).toBeUndefined();
    expect(reason("ann bob:0")).toBe("only-copy");
    expect(reason("ann bob", { bob: { standing: "down" } })).toBe("only-copy");
    expect(reason("ann bob cid:0@2")).toBe("too-few-copies");
    expect(reason("ann bob cid:1@1")).toBe("owner");
    expect(reason("bob ann cid:2@2")).toBe("next");
  });
});

describe("limits", () => {
  const six = ["ann", "bob", "cid", "dora", "eve", "fay"];

  it("PLAN-8 eight shelves are filled at a time, and in a large network one for every eight peers", () => {
    expect([1, 8, 64, 71, 72, 500].map((count) => fillsAtOnceFor(count))).toEqual([8, 8, 8, 8, 9, 62]);
  });

  it("PLAN-8 at most so many fillings are begun at a time, two for each owner and two into each peer", () => {
    const input = network(
      peers(six.join(" ")),
      six.map((name) => shelf(name, name)),
      { fillsAtOnceMax: 3 },
    );
    expect(planned(input).filter((line) => line.endsWith(":0"))).toHaveLength(3);
    expect(planned(input).filter((line) => line.endsWith(":-"))).toHaveLength(3);
    const oneOwner = six.map((name) => shelf(name, "ann", { home: null }));
    expect(planned(network(peers(six.join(" ")), oneOwner)).filter((line) => line.endsWith(":0"))).toHaveLength(2);
    const oneTarget = six.slice(1).map((name) => shelf(name, name));
    const room = Object.fromEntries(six.slice(1).map((name) => [name, { freeBytes: GiB }]));
    const begun = planned(network(peers(six.join(" "), room), oneTarget));
    expect(begun.filter((line) => line.endsWith("ann:0"))).toHaveLength(2);
  });

  it("PLAN-8 when more than a third vanish at once, nothing is copied, but owners are replaced and others stand in", () => {
    const shelves = [
      shelf("ann", "ann bob"),
      shelf("bob", "bob cid"),
      shelf("cid", "cid dora"),
      shelf("dora", "dora ann"),
    ];
    const gone = network(peers("ann bob cid dora", { ann: { standing: "out" }, dora: { standing: "out" } }), shelves);
    expect(repairState(gone).halted).toEqual({ missing: ["ann", "dora"], of: 4 });
    expect(planned(gone)).toEqual(["ann: bob ann", "cid: cid dora bob:-@2"]);
    const fewer = withPeers(gone, { dora: { standing: "up" } });
    expect(repairState(fewer).halted).toBeUndefined();
    expect(reasons(settle(fewer).input)).toEqual([]);
    expect(planned(withPeers(gone, { dora: { order: "abandon" } }))).toContain("cid: cid");
  });
});

describe("copies", () => {
  it("PLAN-9 as many links as the policy asks for can each take over; what goes beyond is for single files", () => {
    const many = [shelf("ann", "ann", { copiesMax: 4 })];
    const input = network(peers("ann bob cid dora"), many, { copies: 3 });
    const { links } = settle(input).input.shelves[0] ?? { links: [] };
    expect(links.map(({ keepsFrom }) => keepsFrom)).toEqual([1, 2, 2, 4]);
  });

  it("PLAN-9 when fewer are wanted the others go, when more are wanted they are elected", () => {
    const three = network(peers("ann bob cid"), [shelf("ann", "ann bob cid:2@2")], { copies: 3 });
    expect(planned(three)).toEqual([]);
    expect(chains(settle({ ...three, copies: 2 }).input)[0]).toMatch(/^ann: ann (bob|cid)$/);
    const two = network(peers("ann bob cid"), [shelf("ann", "ann bob")], { copies: 3 });
    expect(planned(two)).toEqual(["ann: ann bob cid:0@2"]);
    const file = network(peers("ann bob cid"), [shelf("ann", "ann bob", { copiesMax: 3 })]);
    expect(planned(file)).toEqual(["ann: ann bob cid:0"]);
  });
});

describe("the source", () => {
  it("PLAN-21 names no clock, no I/O and no promise", () => {
    const folder = join(import.meta.dirname, "../../src/backup");
    const files = readdirSync(folder).filter((name) => name.startsWith("planner"));
    const code = files.map((name) => readFileSync(join(folder, name), "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, ""));
    expect(files.length).toBeGreaterThan(10);
    expect(code.filter((text) => /"node:|\bPromise\b|\basync\b|setTimeout|\bDate\b|Math\.random/.test(text))).toEqual(
      [],
    );
  });
});

describe("what people see", () => {
  const state = (chain: string, but: Record<string, Partial<PlanPeer>> = {}, names = "ann bob cid") =>
    repairState(network(peers(names, but), [shelf("ann", chain)]));

  it("PLAN-10 says of each shelf that is short what it waits for", () => {
    expect(state("ann bob").shelvesBelow).toEqual([]);
    expect(state("ann bob:0").shelvesBelow).toEqual([
      { shelf: shelfId("ann"), wanted: 2, covered: 1, isReadable: true, waitsFor: "filling", peers: [] },
    ]);
    expect(state("ann bob", { bob: { standing: "down" } }).shelvesBelow).toMatchObject([
      { waitsFor: "return", peers: ["bob"] },
    ]);
    expect(state("ann bob:0", { ann: { standing: "out" } }).shelvesBelow).toMatchObject([
      { waitsFor: "return", peers: ["ann"], isReadable: false },
    ]);
    expect(state("ann").shelvesBelow).toMatchObject([{ waitsFor: "turn" }]);
    expect(state("ann", { bob: { freeBytes: 0 }, cid: { freeBytes: 0 } }).shelvesBelow).toMatchObject([
      { waitsFor: "room" },
    ]);
    expect(state("ann", {}, "ann")).toMatchObject({ shelvesBelow: [{ waitsFor: "peer" }], peersNeeded: 1 });
  });

  it("PLAN-10 a network that is halted says so", () => {
    const shelves = [shelf("ann", "ann bob"), shelf("bob", "bob ann"), shelf("cid", "cid ann")];
    const input = network(peers("ann bob cid", { ann: { standing: "out" }, bob: { standing: "out" } }), shelves);
    const { shelvesBelow, halted } = repairState(input);
    expect(halted?.missing).toEqual(["ann", "bob"]);
    expect(shelvesBelow.map(({ waitsFor }) => waitsFor)).toEqual(["return", "return", "halt"]);
  });
});
