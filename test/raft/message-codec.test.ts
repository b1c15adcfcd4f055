import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toDfsError } from "../../src/core/errors.ts";
import {
  commandBytesMax,
  raftAppendBytesMax,
  raftMessageBytesMax,
  raftSnapshotDataBytesMax,
} from "../../src/core/limits.ts";
import { decodeMessage, encodeMessage } from "../../src/raft/message-codec.ts";
import type { AppendRequest, Message } from "../../src/raft/messages.ts";
import type { Entry } from "../../src/raft/types.ts";
import { anyMessage, knownMessages } from "./codec-samples.ts";
import { member } from "./group.ts";

const joined = (message: Message): Uint8Array => new Uint8Array(Buffer.concat(encodeMessage(message)));
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const envelope = "000000000000000100000000000000020000000000000003";

function appendOf(entries: readonly Entry[]): AppendRequest {
  const [from, to] = [member(1), member(2)];
  return { type: "append", from, to, term: 1, prevIndex: 0, prevTerm: 0, entries, commit: 0 };
}

/** The message, or undefined when the bytes were refused with `protocol`. */
function decoded(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    expect(toDfsError(error).kind).toBe("protocol");
    return undefined;
  }
}

describe("messages as bytes", () => {
  it.each(knownMessages)("LOGDISK-4 a message of each type is written as FORMATS.md says: $type", (message, text) => {
    expect(Buffer.from(joined(message)).toString("hex")).toBe(text);
    expect(decodeMessage(bytesOf(text))).toEqual(message);
  });

  it("LOGDISK-5 what is written is read back, and keeps nothing of the bytes it was read from", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const bytes = joined(message);
        const found = decodeMessage(Buffer.from(bytes.buffer));
        bytes.fill(0xff);
        expect(found).toEqual(message);
      }),
      { numRuns: 300 },
    );
  });

  it("LOGDISK-6 a message that is cut short or goes on is refused", () => {
    for (const [message] of knownMessages) {
      const bytes = joined(message);
      for (let length = 0; length < bytes.length; length++) expect(decoded(bytes.subarray(0, length))).toBeUndefined();
      expect(decoded(new Uint8Array([...bytes, 0]))).toBeUndefined();
    }
  });

  it("LOGDISK-6 whatever bytes are taken for a message are those that the message is written as", () => {
    const changed = fc.tuple(anyMessage, fc.nat(), fc.nat(255)).map(([message, at, value]) => {
      const bytes = joined(message);
      bytes[at % bytes.length] = value;
      return bytes;
    });
    const random = fc.tuple(fc.nat(14), fc.uint8Array({ maxLength: 80 })).map(([type, rest]) => {
      return new Uint8Array([type, ...rest]);
    });
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(changed, random), (bytes) => {
        const message = decoded(bytes);
        if (message === undefined) return;
        taken++;
        expect(joined(message)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it("LOGDISK-6 what no member can mean is refused", () => {
    const id = (value: number): string => value.toString(16).padStart(16, "0");
    const snapshot = (configuration: string, data = "00000000"): string =>
      `09${envelope}${id(9)}${id(3)}${configuration}${data}`;
    const entry = `01${id(4)}00000000`;
    const bad = {
      "an unknown type": `0d${envelope}`,
      "no type": `00${envelope}`,
      "a sender that is nobody": `0a${id(0)}${id(2)}${id(3)}`,
      "a receiver that is nobody": `0a${id(1)}${id(0)}${id(3)}`,
      "a number beyond 2^53": `0b${envelope}0020000000000000`,
      "a yes that is 2": `02${envelope}${id(9)}${id(2)}02`,
      "an entry of a later term": `05${envelope}${id(7)}${id(2)}${id(6)}00000001${entry}`,
      "an entry of an earlier term than the one before": `05${envelope}${id(7)}${id(3)}${id(6)}00000001${entry.replace("4", "2")}`,
      "a later term before no entries": `05${envelope}${id(7)}${id(4)}${id(6)}00000000`,
      "more entries than there are": `05${envelope}${id(7)}${id(2)}${id(6)}ffffffff`,
      "no voters": snapshot(`${id(6)}0000`),
      "too many members": snapshot(`${id(300)}4000${Array.from({ length: 65 }, (_, at) => id(at + 1)).join("")}`),
      "the same voter twice": snapshot(`${id(6)}0200${id(1)}${id(1)}`),
      "a voter that is a learner": snapshot(`${id(6)}0101${id(1)}${id(1)}`),
      "a member beyond the highest": snapshot(`${id(6)}0100${id(7)}`),
      "a snapshot of nothing": `09${envelope}${id(0)}${id(3)}${id(6)}0100${id(1)}00000000`,
      "too much snapshot data": snapshot(
        `${id(6)}0100${id(1)}`,
        "00010001" + "00".repeat(raftSnapshotDataBytesMax + 1),
      ),
      "announced data that is not there": snapshot(`${id(6)}0100${id(1)}`, "ffffffff"),
    };
    for (const [what, text] of Object.entries(bad)) expect(decoded(bytesOf(text)), what).toBeUndefined();
    expect(decoded(bytesOf(snapshot(`${id(6)}0101${id(1)}${id(5)}`)))).toBeDefined();
    expect(decoded(bytesOf(`05${envelope}${id(7)}${id(2)}${id(6)}00000001${entry.replace("4", "3")}`))).toBeDefined();
  });

  it("LOGDISK-7 the fullest append fits into one message, and a longer one is refused", () => {
    const smallest = Array.from({ length: raftAppendBytesMax / 8 }, (_, at) => {
      return { index: at + 1, term: 1, kind: "command", data: new Uint8Array(8) } as const;
    });
    const largest = [{ index: 1, term: 1, kind: "command", data: new Uint8Array(commandBytesMax + 8) } as const];
    for (const entries of [smallest, largest]) {
      const bytes = joined(appendOf(entries));
      expect(bytes.length).toBeLessThanOrEqual(raftMessageBytesMax);
      expect(decodeMessage(bytes)).toMatchObject({ entries: { length: entries.length } });
    }
    expect(decoded(new Uint8Array(raftMessageBytesMax + 1))).toBeUndefined();
  });
});
