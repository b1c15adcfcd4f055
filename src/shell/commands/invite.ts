import type { InviteInfo, InviteRole } from "../../core/accounts.ts";
import { DfsError } from "../../core/errors.ts";
import { printable } from "../../core/names.ts";
import { isJson, jsonOption } from "../command.ts";
import type { Command, CommandContext, Invocation, OptionValues } from "../command.ts";
import { alignRows, jsonLine, timeText } from "../formats.ts";
import { tell } from "./login.ts";
import { spanMs } from "../spans.ts";
import { temporary } from "../manual.ts";

const words = ["list", "revoke"] as const;

/** `invite`: lets machines in. */
export const invite: Command = {
  name: "invite",
  purpose: "network",
  summary: "let machines in: make, list and revoke invites",
  usage: "[--uses N] [--expires SPAN] [--role ROLE] [--json] [list | revoke ID]",
  description: [
    "Without a word it makes an invite and prints it alone on stdout: one line, good for one machine and a day unless told. On the new machine, dfs-shell join or dfs-peer --join takes it. Whoever has the line is a member once it is used, so treat it as a key to the house.",
    "list prints the invites that still count, without their secrets; revoke ends one.",
  ],
  options: [
    { long: "uses", value: "N", summary: "machines that may join with it; 1 without it" },
    { long: "expires", value: "SPAN", summary: "how long it is valid: 30m, 2h, 7d; a day without it" },
    {
      long: "role",
      value: "ROLE",
      summary: "what the machines may do",
      values: { storage: "keep files", client: "only use them" },
    },
    jsonOption,
  ],
  side: (index) => (index === 0 ? "word" : "invite"),
  words,
  operandsMin: 0,
  operandsMax: 2,
  operands: { list: "the invites that count", revoke: "end the invite ID", ID: "how an invite begins in the list" },
  exitCodes: {
    2: "wrong usage, or more than is allowed",
    3: "there is no such invite",
    4: "you are no administrator",
    ...temporary,
  },
  examples: [
    ["invite > invite.txt", "Make an invite into a local file."],
    ["invite --uses 5 --expires 2h --role client", "Let five machines in that keep no files."],
    ["invite list", "Which invites count."],
    ["invite revoke 1f0a2b3c", "End one."],
  ],
  seeAlso: ["peers", "peer"],
  async run(invocation, context) {
    const { operands, options } = invocation;
    const [word, id] = operands;
    if (word === undefined) return make(invocation, context);
    if (word !== "list" && word !== "revoke")
      throw new DfsError("usage", `the word is ${words.join(" or ")}, not "${printable(word)}"`);
    for (const each of ["uses", "expires", "role"])
      if (options.has(each)) throw new DfsError("usage", `--${each} goes with a new invite only`);
    if ((word === "revoke") !== (id !== undefined)) throw new DfsError("usage", "revoke, and only that, needs an id");
    return id === undefined ? list(invocation, context) : revoke(id, context);
  },
};

async function make(invocation: Invocation, context: CommandContext): Promise<number> {
  const { options } = invocation;
  const { stdout, stderr, settings, signal } = context;
  const expires = options.text("expires");
  const expiresInMs = expires === undefined ? undefined : spanMs(expires, "--expires");
  const uses = options.number("uses", 1);
  const role = roleOf(options);
  const client = await context.client();
  const made = await client.invite({ expiresInMs, uses, role, signal });
  const until = new Date(made.expiresMs).toISOString();
  await stdout.write(isJson(invocation, context) ? jsonLine({ invite: made.text, expires: until }) : `${made.text}\n`);
  if (stdout.isTTY && !settings.quiet)
    await stderr.write(`valid until ${until}; on ${machinesText(uses)}: dfs-shell join INVITE\n`);
  return 0;
}

function machinesText(uses = 1): string {
  return uses === 1 ? "the new machine" : `each of ${uses} new machines`;
}

function roleOf(options: OptionValues): InviteRole | undefined {
  const role = options.text("role");
  if (role === undefined || role === "storage" || role === "client") return role;
  throw new DfsError("usage", `--role is storage or client, not "${printable(role)}"`);
}

async function list(invocation: Invocation, context: CommandContext): Promise<number> {
  const { stdout, signal } = context;
  const client = await context.client();
  const all = await client.invites({ signal });
  if (isJson(invocation, context)) for (const each of all) await stdout.write(jsonLine(inviteJson(each)));
  else if (all.length > 0) await stdout.write(invitesTable(all));
  else await tell("no invite counts", context);
  return 0;
}

function inviteJson({ expiresMs, ...rest }: InviteInfo): Record<string, unknown> {
  return { ...rest, expires: new Date(expiresMs).toISOString() };
}

function invitesTable(all: readonly InviteInfo[]): string {
  const rows = all.map(({ id, role, usesLeft, expiresMs, createdBy }) => [
    id,
    role,
    String(usesLeft),
    timeText(expiresMs),
    createdBy,
  ]);
  return alignRows([["ID", "ROLE", "USES", "EXPIRES", "BY"], ...rows], new Set([2]));
}

async function revoke(id: string, context: CommandContext): Promise<number> {
  const client = await context.client();
  await client.revokeInvite(id, { signal: context.signal });
  return 0;
}
