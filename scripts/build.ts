/** Bundles src into dist/: one entry a program or worker, shared code split off, so that a command loads only what it needs. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Plugin, build } from "esbuild";

const entryPoints = {
  shell: "src/shell/main.ts",
  client: "src/peer/client.ts",
  peer: "src/peer/main.ts",
  "chunking-worker": "src/chunking/chunking-worker.ts",
  "snapshot-worker": "src/catalogue/snapshot-worker.ts",
  "names-worker": "src/peer/names/names-worker.ts",
  "password-worker": "src/identity/password-worker.ts",
};

/** A native package, loaded from node_modules at run time; and an optional developer tool of Ink that is never loaded. */
const external = ["libsql", "react-devtools-core"];

const packages = join(import.meta.dirname, "../node_modules");
const segmenter = "const segmenter = new Intl.Segmenter();";
const laterSegmenter =
  "let made; const segmenter = { segment: (text) => (made ??= new Intl.Segmenter()).segment(text) };";
/**
 * What packages make as soon as they are loaded, and need for other texts than ASCII only: 15 ms of every start of the
 * shell. Each is made by its first use instead. And yoga reads its own program, which is text in the bundle, without `fetch`:
 * Node loads that at its first use, which takes 30 ms of every prompt. The build fails where a package has changed, so that
 * it does not go unnoticed.
 */
const madeAtOnce = [
  { file: "string-width/index.js", before: segmenter, after: laterSegmenter },
  {
    file: "string-width/index.js",
    before: String.raw`const rgiEmojiRegex = /^\p{RGI_Emoji}$/v;`,
    after: String.raw`let rgi; const rgiEmojiRegex = { test: (text) => (rgi ??= new RegExp("^\\p{RGI_Emoji}$", "v")).test(text) };`,
  },
  { file: "wrap-ansi/node_modules/string-width/index.js", before: segmenter, after: laterSegmenter },
  {
    file: "slice-ansi/tokenize-ansi.js",
    before: "const GRAPHEME_SEGMENTER = new Intl.Segmenter(undefined, {granularity: 'grapheme'});",
    after: laterSegmenter.replace("const segmenter", "const GRAPHEME_SEGMENTER"),
  },
  {
    file: "yoga-layout/dist/binaries/yoga-wasm-base64-esm.js",
    before: `return w||"function"!=typeof fetch?Promise`,
    after: "return true?Promise",
  },
];
const madeLater: Plugin = {
  name: "made-later",
  setup(building) {
    const changed = new Set<string>();
    building.onLoad({ filter: /[/\\](string-width|slice-ansi|binaries)[/\\][\w-]+\.js$/ }, async ({ path }) => {
      let contents = await readFile(path, "utf8");
      for (const { after, before, file } of madeAtOnce) {
        if (path !== join(packages, file)) continue;
        if (!contents.includes(before)) throw new Error(`${path} has no "${before}" any more: see scripts/build.ts`);
        contents = contents.replace(before, () => after);
        changed.add(file);
      }
      return { contents, loader: "js" };
    });
    building.onEnd(() => {
      const missed = madeAtOnce.find(({ file }) => !changed.has(file));
      if (missed !== undefined) throw new Error(`${missed.file} is no part of the bundle: see scripts/build.ts`);
    });
  },
};

await rm("dist", { recursive: true, force: true });
await build({
  entryPoints,
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  sourcemap: false,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "linked",
  define: { "process.env.NODE_ENV": '"production"' },
  chunkNames: "chunk-[hash]",
  plugins: [madeLater],
  external,
  // Bundled CommonJS packages call require().
  banner: {
    js: 'import { createRequire as bundleRequire } from "node:module"; const require = bundleRequire(import.meta.url);',
  },
  logLevel: "warning",
});
