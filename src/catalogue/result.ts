/** Results: what applying a command gave, operation by operation, or why all of it was refused. */
import * as v from "valibot";
import { DfsError, errorKinds } from "../core/errors.ts";
import { parsePeerName } from "../core/ids.ts";
import { batchOperationsMax, commandBytesMax, leaseKeysMax } from "../core/limits.ts";
import { decodeStrict, encodeStrict } from "./strict-cbor.ts";
import { type ValueOf, brandedText, fileKeyWire, list, nullable, plain, record, tagged, wholeNumber } from "./wire.ts";

const nothing = record({});
/** The revision that was committed. */
const committed = record({ revision: wholeNumber(1) });

const operationResultWire = tagged("op", {
  initNetwork: nothing,
  addInvite: nothing,
  /** The name that the peer got, and whether it had used this invite before. */
  admitPeer: record({ name: brandedText(parsePeerName), alreadyMember: plain(v.boolean()) }),
  updatePeer: nothing,
  makeDirectory: nothing,
  putFile: committed,
  copyFile: committed,
  move: nothing,
  removeEntry: nothing,
  /** The keys asked for that a revision on this shelf refers to. */
  endLease: record({ referenced: list(fileKeyWire, 0, leaseKeysMax) }),
});

const okWire = record({ ok: list(operationResultWire, 1, batchOperationsMax) });
const errorWire = record({
  error: record({
    kind: plain(v.picklist(errorKinds)),
    message: plain(v.string()),
    /** Place of the refused operation in the command, from 0; null when the command as a whole was refused. */
    operation: nullable(wholeNumber(0)),
    /** For `conflict`: the revision that won; 0 when the file is gone. */
    revision: nullable(wholeNumber(0)),
  }),
});

/** What one operation gave. */
export type OperationResult = ValueOf<typeof operationResultWire>;
/** Why a command was refused. */
export type CommandFault = ValueOf<typeof errorWire>["error"];
/** What a command gave: each operation's result, or one fault and no change. */
export type CommandResult = ValueOf<typeof okWire> | ValueOf<typeof errorWire>;

/** The bytes of a result, as it is kept for retries and sent to the caller. */
export function encodeResult(result: CommandResult): Uint8Array {
  return encodeStrict("ok" in result ? okWire.toWire(result) : errorWire.toWire(result));
}

/** The result in `bytes`. Fails with `protocol`. */
export function decodeResult(bytes: Uint8Array): CommandResult {
  return decodeStrict(bytes, v.union([okWire.schema, errorWire.schema]), "result", 2 * commandBytesMax);
}

/** The operations' results; a refused command is thrown as a DfsError of its kind. */
export function resultOrThrow(bytes: Uint8Array): readonly OperationResult[] {
  const result = decodeResult(bytes);
  if ("ok" in result) return result.ok;
  throw new DfsError(result.error.kind, result.error.message);
}
