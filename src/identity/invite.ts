/**
 * Invites: the one line that a new machine needs.
 *
 * `dfs1-` and, in base64url, the CBOR of the invite followed by the first 4 bytes of its SHA-256. The secret inside is
 * shown to the network once; the catalogue keeps only its hash.
 */
import { createHash } from "node:crypto";
import { multiaddr } from "@multiformats/multiaddr";
import { decode, encode } from "cborg";
import * as v from "valibot";
import { DfsError } from "../core/errors.ts";
import { type NetworkId, parseNetworkId } from "../core/ids.ts";
import { addressBytesMax, inviteCharactersMax, peerAddressesMax } from "../core/limits.ts";
import { secretBytes } from "./key-derivation.ts";

const prefix = "dfs1-";
const checksumBytes = 4;
const networkIdBytes = 32;

export interface InviteContent {
  readonly networkId: NetworkId;
  /** 1 to 16 multiaddrs, each with its peer's id at the end. */
  readonly addresses: readonly string[];
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** Milliseconds since 1970 from which the invite no longer counts. */
  readonly expiresMs: number;
}

const fixedBytes = (length: number): v.GenericSchema<unknown, Uint8Array> =>
  v.pipe(v.instance(Uint8Array), v.length(length));

const address = v.pipe(v.string(), v.maxBytes(addressBytesMax), v.check(isPeerAddress, "not the address of a peer"));

const inviteSchema = v.strictObject({
  v: v.literal(1),
  network: fixedBytes(networkIdBytes),
  addresses: v.pipe(v.array(address), v.minLength(1), v.maxLength(peerAddressesMax)),
  secret: fixedBytes(secretBytes),
  expiresMs: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/** The invite as one line of text. Fails with `usage` when a part breaks its limits. */
export function encodeInvite(invite: InviteContent): string {
  const network = new Uint8Array(Buffer.from(parseNetworkId(invite.networkId), "hex"));
  const { addresses, secret, expiresMs } = invite;
  const parsed = v.safeParse(inviteSchema, { v: 1, network, addresses: [...addresses], secret, expiresMs });
  if (!parsed.success) throw new DfsError("usage", `cannot make an invite: ${faultOf(parsed.issues[0])}`);
  const body = encode(parsed.output);
  return prefix + Buffer.concat([body, checksum(body)]).toString("base64url");
}

/** The invite in `text`; white space around it does no harm. Fails with `bad-invite`. Does not look at the expiry. */
export function decodeInvite(text: string): InviteContent {
  const body = checkedBody(text.trim());
  const parsed = v.safeParse(inviteSchema, decodedBody(body));
  if (!parsed.success) throw garbled(faultOf(parsed.issues[0]));
  const { network, addresses, secret, expiresMs } = parsed.output;
  return { networkId: parseNetworkId(Buffer.from(network).toString("hex")), addresses, secret, expiresMs };
}

/** What the catalogue keeps of an invite: the SHA-256 of its secret. */
export function inviteHash(secret: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(secret).digest());
}

function checkedBody(line: string): Uint8Array {
  if (line.length > inviteCharactersMax) throw garbled("it is too long");
  if (!line.startsWith(prefix)) throw garbled(`an invite starts with ${prefix}`);
  const encoded = line.slice(prefix.length);
  const bytes = Buffer.from(encoded, "base64url");
  if (bytes.toString("base64url") !== encoded || bytes.length <= checksumBytes) throw garbled("a part is missing");
  const body = bytes.subarray(0, bytes.length - checksumBytes);
  if (!checksum(body).equals(bytes.subarray(body.length))) throw garbled("its checksum does not match");
  return new Uint8Array(body);
}

function decodedBody(body: Uint8Array): unknown {
  try {
    return decode(body, { strict: true, allowIndefinite: false, allowUndefined: false, rejectDuplicateMapKeys: true });
  } catch {
    // The cause is dropped on purpose: its message could quote the secret.
    throw garbled("it cannot be decoded");
  }
}

function checksum(body: Uint8Array): Buffer {
  return createHash("sha256").update(body).digest().subarray(0, checksumBytes);
}

function isPeerAddress(text: string): boolean {
  try {
    return multiaddr(text).getComponents().at(-1)?.name === "p2p";
  } catch {
    return false;
  }
}

/** Where the content breaks its schema, without quoting it: it holds a secret. */
function faultOf(issue: v.BaseIssue<unknown>): string {
  const field = issue.path?.[0]?.key;
  return typeof field === "string" ? `its ${field} is not valid` : "it is not an invite of this version";
}

function garbled(reason: string): DfsError {
  return new DfsError(
    "bad-invite",
    `the invite cannot be used: ${reason}; copy the whole line again, or ask for a new one`,
  );
}
