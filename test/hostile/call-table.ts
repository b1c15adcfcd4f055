/**
 * Who may call what: every protocol and every call, with what each kind of caller is answered. The test measures it, and
 * docs/SECURITY.md shows it.
 */
import { digestBytes, fileKeyOf } from "../../src/core/ids.ts";

/** Who calls: the columns of the table. */
export const roles = ["stranger", "guest", "removed", "member"] as const;
export type Role = (typeof roles)[number];

/**
 * `no connection`: the door stays shut. `no stream`: it is cut off before anything is said. `answered`: a result came.
 * Anything else is the kind of the error that came.
 */
export type Answers = Readonly<Record<Role, string>>;

/** What calls are made with. */
export interface CallWorld {
  /** The peer that is called: a coordinator that stores files. */
  readonly victim: string;
  /** The member that calls: neither a coordinator nor a link of a chain. */
  readonly caller: string;
  /** The victim's shelf, and its epoch. */
  readonly shelf: string;
  readonly epoch: number;
  readonly user: string;
  readonly group: string;
  readonly version: number;
}

interface CallRow {
  readonly params: (world: CallWorld) => unknown;
  readonly answers: Answers;
}

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);
const id = "07".repeat(16);
const digest = bytes(digestBytes);
const fileKey = fileKeyOf(digest);
const fresh = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), hex).join("");
const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

/** Outsiders get nothing; a member gets `member`. */
const membersOnly = (member: string): Answers => ({
  stranger: "no stream",
  guest: "no stream",
  removed: "no connection",
  member,
});
const call = (member: string, params: CallRow["params"] = () => ({})): CallRow => ({
  params,
  answers: membersOnly(member),
});

/** What becomes of a stream of each libp2p protocol, and of the lane's TLS; KAD stands for that of the network. */
export const protocolAnswers: Readonly<Record<string, Answers>> = {
  "/dfs-shell/join/1": { stranger: "answered", guest: "answered", removed: "no connection", member: "answered" },
  "/dfs-shell/rpc/1": membersOnly("answered"),
  "/dfs-shell/chunks/5": membersOnly("answered"),
  "/dfs-shell/group-append/1": membersOnly("no stream"),
  "/dfs-shell/group-control/1": membersOnly("no stream"),
  KAD: membersOnly("answered"),
  "/ipfs/id/1.0.0": membersOnly("answered"),
  "/ipfs/ping/1.0.0": membersOnly("answered"),
  "lane (TLS)": { stranger: "no stream", guest: "no stream", removed: "no stream", member: "answered" },
};

/** The calls between members, over an RPC stream or lane. */
export const memberCalls: Readonly<Record<string, CallRow>> = {
  "catalogue.entry": call("answered", ({ user }) => ({ user, parent: id, token: bytes(20) })),
  "catalogue.entries": call("answered", ({ user }) => ({ user, parent: id, tokens: [bytes(40)] })),
  "catalogue.list": call("answered", ({ user }) => ({ user, parent: id, limit: 10 })),
  "catalogue.revision": call("answered", () => ({ node: id, revision: 1 })),
  "catalogue.revisions": call("answered", () => ({ node: id, limit: 10 })),
  "catalogue.lineage": call("answered", () => ({ node: id })),
  "catalogue.shares": call("answered", ({ user }) => ({ query: { to: user }, after: null })),
  "catalogue.users": call("answered", () => ({ limit: 10 })),
  "catalogue.user": call("answered", ({ user }) => ({ user })),
  "catalogue.user-by-name": call("answered", () => ({ name: "bob" })),
  "catalogue.invites": call("answered"),
  "catalogue.changes": call("answered", ({ user }) => ({ user, sinceIndex: 0 })),
  "catalogue.outcome": call("answered", () => ({ session: id, sequence: 1 })),
  "catalogue.effects": call("answered", () => ({ index: 1, timeMs: 1 })),
  "catalogue.login-salt": call("answered", () => ({ name: "bob" })),
  "catalogue.login": call("permission", () => ({ name: "bob", proof: bytes(32) })),
  "catalogue.members": call("answered"),
  "catalogue.totals": call("answered"),
  "catalogue.references": call("answered", ({ shelf }) => ({ shelf, fileKeys: [fileKey] })),
  "catalogue.drops": call("answered", ({ shelf }) => ({ shelf, limit: 10 })),
  "catalogue.referenced-keys": call("answered", ({ shelf }) => ({ shelf, limit: 10 })),
  "catalogue.group": call("answered"),
  "catalogue.presence": call("answered"),
  "catalogue.heartbeat": call("answered", () => ({ usedBytes: 0, freeBytes: 0 })),
  "catalogue.propose": call("protocol", () => ({ command: bytes(100) })),
  "catalogue.transfer": call("usage", ({ caller }) => ({ to: caller })),
  "members.departure": call("answered", ({ version }) => ({ version })),
  "group.take-seat": call("permission", ({ group, caller }) => ({
    seat: { group, generation: 1, member: 1_000 },
    peers: [[1_000, caller]],
  })),
  "group.seat": call("answered"),
  "group.offer-snapshot": call("protocol", ({ group }) => ({ group, message: bytes(100) })),
  "group.read-snapshot": call("not-found", ({ group }) => ({ group, digest, offset: 0 })),
  "holders.announce": call("answered", () => ({ keys: [digest], lifetimeMs: 1_000 })),
  "holders.lookup": call("answered", () => ({ keys: [digest] })),
  "lane.open": call("answered", () => ({ protocol: "/dfs-shell/rpc/1" })),
  "shelf.hold-lease": call("answered", ({ shelf }) => ({ shelf, lease: fresh(), copies: 0 })),
  "shelf.pin": call("not-found", () => ({ lease: fresh(), digests: digest })),
  "shelf.add-records": call("not-found", ({ shelf }) => ({ shelf, lease: fresh(), copies: 0, digests: digest })),
  "shelf.end-lease": call("answered", ({ shelf }) => ({ shelf, lease: fresh() })),
  "shelf.has-records": call("answered", () => ({ digests: digest })),
  "chain.begin": call("moved", ({ shelf, epoch }) => ({ shelf, epoch })),
  "chain.hold-lease": call("moved", ({ shelf, epoch }) => ({ shelf, epoch, lease: fresh() })),
  "chain.end-lease": call("moved", ({ shelf, epoch }) => ({ shelf, epoch, lease: fresh() })),
  "chain.apply": call("moved", ({ shelf, epoch }) => ({
    shelf,
    epoch,
    feed: 1,
    after: 0,
    sequence: 1,
    changes: bytes(digestBytes + 1),
  })),
  "chain.buckets": call("moved", ({ shelf, epoch }) => ({ shelf, epoch })),
  "chain.keys": call("moved", ({ shelf, epoch }) => ({ shelf, epoch, bucket: 0, limit: 10 })),
  "chain.status": call("answered"),
  "upkeep.challenge": call("not-found", () => ({ nonce: bytes(32), digest, offset: 0, length: 64 })),
  "upkeep.has-chunks": call("answered", () => ({ digests: digest })),
  "upkeep.check": call("answered"),
  "checks.about": call("answered"),
  "checks.dial-back": call("answered"),
};

/** The one call of the join protocol; a guest shows its invite, the others have none. */
export const joinAnswers: Answers = {
  stranger: "bad-invite",
  guest: "answered",
  removed: "no connection",
  member: "exists",
};

/** Whom a program with the key in the data folder acts for: nobody but the shared user, a user, an administrator. */
export const logins = ["nobody", "user", "administrator"] as const;
export type Login = (typeof logins)[number];

/** Calls after which a connection is no longer what it was: each has one of its own. */
export const turning: ReadonlySet<string> = new Set(["login", "logout", "begin", "ticket", "commit"]);

interface ControlRow {
  readonly params: unknown;
  /** What such a program is answered in a network that has users; without the key none of the calls is reached. */
  readonly answers: Readonly<Record<Login, string>>;
}

const noPath = "/no/such/path";
const control = (answer: string, params: unknown = {}): ControlRow => ({
  params,
  answers: { nobody: answer, user: answer, administrator: answer },
});
/** Calls that need an administrator, and give one `answer`. */
const ordered = (answer: string, params: unknown = {}): ControlRow => ({
  params,
  answers: { nobody: "permission", user: "permission", administrator: answer },
});
/** Calls that need somebody who is logged in. */
const personal = (answer: string, params: unknown = {}): ControlRow => ({
  params,
  answers: { nobody: "not-logged-in", user: answer, administrator: answer },
});
const userHere = { name: "bob", password: "another horse" };

/** The calls of the control socket. No peer reaches them: over RPC each is an unknown method. */
export const controlCalls: Readonly<Record<string, ControlRow>> = {
  stat: control("answered", { path: "/" }),
  list: control("answered", { path: "/" }),
  names: control("answered", { path: "/" }),
  entries: control("answered", { path: "/", names: ["nothing"] }),
  walk: control("answered", { path: "/" }),
  find: control("answered", { path: "/", query: {} }),
  mkdir: control("not-found", { path: noPath }),
  rmdir: control("not-found", { path: noPath }),
  remove: control("not-found", { path: noPath }),
  move: control("not-found", { from: noPath, to: "/elsewhere" }),
  copy: control("not-found", { from: noPath, to: "/elsewhere" }),
  put: control("not-found", { sources: [{ kind: "path", path: noPath }], target: "/elsewhere" }),
  get: control("not-found", { sources: [noPath], target: "/tmp/elsewhere" }),
  read: control("not-found", { path: noPath }),
  revisions: control("not-found", { path: noPath }),
  restore: control("not-found", { path: noPath, revision: 1 }),
  recordedChanges: control("answered"),
  undo: control("not-found"),
  why: control("not-found", { path: noPath }),
  status: control("answered"),
  peers: control("answered"),
  fingers: control("answered"),
  invite: ordered("answered"),
  staleness: control("answered"),
  changeCoordinator: ordered("not-found", { change: "add", peer: "nobody" }),
  backup: control("answered"),
  space: control("answered"),
  policy: control("answered"),
  setPolicy: ordered("answered"),
  orderStorage: ordered("not-found", { peer: "nobody", order: "drain" }),
  revokePeer: ordered("not-found", { peer: "nobody" }),
  drainProgress: control("not-found", { peer: "nobody" }),
  fsck: control("answered"),
  checks: control("answered"),
  begin: control("answered"),
  commit: control("usage"),
  ticket: control("answered"),
  whoami: control("answered"),
  users: control("answered"),
  login: control("permission", userHere),
  logout: control("answered"),
  changePassword: personal("permission", { old: "another horse", new: "yet another horse" }),
  addUser: ordered("exists", userHere),
  setAdmin: ordered("answered", { user: "carl", isAdmin: false }),
  setQuota: ordered("answered", { user: "carl", quotaBytes: null }),
  removeUser: ordered("answered", { user: "carl" }),
  invites: control("answered"),
  revokeInvite: control("not-found", { id: "0badcafe" }),
  share: personal("not-found", { path: noPath, user: "carl" }),
  unshare: personal("not-found", { path: noPath, user: "carl" }),
  shares: personal("answered", { direction: "to" }),
  startTransfer: control("answered", {
    request: { kind: "get", sources: [noPath], target: "/tmp/elsewhere" },
    label: "get",
  }),
  jobs: control("answered"),
  followJob: control("not-found", { id: 999_999 }),
  steerJob: control("not-found", { id: 999_999, order: "cancel" }),
};

/** The table as docs/SECURITY.md has it. */
export function asMarkdown(): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const head = (first: string): string[] => [line([first, ...roles]), line(["---", ...roles.map(() => "---")])];
  const row = (name: string, answers: Answers): string => line([name, ...roles.map((role) => answers[role])]);
  return [
    ...head("protocol"),
    ...Object.entries(protocolAnswers).map(([name, answers]) => row(name, answers)),
    "",
    ...head("call"),
    row("join", joinAnswers),
    ...Object.entries(memberCalls).map(([name, { answers }]) => row(name, answers)),
    "",
    line(["control call", "any peer", "local, without the key", ...logins.map((login) => `local, as ${login}`)]),
    line(["---", "---", "---", ...logins.map(() => "---")]),
    ...Object.entries(controlCalls).map(([name, { answers }]) =>
      line([name, "protocol", "permission", ...logins.map((login) => answers[login])]),
    ),
  ].join("\n");
}
