/** The operations of the workload as calls of a DfsClient, and what their errors say of what happened. */
import type { DfsClient, PutRequest } from "../../src/core/client.ts";
import { type ErrorKind, DfsError, toDfsError } from "../../src/core/errors.ts";
import { type DfsPath, childPath } from "../../src/core/names.ts";
import { type History, type Input, type Outcome, isRead } from "./history.ts";
import { listAnswer, readAnswer, statAnswer, writeAnswer } from "./models.ts";

/** Does one operation below `root`; fails with what the client fails with. Resolves with the answer. */
export async function perform(client: DfsClient, root: DfsPath, input: Input, signal: AbortSignal): Promise<string> {
  const path = childPath(root, input.key);
  switch (input.kind) {
    case "write":
      return writeAnswer(await put(client, path, input.value, { force: true }, signal));
    case "compare-and-set":
      return writeAnswer(await put(client, path, input.value, { ifRevision: input.base }, signal));
    case "stat": {
      const { revision, sizeBytes } = await client.stat(path, { signal });
      return statAnswer(revision, sizeBytes);
    }
    case "read":
      return readAnswer(await readValue(client, path, undefined, signal));
    case "create":
      await put(client, childPath(path, input.name), input.value, { ifRevision: 0 }, signal);
      return "done";
    case "remove":
      await client.remove(childPath(path, input.name), { signal });
      return "done";
    case "move":
      await client.move(childPath(path, input.from), childPath(path, input.to), { signal });
      return "done";
    default:
      return listAnswer(await drawer(client, path, signal));
  }
}

/** The value of a file's content: its length. Fails with `integrity` when the bytes are not those that were written. */
export async function readValue(
  client: DfsClient,
  path: DfsPath,
  revision: number | undefined,
  signal: AbortSignal,
): Promise<number> {
  const pieces: Uint8Array[] = [];
  for await (const piece of client.read(path, { revision, signal })) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  if (!bytes.equals(content(path, bytes.length)))
    throw new DfsError("integrity", "the content is not what was written", { path });
  return bytes.length;
}

/** What an error of an operation says of it: these kinds are answers of the model, … */
const answers: Readonly<Record<Input["kind"], Partial<Record<ErrorKind, string>>>> = {
  write: { "not-found": "not-found" },
  "compare-and-set": { conflict: "conflict", exists: "conflict", "not-found": "not-found" },
  stat: { "not-found": "absent" },
  read: { "not-found": "absent" },
  create: { conflict: "exists", exists: "exists", "not-found": "not-found" },
  remove: { "not-found": "not-found" },
  move: { "not-found": "not-found", exists: "exists" },
  list: { "not-found": "not-found" },
};
/** … these say that somebody else was first, and nothing more, … */
const races: ReadonlySet<ErrorKind> = new Set(["conflict", "exists"]);
/** … and these must never come: somebody was given wrong bytes, or a peer met a bug of its own. */
const scandals: ReadonlySet<ErrorKind> = new Set(["integrity", "protocol", "internal"]);

/** Sorts a failure of an operation; any kind that is not named above leaves open whether a change happened. */
export function outcomeOf(input: Input, thrown: unknown, history: History): Outcome {
  const error = toDfsError(thrown);
  history.noteError(error.kind);
  if (scandals.has(error.kind)) history.violations.push(`${JSON.stringify(input)}: ${error.kind}: ${error.message}`);
  const answer = answers[input.kind][error.kind];
  if (answer !== undefined) return { kind: "answered", answer };
  return { kind: races.has(error.kind) && !isRead(input) ? "refused" : "unknown" };
}

/** Puts the content of a value; resolves with the revision that it became. */
async function put(
  client: DfsClient,
  path: DfsPath,
  value: number,
  condition: Pick<PutRequest, "force" | "ifRevision">,
  signal: AbortSignal,
): Promise<number> {
  let [revision, failure]: [number | undefined, DfsError | undefined] = [undefined, undefined];
  await client.put(
    {
      sources: [{ kind: "stream", name: "value", bytes: oneAfterTheOther([content(path, value)]) }],
      target: path,
      ...condition,
    },
    {
      signal,
      onEvent: (event) => {
        if (event.type === "done") revision = event.revision;
        if (event.type === "failed") failure = event.error;
      },
    },
  );
  if (failure !== undefined) throw failure;
  if (revision === undefined) throw new DfsError("internal", "a put told nothing of its file", { path });
  return revision;
}

async function drawer(client: DfsClient, path: DfsPath, signal: AbortSignal): Promise<Record<string, number>> {
  const { entries } = await client.list(path, { signal });
  return Object.fromEntries(entries.map(({ name, sizeBytes }) => [name, sizeBytes]));
}

/** `value` bytes that depend on the path and on the value. */
function content(path: DfsPath, value: number): Buffer {
  return Buffer.alloc(value, `${path} holds ${value}; `);
}

async function* oneAfterTheOther(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
