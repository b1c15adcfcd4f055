/** A small network for tests: fixed keys, a catalogue in a temporary folder, and clients that number their commands. */
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import type { Ed25519PrivateKey } from "@libp2p/interface";
import type { LogEntry } from "../../src/catalogue/apply.ts";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { type Author, encodeCommand } from "../../src/catalogue/command.ts";
import type { Operation, OperationOf, PeerDescription } from "../../src/catalogue/operation.ts";
import {
  type CommandFault,
  type CommandResult,
  type OperationResult,
  decodeResult,
} from "../../src/catalogue/result.ts";
import { arrivalPath, arrive } from "../../src/catalogue/page-sums/arrival.ts";
import { carryOut } from "../../src/catalogue/page-sums/steps.ts";
import {
  type FileKey,
  type LeaseId,
  type NodeId,
  type PeerName,
  type SessionId,
  type ShelfId,
  type StoreId,
  type UserName,
  fileKeyOf,
  sharedUserName,
} from "../../src/core/ids.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import { deriveNetwork } from "../../src/identity/network-keys.ts";
import { peerIdOf, signAsPeer } from "../../src/identity/peer-identity.ts";
import { type UserKeys, deriveUser, sharedUserKeys } from "../../src/identity/user-keys.ts";
import { signUserProof } from "../../src/identity/user-proof.ts";

/** 16 bytes that depend on a label alone, in hexadecimal. */
export function id<Id extends string>(label: string): Id {
  return createHash("sha256").update(label).digest("hex").slice(0, 32) as Id;
}

export const fileKey = (label: string): FileKey => fileKeyOf(createHash("sha256").update(label).digest());
export const token = (name: string): Uint8Array => new TextEncoder().encode(name);

const secret = new Uint8Array(32).fill(1);
export const network = deriveNetwork(secret);
export const shared = sharedUserKeys(secret);
export const stranger = deriveUser(new Uint8Array(32).fill(2));
export const root = shared.rootDirectory;
export const founderKey = await peerKey(1);
export const founder = peerIdOf(founderKey);
export const founderShelf = id<ShelfId>("founder shelf");
export const startMs = 1_700_000_000_000;

export function peerKey(seed: number): Promise<Ed25519PrivateKey> {
  return generateKeyPairFromSeed("Ed25519", new Uint8Array(32).fill(seed));
}

export function describePeer(key: Ed25519PrivateKey, name: string, shelf: ShelfId | null = null): PeerDescription {
  const addresses = [`/ip4/127.0.0.1/tcp/4001/p2p/${peerIdOf(key)}`];
  return {
    id: peerIdOf(key),
    name: name as PeerName,
    addresses,
    zone: "cellar",
    capacityBytes: 1000,
    shelf,
    store: shelf === null ? null : id<StoreId>(`store of ${shelf}`),
    mayCoordinate: true,
  };
}

export const founding: OperationOf<"initNetwork"> = {
  op: "initNetwork",
  network: network.networkId,
  networkPublicKey: network.publicKey,
  sharedUser: {
    id: shared.userId,
    publicKey: shared.publicKey,
    boxPublicKey: shared.boxPublicKey,
    proof: signUserProof(shared, network.networkId, sharedUserName),
    rootDirectory: root,
  },
  founder: describePeer(founderKey, "first", founderShelf),
};

/** A numbered stream of commands by one author. */
export class Session {
  readonly author: Author;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
  readonly session: SessionId;
  sequence = 0;

  constructor(author: Author, sign: (bytes: Uint8Array) => Uint8Array, label = "session") {
    this.author = author;
    this.sign = sign;
    this.session = id<SessionId>(`${label} of ${JSON.stringify(author)}`);
  }

  /** The next command. */
  next(...operations: Operation[]): Uint8Array {
    this.sequence += 1;
    return this.numbered(this.sequence, ...operations);
  }

  numbered(sequence: number, ...operations: Operation[]): Uint8Array {
    const { author, session } = this;
    return encodeCommand({ network: network.networkId, author, session, sequence, operations }, this.sign);
  }
}

export function userSession(label?: string): Session {
  return new Session({ user: shared.userId }, (bytes) => shared.sign(bytes), label);
}

export function peerSession(key: Ed25519PrivateKey = founderKey, label?: string): Session {
  return new Session({ peer: peerIdOf(key) }, (bytes) => signAsPeer(key, bytes), label);
}

/** A user with keys that follow from its name, and a session. */
export class Person {
  readonly name: UserName;
  readonly keys: UserKeys;
  readonly session: Session;

  constructor(name: string, keys: UserKeys = deriveUser(createHash("sha256").update(name).digest()), label?: string) {
    this.name = name as UserName;
    this.keys = keys;
    this.session = new Session({ user: keys.userId }, (bytes) => keys.sign(bytes), label);
  }

  /** The operation that makes this user. */
  added(changes: Partial<OperationOf<"addUser">> = {}): OperationOf<"addUser"> {
    const { name, keys } = this;
    return {
      op: "addUser",
      user: keys.userId,
      name,
      publicKey: keys.publicKey,
      boxPublicKey: keys.boxPublicKey,
      proof: signUserProof(keys, network.networkId, name),
      rootDirectory: keys.rootDirectory,
      credential: credential(name),
      quotaBytes: null,
      ...changes,
    };
  }
}

/** A credential that depends on a label alone. */
export function credential(label: string): OperationOf<"setCredential">["credential"] {
  const digest = (of: string): Buffer => createHash("sha256").update(`${of} of ${label}`).digest();
  return {
    salt: new Uint8Array(digest("salt").subarray(0, 16)),
    verifier: new Uint8Array(digest("verifier")),
    wrappedKey: new Uint8Array(60).fill(7),
  };
}

/** A catalogue with a log that is written entry by entry. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "catalogue-"));
  readonly path: string;
  catalogue: Catalogue;
  timeMs = startMs;
  readonly user = userSession();
  readonly founder = peerSession();
  /** Everything that was applied one by one. */
  readonly log: LogEntry[] = [];

  /** Most tests have no use for a flush to disk. */
  constructor(storage: "memory" | "disk" = "memory") {
    this.path = storage === "disk" ? join(this.folder, "catalogue.db") : ":memory:";
    this.catalogue = Catalogue.open(this.path);
  }

  /** A founded network with one peer and one shelf. */
  static founded(storage: "memory" | "disk" = "memory"): World {
    const world = new World(storage);
    world.apply(world.founder.next(founding));
    return world;
  }

  /** Applies one command and returns its result. */
  apply(command: Uint8Array): CommandResult {
    const entry = { index: this.catalogue.appliedIndex() + 1, timeMs: this.timeMs, command };
    this.log.push(entry);
    const [result] = this.catalogue.applyBatch([entry]);
    if (result === undefined) throw new Error("no result");
    return decodeResult(result);
  }

  asUser(...operations: Operation[]): CommandResult {
    return this.apply(this.user.next(...operations));
  }

  asFounder(...operations: Operation[]): CommandResult {
    return this.apply(this.founder.next(...operations));
  }

  as({ session }: Person, ...operations: Operation[]): CommandResult {
    return this.apply(session.next(...operations));
  }

  /** Makes users, by the first one, who becomes administrator. */
  withUsers(...names: string[]): readonly Person[] {
    const people = names.map((name) => new Person(name));
    for (const [place, person] of people.entries())
      ok(place === 0 ? this.asUser(person.added()) : this.as(people[0] as Person, person.added()));
    return people;
  }

  reopen(): void {
    this.catalogue.close();
    this.catalogue = Catalogue.open(this.path);
  }

  /** Changes the tables behind the catalogue's back. */
  tamper(change: (database: SqlDatabase) => void): void {
    this.catalogue.close();
    const database = new SqlDatabase(this.path, { durability: "full" });
    change(database);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
    copyFileSync(this.path, arrivalPath(this.path));
    carryOut(arrive(this.path));
    this.catalogue = Catalogue.open(this.path);
  }

  [Symbol.dispose](): void {
    this.catalogue.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The operations' results, where the command has to succeed. */
export function ok(result: CommandResult): readonly OperationResult[] {
  if ("error" in result) throw new Error(`refused: ${result.error.kind}: ${result.error.message}`);
  return result.ok.results;
}

/** Why a command was refused, where it has to be. */
export function fault(result: CommandResult): CommandFault {
  if ("ok" in result) throw new Error("was not refused");
  return result.error;
}

export function makeDirectory(name: string, parent: NodeId = root): OperationOf<"makeDirectory"> {
  return {
    op: "makeDirectory",
    parent,
    token: token(name),
    node: id<NodeId>(name),
    parentGeneration: 1,
    attributes: token(`of ${name}`),
    pastWrap: token(`past of ${name}`),
  };
}

/** Puts a file whose node id follows from its name; `changes` replace fields. */
export function putFile(name: string, changes: Partial<OperationOf<"putFile">> = {}): OperationOf<"putFile"> {
  return {
    op: "putFile",
    parent: root,
    token: token(name),
    node: id<NodeId>(name),
    baseRevision: 0,
    wrap: (changes.baseRevision ?? 0) > 0 ? null : token(`wrap of ${name}`),
    pastWrap: token((changes.baseRevision ?? 0) > 0 ? "" : `past of ${name}`),
    generation: 1,
    fileKey: fileKey(name),
    sizeBytes: 100,
    sealedBytes: 116,
    addedBytes: 116,
    attributes: token(`of ${name}`),
    shelf: founderShelf,
    epoch: 1,
    lease: id<LeaseId>("lease"),
    copies: 2,
    copiesWanted: 2,
    expiresMs: null,
    ...changes,
  };
}

export function copyFile(
  source: string,
  name: string,
  changes: Partial<OperationOf<"copyFile">> = {},
): OperationOf<"copyFile"> {
  return {
    op: "copyFile",
    parent: root,
    token: token(name),
    node: id<NodeId>(name),
    baseRevision: 0,
    wrap: (changes.baseRevision ?? 0) > 0 ? null : token(`wrap of ${name}`),
    pastWrap: token((changes.baseRevision ?? 0) > 0 ? "" : `past of ${name}`),
    generation: 1,
    sourceNode: id<NodeId>(source),
    sourceRevision: 1,
    attributes: token(`of ${name}`),
    ...changes,
  };
}

export function move(from: string, to: string, changes: Partial<OperationOf<"move">> = {}): OperationOf<"move"> {
  return {
    op: "move",
    fromParent: root,
    fromToken: token(from),
    toParent: root,
    toToken: token(to),
    node: id<NodeId>(from),
    replace: null,
    parentGeneration: 1,
    attributes: token(`wrap of ${to}`),
    pastWrap: token(`past of ${to}`),
    ...changes,
  };
}

export function rekey(name: string, changes: Partial<OperationOf<"rekey">> = {}): OperationOf<"rekey"> {
  return {
    op: "rekey",
    parent: root,
    token: token(name),
    node: id<NodeId>(name),
    parentGeneration: 1,
    fromGeneration: 1,
    attributes: token(`next wrap of ${name}`),
    pastWrap: token(`next past of ${name}`),
    shares: [],
    drop: null,
    ...changes,
  };
}

/** Brings `name` back under the name that it had. */
export function reopenEntry(
  name: string,
  changes: Partial<OperationOf<"reopenEntry">> = {},
): OperationOf<"reopenEntry"> {
  return {
    op: "reopenEntry",
    parent: root,
    token: token(name),
    node: id<NodeId>(name),
    fromParent: root,
    fromToken: token(name),
    parentGeneration: 1,
    generation: 1,
    attributes: token(`wrap of ${name} again`),
    pastWrap: token(`past of ${name} again`),
    ...changes,
  };
}

export function removeEntry(
  name: string,
  kind: "file" | "directory" = "file",
  changes: Partial<OperationOf<"removeEntry">> = {},
): OperationOf<"removeEntry"> {
  return { op: "removeEntry", parent: root, token: token(name), node: id<NodeId>(name), kind, ...changes };
}
