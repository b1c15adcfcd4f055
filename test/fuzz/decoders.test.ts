/** Holds the list of targets against the code: no decoder is forgotten. */
import { readFileSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { targets } from "./targets.ts";

const root = resolve(import.meta.dirname, "../..");
/** How functions are called that take apart what came from outside. */
const decoderName = /^(decode|parse|read|lex|recover|scan|split|walk|open(Name|Attributes|NodeAttributes|Chunk)$)/;
const exported = /^export (?:async )?(?:function\*? |const )(\w+)/gm;

/** Exported functions of such a name that need no target of their own, and why. */
const exceptions: Readonly<Record<string, string>> = {
  "src/catalogue/retention.ts scanRevisions": "reads rows of the own database",
  "src/peer/transaction/base-facts.ts readBaseFacts": "asks the coordinators, whose answers the schemas of rpc check",
  "src/catalogue/page-sums/sums-file.ts readSums": "the file of what decodeSums decodes",
  "src/catalogue/page-sums/wal-file.ts readWal": "the file of what WalScan reads",
  "src/catalogue/page-sums/wal-file.ts readAt": "gives bytes as they are",
  "src/core/limits.ts walkPageEntries": "a number",
  "src/peer/content-reader.ts readContent": "fetches chunks, which openChunk and readManifest check",
  "src/peer/control/control-key.ts readControlKey": "32 bytes as they are",
  "src/peer/coordination/seat-files.ts readSeat": "the file of what parseSeat parses",
  "src/peer/coordination/seat-files.ts recoverSeat": "puts together what recoverLog and the sums have checked",
  "src/peer/local-tree.ts walkLocal": "walks a tree of local files",
  "src/peer/recover-as-new-group.ts recoverAsNewGroup": "a dialogue with a person over recoverSeat",
  "src/shell/history.ts readHistory": "the file of what parseHistory parses",
};

const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)));
const names = sources.flatMap((path) =>
  Array.from(readFileSync(join(root, path), "utf8").matchAll(exported), (match) => `${path} ${match[1]}`),
);
const covered = new Set(targets.flatMap(({ decoders }) => decoders));

describe("the list of targets", () => {
  it("FUZZ-4 has every decoder in src, or says why not", () => {
    const decoders = names.filter((name) => decoderName.test(name.split(" ")[1] ?? ""));
    expect(decoders.length).toBeGreaterThan(50);
    expect(decoders.filter((name) => !covered.has(name) && exceptions[name] === undefined)).toEqual([]);
  });

  it("FUZZ-4 names only what there is", () => {
    const isThere = (name: string): boolean => {
      const [path = "", identifier = ""] = name.split(" ");
      return (
        sources.includes(path) &&
        new RegExp(`export .*\\b${identifier}\\b`).test(readFileSync(join(root, path), "utf8"))
      );
    };
    expect([...covered, ...Object.keys(exceptions)].filter((name) => !isThere(name))).toEqual([]);
    expect(Object.keys(exceptions).filter((name) => covered.has(name))).toEqual([]);
  });
});
