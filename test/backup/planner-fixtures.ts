/** Networks for the tests of the planner: made in one line, run until they rest, and drawn at random. */
import type { ChainOrder, PlanInput, PlanPeer, PlanShelf } from "../../src/backup/planner-input.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import type { PeerId, ShelfId } from "../../src/core/ids.ts";
import * as fc from "fast-check";
import { planChains } from "../../src/backup/planner.ts";

const GiB = 2 ** 30;
const settleStepsMax = 400;

export const peerId = (name: string): PeerId => name as PeerId;
export const shelfId = (name: string): ShelfId => name as ShelfId;

/** A peer that is up, in a zone of its own, with room. */
export function peer(name: string, but: Partial<PlanPeer> = {}): PlanPeer {
  const id = peerId(name);
  return { id, zone: name, standing: "up", storesFiles: true, freeBytes: 100 * GiB, order: null, ...but };
}

/** A link, keeping from its place in the line on: `ann` is full, `ann:0` is filled and has nothing yet, `ann:-` stands in; `ann:3@2` keeps from 2 and has from 3. */
function link(text: string, index: number): ChainLink {
  const [name = "", rest] = text.split(":");
  const [claim, slot] = (rest ?? "").split("@");
  const keepsFrom = slot === undefined ? index + 1 : Number(slot);
  const hasFrom = claim === undefined || claim === "" ? keepsFrom : claim === "-" ? 0 : Number(claim);
  return { peer: peerId(name), keepsFrom, hasFrom, isFilled: claim !== "-" };
}

/** A link in the notation of `link`. */
function text({ peer: name, keepsFrom, hasFrom, isFilled }: ChainLink, index: number): string {
  const isUsual = keepsFrom === index + 1;
  if (isUsual && hasFrom === keepsFrom) return name;
  const claim = hasFrom === 0 && !isFilled ? "-" : String(hasFrom);
  return `${name}:${claim}${isUsual ? "" : `@${keepsFrom}`}`;
}

function line({ shelf: id, links }: Pick<ChainOrder, "shelf" | "links">): string {
  return `${id}: ${links.map((item, index) => text(item, index)).join(" ")}`;
}

/** A shelf, named after its home, with a chain like `ann bob:0`. */
export function shelf(name: string, chain: string, but: Partial<PlanShelf> = {}): PlanShelf {
  const links = chain.split(" ").map((item, index) => link(item, index));
  return { shelf: shelfId(name), home: peerId(name), epoch: 7, links, copiesMax: 2, bytes: GiB, ...but };
}

export function network(
  peers: readonly PlanPeer[],
  shelves: readonly PlanShelf[],
  but: Partial<PlanInput> = {},
): PlanInput {
  return { peers, shelves, copies: 2, fillsAtOnceMax: 8, ...but };
}

/** The orders as lines: `ann: ann bob:0`. */
export function planned(input: PlanInput): readonly string[] {
  return planChains(input).map((order) => line(order));
}

/** The network after the orders were committed. */
export function commit(input: PlanInput, orders: readonly ChainOrder[]): PlanInput {
  const shelves = input.shelves.map((old) => {
    const order = orders.find((candidate) => candidate.shelf === old.shelf);
    return order === undefined ? old : { ...old, epoch: old.epoch + 1, links: order.links };
  });
  return { ...input, shelves };
}

/** The network after the owners who are there have filled every link that is filled and there. */
export function fillAll(input: PlanInput): PlanInput {
  const isThere = (id: PeerId): boolean =>
    input.peers.some((other) => other.id === id && (other.standing === "up" || other.standing === "suspect"));
  const shelves = input.shelves.map((old) => {
    const isOwned = old.links[0] !== undefined && isThere(old.links[0].peer);
    const hasRoom = ({ peer: id, hasFrom }: ChainLink): boolean =>
      hasFrom > 0 || input.peers.some((other) => other.id === id && other.freeBytes >= 2 ** 21);
    const fill = (item: ChainLink): ChainLink =>
      isOwned && item.isFilled && isThere(item.peer) && hasRoom(item) ? { ...item, hasFrom: item.keepsFrom } : item;
    return { ...old, links: old.links.map((item, index) => (index === 0 ? item : fill(item))) };
  });
  return { ...input, shelves };
}

/** Every order up to the end, each seen by `onPlan`, and the network then. Fails when it does not end. */
export function settle(
  input: PlanInput,
  onPlan?: (input: PlanInput, orders: readonly ChainOrder[]) => void,
): { readonly input: PlanInput; readonly orders: readonly ChainOrder[] } {
  const orders: ChainOrder[] = [];
  let now = input;
  for (let step = 0; step < settleStepsMax; step++) {
    const next = planChains(now);
    onPlan?.(now, next);
    if (next.length === 0) {
      const filled = fillAll(now);
      if (planChains(filled).length === 0) return { input: filled, orders };
      now = filled;
      continue;
    }
    orders.push(...next);
    now = fillAll(commit(now, next));
  }
  throw new Error(`the plan does not end: ${JSON.stringify(orders.slice(-6), undefined, 1)}`);
}

/** The chains as lines. */
export function chains({ shelves }: PlanInput): readonly string[] {
  return shelves.map((item) => line(item));
}

const names = ["ann", "bob", "cid", "dora", "eve", "fay", "gus", "hal"];

/** Any state that a network could be in, also such as should not occur. */
export const anyNetwork: fc.Arbitrary<PlanInput> = fc.integer({ min: 1, max: names.length }).chain((count) =>
  fc.record({
    peers: fc.tuple(...names.slice(0, count).map((name) => anyPeer(name))),
    shelves: fc
      .subarray(names.slice(0, count), { minLength: 1 })
      .chain((homes) => fc.tuple(...homes.map((home) => anyShelf(home, names.slice(0, count))))),
    copies: fc.integer({ min: 1, max: 4 }),
    fillsAtOnceMax: fc.integer({ min: 1, max: 4 }),
  }),
);

function anyPeer(name: string): fc.Arbitrary<PlanPeer> {
  return fc.record({
    id: fc.constant(peerId(name)),
    zone: fc.constantFrom("north", "south", "west"),
    standing: fc.oneof({ weight: 6, arbitrary: fc.constant("up" as const) }, fc.constantFrom("suspect", "down", "out")),
    storesFiles: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
    freeBytes: fc.oneof({ weight: 4, arbitrary: fc.constant(100 * GiB) }, fc.integer({ min: 0, max: 3 * GiB })),
    order: fc.oneof({ weight: 7, arbitrary: fc.constant(null) }, fc.constantFrom("drain", "remove", "abandon")),
  });
}

function anyShelf(home: string, members: readonly string[]): fc.Arbitrary<PlanShelf> {
  return fc.record({
    shelf: fc.constant(shelfId(`shelf of ${home}`)),
    home: fc.option(fc.constant(peerId(home)), { nil: null }),
    epoch: fc.integer({ min: 1, max: 9 }),
    links: fc
      .shuffledSubarray([...members], { minLength: 1, maxLength: Math.min(6, members.length) })
      .chain((peers) => fc.tuple(...peers.map((id, index) => anyLink(id, index)))),
    copiesMax: fc.integer({ min: 1, max: 4 }),
    bytes: fc.integer({ min: 0, max: 2 * GiB }),
  });
}

function anyLink(name: string, index: number): fc.Arbitrary<ChainLink> {
  return fc
    .record({
      keepsFrom: fc.integer({ min: 1, max: index + 1 }),
      claim: fc.integer({ min: 0, max: 4 }),
      isFilled: fc.boolean(),
    })
    .map(({ keepsFrom, claim, isFilled }) => ({
      peer: peerId(name),
      keepsFrom: index === 0 ? 1 : keepsFrom,
      hasFrom: index === 0 ? 1 : claim === 0 ? 0 : Math.max(claim, keepsFrom),
      isFilled: index === 0 || claim > 0 || isFilled,
    }));
}
