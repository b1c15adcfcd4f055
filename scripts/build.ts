/** Bundles src into dist/: one entry a program or worker, shared code split off, so that a command loads only what it needs. */
import { rm } from "node:fs/promises";
import { build } from "esbuild";

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
  external,
  // Bundled CommonJS packages call require().
  banner: {
    js: 'import { createRequire as bundleRequire } from "node:module"; const require = bundleRequire(import.meta.url);',
  },
  logLevel: "warning",
});
