import type { DfsClient, DrainProgress, StorageOrder } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import { parsePeerName } from "../../core/ids.ts";
import type { PeerName } from "../../core/ids.ts";
import { printable } from "../../core/names.ts";
import { isLive } from "../chains.ts";
import { isJson, jsonOption } from "../command.ts";
import type { Command, CommandContext, Invocation, OptionValues } from "../command.ts";
import { untilDrained } from "../drain-wait.ts";
import { alignRows, byteText, humanSize, jsonLine, revisionsText } from "../formats.ts";
import { temporary } from "../manual.ts";

const words = ["drain", "undrain", "remove"] as const;
type Word = (typeof words)[number];

/** `peer`: what shall become of a peer's storage. */
export const peer: Command = {
  name: "peer",
  purpose: "network",
  summary: "empty a peer, remove it from the network, or take that back",
  usage: "[--no-wait] [--now] [--force] [-y] [--json] [drain|undrain|remove PEER]",
  description: [
    "drain moves all files of PEER to other disks, and keeps it a member; remove does the same and ends its membership; undrain takes either back. Each waits until it is done; with --no-wait, or when this shell ends, it goes on without. Without a word it lists such orders.",
    "A disk that is lost has nothing to move: remove --force gives up what only PEER has. A stolen machine is cut off at once with remove --now: every other peer refuses it within 2 s, and copies what it had from other disks.",
  ],
  options: [
    { long: "no-wait", summary: "give the order, and do not wait until it is done" },
    { long: "now", summary: "remove a stolen machine: cut it off at once, and copy what it had from other disks" },
    { long: "force", summary: "remove a peer whose disk is lost: what only it has is given up" },
    { long: "yes", short: "y", summary: "remove without a question" },
    jsonOption,
  ],
  side: (index) => (index === 0 ? "word" : "peer"),
  words,
  operandsMin: 0,
  operandsMax: 2,
  operands: {
    drain: "move all files of PEER to other disks",
    undrain: "take drain or remove back",
    remove: "the same as drain, and then end its membership",
    PEER: "the name of a peer",
  },
  exitCodes: {
    1: "the question was answered with no",
    2: "wrong usage, nobody can answer, or it is the only peer that stores files",
    3: "there is no such peer",
    4: "you are no administrator",
    ...temporary,
  },
  examples: [
    ["peer", "Which orders there are."],
    ["peer drain ben", "Empty ben, and wait until it is."],
    ["peer undrain ben", "Take that back."],
    ["peer remove ben", "Let ben go, once all its files are elsewhere."],
    ["peer remove --now ben", "Cut off a machine that was stolen."],
    ["peer remove --force --yes ben", "Give up a machine that is gone for good."],
  ],
  seeAlso: ["peers", "backup", "coordinator"],
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<number> {
  const { options, operands } = invocation;
  const [typed, name] = operands;
  if (typed === undefined) return showOrders(invocation, context);
  const word = words.find((each) => each === typed);
  if (word === undefined) throw new DfsError("usage", `the word is ${words.join(", ")}, not "${printable(typed)}"`);
  if (name === undefined) throw new DfsError("usage", `${word} needs the name of a peer`);
  for (const option of ["force", "now"])
    if (word !== "remove" && options.has(option)) throw new DfsError("usage", `--${option} goes with remove only`);
  const named = parsePeerName(name);
  if (options.has("now")) return revoke(named, options, context);
  const order = orderOf(word, options);
  if (word === "remove" && !(await mayRemove(named, order, options, context))) return 1;
  const client = await context.client();
  await client.orderStorage(named, order, { signal: context.signal });
  if (order !== null && !options.has("no-wait")) await waitUntilDone(named, order, client, context);
  return 0;
}

function orderOf(word: Word, options: OptionValues): StorageOrder | null {
  if (word === "undrain") return null;
  if (word === "drain") return "drain";
  return options.has("force") ? "abandon" : "remove";
}

async function mayRemove(
  named: PeerName,
  order: StorageOrder | null,
  options: OptionValues,
  context: CommandContext,
): Promise<boolean> {
  if (options.has("yes")) return true;
  if (context.ask === undefined)
    throw new DfsError("usage", "remove asks first, and nobody can answer here: give --yes");
  if (order === "remove")
    return context.ask(`peer: remove ${named} from the network, once all its files are on other disks?`);
  await context.stderr.write(`peer: warning: ${await lossText(named, context)}\n`);
  return context.ask(`peer: give up the disk of ${named} for good?`);
}

/** Cuts a peer off at once. */
async function revoke(named: PeerName, options: OptionValues, context: CommandContext): Promise<number> {
  const { ask, signal, stderr, stdout, settings } = context;
  const force = options.has("force");
  if (!options.has("yes")) {
    if (ask === undefined) throw new DfsError("usage", "remove asks first, and nobody can answer here: give --yes");
    if (force) await stderr.write(`peer: warning: ${await lossText(named, context)}\n`);
    if (!(await ask(`peer: cut ${named} off now, for good?`))) return 1;
  }
  const client = await context.client();
  await client.revokePeer(named, { force, signal });
  if (stdout.isTTY && !settings.quiet)
    await stdout.write(`${named} is cut off; its files are copied again from other disks (see backup)\n`);
  return 0;
}

/** What is lost with a peer's disk, as far as can be known. */
async function lossText(named: PeerName, context: CommandContext): Promise<string> {
  const client = await context.client();
  const shelves = await client.backup({ signal: context.signal });
  const lost = shelves.filter(
    ({ links }) =>
      links.some(({ name }) => name === named) && !links.some((link) => link.name !== named && isLive(link)),
  );
  const revisions = lost.reduce((sum, shelf) => sum + shelf.revisions, 0);
  const bytes = lost.reduce((sum, shelf) => sum + shelf.bytes, 0);
  const always = `what is only on the disk of ${named} is lost for good`;
  if (revisions > 0) return `${always}: up to ${revisionsText(revisions)}, ${byteText(bytes)}; see backup`;
  return `${always}: files with one copy; all others are complete elsewhere`;
}

/** Whoever stops waiting is told that the order goes on. */
async function waitUntilDone(
  named: PeerName,
  order: StorageOrder,
  client: DfsClient,
  context: CommandContext,
): Promise<void> {
  const { stdout, stderr, settings } = context;
  try {
    await untilDrained(named, client, context);
  } catch (error) {
    await stderr.write(
      `peer: the order stands and goes on without this shell; "peer undrain ${named}" takes it back\n`,
    );
    throw error;
  }
  if (!stdout.isTTY || settings.quiet) return;
  await stdout.write(order === "drain" ? `nothing depends on ${named} any more\n` : `${named} is removed\n`);
}

async function showOrders(invocation: Invocation, context: CommandContext): Promise<number> {
  const { signal, stdout } = context;
  const client = await context.client();
  const orders: Order[] = [];
  for (const { name, storageOrder } of await client.peers({ signal }))
    if (storageOrder !== undefined)
      orders.push({ name, order: storageOrder, ...(await client.drainProgress(name, { signal })) });
  if (isJson(invocation, context)) for (const order of orders) await stdout.write(jsonLine(order));
  else await stdout.write(orders.length === 0 ? "no peer is to be drained or removed\n" : ordersTable(orders));
  return 0;
}

interface Order extends DrainProgress {
  readonly name: PeerName;
  readonly order: StorageOrder;
}

function ordersTable(orders: readonly Order[]): string {
  const rows = orders.map(({ name, order, isDone, shelves, bytes, reason }) => [
    name,
    order,
    String(shelves),
    humanSize(bytes),
    isDone ? "nothing: done" : printable(reason),
  ]);
  return alignRows([["NAME", "ORDER", "SHELVES", "LEFT", "WAITS FOR"], ...rows], new Set([2, 3]));
}
