/** The small forms that the methods of the control socket are made of. */
import * as v from "valibot";
import { type DfsPath, resolvePath } from "../../core/names.ts";
import { parsePeerId, parsePeerName, parseShelfId } from "../../core/ids.ts";

export const text = v.pipe(v.string(), v.maxLength(16_384));
export const integer = v.pipe(v.number(), v.safeInteger());
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0));
export const flag = v.optional(v.boolean());
export const nothing = v.null();

/** A schema that accepts the texts that `parse` accepts. */
export function parsed<Value extends string>(parse: (text: string) => Value): v.GenericSchema<unknown, Value> {
  return v.pipe(
    text,
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return parse(dataset.value);
      } catch (error) {
        addIssue({ message: (error as Error).message });
        return NEVER;
      }
    }),
  );
}

export const path: v.GenericSchema<unknown, DfsPath> = parsed((value) => resolvePath(value));
export const peerId = parsed(parsePeerId);
export const peerName = parsed(parsePeerName);
export const shelfId = parsed(parseShelfId);
export const peerState = v.picklist(["up", "suspect", "down", "out"]);
export const linkStanding = v.picklist(["owner", "full", "filling", "new files only", "away"]);
export const storageOrder = v.picklist(["drain", "remove", "abandon"]);

/** A DfsError as it travels. */
export const wireError = v.object({
  kind: v.string(),
  message: text,
  op: v.optional(text),
  path: v.optional(text),
  peer: v.optional(text),
});
