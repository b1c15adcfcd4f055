/** Operations on a user's tree, with names, keys and attributes sealed by the newest keys of the directories that they are in. */
import type { OperationOf } from "../catalogue/operation.ts";
import { DfsError, assert } from "../core/errors.ts";
import type { NodeId } from "../core/ids.ts";
import { childPath, rootPath } from "../core/names.ts";
import { Keyring } from "../identity/keyring.ts";
import { sealName } from "../identity/name-token.ts";
import { type PlainAttributes, sealWrap } from "../identity/wrap.ts";
import { type RevisionAttributes, type RevisionFields, sealRevision } from "./attributes.ts";
import type { Directory, Located } from "./located.ts";

/** A file or directory that has a name: anything but where a space begins. */
export type Named = Located & Required<Pick<Located, "parent" | "token">>;

/** What a file is to be: the fields that the seal confirms, but for those that follow from where it goes. */
export type FileContentFields = Pick<RevisionFields, "fileKey" | "sizeBytes" | "expiresMs" | "copiesWanted">;

/** A directory that is made: its id, keys and attributes. */
export interface NewDirectory extends PlainAttributes {
  readonly name: string;
  readonly node: NodeId;
  readonly keyring: Keyring;
}

const noWrap = new Uint8Array(0);

/** The fields of a commit that say where a revision goes, and what it is sealed as. */
type SealedRevision = Pick<
  OperationOf<"putFile">,
  "parent" | "token" | "node" | "baseRevision" | "wrap" | "pastWrap" | "generation" | "attributes"
>;

export function makeDirectoryOperation(parent: Directory, made: NewDirectory): OperationOf<"makeDirectory"> {
  requireNewName(parent, made.name);
  const { node, keyring, name, mode, modifiedMs } = made;
  const binding = { parent: parent.node, token: sealName(parent.keyring, parent.node, name), node };
  const attributes = sealWrap(parent.keyring, binding, keyring, { mode, modifiedMs });
  const pastWrap = parent.space.forPast(node, attributes);
  return { op: "makeDirectory", ...binding, parentGeneration: parent.keyring.generation, attributes, pastWrap };
}

/** The first revision of a new file. */
export function newFile(
  parent: Directory,
  name: string,
  node: NodeId,
  content: FileContentFields,
  attributes: RevisionAttributes,
): SealedRevision {
  requireNewName(parent, name);
  const keyring = Keyring.generate();
  const binding = { parent: parent.node, token: sealName(parent.keyring, parent.node, name), node };
  const wrap = sealWrap(parent.keyring, binding, keyring, undefined);
  return {
    ...binding,
    baseRevision: 0,
    wrap,
    pastWrap: parent.space.forPast(node, wrap),
    generation: parent.keyring.generation,
    attributes: sealRevision(keyring, { ...content, node, revision: 1 }, attributes),
  };
}

/** The revision of a file after `baseRevision`. */
export function nextRevision(
  file: Located,
  baseRevision: number,
  content: FileContentFields,
  attributes: RevisionAttributes,
): SealedRevision {
  requireWritable(file);
  const { parent, token, node, keyring } = requireBound(file);
  const sealed = sealRevision(keyring, { ...content, node, revision: baseRevision + 1 }, attributes);
  const keys = { wrap: null, pastWrap: noWrap, generation: keyring.generation };
  return { parent, token, node, baseRevision, ...keys, attributes: sealed };
}

/** Another name for what is there; `existing` is the file that it takes the place of, whose name it then has. */
export function moveOperation(
  source: Named,
  parent: Directory,
  name: string,
  existing: Named | undefined,
): OperationOf<"move"> {
  requireWritable(source);
  requireWritable(parent);
  if (source.space.path !== parent.space.path)
    throw new DfsError("usage", `cannot be moved out of ${source.space.path}: copy it, then remove it`, {
      path: source.path,
    });
  if (existing === undefined) requireNewName(parent, name);
  const { node, keyring, entry } = source;
  const token = existing?.token ?? sealName(parent.keyring, parent.node, name);
  const directory = entry.kind === "directory" ? entry : undefined;
  const attributes = sealWrap(parent.keyring, { parent: parent.node, token, node }, keyring, directory);
  return {
    op: "move",
    fromParent: source.parent,
    fromToken: source.token,
    toParent: parent.node,
    toToken: token,
    node,
    replace: existing?.node ?? null,
    parentGeneration: parent.keyring.generation,
    attributes,
    pastWrap: parent.space.forPast(node, attributes),
  };
}

export function removeOperation(place: Located): OperationOf<"removeEntry"> {
  requireWritable(place);
  const { parent, token, node, entry } = requireNamed(place, "removed");
  return { op: "removeEntry", parent, token, node, kind: entry.kind };
}

/** The wraps of a node with the keyring that it has by now, under its name. */
export function renewedWraps(
  parent: Directory,
  { node, token, entry, keyring }: Named,
): Pick<OperationOf<"rekey">, "attributes" | "pastWrap"> {
  const directory = entry.kind === "directory" ? entry : undefined;
  const attributes = sealWrap(parent.keyring, { parent: parent.node, token, node }, keyring, directory);
  return { attributes, pastWrap: parent.space.forPast(node, attributes) };
}

/** `place` with its name. Fails with `permission` where a space begins, naming what cannot be done to it. */
export function requireNamed(place: Located, what: string): Named {
  const { path, space } = place;
  if (path === rootPath) throw new DfsError("permission", `the root cannot be ${what}`, { path });
  if (path === space.path)
    throw new DfsError("permission", space.refusal ?? `is not your own, and cannot be ${what}; what is in it can`, {
      path,
    });
  return requireBound(place);
}

/** Fails with `permission` where this user may not change anything. */
export function requireWritable({ path, space }: Pick<Located, "path" | "space">): void {
  if (space.refusal !== undefined) throw new DfsError("permission", space.refusal, { path });
}

/** Fails with `permission` where nothing can be made, and `invalid-name` for the name of a door. */
export function requireNewName(parent: Directory, name: string): void {
  requireWritable(parent);
  const { path, space } = parent;
  const leadsTo = path === space.path ? space.reserved?.(name) : undefined;
  if (leadsTo !== undefined)
    throw new DfsError("invalid-name", `"${name}" leads to ${leadsTo} here: choose another name`, {
      path: childPath(path, name),
    });
}

/** `place` with the directory that it is in, for what is done to a file itself. */
function requireBound(place: Located): Named {
  const { parent, token } = place;
  assert(parent !== undefined && token !== undefined, "whatever is no root is in a directory");
  return { ...place, parent, token };
}
