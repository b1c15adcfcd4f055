/** What ties the calls of one command together. */
import { randomUUID } from "node:crypto";
import type { ChangeTag } from "../core/undo.ts";

/** A new change, made by the command of this name. */
export function newChange(command: string): ChangeTag {
  return { id: randomUUID().replaceAll("-", ""), command };
}
