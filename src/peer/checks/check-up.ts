/** A peer's examination of itself: the checks, and what of the peer each of them looks at. */
import type { UserInfo } from "../../core/accounts.ts";
import { type CheckResult, checkAreas } from "../../core/checks.ts";
import type { CallOptions, ShelfBackup } from "../../core/client.ts";
import type { FileKey, PeerId } from "../../core/ids.ts";
import { checkMs, checkPeersAskedMax } from "../../core/limits.ts";
import type { FingerTableService } from "../../dht/finger-table-service.ts";
import type { ChunkStore } from "../../store/chunk-store.ts";
import type { Members } from "../members.ts";
import type { PeerLinks } from "../peer-links.ts";
import type { Reports } from "../reports.ts";
import { type AskedPeer, type AskingClocks, type PeerAnswered, askPeers } from "./asked-peers.ts";
import { type Check, type Finding, fine, makeChecks, warning } from "./check.ts";
import { counted } from "./check-texts.ts";
import type { ClockWatch } from "./clock-watch.ts";
import { machineChecks } from "./machine-checks.ts";
import {
  judgeAnnounceQueue,
  judgeFingers,
  judgeLag,
  judgeLeader,
  judgeQuorum,
  judgeRoundTrip,
  judgeSkew,
  judgeVersions,
} from "./network-judgements.ts";
import { findListening, findReachable, judgePort, portIn } from "./port-checks.ts";
import { judgeCopies, judgeLagOfBackups, judgeStore, judgeUsers, judgeVerified } from "./storage-judgements.ts";

/** What a peer knows of its own start and surroundings. */
export interface CheckedPeer {
  readonly clockWatch: ClockWatch;
  /** The port of the last run, where another program had taken it when this peer started. */
  readonly takenPort: number | undefined;
}

export interface CheckUpOptions extends CheckedPeer {
  readonly self: PeerId;
  /** Path of the data folder. */
  readonly folder: string;
  readonly version: string;
  readonly addresses: () => readonly string[];
  readonly members: Members;
  readonly links: Pick<PeerLinks, "call">;
  readonly fingers: FingerTableService;
  readonly store: Pick<ChunkStore, "stats">;
  readonly reports: Pick<Reports, "status" | "group">;
  readonly backup: (signal: AbortSignal) => Promise<readonly ShelfBackup[]>;
  readonly users: (signal: AbortSignal) => Promise<readonly UserInfo[]>;
  readonly clocks: AskingClocks;
}

/** Others get a little less time than the check that asks them, so that one that is silent is told by its name. */
const askedMs = checkMs - 1_000;

export class CheckUp {
  readonly #options: CheckUpOptions;

  constructor(options: CheckUpOptions) {
    this.#options = options;
  }

  /** As DfsClient.checks. */
  run({ signal }: CallOptions = {}): AsyncIterable<CheckResult> {
    const { folder } = this.#options;
    return makeChecks(
      [
        ...machineChecks(folder),
        ...this.#ownChecks(),
        ...this.#askingChecks(),
        ...this.#fingerChecks(),
        ...this.#fileChecks(),
      ].toSorted(byArea),
      signal,
    );
  }

  #ownChecks(): readonly Check[] {
    const { addresses, clockWatch, store, takenPort } = this.#options;
    const port = (): number | undefined => portIn(addresses()[0] ?? "")?.port;
    return [
      { area: "disk", name: "chunks", find: async () => judgeStore(await store.stats()) },
      { area: "ports", name: "port", find: () => judgePort(port(), takenPort) },
      { area: "ports", name: "listening", find: (signal) => findListening(addresses(), signal) },
      { area: "clock", name: "jumps", find: () => clockWatch.find() },
    ];
  }

  /** Checks for which others are asked, each of them once. */
  #askingChecks(): readonly Check[] {
    const { clocks, links, reports, version } = this.#options;
    const others = this.#others();
    const asked = once((signal) => askPeers(others, links, clocks, { timeoutMs: askedMs, signal }));
    const group = once((signal) => reports.group(signal));
    const dialling = others.toSorted((a, b) => Number(a.isCoordinator) - Number(b.isCoordinator));
    const judgeBy = (judge: (answers: readonly PeerAnswered[]) => Finding) => async (signal: AbortSignal) =>
      judge(await asked(signal));
    return [
      {
        area: "ports",
        name: "reachable",
        find: (signal) => findReachable(dialling, links, { timeoutMs: askedMs, signal }),
      },
      { area: "clock", name: "skew", find: judgeBy(judgeSkew) },
      { area: "coordinators", name: "quorum", find: async (signal) => judgeQuorum(await group(signal)) },
      { area: "coordinators", name: "leader", find: async (signal) => judgeLeader(await group(signal)) },
      { area: "coordinators", name: "lag", find: async (signal) => judgeLag(await group(signal)) },
      { area: "coordinators", name: "round-trip", find: judgeBy(judgeRoundTrip) },
      { area: "versions", name: "versions", find: judgeBy((answers) => judgeVersions(version, answers)) },
    ];
  }

  #fingerChecks(): readonly Check[] {
    const { fingers } = this.#options;
    const others = this.#options.members.peers.length - 1;
    const report = once(() => fingers.report());
    return [
      {
        area: "finger table",
        name: "fingers",
        find: async (signal) => judgeFingers((await report(signal)).fingers.length, others),
      },
      { area: "finger table", name: "own-record", find: (signal) => this.#findOwnRecord(others, signal) },
      { area: "finger table", name: "announcing", find: () => judgeAnnounceQueue(fingers.announceQueue()) },
    ];
  }

  /** Looks one of this peer's own file keys up, as somebody who wants the file would. */
  async #findOwnRecord(others: number, signal: AbortSignal): Promise<Finding> {
    const { fingers, self } = this.#options;
    const { sample } = await fingers.report();
    const key: FileKey | undefined = sample.find(({ holder }) => holder === self)?.fileKey;
    if (key === undefined) return fine("this peer has announced no file yet");
    if (others === 0) return fine("there is no other peer that would keep this one's records");
    fingers.forgetKey(key);
    const [found] = await fingers.findHolders([key], { signal });
    // What only its own queue knows is not found by others.
    const isAlone = found?.from === "records" && found.holders.length === 1;
    if (found?.holders.includes(self) === true && !isAlone)
      return fine(
        `a file of this peer is found: ${counted(found.holders.length, "holder")}, ` +
          `${counted(found.hops, "hop")}, ${counted(found.messages, "question")}`,
      );
    if (fingers.announceQueue() > 0) return fine("the files of this peer are being announced");
    return warning(
      "a file that this peer announced is not found by looking it up",
      "files are read all the same, by the catalogue; wait until all are announced, and see fingers and ports",
    );
  }

  #fileChecks(): readonly Check[] {
    const { backup, clocks, users } = this.#options;
    const shelves = once(backup);
    return [
      { area: "backup", name: "copies", find: async (signal) => judgeCopies(await shelves(signal)) },
      { area: "backup", name: "lag", find: async (signal) => judgeLagOfBackups(await shelves(signal)) },
      {
        area: "backup",
        name: "verified",
        find: async (signal) => judgeVerified(await shelves(signal), clocks.nowMs()),
      },
      { area: "users", name: "administrator", find: async (signal) => judgeUsers(await users(signal)) },
    ];
  }

  /** The other members that are asked, coordinators first. */
  #others(): readonly AskedPeer[] {
    const { members, self } = this.#options;
    const voters = new Set(members.roster?.members.flatMap(({ peer, isVoter }) => (isVoter ? [peer] : [])));
    return members.peers
      .filter(({ id }) => id !== self)
      .map(({ id, name }) => ({ id, name, isCoordinator: voters.has(id) }))
      .toSorted((a, b) => Number(b.isCoordinator) - Number(a.isCoordinator))
      .slice(0, checkPeersAskedMax);
  }
}

function byArea(one: Check, other: Check): number {
  return checkAreas.indexOf(one.area) - checkAreas.indexOf(other.area);
}

/** Asks once for what several checks look at. */
function once<Result>(ask: (signal: AbortSignal) => Promise<Result>): (signal: AbortSignal) => Promise<Result> {
  let asked: Promise<Result> | undefined;
  return (signal) => (asked ??= ask(signal));
}
