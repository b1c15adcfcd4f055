/** The small files of a data folder and of a home folder, and names of files that say something. */
import { formatScrubState, parseScrubState } from "../../../src/backup/upkeep/scrub-state.ts";
import { memberListBytes, parseMemberList } from "../../../src/peer/members.ts";
import { parseConfig } from "../../../src/peer/peer-config.ts";
import { parseSeat } from "../../../src/peer/coordination/seat-files.ts";
import { parseHistory } from "../../../src/shell/history.ts";
import { parseFormat, parseHolder } from "../../../src/store/data-folder.ts";
import { parseSnapshotName, snapshotName } from "../../../src/store/raft-disk/snapshot-file.ts";
import { catalogueMethods } from "../../../src/peer/coordination/catalogue-methods.ts";
import { founder, founderShelf, network } from "../../catalogue/world.ts";
import { sampleOf } from "../schema-sample.ts";
import { type FuzzTarget, caseInput, chosen, decodedOr, expectSame } from "../target.ts";

const textOf = (body: Uint8Array): string => Buffer.from(body).toString();
const json = (value: unknown): string => JSON.stringify(value, undefined, 2);

const cases = [
  (body: Uint8Array): void => {
    const config = decodedOr(["integrity"], () => parseConfig(Buffer.from(body), "folder"));
    if (config !== undefined)
      expectSame("a configuration", parseConfig(Buffer.from(json(config)), "folder"), plain(config));
  },
  (body: Uint8Array): void => {
    const list = decodedOr(["integrity"], () => parseMemberList(textOf(body)));
    if (list === undefined) return;
    const again = Buffer.from(memberListBytes(list, list.departed)).toString();
    expectSame("members", parseMemberList(again), { departed: [], ...plain(list) });
  },
  (body: Uint8Array): void => {
    const seat = decodedOr(["integrity"], () => parseSeat(textOf(body), "member.json"));
    if (seat !== undefined) expectSame("a seat", parseSeat(json(seat), "member.json"), plain(seat));
  },
  (body: Uint8Array): void => {
    const holder = parseHolder(textOf(body));
    if (holder === undefined) return;
    expectSame("a holder", parseHolder(json(holder)), plain(holder));
    // As the message of `locked` writes it.
    new Date(holder.startedMs).toISOString();
  },
  (body: Uint8Array): void => {
    parseFormat(textOf(body));
  },
  (body: Uint8Array): void => {
    const memory = parseScrubState(textOf(body));
    expectSame("the state of a scrub", parseScrubState(formatScrubState(memory)), plain(memory));
  },
  (body: Uint8Array): void => {
    const name = textOf(body);
    const snapshot = parseSnapshotName("folder", name);
    if (snapshot !== undefined) expectSame("the name of a snapshot", snapshotName(snapshot, true), name);
  },
  (body: Uint8Array): void => {
    const lines = parseHistory(textOf(body));
    expectSame("lines of the history", parseHistory(lines.map((line) => JSON.stringify(line)).join("\n")), lines);
  },
];

/** As JSON writes it: −0 is 0 there. */
function plain<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

const config = {
  networkId: network.networkId,
  name: "first",
  zone: "cellar",
  capacityBytes: 1000,
  shelf: founderShelf,
  coordinate: "auto",
  port: 4001,
};
const counts = { chunks: 5, bytes: 500, damaged: 1 };
const pass = { startedMs: 1.7e12, cursor: "here", mended: 1, ...counts };
const last = { endedMs: 1.7e12, elapsedMs: 5, mended: 1, missing: 0, ...counts };

export const smallFiles: FuzzTarget = {
  name: "small-files",
  decoders: [
    "src/peer/peer-config.ts parseConfig",
    "src/peer/members.ts parseMemberList",
    "src/peer/coordination/seat-files.ts parseSeat",
    "src/store/data-folder.ts parseHolder",
    "src/store/data-folder.ts parseFormat",
    "src/backup/upkeep/scrub-state.ts parseScrubState",
    "src/store/raft-disk/snapshot-file.ts parseSnapshotName",
    "src/shell/history.ts parseHistory",
  ],
  seeds: () => [
    caseInput(0, json(config)),
    caseInput(0, json({ ...config, capacityBytes: null, shelf: null, coordinate: null, port: undefined })),
    ...[true, false].map((isFull) => caseInput(1, json(sampleOf(catalogueMethods.members.result, isFull)))),
    caseInput(2, json({ group: "00112233445566778899aabbccddeeff", generation: 2, member: 258 })),
    caseInput(3, json({ pid: 77, startedMs: 1.7e12, name: "dfs-peer 0.1.0" })),
    caseInput(4, json({ format: "dfs-shell data folder", version: 1, program: "dfs-shell 0.1.0" })),
    ...[{}, { pass }, { last }, { pass, last }].map((some) => caseInput(5, json({ version: 1, ...some }))),
    caseInput(6, snapshotName({ index: 258, term: 3, bytes: 40_960, digest: new Uint8Array(32).fill(7) }, true)),
    caseInput(7, [founder, "put a b", 'echo "x"'].map((line) => JSON.stringify(line)).join("\n")),
  ],
  bytesMax: 8192,
  tokens: ["null", "true", "-0", "1e400", "1.5", "9007199254740993", "\\ud800", '"__proto__":', "[", "{", "}"],
  run: (input) => chosen(cases, input),
};
