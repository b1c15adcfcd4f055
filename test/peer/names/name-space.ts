/** One user's tree in a catalogue in memory, with a real index of its names on the disk. */
import { join } from "node:path";
import type { Operation } from "../../../src/catalogue/operation.ts";
import type { ChangePage } from "../../../src/catalogue/rows.ts";
import type { ChangeQuery } from "../../../src/catalogue/user-reader.ts";
import type { Found } from "../../../src/core/client.ts";
import type { FindQuery } from "../../../src/core/find-query.ts";
import type { LeaseId, UserId } from "../../../src/core/ids.ts";
import { batchOperationsMax } from "../../../src/core/limits.ts";
import { type DfsPath, baseName, resolvePath } from "../../../src/core/names.ts";
import { CommandSession } from "../../../src/peer/command-session.ts";
import { Namespace } from "../../../src/peer/namespace.ts";
import { OwnNames } from "../../../src/peer/names/name-finder.ts";
import { NamesIndexes } from "../../../src/peer/names/names-indexes.ts";
import { PeerClient, type PeerClientOptions } from "../../../src/peer/peer-client.ts";
import { randomId } from "../../../src/peer/random-ids.ts";
import { newFile, renewedWraps, requireNamed } from "../../../src/peer/sealed-operations.ts";
import { TreeChanges } from "../../../src/peer/tree-changes.ts";
import { World, fileKey, founderShelf, id, network, shared, startMs } from "../../catalogue/world.ts";
import { readerOf } from "../file-space.ts";

export const at = (path: string): DfsPath => resolvePath(path);

export interface FileOptions {
  readonly sizeBytes?: number;
  readonly modifiedMs?: number;
  readonly expiresMs?: number | null;
}

export class NameSpace {
  readonly world = World.founded();
  readonly folder = join(this.world.folder, "names");
  readonly namespace = new Namespace(shared, readerOf(this.world));
  /** The group whose log is followed. */
  roster = { group: "a".repeat(32) };
  /** Pages of the change feed that were asked for. */
  pages = 0;
  /** What becomes of each page on its way. */
  alter: (page: ChangePage) => ChangePage = (page) => page;
  readonly indexes: NamesIndexes;
  readonly names: OwnNames;
  readonly client: PeerClient;
  readonly commands: CommandSession;

  constructor() {
    this.indexes = this.openIndexes();
    this.names = new OwnNames(this.indexes, [shared]);
    const author = { network: network.networkId, author: { user: shared.userId }, sign: shared.sign.bind(shared) };
    this.commands = new CommandSession(author, async (command) => {
      const { catalogue, timeMs } = this.world;
      const [result] = catalogue.applyBatch([{ index: catalogue.appliedIndex() + 1, timeMs, command }]);
      return result ?? new Uint8Array(0);
    });
    this.client = this.clientWith(this.names);
  }

  openIndexes(folder = this.world.folder): NamesIndexes {
    return new NamesIndexes({
      folder,
      catalogue: { changes: (user: UserId, query: ChangeQuery) => this.#changes(user, query) },
      members: this,
    });
  }

  clientWith(names: OwnNames | undefined): PeerClient {
    const { namespace } = this;
    const changes = (): TreeChanges => new TreeChanges(namespace, this.commands, () => this.world.timeMs);
    return new PeerClient({ ...({} as PeerClientOptions), namespace, changes, names });
  }

  async #changes(user: UserId, query: ChangeQuery): Promise<ChangePage> {
    this.pages += 1;
    return this.alter(this.world.catalogue.changes(user, query));
  }

  async file(path: string, options: FileOptions = {}): Promise<void> {
    await this.commands.execute([await this.#putFile(path, options)]);
  }

  /** Makes many files, several by each command. */
  async files(paths: readonly string[]): Promise<void> {
    for (let at = 0; at < paths.length; at += batchOperationsMax) {
      const some = paths.slice(at, at + batchOperationsMax);
      await this.commands.execute(await Promise.all(some.map((path) => this.#putFile(path))));
    }
  }

  async #putFile(path: string, options: FileOptions = {}): Promise<Operation> {
    const { sizeBytes = 10, modifiedMs = startMs, expiresMs = null } = options;
    const parent = await this.namespace.requireParent(at(path));
    const key = fileKey(path);
    const fields = { fileKey: key, sizeBytes, expiresMs, copiesWanted: 0 };
    const reference = {
      depth: 0,
      plaintextBytes: sizeBytes,
      digest: new Uint8Array(32),
      key: new Uint8Array(32),
    } as const;
    const sealed = newFile(parent, baseName(at(path)), randomId(), fields, { mode: 0o644, modifiedMs, reference });
    const content = { sealedBytes: sizeBytes, addedBytes: sizeBytes, shelf: founderShelf, epoch: 1, copies: 1 };
    return { op: "putFile", ...sealed, ...fields, ...content, lease: id<LeaseId>("lease of names") };
  }

  /** Gives a directory or file a new key. */
  async rekey(path: string): Promise<void> {
    const found = await this.namespace.require(at(path));
    const parent = await this.namespace.requireParent(at(path));
    const place = requireNamed({ ...found, keyring: found.keyring.withNewKey() }, "given a new key");
    const { node, token } = place;
    await this.commands.execute([
      {
        op: "rekey",
        parent: parent.node,
        token,
        node,
        parentGeneration: parent.keyring.generation,
        fromGeneration: found.keyring.generation,
        ...renewedWraps(parent, place),
        shares: [],
        drop: null,
      },
    ]);
  }

  async find(query: FindQuery, path = "/", client = this.client): Promise<string[]> {
    const found: Found[] = [];
    for await (const each of client.find(at(path), query)) found.push(each);
    return found.map((each) => each.path).toSorted();
  }

  async stop(): Promise<void> {
    await this.names.release();
    await this.indexes.stop();
    this.world[Symbol.dispose]();
  }
}
