/** TLS as both ends of a data lane use it: version 1.3, a pre-shared key, no certificates. */
export const laneTls = { minVersion: "TLSv1.3", maxVersion: "TLSv1.3", ciphers: "TLS_AES_128_GCM_SHA256" } as const;
