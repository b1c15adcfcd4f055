/** The methods of the control socket that take changes back, and how a change is named by the calls that are part of it. */
import * as v from "valibot";
import { undoChangesMax, undoStepsShownMax } from "../../core/limits.ts";
import type { ChangeTag, RecordedChange, UndoReport, UndoStep } from "../../core/undo.ts";
import { defineMethod } from "../wire/rpc-method.ts";
import { count, flag, path } from "./control-schemas.ts";

const tag: v.GenericSchema<unknown, ChangeTag> = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[0-9a-z]{1,64}$/)),
  command: v.pipe(v.string(), v.regex(/^[a-z]{1,32}$/)),
});

/** The parameter `change` of every method that changes files. */
export const change = v.optional(tag);

const recordedChange: v.GenericSchema<unknown, RecordedChange> = v.object({
  command: v.pipe(v.string(), v.regex(/^[a-z]{1,32}$/)),
  startedMs: count,
  entries: count,
  state: v.picklist(["done", "running", "undone"]),
  isWhole: v.boolean(),
});

const step: v.GenericSchema<unknown, UndoStep> = v.object({
  action: v.picklist(["remove", "bring-back", "move-back", "change-back"]),
  kind: v.picklist(["file", "directory"]),
  path,
  from: v.optional(path),
  revision: v.optional(count),
});

const report: v.GenericSchema<unknown, UndoReport> = v.object({
  change: recordedChange,
  steps: count,
  shown: v.pipe(v.array(step), v.maxLength(undoStepsShownMax)),
});

export const undoMethods = {
  recordedChanges: defineMethod({
    name: "recordedChanges",
    params: v.object({}),
    result: v.pipe(v.array(recordedChange), v.maxLength(undoChangesMax)),
  }),
  undo: defineMethod({ name: "undo", params: v.object({ redo: flag, dryRun: flag, skip: flag }), result: report }),
};
