/** The methods of the control socket that look into directories: their names, and everything about some of them. */
import * as v from "valibot";
import type { Entry } from "../../core/client.ts";
import { type FileKey, parseFileKey } from "../../core/ids.ts";
import { namesPageMax, pageRowsMax } from "../../core/limits.ts";
import { defineMethod } from "../wire/rpc-method.ts";
import { count, flag, parsed, path, text, wireError } from "./control-schemas.ts";
import { entryColumns } from "./entry-columns.ts";

export const fileKey: v.GenericSchema<unknown, FileKey> = parsed(parseFileKey);

export const entry: v.GenericSchema<unknown, Entry> = v.object({
  kind: v.picklist(["file", "directory"]),
  path,
  name: text,
  sizeBytes: count,
  mode: count,
  modifiedMs: v.number(),
  committedMs: v.number(),
  revision: count,
  copies: count,
  addedBytes: count,
  historyBytes: count,
  fileKey: v.optional(fileKey),
  expiresMs: v.optional(count),
});

const refused = v.optional(v.array(wireError));

export const directoryMethods = {
  names: defineMethod({
    name: "names",
    params: v.object({
      path,
      prefix: v.optional(text),
      cursor: v.optional(text),
      limit: v.optional(v.pipe(count, v.minValue(1), v.maxValue(namesPageMax))),
      stale: flag,
    }),
    result: v.object({
      names: v.pipe(v.array(text), v.maxLength(namesPageMax)),
      /** A letter for each name: f for a file, d for a directory. */
      kinds: v.pipe(text, v.regex(/^[fd]*$/)),
      isSorted: v.boolean(),
      refused,
      next: v.optional(text),
    }),
  }),
  entries: defineMethod({
    name: "entries",
    params: v.object({ path, names: v.pipe(v.array(text), v.maxLength(pageRowsMax)), stale: flag }),
    result: v.object({ entries: v.array(entryColumns), refused }),
  }),
};
