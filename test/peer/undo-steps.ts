/** Random changes of a tree, for tests of undo. */
import * as fc from "fast-check";
import type { DfsClient, DfsTransaction } from "../../src/core/client.ts";
import { toDfsError } from "../../src/core/errors.ts";
import { resolvePath } from "../../src/core/names.ts";
import type { ChangeTag } from "../../src/core/undo.ts";

/** What a step needs of a client. */
type Changing = Pick<DfsClient, "mkdir" | "put" | "move" | "copy" | "remove" | "restore">;
type Beginning = Changing & { begin(): Promise<Changing & Pick<DfsTransaction, "commit">> };

const at = resolvePath;

export interface RandomChange {
  readonly steps: readonly Step[];
  readonly isAtomic: boolean;
}

type Step = (client: Changing, change: ChangeTag, top: string) => Promise<unknown>;

const names = ["a", "b", "c", "d"] as const;
const anyName = fc.constantFrom(...names);
/** One to three names deep, under one another. */
const anyPath = fc.array(anyName, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  anyPath.map(
    (path): Step =>
      (client, change, top) =>
        client.mkdir(at(top + path), { parents: true, change }),
  ),
  {
    weight: 2,
    arbitrary: fc.tuple(anyPath, fc.nat(9)).map(
      ([path, content]): Step =>
        (client, change, top) =>
          put(top + path, `${content}`, change, client),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(anyPath, anyPath).map(
      ([from, to]): Step =>
        (client, change, top) =>
          client.move(at(top + from), at(top + to), { force: true, change }),
    ),
  },
  fc.tuple(anyPath, anyPath).map(
    ([from, to]): Step =>
      (client, change, top) =>
        client.copy(at(top + from), at(top + to), { recursive: true, force: true, change }),
  ),
  anyPath.map(
    (path): Step =>
      (client, change, top) =>
        client.remove(at(top + path), { recursive: true, change }),
  ),
  anyPath.map(
    (path): Step =>
      (client, change, top) =>
        client.restore(at(top + path), 1, { change }),
  ),
);
/** Two things change places, and a directory comes to be in one that was in it. */
const anyKnot: fc.Arbitrary<readonly Step[]> = fc.oneof(
  fc.tuple(anyPath, anyPath).map(([one, other]) => moves([one, "/aside"], [other, one], ["/aside", other])),
  fc
    .tuple(anyPath, anyName, anyName)
    .map(([above, below, name]) => moves([`${above}/${below}`, `/${name}`], [above, `/${name}/in`])),
);

function moves(...pairs: readonly (readonly [from: string, to: string])[]): readonly Step[] {
  return pairs.map(
    ([from, to]): Step =>
      (client, change, top) =>
        client.move(at(top + from), at(top + to), { change }),
  );
}

/** Changes of one to three steps, some of them as a transaction. */
export const anyChanges: fc.Arbitrary<readonly RandomChange[]> = fc.array(
  fc.record({
    steps: fc.oneof({ weight: 4, arbitrary: fc.array(anyStep, { minLength: 1, maxLength: 4 }) }, anyKnot),
    isAtomic: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

/** Puts text as one file, as part of a change. */
async function put(path: string, content: string, change: ChangeTag, client: Changing): Promise<void> {
  const bytes = (async function* () {
    yield Buffer.from(content);
  })();
  const source = { kind: "stream", bytes, name: "stream" } as const;
  await client.put({ sources: [source], target: at(path), force: true }, { change });
}

/** What fails because it makes no sense in the tree as it is changes nothing. */
async function attempt(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (toDfsError(error).kind === "internal") throw error;
  });
}

/** Makes a change of these steps, below `top`. */
export async function makeChange(
  client: Beginning,
  { steps, isAtomic }: RandomChange,
  top: string,
  change: ChangeTag,
): Promise<void> {
  if (!isAtomic) {
    for (const step of steps) await attempt(step(client, change, top));
    return;
  }
  const transaction = await client.begin();
  for (const step of steps) await attempt(step(transaction, change, top));
  await transaction.commit({ change });
}
