/**
 * What a coordinator can do to the entries that it keeps, and is noticed.
 *
 * It can alter these fields of an operation unnoticed, because no reader relies on them: `sealedBytes` and `addedBytes`
 * (what is charged), `shelf`, `epoch`, `lease` and `copies` (where the content is looked for first, and whether it is kept:
 * chunks are verified by what the sealed attributes say, so that a wrong place gives none or the right ones), and
 * `baseRevision` and `generation` where the command is then refused. It can leave entries out, and show all of an earlier
 * state: then an entry is absent, or as it once was. It cannot show anything else under a name.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeCommand } from "../../src/catalogue/command.ts";
import type { Operation, OperationName } from "../../src/catalogue/operation.ts";
import type { Entry } from "../../src/core/client.ts";
import { DfsError } from "../../src/core/errors.ts";
import { FileSpace, at, putText, textOf } from "./file-space.ts";

/** Fields of which nothing that is read depends. */
const unnoticed = new Set(["sealedBytes", "addedBytes", "shelf", "epoch", "lease", "copies"]);

const alterable: ReadonlySet<OperationName> = new Set(["putFile", "makeDirectory", "move", "copyFile"]);

type Fields = Record<string, unknown>;
type Change = "put" | "replace" | "mkdir" | "move" | "copy";

const changes: Readonly<Record<Change, (space: FileSpace, folder: string) => Promise<unknown>>> = {
  put: ({ client }, folder) => putText(client, `${folder}/one/new`, "new"),
  replace: ({ client }, folder) => putText(client, `${folder}/one/a`, "changed", { force: true }),
  mkdir: ({ client }, folder) => client.mkdir(at(`${folder}/one/made`)),
  move: ({ client }, folder) => client.move(at(`${folder}/one/a`), at(`${folder}/two/moved`)),
  copy: ({ client }, folder) => client.copy(at(`${folder}/one/b`), at(`${folder}/one/copied`)),
};

/** Every text that may be read under each name, whatever became of the change; an empty one is a directory. */
const truths: Readonly<Record<string, readonly string[]>> = {
  "one/a": ["first", "second", "changed"],
  "one/b": ["other"],
  "one/new": ["new"],
  "one/made": [""],
  "one/copied": ["other"],
  "two/c": ["far"],
  "two/moved": ["second"],
};

const space = new FileSpace();
let folders = 0;

beforeAll(() => space.start());
afterAll(() => space.stop());

/** A folder with a few files, one with two revisions, and a name that was removed; and the operations that made it. */
async function prepare(): Promise<{ folder: string; known: readonly Operation[] }> {
  const folder = `/f${folders++}`;
  const { client, proposed } = space;
  const from = proposed.length;
  for (const path of ["", "/one", "/two"]) await client.mkdir(at(`${folder}${path}`));
  await putText(client, `${folder}/one/a`, "first");
  await putText(client, `${folder}/one/a`, "second", { force: true });
  await putText(client, `${folder}/one/b`, "other");
  await putText(client, `${folder}/two/c`, "far", { expiresMs: Date.now() + 3_600_000 });
  await putText(client, `${folder}/two/ended`, "ended");
  await client.remove(at(`${folder}/two/ended`));
  return { folder, known: proposed.slice(from).flatMap((command) => [...decodeCommand(command).operations]) };
}

/** Other values of the same form: some that are a little different, and those that the coordinator has seen. */
function otherValues(value: unknown, field: string, known: readonly Operation[]): readonly unknown[] {
  const seen = known
    .flatMap((operation) => Object.entries(operation))
    .filter(([name, other]) => isAlike(name, field) && other !== null && !isSame(other, value))
    .map(([, other]) => other as unknown);
  const distinct = seen.filter((one, place) => seen.findIndex((other) => isSame(one, other)) === place);
  return [...nearby(value), ...distinct];
}

function isAlike(name: string, field: string): boolean {
  const kindOf = (text: string): string =>
    text
      .replace(/^(from|to|source)(?=[A-Z])/, "")
      .toLowerCase()
      .replace("wrap", "attributes");
  return kindOf(name) === kindOf(field) || (/node|parent/i.test(name) && /node|parent|replace/i.test(field));
}

function isSame(one: unknown, other: unknown): boolean {
  return one instanceof Uint8Array && other instanceof Uint8Array ? Buffer.compare(one, other) === 0 : one === other;
}

function nearby(value: unknown): readonly unknown[] {
  if (typeof value === "number") return [value + 1, Math.max(0, value - 1)];
  if (!(value instanceof Uint8Array) || value.length === 0) return [];
  const flipped = Uint8Array.from(value);
  flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 4;
  return [flipped];
}

/** What is read under a name: a text, "" for a directory, or undefined where nothing is, or what is there does not open. */
async function readAt(path: string): Promise<{ text: string; entry: Entry } | undefined> {
  try {
    const entry = await space.client.stat(at(path));
    return { entry, text: entry.kind === "directory" ? "" : await textOf(space.client.read(at(path))) };
  } catch (error) {
    expect((error as DfsError).kind, String(error)).toMatch(/^(integrity|not-found)$/);
    return undefined;
  }
}

async function listed(path: string): Promise<readonly Entry[]> {
  try {
    return (await space.client.list(at(path))).entries;
  } catch (error) {
    expect((error as DfsError).kind, String(error)).toBe("integrity");
    return [];
  }
}

/** Whether everything that can be read below a folder is what somebody put there under that name. */
async function checkFolder(folder: string): Promise<void> {
  for (const [name, texts] of Object.entries(truths)) {
    const found = await readAt(`${folder}/${name}`);
    if (found === undefined) continue;
    expect(texts, name).toContain(found.text);
    expect(found.entry.sizeBytes).toBe(found.text.length);
    expect(found.entry.expiresMs === undefined).toBe(name !== "two/c");
  }
  for (const part of ["one", "two"])
    for (const { name } of await listed(`${folder}/${part}`)) expect(Object.keys(truths)).toContain(`${part}/${name}`);
}

/** How many other values there are for a field of a change. */
interface Alteration {
  readonly field: string;
  readonly values: number;
}

/** Makes a change of which one field is altered on its way to another value, by their places; undefined where there is no such field. */
async function alteredChange(change: Change, fieldPlace: number, valuePlace: number): Promise<Alteration | undefined> {
  const { folder, known } = await prepare();
  let alteration: Alteration | undefined;
  space.alter = (operation) => {
    if (!alterable.has(operation.op)) return operation;
    const fields = Object.keys(operation).filter((field) => field !== "op" && !unnoticed.has(field));
    const field = fields[fieldPlace];
    if (field === undefined) return operation;
    const value = (operation as unknown as Fields)[field];
    const values = field === "expiresMs" ? [Date.now() + 5_000_000] : otherValues(value, field, known);
    alteration = { field, values: values.length };
    return Object.assign({ ...operation }, { [field]: values[valuePlace] ?? value });
  };
  await changes[change](space, folder).catch((error: unknown) => expect(error).toBeInstanceOf(DfsError));
  space.alter = undefined;
  await checkFolder(folder);
  return alteration;
}

describe("entries that a coordinator alters", () => {
  it.each(Object.keys(changes) as Change[])(
    "KEY-1 a %s gives what was put under its name, or fails with integrity, or is absent, whichever field is another",
    async (change) => {
      for (let fieldPlace = 0; ; fieldPlace += 1) {
        const first = await alteredChange(change, fieldPlace, 0);
        if (first === undefined) {
          expect(fieldPlace).toBeGreaterThan(4);
          return;
        }
        for (let value = 1; value < first.values; value += 1) await alteredChange(change, fieldPlace, value);
      }
    },
    60_000,
  );

  it("KEY-1 fail with integrity where wraps or attributes of two files are swapped", async () => {
    const { folder } = await prepare();
    const { client, world } = space;
    const place = (name: string) => client.stat(at(`${folder}/one/${name}`));
    const [a, b] = [await place("a"), await place("b")];
    expect([a.kind, b.kind]).toEqual(["file", "file"]);
    const reader = world.catalogue;
    const original = reader.entry.bind(reader);
    const rows: Parameters<typeof original>[] = [];
    for (const field of ["wrap", "attributes", "node"] as const) {
      reader.entry = (...call) => {
        rows.push(call);
        const row = original(...call);
        const other = rows
          .map((earlier) => original(...earlier))
          .find((one) => one?.kind === "file" && one.node !== row?.node);
        return row?.kind === "file" && other !== undefined ? { ...row, [field]: other[field] } : row;
      };
      await readAt(`${folder}/one/a`);
      await expect(client.stat(at(`${folder}/one/b`))).rejects.toMatchObject({ kind: "integrity" });
      rows.length = 0;
    }
    reader.entry = original;
    expect((await place("b")).sizeBytes).toBe(b.sizeBytes);
  });
});
