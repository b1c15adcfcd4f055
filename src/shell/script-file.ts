/** Reads the text of scripts. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { DfsError, toDfsError } from "../core/errors.ts";
import { scriptBytesMax } from "../core/limits.ts";
import type { ScriptSource } from "./syntax.ts";

/** The script in the local file `path`, relative to `folder`. Fails as the local side does, and with `usage` for one that is too long. */
export async function scriptFile(path: string, folder: string, signal?: AbortSignal): Promise<ScriptSource> {
  try {
    return {
      name: path,
      text: await scriptText(createReadStream(resolve(folder, path), { signal }), path),
      isFile: true,
    };
  } catch (error) {
    throw toDfsError(error, { path });
  }
}

/** All of `stream` as a script's text. Fails with `usage`, naming it `name`, when it is too long. */
export async function scriptText(stream: AsyncIterable<Uint8Array | string>, name: string): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    pieces.push(Buffer.from(piece as Uint8Array));
    bytes += piece.length;
    if (bytes > scriptBytesMax)
      throw new DfsError("usage", `a script cannot be longer than ${scriptBytesMax} bytes`, { path: name });
  }
  // Some editors begin a file with a mark of its byte order, which is no part of its first word.
  return Buffer.concat(pieces)
    .toString("utf8")
    .replace(/^\ufeff/, "");
}
