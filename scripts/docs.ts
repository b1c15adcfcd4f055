/** `npm run docs` writes what is generated from the code: docs/json, the shape of what each command prints with `--json`; docs/COMMANDS.md; the man pages; the pictures of docs/plots, from the data beside them. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandsMarkdown } from "./commands-markdown.ts";
import { peerManPage, shellManPage } from "./man-pages.ts";
import { plotPictures } from "./plot/plot-files.ts";
import { jsonShapes } from "../src/shell/json-shapes.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Folders that have generated files and nothing else. */
const generatedFolders = ["docs/json"];

/** The text of every generated file, by its path in the repository. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [name, shape] of Object.entries(jsonShapes)) {
    const schema = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: `one line of ${name} --json`,
      ...shape,
    };
    files.set(`docs/json/${name}.schema.json`, `${JSON.stringify(schema, undefined, 2)}\n`);
  }
  files.set("docs/COMMANDS.md", commandsMarkdown());
  files.set("docs/dfs-shell.1", shellManPage());
  files.set("docs/dfs-peer.1", peerManPage());
  for (const [path, picture] of plotPictures()) files.set(path, picture);
  return files;
}

/** The files that are in the generated folders now, by their paths in the repository. */
export function presentFiles(): readonly string[] {
  return generatedFolders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
}

function writeAll(): void {
  for (const folder of generatedFolders) {
    rmSync(join(root, folder), { recursive: true, force: true });
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const [path, text] of generatedFiles()) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeAll();
