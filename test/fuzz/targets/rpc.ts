/**
 * Everything that travels as CBOR and is checked by a schema: messages of the RPC protocol, parameters, results and
 * items of every method (of members, strangers and the control socket), hellos, marks, snapshots, errors.
 */
import type { GenericSchema } from "valibot";
import { safeParse, unknown } from "valibot";
import { isDeepStrictEqual } from "node:util";
import {
  announceReplySchema,
  announceRequestSchema,
  lookupReplySchema,
  lookupRequestSchema,
} from "../../../src/dht/messages.ts";
import {
  parseAnnounceReply,
  parseAnnounceRequest,
  parseLookupReply,
  parseLookupRequest,
} from "../../../src/dht/messages.ts";
import { methods as controlMethods } from "../../../src/peer/control/control-methods.ts";
import { catalogueMethods } from "../../../src/peer/coordination/catalogue-methods.ts";
import { decodeMark, encodeMark, foundingMark } from "../../../src/peer/coordination/group-mark.ts";
import { groupMethods, snapshotFileSchema } from "../../../src/peer/coordination/group-methods.ts";
import { helloSchema } from "../../../src/peer/coordination/group-transport.ts";
import { failureSchema } from "../../../src/peer/chunk-link.ts";
import { joinMethod } from "../../../src/peer/join.ts";
import { openLaneMethod } from "../../../src/peer/lane-method.ts";
import { chainMethods, shelfMethods } from "../../../src/peer/shelves/shelf-methods.ts";
import { upkeepMethods } from "../../../src/peer/shelves/upkeep-methods.ts";
import { checked, decodeCbor, encodeCbor } from "../../../src/peer/wire/cbor.ts";
import {
  clientMessageSchema,
  errorFromWire,
  errorToWire,
  serverMessageSchema,
} from "../../../src/peer/wire/rpc-messages.ts";
import type { RpcMethod } from "../../../src/peer/wire/rpc-method.ts";
import { founder } from "../../catalogue/world.ts";
import { member } from "../../raft/group.ts";
import { faultOf } from "../plain-cbor.ts";
import { sampleOf } from "../schema-sample.ts";
import { type FuzzTarget, caseInput, decodedOr, expectSame } from "../target.ts";

const allMethods: readonly RpcMethod<unknown, unknown, unknown>[] = [
  ...[controlMethods, catalogueMethods, groupMethods, shelfMethods, chainMethods, upkeepMethods].flatMap((table) =>
    Object.values(table as Record<string, unknown>),
  ),
  joinMethod,
  openLaneMethod,
] as RpcMethod<unknown, unknown, unknown>[];

/** Everything that a decoded value is checked by. */
const schemas: readonly GenericSchema[] = [
  clientMessageSchema,
  serverMessageSchema,
  helloSchema,
  snapshotFileSchema,
  failureSchema,
  announceRequestSchema,
  announceReplySchema,
  lookupRequestSchema,
  lookupReplySchema,
  ...allMethods.flatMap(({ params, result, item }) => [params, result, ...(item === undefined ? [] : [item])]),
];
const parsers = [parseAnnounceRequest, parseAnnounceReply, parseLookupRequest, parseLookupReply];
const firstParser = 5;
/** The cases behind the schemas. */
const markCase = schemas.length;
const errorCase = schemas.length + 1;

/** Two bytes choose the case: there are more than 256 in a while. */
function run(input: Uint8Array): void {
  const place = (256 * (input[0] ?? 0) + (input[1] ?? 0)) % (schemas.length + 2);
  const body = input.slice(2);
  if (place === markCase) return checkMark(body);
  if (place === errorCase) return checkError(body);
  checkSchema(place, schemas[place] as GenericSchema, body);
}

function checkSchema(place: number, schema: GenericSchema, body: Uint8Array): void {
  const raw = decodedOr(["protocol"], () => ({ value: decodeCbor(body, unknown(), "value") }));
  if (raw === undefined) return;
  expectSame("what is wrong with CBOR that is taken", faultOf(body), undefined);
  const plain = withoutNegativeZero(raw.value);
  expectSame("what decodes comes back", decodeCbor(encodeCbor(plain), unknown(), "value"), plain);
  const accepted = decodedOr(["protocol"], () => ({ value: checked(plain, schema, "message") }));
  const parser = parsers[place - firstParser];
  if (parser !== undefined)
    expectSame(
      "the parser and its schema",
      decodedOr(["protocol"], () => ({ value: parser(plain) })),
      accepted,
    );
  if (accepted === undefined) return;
  const again = decodeCbor(encodeCbor(accepted.value), unknown(), "value");
  const parsed = safeParse(schema, again);
  if (!parsed.success || !isDeepStrictEqual(parsed.output, accepted.value))
    expectSame("a checked value comes back", parsed.output, accepted.value);
}

/** CBOR writes −0 as 0. */
function withoutNegativeZero(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value === 0 ? 0 : value;
  const copy = { ...value } as Record<string, unknown>;
  for (const name of Object.keys(copy)) copy[name] = withoutNegativeZero(copy[name]);
  return copy;
}

function checkMark(body: Uint8Array): void {
  const mark = decodedOr(["protocol"], () => decodeMark(body));
  if (mark !== undefined) expectSame("a mark comes back", decodeMark(encodeMark(mark)), mark);
}

function checkError(body: Uint8Array): void {
  const failure = decodedOr(["protocol"], () => decodeCbor(body, failureSchema, "error"));
  if (failure === undefined) return;
  const error = errorFromWire(failure);
  const { kind, message } = errorFromWire(errorToWire(error));
  expectSame("an error comes back", { kind, message }, { kind: error.kind, message: error.message.slice(0, 4096) });
}

function seedOf(place: number, value: unknown): Uint8Array {
  return caseInput(place >> 8, Buffer.concat([Buffer.of(place & 255), encodeCbor(value)]));
}

const messages: readonly (readonly [number, unknown])[] = [
  [0, [0, 1, "catalogue.totals", {}, 30_000]],
  [0, [4, 1, 16]],
  [0, [5, 1]],
  [0, [6, 2, new Uint8Array(5)]],
  [0, [7, 2]],
  [1, [1, 1, { a: 1 }]],
  [1, [2, 1, { kind: "busy", message: "later", op: "put", path: "/a", peer: founder, retryAfterMs: 1.5 }]],
  [1, [3, 1, [1, 2]]],
  [1, [8, 1, 16]],
];

export const rpc: FuzzTarget = {
  name: "rpc",
  decoders: [
    "src/peer/wire/cbor.ts decodeCbor",
    "src/peer/coordination/group-mark.ts decodeMark",
    "src/dht/messages.ts parseAnnounceRequest",
    "src/dht/messages.ts parseAnnounceReply",
    "src/dht/messages.ts parseLookupRequest",
    "src/dht/messages.ts parseLookupReply",
    "src/peer/control/control-schemas.ts parsed",
  ],
  seeds: () => [
    ...messages.map(([place, value]) => seedOf(place, value)),
    ...schemas.flatMap((schema, place) => [
      seedOf(place, sampleOf(schema, true)),
      seedOf(place, sampleOf(schema, false)),
    ]),
    seedOf(markCase, decodedMark()),
    seedOf(errorCase, errorToWire(errorFromWire({ kind: "busy", message: "later" }))),
  ],
  bytesMax: 4096,
  tokens: [
    "path",
    "stale",
    "kind",
    "message",
    "__proto__",
    "constructor",
    "toString",
    "/../..",
    "a\u0000b",
    ...["f97c00", "f97e00", "fb3ff8000000000000", "1b0020000000000000", "9bffffffffffffffff", "bf", "f7", "c249ff"].map(
      (hex) => Buffer.from(hex, "hex"),
    ),
  ],
  run,
};

function decodedMark(): unknown {
  return decodeCbor(
    encodeMark(foundingMark("00112233445566778899aabbccddeeff", 1, member(1), founder, 3)),
    unknown(),
    "mark",
  );
}
