/** The methods of the control socket about the past of files. */
import * as v from "valibot";
import type { RevisionInfo } from "../../core/history.ts";
import { parseFileKey } from "../../core/ids.ts";
import { walkPageEntries } from "../../core/limits.ts";
import { defineMethod } from "../wire/rpc-method.ts";
import { count, flag, parsed, path } from "./control-schemas.ts";
import { change } from "./undo-methods.ts";

const revisionInfo: v.GenericSchema<unknown, RevisionInfo> = v.object({
  revision: count,
  sizeBytes: count,
  mode: count,
  modifiedMs: v.number(),
  committedMs: v.number(),
  copies: count,
  addedBytes: count,
  fileKey: parsed(parseFileKey),
  isCurrent: v.boolean(),
  keptUntilMs: v.optional(count),
  expiresMs: v.optional(count),
});

export const historyMethods = {
  revisions: defineMethod({
    name: "revisions",
    params: v.object({ path, stale: flag }),
    item: v.pipe(v.array(revisionInfo), v.maxLength(walkPageEntries)),
    result: v.null(),
  }),
  restore: defineMethod({
    name: "restore",
    params: v.object({ path, revision: v.pipe(count, v.minValue(1)), change }),
    result: count,
  }),
};
