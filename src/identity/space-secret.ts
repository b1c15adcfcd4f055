/** The dedup secret of what one user writes into another's space. */
import { hkdfSync } from "node:crypto";
import type { UserId } from "../core/ids.ts";

const purpose = "dfs-shell/2/user/dedup-secret-in/";
const secretBytes = 32;

/**
 * 32 bytes: HKDF-SHA-256 of the writer's own dedup secret for one owner of a space. Equal chunks that the writer puts there
 * are equal; the owner, who can read them, cannot tell by them what else the writer has.
 */
export function dedupSecretIn(owner: UserId, dedupSecret: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", dedupSecret, new Uint8Array(0), `${purpose}${owner}`, secretBytes));
}
