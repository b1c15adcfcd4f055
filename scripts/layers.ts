/**
 * The import table of the house: which folder of src may import which. It is the one source; the linter's
 * configuration is written from it (`npm run layers`), and test/tidy.test.ts holds both against the code.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const layers: Readonly<Record<string, readonly string[]>> = {
  core: [],
  chunking: ["core"],
  raft: ["core"],
  identity: ["core"],
  catalogue: ["core", "identity"],
  store: ["core", "chunking", "raft"],
  dht: ["core"],
  backup: ["core", "chunking", "catalogue"],
  peer: ["core", "chunking", "raft", "identity", "catalogue", "store", "dht", "backup"],
  gateway: ["core"],
  shell: ["core"],
};

/** What a pure folder may not even name: whatever reads a clock, waits, or is random. */
const impureGlobals = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "Promise",
  "Date",
  "process",
  "performance",
  "crypto",
];
const pureFolders = new Set(["raft"]);

/** The linter's rules for each folder, from the table. */
export function lintOverrides(): unknown[] {
  return Object.entries(layers).map(([folder, allowed]) => {
    const denied = Object.keys(layers).filter((other) => other !== folder && !allowed.includes(other));
    const message = `src/${folder} may import ${allowed.length === 0 ? "no other folder" : allowed.join(", ")} (scripts/layers.ts)`;
    const patterns = [
      { group: denied.map((other) => `**/${other}/**`), message },
      ...(pureFolders.has(folder) ? [{ group: ["node:*"], message: `src/${folder} is pure` }] : []),
    ];
    const pure = pureFolders.has(folder) ? { "no-restricted-globals": ["error", ...impureGlobals] } : {};
    return { files: [`src/${folder}/**`], rules: { "no-restricted-imports": ["error", { patterns }], ...pure } };
  });
}

const configPath = fileURLToPath(new URL("../.oxlintrc.json", import.meta.url));

/** The linter's configuration with the table's rules in it. */
export function lintConfig(): string {
  const config = JSON.parse(readFileSync(configPath, "utf8")) as Record<string, unknown>;
  return `${JSON.stringify({ ...config, overrides: lintOverrides() }, undefined, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(configPath, lintConfig());
