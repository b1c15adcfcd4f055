/** The worlds of the cases: networks in memory, and a local folder with a few files, always the same. */
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DfsError, toDfsError } from "../../../src/core/errors.ts";
import { parseUserName } from "../../../src/core/ids.ts";
import { resolvePath } from "../../../src/core/names.ts";
import { MemoryClient } from "../memory-client.ts";
import type { WorldName } from "./world-texts.ts";

/** What all clocks show while a case runs. */
export const nowMs = Date.UTC(2026, 10, 1, 12);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

interface World {
  readonly client: MemoryClient;
  /** Why no client can be had. */
  readonly openFault?: DfsError;
  /** The client is never there. */
  readonly isStuck?: boolean;
}

/** A family's files. `onHold` is awaited by puts and reads. */
function home(onHold?: (signal: AbortSignal | undefined) => Promise<void>, peers = 2): MemoryClient {
  const client = new MemoryClient({ peers, ...(onHold === undefined ? {} : { hold: onHold }) });
  client.add("/plan.md", "# Plan\nbuy a boat\n", nowMs - 40 * dayMs);
  client.add("/plan.md", "# Plan\nbuy a boat\nsail it\n", nowMs - 3 * dayMs);
  client.add("/report.pdf", "r".repeat(1500), nowMs - dayMs);
  client.add("/photos/cat.jpg", "c".repeat(3000), nowMs - 2 * dayMs);
  client.add("/photos/2025/dog.jpg", "woof", nowMs - 300 * dayMs);
  client.add("/photos/.thumbs", "t", nowMs - 2 * dayMs);
  return client;
}

/** A day ago there were a plan, photos and a note; one hour ago the plan changed, a photo moved, and the note went. */
async function past(): Promise<MemoryClient> {
  const client = new MemoryClient();
  client.advance(-2 * dayMs);
  client.add("/plan.md", "# Plan\nbuy a boat\n", nowMs - 2 * dayMs);
  client.add("/photos/cat.jpg", "c".repeat(3000), nowMs - 2 * dayMs);
  client.add("/photos/2025/dog.jpg", "woof", nowMs - 300 * dayMs);
  client.add("/note.txt", "the key is under the mat\n", nowMs - 2 * dayMs);
  client.advance(2 * dayMs - hourMs);
  client.add("/plan.md", "# Plan\nbuy a boat\nsail it\n", nowMs - hourMs);
  await client.move(resolvePath("/photos/cat.jpg"), resolvePath("/cat.jpg"));
  await client.remove(resolvePath("/photos/2025"), { recursive: true });
  await client.remove(resolvePath("/note.txt"));
  client.advance(hourMs);
  return client;
}

const password = "correct horse battery";

/** ann is administrator and logged in, bob is a user. ann shares /docs with bob. */
async function users(): Promise<MemoryClient> {
  const client = home();
  const [ann, bob] = ["ann", "bob"].map((name) => parseUserName(name)) as [
    ReturnType<typeof parseUserName>,
    ReturnType<typeof parseUserName>,
  ];
  await client.addUser({ name: ann, password, quotaBytes: undefined });
  await client.login({ name: ann, password });
  await client.addUser({ name: bob, password, quotaBytes: 10 * 1024 ** 2 });
  client.add("/docs/taxes.txt", "1040\n", nowMs - dayMs);
  return client;
}

/** bob is logged in, who is no administrator. */
async function asBob(): Promise<MemoryClient> {
  const client = await users();
  await client.login({ name: parseUserName("bob"), password });
  client.add("/song.txt", "la la\n", nowMs - dayMs);
  return client;
}

function withoutQuorum(): MemoryClient {
  const client = home();
  client.loseQuorum(90_000);
  return client;
}

/** Puts and reads come to no end. */
function untilStopped(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(toDfsError(signal?.reason));
    if (signal?.aborted === true) stop();
    else signal?.addEventListener("abort", stop);
  });
}

/** Transfers outlive the shell. */
function withDaemon(client: MemoryClient): MemoryClient {
  client.hasDaemon = true;
  return client;
}

/** What was changed here last was changed again elsewhere. */
async function contested(): Promise<MemoryClient> {
  const client = home();
  const [from, to] = [resolvePath("/plan.md"), resolvePath("/next.md")];
  await client.move(from, to, { change: { id: "a1", command: "mv" } });
  await client.another().move(to, resolvePath("/last.md"));
  return client;
}

function withBen(client: MemoryClient, change: (client: MemoryClient) => void): MemoryClient {
  change(client);
  return client;
}

type OnHold = (signal: AbortSignal | undefined) => Promise<void>;

const worlds: Readonly<Record<WorldName, (onHold: OnHold | undefined) => World | Promise<World>>> = {
  home: (onHold) => ({ client: home(onHold) }),
  alone: (onHold) => ({ client: home(onHold, 1) }),
  three: (onHold) => ({ client: home(onHold, 3) }),
  past: async () => ({ client: await past() }),
  empty: () => ({ client: new MemoryClient() }),
  users: async () => ({ client: await users() }),
  bob: async () => ({ client: await asBob() }),
  "no-quorum": () => ({ client: withoutQuorum() }),
  away: () => ({
    client: withBen(home(), ({ network }) => network.setPeer("ben", { state: "down", lastSeenMs: 40_000 })),
  }),
  damaged: () => ({ client: withBen(home(), ({ network }) => network.damage("ben", 3, 1)) }),
  slow: () => ({ client: withDaemon(home(untilStopped)) }),
  contested: async () => ({ client: await contested() }),
  "no-peer": () => ({
    client: home(),
    openFault: new DfsError("timeout", "the peer does not answer at its control socket"),
  }),
  stuck: (onHold) => ({ client: home(onHold), isStuck: true }),
};

/** The world of this name. `onHold` is awaited by puts and reads. */
export async function worldOf(name: WorldName, onHold?: OnHold): Promise<World> {
  return worlds[name](onHold);
}

/** Puts the files of the local side into an empty folder. */
export function fillFolder(folder: string): void {
  const write = (name: string, text: string, mode = 0o644): void => {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    utimesSync(path, (nowMs - dayMs) / 1000, (nowMs - dayMs) / 1000);
  };
  mkdirSync(join(folder, "music/live"), { recursive: true });
  write("boat.jpg", "b".repeat(2048));
  write("notes.txt", "milk\nbread\n");
  write(".profile", "x\n");
  write("music/one.ogg", "la");
  write("music/live/two.ogg", "lala");
  write("nightly.dfs", "mkdir -p /backup\nput -f notes.txt /backup\nls /backup\n");
  write("broken.dfs", "ls /\nls 'photos\n");
  write("ann.password", `${password}\n`, 0o600);
  write("new.password", "a new and better one\n", 0o600);
  write("open.password", `${password}\n`);
  write("wrong.password", "not the right one\n", 0o600);
}
