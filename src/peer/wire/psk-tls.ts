/**
 * TLS as both ends of a lane and of a control connection use it: version 1.3, a pre-shared key with an ephemeral key
 * exchange, no certificates. Whoever learns the key later cannot read what was sent before.
 */
import { DfsError } from "../../core/errors.ts";

/** For the accepting end. */
export const pskTls = { minVersion: "TLSv1.3", maxVersion: "TLSv1.3", ciphers: "TLS_AES_128_GCM_SHA256" } as const;

/**
 * For the asking end. An accepting end that shows a certificate instead of using the key is refused, whoever signed the
 * certificate: no authority is trusted, and `checkServerIdentity` is called only where the key was not used.
 */
export const pskClientTls = {
  ...pskTls,
  ca: [] as string[],
  checkServerIdentity: (): Error => new DfsError("permission", "the other end did not prove that it has the key"),
};
