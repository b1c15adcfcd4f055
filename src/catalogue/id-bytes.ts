/** Ids as text, which they are in memory, and as bytes, which they are in commands and tables. */

/** The bytes of an id that is hexadecimal text. */
export function idBytes(id: string): Uint8Array {
  return Buffer.from(id, "hex");
}

/** The id that `bytes` are, as hexadecimal text. */
export function idText<Id extends string>(bytes: Uint8Array): Id {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex") as Id;
}
