/** The method of the control socket by which a peer examines itself. */
import * as v from "valibot";
import { type CheckResult, checkAreas } from "../../core/checks.ts";
import { defineMethod } from "../wire/rpc-method.ts";
import { text } from "./control-schemas.ts";

const checkResult: v.GenericSchema<unknown, CheckResult> = v.object({
  area: v.picklist(checkAreas),
  name: text,
  outcome: v.picklist(["ok", "warning", "fault"]),
  found: text,
  advice: v.optional(text),
});

export const checkMethods = {
  checks: defineMethod({ name: "checks", params: v.object({}), item: checkResult, result: v.null() }),
};
