/** Guards the layout of the house: folders, imports, names, and that every promise has a test and every test its promise. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { generatedFiles, presentFiles } from "../scripts/docs.ts";
import { layers, lintOverrides } from "../scripts/layers.ts";
import { commands } from "../src/shell/commands/table.ts";
import { jsonShapes } from "../src/shell/json-shapes.ts";

const root = resolve(import.meta.dirname, "..");

function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const text = (path: string): string => readFileSync(join(root, path), "utf8");
const sources = filesBelow("src", /\.tsx?$/);
const folderOf = (path: string): string => path.split("/")[1] ?? "";

/** The folders of src that a file imports, by its relative imports (types and dynamic ones included). */
function importedFolders(path: string): string[] {
  const specifiers = Array.from(
    text(path).matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g),
    (match) => match[1] ?? "",
  );
  return specifiers.map((specifier) => folderOf(relative(root, resolve(root, path, "..", specifier))));
}

describe("the house", () => {
  it("TIDY-1 every folder of src is in the import table", () => {
    expect(sources.map(folderOf).filter((folder) => layers[folder] === undefined)).toEqual([]);
  });

  it("TIDY-2 no folder imports what the table does not allow", () => {
    const broken = sources.flatMap((path) => {
      const own = folderOf(path);
      const bad = importedFolders(path).filter((folder) => folder !== own && layers[own]?.includes(folder) !== true);
      return bad.map((folder) => `${path} imports ${folder}`);
    });
    expect(broken).toEqual([]);
    expect(importedFolders("src/peer/peer.ts")).toContain("dht");
  });

  it("TIDY-3 the linter has the same table", () => {
    expect((JSON.parse(text(".oxlintrc.json")) as { overrides: unknown }).overrides).toEqual(lintOverrides());
  });

  it("TIDY-4 src/raft is pure", () => {
    const impure = sources.filter(
      (path) =>
        folderOf(path) === "raft" &&
        /"node:|\bPromise\b|\basync\b|setTimeout|\bDate\b|Math\.random/.test(withoutComments(text(path))),
    );
    expect(impure).toEqual([]);
  });

  it("TIDY-5 files are in kebab-case, and no name says nothing", () => {
    const bad = [...sources, ...filesBelow("test", /\.tsx?$/)].filter(
      (path) =>
        !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.tsx?$/.test(basename(path)) ||
        /(^|\/)(utils?|helpers?|common|misc)(\/|\.)/.test(path),
    );
    expect(bad).toEqual([]);
  });

  it("TIDY-6 no file outgrows its room", () => {
    const lines = (path: string): number => text(path).split("\n").length;
    const allowed = new Set(["src/core/limits.ts", "src/core/client.ts"]);
    expect(sources.filter((path) => lines(path) > 400 && !allowed.has(path))).toEqual([]);
  });

  it("TIDY-7 the lock file names no registry", () => {
    const { packages } = JSON.parse(text("package-lock.json")) as { packages: Record<string, { resolved?: string }> };
    expect(Object.values(packages).filter(({ resolved }) => resolved?.startsWith("http"))).toEqual([]);
  });
});

describe("what is generated from the code", () => {
  it("TIDY-10 every command that knows --json has its shape, and nothing else has one", () => {
    const printing = commands.filter(({ options }) => options.some(({ long }) => long === "json"));
    const names = [...printing.map(({ name }) => name), "join"];
    expect(Object.keys(jsonShapes).toSorted()).toEqual(names.toSorted());
  });

  it("TIDY-11 the generated files are as `npm run docs` writes them", () => {
    const outdated = Array.from(generatedFiles()).filter(
      ([path, made]) => !existsSync(join(root, path)) || text(path) !== made,
    );
    expect(outdated.map(([path]) => path)).toEqual([]);
    expect(presentFiles().filter((path) => !generatedFiles().has(path))).toEqual([]);
  });
});

describe("docs/SPEC.md", () => {
  const promised = Array.from(text("docs/SPEC.md").matchAll(/^\| ([A-Z]+-\d+) \|/gm), (match) => match[1] ?? "");
  const tested = new Set(
    filesBelow("test", /\.tsx?$/).flatMap((path) =>
      Array.from(text(path).matchAll(/["'`]([A-Z]+-\d+) /g), (match) => match[1] ?? ""),
    ),
  );

  it("TIDY-8 every promise has a test whose title starts with its id", () => {
    expect(promised.length).toBeGreaterThan(150);
    expect(promised.filter((id) => !tested.has(id))).toEqual([]);
    expect(new Set(promised).size).toBe(promised.length);
  });

  it("TIDY-9 every id in a test's title is a promise", () => {
    const ids = new Set(promised);
    expect(
      Array.from(tested).filter((id) => !ids.has(id) && !/^(SHA|AES|HMAC|RFC|UTF|ISO|CRC|HKDF)-/.test(id)),
    ).toEqual([]);
  });
});

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");
}
