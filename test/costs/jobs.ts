/** The fixed jobs whose costs are counted, in the order in which they run: later ones find what earlier ones put. */
import { join } from "node:path";
import type { DfsClient } from "../../src/core/client.ts";
import { type DfsPath, resolvePath } from "../../src/core/names.ts";
import { type Corpus, corpusSizes } from "./corpus.ts";
import type { CostNetwork } from "./cost-network.ts";

export interface CountedJob {
  readonly name: string;
  readonly run: (network: CostNetwork, corpus: Corpus) => Promise<unknown>;
  /** Only calls of this method are counted: a peer that starts costs other things, too. */
  readonly only?: string;
}

const directoriesMade = 20;
/** Of two revisions of a file, another file, the tree and the small files. */
const keysAnnounced = 2 + 1 + corpusSizes.treeFiles + corpusSizes.smallFiles;

export const jobs: readonly CountedJob[] = [
  {
    name: `mkdir, ${directoriesMade} times`,
    run: async ({ shell }) => {
      for (let made = 0; made < directoriesMade; made++) await shell.mkdir(path(`/made-${made}`));
    },
  },
  { name: "put a file of 32 MiB on the own disk", run: ({ storing }, { big }) => put(storing, big, "/big") },
  { name: "put it again", run: ({ storing }, { big }) => put(storing, big, "/big") },
  { name: "put it with six changes", run: ({ storing }, { changed }) => put(storing, changed, "/big") },
  { name: "put a file of 32 MiB from a shell", run: ({ shell }, { otherBig }) => put(shell, otherBig, "/other") },
  { name: "get that file", run: ({ shell }, corpus) => get(shell, "/other", corpus) },
  { name: "put a tree of 100 files", run: ({ shell }, { tree }) => put(shell, tree, "/tree") },
  { name: "get that tree", run: ({ shell }, corpus) => get(shell, "/tree", corpus) },
  { name: "put 500 files of 1 KiB", run: ({ shell }, { small }) => put(shell, small, "/small") },
  { name: "put them again", run: ({ shell }, { small }) => put(shell, small, "/") },
  { name: "put them under another name", run: ({ shell }, { small }) => put(shell, small, "/other-small") },
  { name: "get them", run: ({ shell }, corpus) => get(shell, "/small", corpus) },
  { name: "ls of 500 entries", run: ({ shell }) => list(shell, path("/small/folder-0")) },
  {
    name: `announce ${keysAnnounced} keys`,
    run: (network) => network.forgetAnnouncements(),
    only: "holders.announce",
  },
];

function path(text: string): DfsPath {
  return resolvePath(text);
}

async function put(client: DfsClient, source: string, target: string): Promise<void> {
  const sources = [{ kind: "path" as const, path: source }];
  const summary = await client.put({ sources, target: path(target), recursive: true, force: true });
  if (summary.failed > 0 || summary.copies !== 2) throw new Error(`put ${target}: ${JSON.stringify(summary)}`);
}

async function get(client: DfsClient, source: string, { folder }: Corpus): Promise<void> {
  const target = join(folder, `got${source.replace("/", "-")}`);
  const summary = await client.get({ sources: [path(source)], target, recursive: true });
  if (summary.failed > 0) throw new Error(`get ${source}: ${JSON.stringify(summary)}`);
}

async function list(client: DfsClient, directory: DfsPath): Promise<void> {
  for (let cursor: string | undefined; ;) {
    const page = await client.list(directory, { cursor });
    cursor = page.next;
    if (cursor === undefined) return;
  }
}
