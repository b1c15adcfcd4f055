/** Results: what applying a command gave, operation by operation, or why all of it was refused. */
import { DfsError, errorKinds } from "../core/errors.ts";
import { parsePeerName } from "../core/ids.ts";
import {
  batchOperationsMax,
  commandBytesMax,
  leaseKeysMax,
  peerNameBytesMax,
  refusalBytesMax,
} from "../core/limits.ts";
import { peerRoles } from "./operation.ts";
import { choice, list, nullable, record, tagged } from "./compound-wire.ts";
import {
  type ValueOf,
  boolean,
  checkedText,
  decodeWire,
  encodeWire,
  fileKeyWire,
  oneOf,
  text,
  wholeNumber,
} from "./wire.ts";

const nothing = record({});
/** The revision that was committed. */
const committed = record({ revision: wholeNumber(1) });
/** The epoch of the chain as it is now. */
const rechained = record({ epoch: wholeNumber(1) });

const operationResultWire = tagged("op", {
  initNetwork: nothing,
  addInvite: nothing,
  revokeInvite: nothing,
  /** The name that the peer got, what it is to the network, and whether it had used this invite before. */
  admitPeer: record({
    name: checkedText(peerNameBytesMax, parsePeerName),
    role: oneOf(peerRoles),
    alreadyMember: boolean,
  }),
  updatePeer: nothing,
  makeDirectory: nothing,
  putFile: committed,
  copyFile: committed,
  move: nothing,
  removeEntry: nothing,
  reopenEntry: nothing,
  rekey: nothing,
  share: nothing,
  /** The keys asked for that a revision on this shelf refers to. */
  endLease: record({ referenced: list(fileKeyWire, 0, leaseKeysMax) }),
  /** How many files were ended, and whether more are due. */
  expire: record({ expired: wholeNumber(0), isMoreDue: boolean }),
  orderCoordinator: nothing,
  orderPeer: nothing,
  removePeer: nothing,
  /** Whether the user is administrator, being the first. */
  addUser: record({ isAdmin: boolean }),
  setCredential: nothing,
  removeUser: nothing,
  setAdmin: nothing,
  setQuota: nothing,
  revokePeer: nothing,
  setPolicy: nothing,
  orderChain: rechained,
  reportLink: rechained,
  /** How many revisions were removed, and whether more is due, of them or of what else there is to do. */
  collect: record({ removed: wholeNumber(0), isMoreDue: boolean }),
  forgetDrops: nothing,
});

const faultWire = record({
  kind: oneOf(errorKinds),
  message: text(refusalBytesMax),
  /** Place of the refused operation in the command, from 0; null when the command as a whole was refused. */
  operation: nullable(wholeNumber(0)),
  /** For `conflict`: the revision that won; 0 when the file is gone. */
  revision: nullable(wholeNumber(0)),
});
/** Where and when the command happened: a retry is told the same. */
const appliedWire = record({
  index: wholeNumber(1),
  timeMs: wholeNumber(0),
  results: list(operationResultWire, 1, batchOperationsMax),
});
const resultWire = choice({ ok: appliedWire, error: faultWire });

/** What one operation gave. */
export type OperationResult = ValueOf<typeof operationResultWire>;
/** Why a command was refused. */
export type CommandFault = ValueOf<typeof faultWire>;
/** The index and the time of a command's entry in the log, and what each of its operations gave. */
export type AppliedCommand = ValueOf<typeof appliedWire>;
/** What a command gave: each operation's result, or one fault and no change. */
export type CommandResult = ValueOf<typeof resultWire>;

/** The bytes of a result, as it is kept for retries and sent to the caller. */
export function encodeResult(result: CommandResult): Uint8Array {
  return encodeWire(resultWire, result, "result");
}

/** The result in `bytes`. Fails with `protocol`. */
export function decodeResult(bytes: Uint8Array): CommandResult {
  return decodeWire(resultWire, bytes, "result", 2 * commandBytesMax);
}

/** The operations' results; a refused command is thrown as a DfsError of its kind. */
export function resultOrThrow(bytes: Uint8Array): readonly OperationResult[] {
  const result = decodeResult(bytes);
  if ("ok" in result) return result.ok.results;
  throw new DfsError(result.error.kind, result.error.message);
}
