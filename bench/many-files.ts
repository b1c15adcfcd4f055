/** Files brought into the catalogue of a stopped peer, as puts would, but for the contents. */
import type { Operation } from "../src/catalogue/operation.ts";
import { type LeaseId, type NodeId, type ShelfId, fileKeyOf } from "../src/core/ids.ts";
import { batchOperationsMax } from "../src/core/limits.ts";
import { rootPath } from "../src/core/names.ts";
import { Keyring } from "../src/identity/keyring.ts";
import { sealPastWrap } from "../src/identity/past-wrap.ts";
import type { UserKeys } from "../src/identity/user-keys.ts";
import type { CommandSession } from "../src/peer/command-session.ts";
import { type Directory, newDirectory, rootOf } from "../src/peer/located.ts";
import { newNodeId, randomId } from "../src/peer/random-ids.ts";
import { makeDirectoryOperation, newFile } from "../src/peer/sealed-operations.ts";
import { withStoppedCoordinator } from "./stopped-coordinator.ts";

const commandsAtOnce = 8;

/** A directory that does not exist yet, and the operation that makes it. */
export interface NewDirectory {
  readonly directory: Directory;
  readonly operation: Operation;
}

/** The shared user's tree in a catalogue. */
export class ManyFiles {
  readonly root: Directory;
  readonly #shelf: ShelfId;
  readonly #lease = randomId<LeaseId>();
  readonly #sessions: readonly CommandSession[];
  #files = 0;

  constructor(user: UserKeys, shelf: ShelfId, newSession: () => CommandSession) {
    const forPast = (node: NodeId, wrap: Uint8Array): Uint8Array => sealPastWrap(user, node, wrap);
    const space = { owner: user.userId, path: rootPath, dedupSecret: user.dedupSecret, forPast };
    this.root = rootOf(space, user.rootDirectory, user.rootKeyring, { name: rootPath, mode: 0o755, modifiedMs: 0 });
    this.#shelf = shelf;
    this.#sessions = Array.from({ length: commandsAtOnce }, newSession);
  }

  /** A directory called `name` in another one. */
  newDirectory(parent: Directory, name: string): NewDirectory {
    const attributes = { name, mode: 0o755, modifiedMs: Date.now() };
    const made = { node: newNodeId(Date.now()), keyring: Keyring.generate(), ...attributes };
    return { directory: newDirectory(parent, made, attributes), operation: makeDirectoryOperation(parent, made) };
  }

  /** Makes a directory, and in it a file of each name. */
  async add({ directory, operation }: NewDirectory, names: readonly string[]): Promise<void> {
    await this.#sessions[0]?.execute([operation]);
    const batches: Promise<unknown>[] = [];
    for (let at = 0; at < names.length; at += batchOperationsMax) {
      const batch = names.slice(at, at + batchOperationsMax).map((name) => this.#file(directory, name));
      batches.push(this.#sessions[batches.length % commandsAtOnce]?.execute(batch) ?? Promise.resolve());
      if (batches.length < commandsAtOnce) continue;
      await Promise.all(batches.splice(0));
    }
    await Promise.all(batches);
  }

  #file(directory: Directory, name: string): Operation {
    this.#files += 1;
    const sizeBytes = 1 + (this.#files % 5_000_000);
    const digest = Buffer.alloc(32);
    digest.writeUInt32BE(this.#files);
    const content = { fileKey: fileKeyOf(digest), sizeBytes, expiresMs: null, copiesWanted: 0 };
    const reference = { depth: 0, plaintextBytes: sizeBytes, digest, key: digest } as const;
    const attributes = { mode: 0o644, modifiedMs: Date.now(), reference };
    const node = newNodeId(Date.now()) satisfies NodeId;
    return {
      op: "putFile",
      ...newFile(directory, name, node, content, attributes),
      ...content,
      sealedBytes: sizeBytes,
      addedBytes: 0,
      shelf: this.#shelf,
      epoch: 1,
      lease: this.#lease,
      copies: 1,
    };
  }
}

/** Does `work` with the shared user's tree of the stopped peer in `folder`, which stores files and is alone in its network. */
export function withManyFiles(folder: string, work: (files: ManyFiles) => Promise<void>): Promise<void> {
  return withStoppedCoordinator(folder, async ({ user, shelf, newSession }) => {
    if (shelf === null) throw new Error("the peer stores nothing");
    await work(new ManyFiles(user, shelf, newSession));
  });
}
