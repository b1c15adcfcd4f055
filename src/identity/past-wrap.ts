/**
 * Past wraps: the wrap of a node, sealed once more for the owner of the tree alone.
 *
 * It is what the catalogue keeps of a name that has ended. Who is given the keys of a directory later could open the wraps
 * of what was in it before, so that those are not kept. Opening takes both: the owner's key, and the keys that the
 * directory had then. The owner seals by a key of its own; who writes into another user's tree seals a box for the owner.
 */
import { DfsError } from "../core/errors.ts";
import type { NodeId } from "../core/ids.ts";
import { openBytes, sealBytes } from "./aead.ts";
import { boxSealer } from "./box.ts";
import type { UserKeys } from "./user-keys.ts";

const purpose = "dfs-shell/1/past-wrap/";
const ownForm = 1;
const boxForm = 2;

/** The past wrap of `node` in the user's own tree. */
export function sealPastWrap({ pastKey }: Pick<UserKeys, "pastKey">, node: NodeId, wrap: Uint8Array): Uint8Array {
  return formed(ownForm, sealBytes(pastKey, wrap, associatedData(node)));
}

/** Makes past wraps in the tree of another user, who has the raw X25519 key `boxPublicKey`. Fails with `integrity` when that is no key. */
export function pastSealerFor(boxPublicKey: Uint8Array): (node: NodeId, wrap: Uint8Array) => Uint8Array {
  const seal = boxSealer(boxPublicKey);
  return (node, wrap) => formed(boxForm, seal(wrap, associatedData(node)));
}

/** The wrap that a past wrap holds. Fails with `integrity` when it is of another user or node. */
export function openPastWrap(
  owner: Pick<UserKeys, "pastKey" | "openBox">,
  node: NodeId,
  sealed: Uint8Array,
): Uint8Array {
  const bytes = sealed.subarray(1);
  if (sealed[0] === ownForm) return openBytes(owner.pastKey, bytes, associatedData(node), "what is kept of an entry");
  if (sealed[0] === boxForm) return owner.openBox(bytes, associatedData(node));
  throw new DfsError("integrity", "what is kept of an entry cannot be opened: it has no known form");
}

function formed(form: number, sealed: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + sealed.length);
  bytes[0] = form;
  bytes.set(sealed, 1);
  return bytes;
}

function associatedData(node: NodeId): Uint8Array {
  return Buffer.from(purpose + node);
}
