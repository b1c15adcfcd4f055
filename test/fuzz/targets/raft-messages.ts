/** What coordinators send each other, and what the log carries: messages, entries, changes of the group. */
import { encodeConfigChange, decodeConfigChange } from "../../../src/raft/configuration.ts";
import { decodeEntries, encodeEntries } from "../../../src/raft/entry-codec.ts";
import { decodeMessage, encodeMessage } from "../../../src/raft/message-codec.ts";
import { knownEntries, knownMessages } from "../../raft/codec-samples.ts";
import { member } from "../../raft/group.ts";
import { type FuzzTarget, caseInput, chosen, decodedOr, expectSame } from "../target.ts";

const cases = [
  (body: Uint8Array): void => {
    const message = decodedOr(["protocol"], () => decodeMessage(body));
    if (message !== undefined) expectSame("a message comes back as other bytes", joined(encodeMessage(message)), body);
  },
  (body: Uint8Array): void => {
    const change = decodedOr(["protocol"], () => decodeConfigChange(body));
    if (change !== undefined) expectSame("a change comes back as other bytes", encodeConfigChange(change), body);
  },
  /** The count, the first index and the least term stand in front: one byte each, the count two. */
  (body: Uint8Array): void => {
    const [high = 0, low = 0, first = 0, termMin = 0] = body;
    const entries = decodedOr(["protocol"], () => decodeEntries(body.slice(4), first, 256 * high + low, termMin));
    if (entries === undefined) return;
    const again = joined(encodeEntries(entries));
    expectSame("entries come back as other bytes", again, body.slice(4));
  },
];

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export const raftMessages: FuzzTarget = {
  name: "raft-messages",
  decoders: [
    "src/raft/message-codec.ts decodeMessage",
    "src/raft/configuration.ts decodeConfigChange",
    "src/raft/entry-codec.ts decodeEntries",
  ],
  seeds: () => [
    ...knownMessages.map(([message]) => caseInput(0, joined(encodeMessage(message)))),
    ...(["add-learner", "promote", "remove"] as const).map((type) =>
      caseInput(1, encodeConfigChange({ type, id: member(258), context: Uint8Array.of(0xaa, 0xbb) })),
    ),
    caseInput(2, Buffer.concat([Buffer.of(0, 2, 8, 2), Buffer.from(knownEntries.bytes, "hex")])),
    caseInput(2, Buffer.of(0, 0, 8, 2)),
  ],
  bytesMax: 4096,
  run: (input) => chosen(cases, input),
};
