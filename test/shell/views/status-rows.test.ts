import { beforeAll, describe, expect, it } from "vitest";
import type { BackupLink, NetworkStatus, PeerInfo, ShelfBackup } from "../../../src/core/client.ts";
import { DfsError } from "../../../src/core/errors.ts";
import { parsePeerId, parsePeerName, parseShelfId } from "../../../src/core/ids.ts";
import { type Picture, emptyPicture, fillKey, nextPicture } from "../../../src/shell/views/picture.ts";
import { ringsOf } from "../../../src/shell/views/ring.ts";
import { peerRows } from "../../../src/shell/views/ring-rows.ts";
import { type Row, rowText } from "../../../src/shell/views/rows.ts";
import { offsetMax, watchRows } from "../../../src/shell/views/status-rows.ts";
import { MemoryClient } from "../memory-client.ts";

const space = { columns: 80, rows: 30 };
const id = parsePeerId(`12D3KooW${"A".repeat(44)}`);
const text = (rows: readonly Row[], columns = 80): string =>
  rows.map((row) => rowText(row, columns, false).trimEnd()).join("\n");

const peer = (name: string, more: Partial<PeerInfo> = {}): PeerInfo => ({
  id,
  name: parsePeerName(name),
  zone: "",
  addresses: [],
  state: "up",
  coordinator: false,
  self: false,
  connected: true,
  capacityBytes: 100,
  usedBytes: 10,
  freeBytes: 90,
  lastSeenMs: 0,
  ...more,
});

/** A shelf of `home` with these peers behind it. */
function shelf(home: string, backups: readonly string[], more: Partial<BackupLink> = {}): ShelfBackup {
  const link = (name: string, index: number): BackupLink => ({
    id,
    name: parsePeerName(name),
    state: "up",
    standing: index === 0 ? "owner" : "full",
    ...(index === 0 ? {} : more),
  });
  return {
    shelf: parseShelfId(home.padEnd(32, "0").replaceAll(/[^0-9a-f]/g, "0")),
    home: parsePeerName(home),
    epoch: 1,
    wanted: 2,
    revisions: 1,
    bytes: 1,
    links: [home, ...backups].map(link),
  };
}

const ringText = (pairs: readonly (readonly [string, string?])[]): readonly string[] =>
  ringsOf(pairs.map(([home, next]) => shelf(home, next === undefined ? [] : [next]))).map(
    ({ pairs: each, isClosed }) => `${each.map(({ home }) => home).join(" ")}${isClosed ? " ↺" : ""}`,
  );

describe("rings of backup pairs", () => {
  it.each<readonly [what: string, pairs: readonly (readonly [string, string?])[], rings: readonly string[]]>([
    ["nobody", [], []],
    ["one alone", [["a"]], ["a"]],
    [
      "two",
      [
        ["a", "b"],
        ["b", "a"],
      ],
      ["a b ↺"],
    ],
    [
      "three",
      [
        ["a", "b"],
        ["b", "c"],
        ["c", "a"],
      ],
      ["a b c ↺"],
    ],
    [
      "in another order",
      [
        ["a", "c"],
        ["b", "a"],
        ["c", "b"],
      ],
      ["a c b ↺"],
    ],
    [
      "two rings",
      [
        ["a", "b"],
        ["b", "a"],
        ["c", "d"],
        ["d", "c"],
      ],
      ["a b ↺", "c d ↺"],
    ],
    [
      "a row into a ring",
      [
        ["c", "d"],
        ["d", "a"],
        ["a", "b"],
        ["b", "a"],
      ],
      ["a b ↺", "c d"],
    ],
    ["two rows to one peer", [["a", "c"], ["b", "c"], ["c"]], ["a c", "b"]],
    ["a peer that has left", [["a", "gone"]], ["a"]],
  ])("VIEW-4 %s", (_what, pairs, rings) => {
    expect(ringText(pairs)).toEqual(rings);
  });

  it("VIEW-4 forty peers are one ring, each of them once", () => {
    const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
    const pairs = names.map((name, index) => [name, names[(index + 7) % 40]] as const);
    const rings = ringText(pairs as [string, string][]);
    expect(rings).toHaveLength(1);
    expect(rings[0]?.replace(" ↺", "").split(" ").toSorted()).toEqual(names.toSorted());
  });

  it("VIEW-4 draws the ring with states, lags and verifications; who keeps nothing stands below", () => {
    const picture: Picture = {
      ...emptyPicture,
      peers: {
        value: [
          peer("anna", { self: true }),
          peer("ben"),
          peer("cyra"),
          peer("dora", { state: "down", storageOrder: "drain" }),
        ],
      },
      shelves: {
        value: [
          shelf("anna", ["ben"], { verifiedMs: 1_000_000 - 12_000 }),
          shelf("ben", ["cyra", "anna"], { standing: "filling", filledBytes: 420, fillBytes: 1_000 }),
          shelf("cyra", ["anna"], { standing: "away", lagChanges: 3, lagBytes: 2_048 }),
        ],
      },
      fillRates: new Map([[fillKey(shelf("ben", []).shelf, "cyra"), 3 * 1024 * 1024]]),
    };
    expect(text(peerRows(picture, 1_000_000, space))).toBe(
      [
        "╭→ anna  up       → ben   full, verified 12 s ago",
        "│  ben   up       → cyra  filling 42% 3.0 MiB/s",
        "│                 → anna  filling 42%",
        "╰─ cyra  up       → anna  away, lacks 3 (2.0 KiB)",
        "   dora  down,d…  keeps no files",
      ].join("\n"),
    );
  });

  it("VIEW-4 says whose files another peer keeps, and who has no backup peer", () => {
    const moved = shelf("anna", ["ben"]);
    const picture = {
      ...emptyPicture,
      peers: { value: [peer("anna"), peer("ben")] },
      shelves: { value: [{ ...moved, links: moved.links.toReversed() }, shelf("ben", [])] },
    };
    expect(text(peerRows(picture, 0, space))).toBe(
      ["   anna  up       → ben   full  kept by ben", "   ben   up       no backup peer"].join("\n"),
    );
  });
});

describe("status --watch as rows", () => {
  let picture = emptyPicture;
  const state = { offset: 0, intervalMs: 2_000, nowMs: 1_000, timeMs: 0 };

  beforeAll(async () => {
    picture = await nextPicture(
      emptyPicture,
      new MemoryClient({ peers: 3 }),
      new AbortController().signal,
      () => 1_000,
    );
  });

  it("VIEW-5 shows health, peers, coordinators, files and space", () => {
    const shown = text(watchRows({ ...state, picture }, space));
    expect(shown).toMatch(/^healthy: /);
    for (const part of ["╭→ anna", "│  ben", "╰─ cleo", "coordinators\n  term 3", "files\n  3 in 1", "space\n  anna "])
      expect(shown).toContain(part);
    expect(shown.split("\n")).toHaveLength(space.rows);
  });

  it.each([
    [20, 5],
    [1, 1],
    [200, 60],
    [40, 12],
  ])("VIEW-5 fits %i columns and %i rows", (columns, rows) => {
    const shown = watchRows({ ...state, picture }, { columns, rows });
    expect(shown).toHaveLength(rows);
    if (columns >= 20) expect(text(shown, columns)).toMatch(/^(healthy|degraded)/);
  });

  it("VIEW-5 what does not fit is reached by scrolling", () => {
    const small = { columns: 60, rows: 10 };
    const most = offsetMax({ ...state, picture }, small);
    expect(text(watchRows({ ...state, picture }, small))).not.toContain("space");
    expect(text(watchRows({ ...state, picture, offset: most }, small))).toMatch(/cleo +\S* +\d+%[^\n]*\n q leave/);
  });

  it("VIEW-6 a look that fails leaves what was known, with its age and why", async () => {
    const silent = new Proxy(new MemoryClient(), {
      get: (target, name) =>
        name === "status" || name === "backup"
          ? () => Promise.reject(new DfsError("timeout", "no answer within 5 s"))
          : Reflect.get(target, name).bind(target),
    });
    const later = await nextPicture(picture, silent, new AbortController().signal, () => 13_000);
    const shown = text(watchRows({ ...state, nowMs: 14_000, picture: later }, space));
    expect(shown).toMatch(/^as of 13 s ago: no answer within 5 s\n(healthy|degraded): /);
    expect(text(watchRows({ ...state, nowMs: 14_000, picture: later }, { columns: 20, rows: 5 }), 20)).toMatch(
      /^as of 13 s ago: /,
    );
    expect(shown).toMatch(/backs it up {2}as of 13 s ago: no answer within 5 s\n/);
    expect(shown).not.toMatch(/space {2}as of/);
    const never = await nextPicture(emptyPicture, silent, new AbortController().signal, () => 13_000);
    expect(text(watchRows({ ...state, picture: never }, space))).toMatch(
      /^the peer does not answer: no answer within 5 s\n/,
    );
    expect(text(watchRows({ ...state, picture: emptyPicture }, space))).toMatch(/^asking the peer …\n/);
  });

  it("VIEW-6 a look that is under way for long makes what is shown old", () => {
    const shown = text(watchRows({ ...state, nowMs: 9_000, picture }, space));
    expect(shown).toMatch(/as of 8 s ago: the peer has not answered since/);
  });

  it("VIEW-7 rates of fillings are those between two answers", async () => {
    const client = new MemoryClient();
    const filling = (filledBytes: number): void =>
      client.network.setLink("anna", "ben", { standing: "filling", filledBytes, fillBytes: 10_000 });
    const { signal } = new AbortController();
    filling(1_000);
    const first = await nextPicture(emptyPicture, client, signal, () => 0);
    expect([...first.fillRates.values()]).toEqual([]);
    filling(5_000);
    const second = await nextPicture(first, client, signal, () => 2_000);
    expect([...second.fillRates.values()]).toEqual([2_000]);
    expect(text(watchRows({ ...state, picture: second }, space))).toContain("filling 50% 2.0 KiB/s");
    filling(100);
    expect([...(await nextPicture(second, client, signal, () => 4_000)).fillRates.values()]).toEqual([]);
  });

  it("VIEW-5 tells of few copies, damage and halted repair", () => {
    const status = picture.status.value as NetworkStatus;
    const ill: NetworkStatus = {
      ...status,
      health: "unavailable",
      advice: "start dfs-peer",
      group: { ...status.group, hasQuorum: false, leader: undefined, members: [] },
      safety: {
        ...status.safety,
        fewestCopies: 0,
        belowRevisions: 3,
        belowBytes: 2_048,
        unreadableRevisions: 1,
        halted: [parsePeerName("ben")],
      },
      store: { ...status.store, missing: 2 },
    };
    const shown = text(watchRows({ ...state, picture: { ...picture, status: { value: ill, atMs: 1_000 } } }, space));
    for (const part of [
      "unavailable: ",
      "→ start dfs-peer",
      "none answers",
      "on too few disks: 3 revisions, 2.0 KiB",
      "unreadable for now: 1 revision",
      "repair waits: ben vanished at once",
      "2 chunks of this disk are damaged or lost",
    ])
      expect(shown).toContain(part);
  });
});
