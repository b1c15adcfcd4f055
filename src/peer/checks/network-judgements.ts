/** What this peer's place in the network looks like, from what it and others told. */
import type { GroupStatus } from "../../core/client.ts";
import {
  announceQueueWarned,
  clockSkewMsMax,
  clockSkewMsWarned,
  lagEntriesWarned,
  roundTripMsWarned,
} from "../../core/limits.ts";
import type { PeerAnswer, PeerAnswered } from "./asked-peers.ts";
import { type Finding, fault, fine, warning } from "./check.ts";
import { counted, named, spanText } from "./check-texts.ts";

type Answered = PeerAnswered & { readonly answer: PeerAnswer };
const hasAnswered = (peer: PeerAnswered): peer is Answered => peer.answer !== undefined;
const setClock = "let a time service set it: timedatectl set-ntp true";

/** This clock against those of the coordinators; what half of a round trip can explain is no difference. */
export function judgeSkew(asked: readonly PeerAnswered[]): Finding {
  const answered = asked.filter(({ isCoordinator }) => isCoordinator).filter(hasAnswered);
  if (answered.length === 0) return fine("there is no other coordinator's clock to hold this one against");
  const sure = answered.map(({ name, answer }) => ({ name, aheadMs: sureSkewMs(answer) }));
  const off = sure.filter(({ aheadMs }) => Math.abs(aheadMs) > clockSkewMsWarned);
  const worst = Math.max(...sure.map(({ aheadMs }) => Math.abs(aheadMs)));
  if (off.length === 0) return fine(`this clock is within ${spanText(clockSkewMsWarned)} of the coordinators'`);
  const judged = worst > clockSkewMsMax ? fault : warning;
  const text = off.map(({ name, aheadMs }) => `${spanText(aheadMs)} ${aheadMs > 0 ? "behind" : "ahead of"} ${name}'s`);
  const isOwn = off.length * 2 > sure.length;
  const whose = isOwn ? "here" : `on ${named(off.map(({ name }) => name))}`;
  return judged(`this clock is ${named(text)}`, `set the clock ${whose}: ${setClock}`);
}

/** What is left of a difference when the answer may have come at any moment of the round trip. */
function sureSkewMs({ aheadMs, roundTripMs }: PeerAnswer): number {
  return Math.sign(aheadMs) * Math.max(0, Math.abs(aheadMs) - roundTripMs / 2);
}

export function judgeRoundTrip(asked: readonly PeerAnswered[]): Finding {
  const others = asked.filter(({ isCoordinator }) => isCoordinator);
  if (others.length === 0) return fine("no other peer is a coordinator");
  const silent = others.filter((peer) => !hasAnswered(peer));
  if (silent.length === others.length)
    return fault(
      `no other coordinator answers: ${named(silent.map(whyNot))}`,
      "see ports, and whether they run: peers",
    );
  if (silent.length > 0)
    return warning(`not every coordinator answers: ${named(silent.map(whyNot))}`, "start dfs-peer there; see peers");
  const slowest = others
    .filter(hasAnswered)
    .toSorted((a, b) => b.answer.roundTripMs - a.answer.roundTripMs)[0] as Answered;
  const found = `the slowest coordinator, ${slowest.name}, answers in ${spanText(slowest.answer.roundTripMs)}`;
  if (slowest.answer.roundTripMs <= roundTripMsWarned) return fine(found);
  return warning(found, `see what keeps it or the network busy; coordinator transfer makes a nearer one lead`);
}

function whyNot({ name, reason }: PeerAnswered): string {
  return `${name} (${reason ?? "no answer"})`;
}

export function judgeQuorum({ hasQuorum, members }: GroupStatus): Finding {
  const voters = members.filter(({ role }) => role === "voter");
  const silent = voters.filter(({ isActive }) => !isActive).map(({ name }) => name);
  if (!hasQuorum)
    return fault(
      `no majority of ${counted(voters.length, "coordinator")} answers, so nothing can be changed`,
      `start dfs-peer on ${named(silent)}; what is known can be read with --stale`,
    );
  const found = `${voters.length - silent.length} of ${counted(voters.length, "coordinator")} at work`;
  if (silent.length === 0) return fine(found);
  return warning(`${found}; silent: ${named(silent)}`, `start dfs-peer on ${named(silent)}`);
}

export function judgeLeader({ hasQuorum, leader, term }: GroupStatus): Finding {
  if (leader !== undefined && hasQuorum) return fine(`${leader} leads in term ${term}`);
  return fault(
    "no coordinator leads",
    "they elect one within seconds where a majority can reach each other: see quorum and round-trip",
  );
}

export function judgeLag({ members, commitIndex }: GroupStatus): Finding {
  const behind = members.filter(({ lagEntries = 0 }) => lagEntries > lagEntriesWarned);
  if (behind.length === 0) return fine(`no member of the group is far behind entry ${commitIndex}`);
  const text = behind.map(({ name, lagEntries }) => `${name} lacks ${lagEntries} entries`);
  return warning(named(text), "wait, and look again: it catches up; where it does not, see its disk with doctor there");
}

/** What the table looks like, with so many other members to know. */
export function judgeFingers(fingers: number, others: number): Finding {
  const found = `${counted(fingers, "finger")} for ${counted(others, "other peer")}`;
  if (fingers > 0 || others === 0) return fine(found);
  return warning(
    `no other peer is in the finger table, though the network has ${others}`,
    "see ports, and whether the others run: peers",
  );
}

export function judgeAnnounceQueue(keys: number): Finding {
  const found = `${counted(keys, "file key")} to announce`;
  if (keys <= announceQueueWarned) return fine(found);
  return warning(found, "wait: they are announced by and by; where it does not shrink, see fingers and ports");
}

/** Versions of the programs, this peer's own among them. */
export function judgeVersions(own: string, asked: readonly PeerAnswered[]): Finding {
  const answered = asked.filter(hasAnswered);
  const others = answered.filter(({ answer }) => answer.version !== own);
  if (others.length === 0) {
    const whom = answered.length === 0 ? "this peer runs" : `this peer and ${counted(answered.length, "other")} run`;
    return fine(`${whom} version ${own}`);
  }
  const text = others.map(({ name, answer }) => `${name} runs ${answer.version}`);
  return warning(`this peer runs version ${own}, but ${named(text)}`, "install the same version on every machine");
}
