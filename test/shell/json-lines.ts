/** Holds what commands print with `--json` against the shapes that docs/json publishes. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ValidateFunction } from "ajv/dist/2020.js";
import { expect } from "vitest";

const folder = resolve(import.meta.dirname, "../../docs/json");
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, strict: true });
/** RFC 3339 in UTC, as `toISOString` gives it. */
ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const validators = new Map<string, ValidateFunction>();

function validatorOf(command: string): ValidateFunction {
  const known = validators.get(command);
  if (known !== undefined) return known;
  const made = ajv.compile(JSON.parse(readFileSync(join(folder, `${command}.schema.json`), "utf8")) as object);
  validators.set(command, made);
  return made;
}

/** The objects that `out` has, one a line. Fails where a line is none, or none of the shape that `command` prints. */
export function jsonLines(command: string, out: string): readonly Record<string, unknown>[] {
  const isValid = validatorOf(command);
  expect(out, `${command} ends its lines`).toMatch(/^$|\n$/);
  return out
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const value: unknown = JSON.parse(line);
      expect(isValid(value) ? [] : isValid.errors, `${command}: ${line}`).toEqual([]);
      return value as Record<string, unknown>;
    });
}
