/**
 * The keyring of a node: the keys of one directory or file, from the newest to the oldest.
 *
 * A key is 32 random bytes, of which two are derived: the name key that makes the tokens of a directory's names, and the
 * attribute key that seals what the catalogue keeps about what is in the directory, or about the revisions of a file. What
 * is sealed is sealed by the newest key; what was sealed before a new key came opens by an older one. How many keys there
 * are is the keyring's generation. Keys are derived when they are first used, and kept as long as the keyring.
 */
import { createHmac } from "node:crypto";
import { DfsError } from "../core/errors.ts";
import { keyGenerationsMax } from "../core/limits.ts";
import { pooledRandomBytes } from "../core/pooled-random.ts";
import { AesSiv } from "./aes-siv.ts";

/** Bytes of each key. */
export const nodeKeyBytes = 32;

const nameKeyPurpose = Buffer.from("dfs-shell/2/node/name-key");
const attributeKeyInfo = Buffer.from("dfs-shell/2/node/attribute-key\u0001");
const firstBlock = Buffer.of(1);
const secondBlock = Buffer.of(2);

export class Keyring {
  /** All keys, the newest first: what another keyring seals. */
  readonly bytes: Uint8Array;
  /** How many keys there are, which is the number of the newest. */
  readonly generation: number;
  /** Of a hundred thousand files in a listing each has one, and none has the other. */
  #attributeKeys: (Uint8Array | undefined)[] | undefined;
  #nameCiphers: (AesSiv | undefined)[] | undefined;
  #isWiped = false;

  /** Fails with `integrity` unless `bytes` are 1 to `keyGenerationsMax` keys. */
  constructor(bytes: Uint8Array) {
    this.generation = bytes.length / nodeKeyBytes;
    if (!Number.isInteger(this.generation) || this.generation < 1 || this.generation > keyGenerationsMax)
      throw new DfsError("integrity", "a keyring in the catalogue cannot be read: it does not hold whole keys");
    this.bytes = bytes;
  }

  /** A keyring of one new key. */
  static generate(): Keyring {
    return new Keyring(Uint8Array.from(pooledRandomBytes(nodeKeyBytes)));
  }

  /** Whether there is no room for another key. */
  get isFull(): boolean {
    return this.generation >= keyGenerationsMax;
  }

  /** This keyring with a new key in front. Fails with `integrity` when it is full. */
  withNewKey(): Keyring {
    return new Keyring(Buffer.concat([pooledRandomBytes(nodeKeyBytes), this.bytes]));
  }

  /** Overwrites the keys: nothing more can be sealed or opened with them, and each try fails with `not-logged-in`. */
  wipe(): void {
    this.#isWiped = true;
    this.bytes.fill(0);
    for (const key of this.#attributeKeys ?? []) key?.fill(0);
    this.#attributeKeys = undefined;
    this.#nameCiphers = undefined;
  }

  /** The AES-256-GCM key at a place, 0 being the newest. */
  attributeKey(place: number): Uint8Array {
    this.#attributeKeys ??= [];
    return (this.#attributeKeys[place] ??= createHmac("sha256", this.#key(place)).update(attributeKeyInfo).digest());
  }

  /** The AES-256-SIV cipher of names at a place, 0 being the newest. */
  nameCipher(place: number): AesSiv {
    this.#nameCiphers ??= [];
    return (this.#nameCiphers[place] ??= new AesSiv(this.#nameKey(place)));
  }

  /** HKDF-Expand (RFC 5869, section 2.3) to 64 bytes; nothing is extracted first, because the key is random (section 3.3). */
  #nameKey(place: number): Uint8Array {
    const key = this.#key(place);
    const first = createHmac("sha256", key).update(nameKeyPurpose).update(firstBlock).digest();
    const second = createHmac("sha256", key).update(first).update(nameKeyPurpose).update(secondBlock).digest();
    return Buffer.concat([first, second]);
  }

  #key(place: number): Uint8Array {
    if (this.#isWiped) throw new DfsError("not-logged-in", "this user has logged out, and its keys are gone");
    return this.bytes.subarray(place * nodeKeyBytes, (place + 1) * nodeKeyBytes);
  }
}
