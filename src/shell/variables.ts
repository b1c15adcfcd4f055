/**
 * The shell's variables: those of the program's environment, a script's parameters `1` to `9` with their number `#`, the
 * last exit code `?`, and whatever a script sets.
 */
import { DfsError } from "../core/errors.ts";
import type { Environment } from "./command.ts";

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** It logs in; scripts have no use for it, and no listing and no trace may show it. */
const secretName = "DFS_PASSWORD";

const parametersMax = 9;
const parameterNames = Array.from({ length: parametersMax }, (_, index) => String(index + 1));

/** The variables that a shell starts with; `parameters` are those of its script. Fails with `usage` for more than nine. */
export function startVariables(env: Environment, parameters: readonly string[]): Map<string, string> {
  const variables = new Map([["?", "0"]]);
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && isInherited(name)) variables.set(name, value);
  setParameters(variables, parameters);
  return variables;
}

/** Makes `parameters` those of the running script. Fails with `usage` for more than nine. */
function setParameters(variables: Map<string, string>, parameters: readonly string[]): void {
  if (parameters.length > parametersMax)
    throw new DfsError("usage", `a script takes at most ${parametersMax} parameters, not ${parameters.length}`);
  variables.set("#", String(parameters.length));
  for (const [index, name] of parameterNames.entries()) {
    const value = parameters[index];
    if (value === undefined) variables.delete(name);
    else variables.set(name, value);
  }
}

/** Runs `work` with other parameters, if there are any, and gives the own ones back. Fails with `usage` for more than nine. */
export async function withParameters<Result>(
  variables: Map<string, string>,
  parameters: readonly string[],
  work: () => Promise<Result>,
): Promise<Result> {
  if (parameters.length === 0) return work();
  const own = parametersOf(variables);
  setParameters(variables, parameters);
  try {
    return await work();
  } finally {
    setParameters(variables, own);
  }
}

/** The parameters of the running script. */
export function parametersOf(variables: ReadonlyMap<string, string>): readonly string[] {
  return parameterNames.flatMap((name) => variables.get(name) ?? []);
}

/** `name`, when a variable can be called so. Fails with `usage`. */
export function checkVariableName(name: string): string {
  if (!variableName.test(name))
    throw new DfsError("usage", `a variable's name has letters, digits and _, and begins with no digit; not "${name}"`);
  return name;
}

/** The variables that were set since the shell started, or changed, by name. */
export function ownVariables(
  variables: ReadonlyMap<string, string>,
  env: Environment,
): readonly (readonly [string, string])[] {
  const own = Array.from(variables).filter(([name, value]) => variableName.test(name) && env[name] !== value);
  return own.toSorted(([left], [right]) => (left < right ? -1 : 1));
}

/** What local commands get: the environment of this process, with what was set and without what was unset. */
export function localEnvironment(variables: ReadonlyMap<string, string>, env: Environment): NodeJS.ProcessEnv {
  const local = { ...process.env };
  for (const name of Object.keys(env)) if (isInherited(name) && !variables.has(name)) delete local[name];
  for (const [name, value] of variables) if (variableName.test(name)) local[name] = value;
  return local;
}

function isInherited(name: string): boolean {
  return variableName.test(name) && name !== secretName;
}
