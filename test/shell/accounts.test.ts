import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseUserName } from "../../src/core/ids.ts";
import { resolvePath } from "../../src/core/names.ts";
import { localFolder, runLines, runProgram } from "./driver.ts";
import type { Outcome, RunOptions } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

beforeAll(() => {
  process.env["TZ"] = "UTC";
});

const passwords = { ann: "seven blue kites", bob: "eight red wagons", cleo: "nine grey herons" };
type Name = keyof typeof passwords;
const ann = parseUserName("ann");

/** A network of ann, who is administrator, and bob; a session of `user`, or of nobody. */
async function network(user?: Name): Promise<MemoryClient> {
  const client = new MemoryClient();
  client.add("/common.txt", "for all");
  await client.addUser({ name: ann, password: passwords.ann });
  await client.login({ name: ann, password: passwords.ann });
  await client.addUser({ name: parseUserName("bob"), password: passwords.bob });
  client.add("/docs/plan", "the plan");
  client.add("/note", "ann's");
  await client.logout();
  if (user !== undefined) await client.login({ name: parseUserName(user), password: passwords[user] });
  return client;
}

function passwordFile(content: string, mode = 0o600): string {
  const path = join(localFolder(), "password");
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

/** Whatever was printed or failed, no password is in it. */
async function run(lines: string, options: RunOptions = {}, argv: readonly string[] = []): Promise<Outcome> {
  const outcome = await runProgram([...argv, "-c", lines], options);
  for (const password of Object.values(passwords)) expect(outcome.out + outcome.err).not.toContain(password);
  return outcome;
}

type Row = readonly [lines: string, out: string];
type FailingRow = readonly [lines: string, err: string, code: number];

describe("users", () => {
  it.each<Row>([
    ["whoami", "ann\n"],
    [
      "quota bob; quota bob 20G; quota bob; quota bob 1.5k; quota bob; quota bob none; quota bob",
      "bob: 0 B, without a quota\nbob: 0 B of 20.0 GiB\nbob: 0 B of 1.5 KiB\nbob: 0 B, without a quota\n",
    ],
    ["admin add bob; userdel -f ann; whoami; ls", "shared\ncommon.txt\n"],
    ["userdel --force bob; users | cut -d' ' -f1", "NAME\nann\nshared\n"],
    ["logout; whoami; ls", "shared\ncommon.txt\n"],
  ])("ACC-20 %j", async (lines, out) => {
    expect(await run(lines, { client: await network("ann") })).toEqual({ out, err: "", code: 0 });
  });

  it("ACC-20 users lists roles, use, quota and keys; --json with integer sizes", async () => {
    const client = await network("ann");
    const { out } = await run("quota bob 5M; users", { client });
    expect(out.replace(/[0-9a-f]{16}/g, "KEY")).toBe(
      "NAME    ROLE           USED  QUOTA  KEYS\n" +
        "ann     administrator    13      -  KEY\n" +
        "bob     user              0   5.0M  KEY\n" +
        "shared  everybody         7      -  KEY\n",
    );
    const lines = (await run("users; whoami; quota bob", { client }, ["--json"])).out.trimEnd().split("\n");
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(parsed[1]).toMatchObject({ name: "bob", isAdmin: false, usedBytes: 0, quotaBytes: 5 * 1024 ** 2 });
    expect(parsed[3]).toMatchObject({ name: "ann", isAdmin: true, quotaBytes: null, isShared: false });
    expect(parsed[4]).toEqual(parsed[1]);
  });

  it.each<FailingRow>([
    ["userdel -f ann", "userdel: ann is the last administrator: make another one first\nusage: userdel [-f] USER\n", 2],
    ["userdel -f cleo", "userdel: cleo: there is no such user\n", 3],
    ["userdel bob", "userdel: it asks first, and nobody can answer here: give --force\nusage: userdel [-f] USER\n", 2],
    ["admin make bob", 'admin: the word is add or remove, not "make"\nusage: admin add|remove USER\n', 2],
    ["admin add cleo", "admin: cleo: there is no such user\n", 3],
    ["quota cleo", "quota: cleo: there is no such user\n", 3],
    [
      "quota bob much",
      'quota: the quota needs a size as 500M, 1.5G or a number of bytes, not "much"\nusage: quota [--json] USER [SIZE|none]\n',
      2,
    ],
    ["mkdir /shared", "mkdir: /shared: /shared is a door, and no other entry can have this name\n", 2],
  ])("ACC-20 %j tells what failed, and with which code", async (lines, err, code) => {
    expect(await run(lines, { client: await network("ann") })).toEqual({ out: "", err, code });
  });

  it.each<FailingRow>([
    ["admin add bob", "admin: only an administrator may do this: ask ann\n", 4],
    ["invite", "invite: only an administrator may do this: ask ann\n", 4],
    ["userdel -f ann", "userdel: only an administrator may do this: ask ann\n", 4],
    ["policy copies 1", "policy: only an administrator may do this: ask ann\n", 4],
    ["passwd", "passwd: nobody is logged in: see login\n", 6],
    ["share common.txt bob", "share: nobody is logged in: see login\n", 6],
  ])("ACC-21 for nobody in particular %j ends with 4 or 6", async (lines, err, code) => {
    expect(await run(lines, { client: await network() })).toEqual({ out: "", err, code });
  });

  it("ACC-20 adduser and login take passwords from files of one's own", async () => {
    const client = new MemoryClient();
    const file = passwordFile(`${passwords.cleo}\nanother line\n`);
    const outcome = await run(
      `adduser --quota 1M --password-file ${file} cleo; login --password-file ${file} cleo; whoami; ls -a /`,
      { client, columns: 90, env: { NO_COLOR: "1" } },
    );
    expect(outcome).toMatchObject({ code: 0, err: "" });
    expect(outcome.out).toMatch(/^cleo is a user and administrator now: "login cleo" acts for cleo; .*\n/);
    expect(outcome.out).toContain("logged in as cleo\ncleo (administrator)\nuses 0 B of 1.0 MiB\nkeys ");
    expect(outcome.out).toMatch(/from {2}shared\n$/);
  });

  it("ACC-20 passwd takes both passwords from files", async () => {
    const client = await network("bob");
    const [old, next] = [passwordFile(`${passwords.bob}\r\n`), passwordFile(passwords.cleo)];
    const outcome = await run(`passwd --password-file ${old} --new-password-file ${next}`, { client });
    expect(outcome).toEqual({ out: "", err: "", code: 0 });
    await expect(client.login({ name: parseUserName("bob"), password: passwords.cleo })).resolves.toBeTruthy();
    const wrong = await run(`passwd --password-file ${old} --new-password-file ${next}`, { client });
    expect(wrong).toMatchObject({ err: "passwd: the old password is wrong\n", code: 4 });
  });

  it("ACC-21 a wrong password ends with 4, and says nothing of the user; a remembered login outlives the shell", async () => {
    const client = await network();
    const [right, wrong] = [passwordFile(passwords.ann), passwordFile(passwords.bob)];
    for (const name of ["ann", "nemo"])
      expect(await run(`login --password-file ${wrong} ${name}`, { client })).toEqual({
        out: "",
        err: "login: wrong user or password\n",
        code: 4,
      });
    expect(await run(`login --remember=2h --password-file ${right} -u ann`, { client })).toMatchObject({ code: 0 });
    expect((await run("whoami", { client: client.another() })).out).toBe("ann\n");
    const { rememberedUntil } = JSON.parse((await run("whoami --json", { client: client.another() })).out) as Record<
      string,
      string
    >;
    expect(Date.parse(rememberedUntil ?? "") - Date.now()).toBeGreaterThan(7_000_000);
    expect((await run("logout", { client: client.another() })).code).toBe(0);
    expect((await run("whoami", { client })).out).toBe("shared\n");
    const plain = await run(`login --remember --password-file ${right} ann; whoami`, { client, columns: 80 });
    expect(plain.out).toMatch(/^logged in as ann, remembered here until \d{4}-\d\d-\d\d \d\d:\d\d\n/);
  });

  it.each<FailingRow>([
    [
      "login",
      "login: whose login? name the user\nusage: login [--password-file FILE] [--remember[=SPAN]] [[-u] USER]\n",
      2,
    ],
    [
      "login -u ann bob",
      "login: one user is enough\nusage: login [--password-file FILE] [--remember[=SPAN]] [[-u] USER]\n",
      2,
    ],
    [
      "login --remember=x ann",
      'login: --remember needs a span as 30m, 2h or 7d, not "x"\nusage: login [--password-file FILE] [--remember[=SPAN]] [[-u] USER]\n',
      2,
    ],
    [
      "login ann",
      "login: a password is needed, and nobody can be asked here: give --password-file, DFS_PASSWORD or DFS_PASSWORD_FILE\nusage: login [--password-file FILE] [--remember[=SPAN]] [[-u] USER]\n",
      2,
    ],
    [
      "adduser cleo",
      "adduser: a password is needed, and nobody can be asked here: give --password-file\nusage: adduser [--password-file FILE] [--quota SIZE] USER\n",
      2,
    ],
  ])("ACC-21 where nobody can be asked %j is a usage error", async (lines, err, code) => {
    expect(await run(lines, { client: await network() })).toEqual({ out: "", err, code });
    expect(await run(lines, { client: await network(), stdin: "seven blue kites\n" })).toEqual({ out: "", err, code });
  });
});

describe("password files", () => {
  it.each<readonly [content: string, mode: number, err: string, code: number]>([
    ["seven blue kites\n", 0o640, 'others can read this password file: run "chmod 600" on it, and try again', 4],
    ["seven blue kites\n", 0o604, 'others can read this password file: run "chmod 600" on it, and try again', 4],
    ["\nseven blue kites\n", 0o600, "its first line, where the password should be, is empty", 2],
    ["", 0o600, "its first line, where the password should be, is empty", 2],
    ["x".repeat(5000), 0o600, "its first line is too long for a password", 2],
    ["\u0000", 0o600, "wrong user or password", 4],
  ])("ACC-24 %j with mode %d is refused", async (content, mode, err, code) => {
    const path = passwordFile(content, mode);
    const outcome = await run(`login --password-file ${path} ann`, { client: await network() });
    expect(outcome.code).toBe(code);
    expect(outcome.err).toContain(err);
  });

  it("ACC-24 it is looked for on the local side; a directory, a missing one and bytes that are no text are told", async () => {
    const folder = localFolder();
    mkdirSync(join(folder, "dir"));
    writeFileSync(join(folder, "bytes"), Buffer.from([0xff, 0xfe, 0x0a]), { mode: 0o600 });
    writeFileSync(join(folder, "good"), passwords.ann, { mode: 0o600 });
    const client = await network();
    expect((await run(`lcd ${folder}; login --password-file good ann; whoami`, { client })).out).toBe("ann\n");
    for (const [name, message] of [
      ["dir", "dir: is a directory"],
      ["nope", "nope: no such file or directory"],
      ["bytes", "bytes: its first line is no UTF-8 text"],
    ])
      expect((await run(`lcd ${folder}; login --password-file ${name} ann`, { client })).err).toContain(
        `login: ${message}\n`,
      );
  });
});

describe("DFS_USER", () => {
  const env = (more: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
    DFS_USER: "ann",
    ...more,
  });

  it.each<readonly [string, (client: MemoryClient, env: Readonly<Record<string, string>>) => Promise<Outcome>]>([
    ["-c", (client, env) => runLines("whoami; ls", { client, env })],
    ["stdin", (client, env) => runProgram([], { client, env, stdin: "whoami\nls\n" })],
    ["--atomic", (client, env) => runProgram(["--atomic", "-c", "whoami; ls; mkdir d; rmdir d"], { client, env })],
  ])("ACC-25 logs in at the start of %s", async (_name, start) => {
    const wanted = { out: "ann\ndocs\nnote\n", err: "", code: 0 };
    expect(await start(await network(), env({ DFS_PASSWORD: passwords.ann }))).toEqual(wanted);
    const file = passwordFile(`${passwords.ann}\n`);
    expect(await start(await network(), env({ DFS_PASSWORD: "", DFS_PASSWORD_FILE: file }))).toEqual(wanted);
  });

  it.each<readonly [Readonly<Record<string, string>>, string, number]>([
    [{ DFS_PASSWORD: passwords.bob }, "put: DFS_USER: wrong user or password\n", 4],
    [
      {},
      "put: DFS_USER: a password is needed, and nobody can be asked here: give --password-file, DFS_PASSWORD or DFS_PASSWORD_FILE\n",
      2,
    ],
    [
      { DFS_PASSWORD: "x", DFS_PASSWORD_FILE: "y" },
      "put: DFS_USER: DFS_PASSWORD and DFS_PASSWORD_FILE exclude each other\n",
      2,
    ],
    [{ DFS_PASSWORD_FILE: "/nope" }, "put: /nope: DFS_USER: no such file or directory\n", 3],
    [
      { DFS_USER: "Ann", DFS_PASSWORD: passwords.ann },
      'put: DFS_USER: not a user name (1 to 32 lower-case letters, digits, dots, dashes and underscores, the first a letter): "Ann"\n',
      2,
    ],
  ])("ACC-25 with %j nothing is done as another user", async (more, err, code) => {
    const client = await network();
    const outcome = await run("put - /secret; ls", { client, env: env(more) }, ["-k"]);
    expect(outcome).toMatchObject({ out: "", code });
    expect(outcome.err.startsWith(err)).toBe(true);
    expect((await run("ls", { client })).out).toBe("common.txt\n");
  });

  it("ACC-25 a refusal is final: the network is asked once", async () => {
    const client = await network();
    let opened = 0;
    const openClient = async (): Promise<MemoryClient> => {
      opened += 1;
      return client;
    };
    await run("ls; ls; ls", { openClient, env: env({ DFS_PASSWORD: passwords.bob }) }, ["-k"]);
    expect(opened).toBe(1);
    expect(client.isClosed).toBe(true);
  });

  it("ACC-25 a remembered login needs no password; login takes the environment's for that user", async () => {
    const client = await network();
    await client.login({ name: ann, password: passwords.ann, rememberMs: 60_000 });
    expect((await run("whoami", { client: client.another(), env: env({}) })).out).toBe("ann\n");
    const later = await network();
    const options = { client: later, env: { DFS_PASSWORD: passwords.ann } };
    expect((await run("whoami; login ann; whoami", options)).out).toBe("shared\nann\n");
    expect((await run("login bob", { client: later, env: env({ DFS_PASSWORD: passwords.ann }) })).code).toBe(2);
  });
});

describe("sharing", () => {
  it("ACC-22 share, unshare and shares tell in plain words what becomes of it", async () => {
    const client = await network("ann");
    const outcome = await run("share docs bob; share -w note bob; shares; unshare docs bob; shares --to", {
      client,
      columns: 90,
    });
    expect(outcome).toMatchObject({ err: "", code: 0 });
    expect(outcome.out.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, "TIME")).toBe(
      "bob can read it, and finds it in /from/ann\n" +
        "bob can read and change it, and finds it in /from/ann\n" +
        "OWNER  USER  MAY    SINCE             PATH\n" +
        "ann    bob   read   TIME  \u001b[1;34m/docs\u001b[0m\n" +
        "ann    bob   write  TIME  /note\n" +
        "bob cannot reach it any more; whatever bob has read or copied stays with bob\n" +
        "nothing is shared\n",
    );
    await client.login({ name: parseUserName("bob"), password: passwords.bob });
    const bob = await run("shares; shares --by; ls /from /from/ann; cat /from/ann/note", { client });
    expect(bob.out).toMatch(/^OWNER .*\nann {4}bob {3}write {2}.* {2}\/from\/ann\/note\n/);
    expect(bob.out).toMatch(/\/from:\nann\n\n\/from\/ann:\nnote\nann's$/);
    const [json] = (await run("shares --json", { client })).out.split("\n");
    expect(JSON.parse(json ?? "")).toMatchObject({
      owner: "ann",
      grantee: "bob",
      path: "/from/ann/note",
      mayWrite: true,
    });
  });

  it.each<FailingRow>([
    [
      "share / bob",
      "share: /: the root cannot be shared: share a directory in it\nusage: share [--write] PATH USER\n",
      2,
    ],
    ["share note ann", "share: note: it is yours already\nusage: share [--write] PATH USER\n", 2],
    ["share nope bob", "share: nope: no such file or directory\n", 3],
    ["share note cleo", "share: cleo: there is no such user\n", 3],
    [
      "share /shared/common.txt bob",
      "share: /shared/common.txt: only what is your own can be shared\nusage: share [--write] PATH USER\n",
      2,
    ],
    ["share * bob", "share: one path and one user are needed\nusage: share [--write] PATH USER\n", 2],
    ["unshare note bob", "unshare: note: it is not shared with bob\n", 3],
    ["mv note /shared/note", "mv: note: the other place is another user's: copy, then remove\n", 2],
  ])("ACC-22 %j tells what failed, and with which code", async (lines, err, code) => {
    expect(await run(lines, { client: await network("ann") })).toEqual({ out: "", err, code });
  });
});

describe("invites", () => {
  it("ACC-23 invite makes, lists and revokes", async () => {
    const client = await network("ann");
    const made = await run("invite --uses 5 --expires 2h --role client; invite --json; invite list", { client });
    const [text, json, header, first, second] = made.out.split("\n");
    expect(text).toBe("dfs1-invite-text");
    expect(JSON.parse(json ?? "")).toEqual({
      invite: "dfs1-invite-text",
      expires: expect.stringMatching(/Z$/) as string,
    });
    expect(header).toBe("ID        ROLE     USES  EXPIRES           BY");
    expect(first).toMatch(/^[0-9a-f]{8} {2}client {6}5 {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}ann$/);
    expect(second).toMatch(/^[0-9a-f]{8} {2}storage {5}1 {2}/);
    const id = first?.slice(0, 8) ?? "";
    expect(await run(`invite revoke ${id}; invite list --json`, { client })).toMatchObject({ code: 0, err: "" });
    expect((await run("invite list --json", { client })).out).not.toContain(id);
    const shown = await run("invite --uses 3", { client, columns: 100 });
    expect(shown.err).toMatch(/^valid until .*Z; on each of 3 new machines: dfs-shell join INVITE\n$/);
  });

  it.each<readonly [lines: string, reason: string, code: number]>([
    ["invite revoke 00000000", "00000000: there is no such invite", 3],
    ["invite revoke", "revoke, and only that, needs an id", 2],
    ["invite list x", "revoke, and only that, needs an id", 2],
    ["invite drop x", 'the word is list or revoke, not "drop"', 2],
    ["invite list --uses 2", "--uses goes with a new invite only", 2],
    ["invite --role king", '--role is storage or client, not "king"', 2],
    ["invite --uses 0", '--uses needs a whole number of at least 1, not "0"', 2],
    ["invite --uses 101", "an invite is for 1 to 100 machines", 2],
  ])("ACC-23 %j is refused", async (lines, reason, code) => {
    const outcome = await run(lines, { client: await network("ann") });
    expect(outcome.code).toBe(code);
    expect(outcome.err.startsWith(`invite: ${reason}\n`)).toBe(true);
  });
});

describe("the doors", () => {
  it.each<Row>([
    ["ls /", "docs\nnote\n"],
    ["ls -a", "docs\nfrom\nnote\nshared\n"],
    ["ls -a docs", "plan\n"],
    ["ls -aR", ".:\ndocs\nfrom\nnote\nshared\n\n./docs:\nplan\n"],
    ["ls /shared; cat /shared/common.txt", "common.txt\nfor all"],
    ["find /", "/\n/docs\n/docs/plan\n/note\n"],
    ["tree -a /", "/\n├── docs\n│   └── plan\n└── note\n\n1 directory, 2 files\n"],
    ["du -s /; du -sh /shared", "1\t/\n7\t/shared\n"],
    ["echo /* /**", "/docs /note /docs /docs/plan /note\n"],
    ["ls -d /*/", "/docs/\n"],
    ["rm -r /*; ls -a; cat /shared/common.txt", "from\nshared\nfor all"],
    ["cd /shared; pwd; ls; cd shared:; pwd", "/shared\ncommon.txt\n/shared\n"],
    ["logout; cd shared:; pwd; mkdir sub; cd shared:sub; pwd; cd shared:/sub/..; pwd", "/\n/sub\n/\n"],
    ["mkdir shared:; cd ./shared:; pwd", "/shared:\n"],
    ["cp note /shared; ls /shared; cat /shared/note", "common.txt\nnote\nann's"],
  ])("ACC-26 %j", async (lines, out) => {
    expect(await run(lines, { client: await network("ann") })).toEqual({ out, err: "", code: 0 });
  });

  it("ACC-26 not logged in there are none", async () => {
    const client = await network();
    expect((await run("ls -a /", { client })).out).toBe("common.txt\n");
    expect((await run("mkdir /shared; ls -a /", { client })).out).toBe("common.txt\nshared\n");
  });

  it("ACC-26 the doors themselves are not removed", async () => {
    const client = await network("ann");
    const outcome = await run("rm -r /shared /from", { client });
    expect(outcome).toMatchObject({ out: "", code: 4 });
    expect((await client.stat(resolvePath("/shared/common.txt"))).sizeBytes).toBe(7);
  });

  it("ACC-27 login and logout leave a directory that is not there for the new user", async () => {
    const client = await network("ann");
    const file = passwordFile(passwords.ann);
    const lines = `cd docs; logout; pwd; mkdir docs; cd docs; login --password-file ${file} ann; pwd; -cd -; cd /shared; logout; pwd`;
    expect(await run(lines, { client })).toEqual({
      out: "/\n/docs\n/\n",
      err: "cd: there is no directory to go back to\nusage: cd [--stale] [DIR|-]\n",
      code: 0,
    });
  });
});

describe("use and quota", () => {
  it("ACC-28 df and whoami show what the files cost, of which quota", async () => {
    const client = await network("ann");
    await client.setQuota(ann, 3 * 1024 ** 2);
    const { out } = await run("df; whoami", { client, columns: 80 });
    expect(out).toMatch(
      /\nfiles of ann, with history +1\nquota of ann +3072\nann \(administrator\)\nuses 13 B of 3\.0 MiB\n/,
    );
    const json = JSON.parse((await run("df --json", { client })).out.trimEnd().split("\n").at(-1) ?? "") as Record<
      string,
      unknown
    >;
    expect(json["user"]).toMatchObject({ name: "ann", usedBytes: 13, quotaBytes: 3 * 1024 ** 2 });
    await client.logout();
    expect((await run("df", { client })).out).not.toContain("files of");
  });

  it("ACC-28 a put beyond the quota ends with 4", async () => {
    const client = await network("ann");
    await client.setQuota(ann, 20);
    const folder = localFolder();
    writeFileSync(join(folder, "big"), "x".repeat(50));
    const outcome = await run(`lcd ${folder}; put big`, { client });
    expect(outcome.code).toBe(4);
    expect(outcome.err).toContain("big: the files of ann would cost more than the quota of 20 bytes");
  });
});
