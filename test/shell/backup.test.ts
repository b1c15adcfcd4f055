import { writeFileSync } from "node:fs";
import { join } from "node:path";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import { parsePeerName } from "../../src/core/ids.ts";
import { localFolder, runLines, runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";
import type { MemoryClientOptions } from "./memory-client.ts";
import { FakeTerminal } from "./terminal.ts";

function filled(options: MemoryClientOptions = {}): MemoryClient {
  const client = new MemoryClient(options);
  client.add("/a.txt", "one");
  client.add("/b.bin", "x".repeat(3000));
  return client;
}

type Row = readonly [lines: string, out: string];
type FailingRow = readonly [lines: string, err: string, code: number];

describe("put --copies", () => {
  function folder(): string {
    const path = localFolder();
    writeFileSync(join(path, "f"), "content");
    return path;
  }

  it.each<readonly [lines: string, peers: number, out: string, err: string]>([
    ["put -v f", 3, "2 copies\n", ""],
    ["put -v --copies 3 f", 3, "3 copies\n", ""],
    ["put -v --copies 1 f", 3, "1 copies\n", ""],
    ["put -v --copies 3 f", 2, "2 copies\n", "put: note: on 2 disks for now; see backup\n"],
    ["put -v --copies 2 f", 1, "1 copies\n", "put: note: on 1 disk for now; see backup\n"],
    ["put -vq --copies 2 f", 1, "1 copies\n", ""],
    ["put -v f", 1, "1 copies\n", ""],
    ["put -n f", 1, "", ""],
    ["put --copies 1 f", 1, "", ""],
  ])("SHELL-66 %j with %i peers says how many disks have it", async (line, peers, out, err) => {
    const outcome = await runLines(`lcd ${folder()}; ${line}`, { client: new MemoryClient({ peers }) });
    expect(outcome).toMatchObject({ err, code: 0 });
    if (line.includes("v")) expect(outcome.out.endsWith(`; ${out}`)).toBe(true);
  });

  it("SHELL-66 a person sees it in the closing line, and the note below it", async () => {
    const client = new MemoryClient({ peers: 1 });
    const { out, err } = await runLines(`lcd ${folder()}; put --copies 2 f`, { client, columns: 80 });
    expect(out).toMatch(/, 1 copy\n$/);
    expect(err).toBe("put: note: on 1 disk for now; see backup\n");
  });

  it("SHELL-66 where too few disks answer the put fails as temporary, and stores nothing", async () => {
    const client = new MemoryClient({ peers: 3 });
    client.network.setPeer("ben", { state: "down" });
    client.network.setPeer("cleo", { state: "down" });
    const outcome = await runLines(`lcd ${folder()}; put f`, { client });
    expect(outcome).toMatchObject({ code: 5, err: expect.stringContaining("only 1 of the disks") });
    expect((await runLines("ls", { client })).out).toBe("");
    expect(await runLines(`policy min-copies 1; lcd ${folder()}; put -v f`, { client })).toMatchObject({ code: 0 });
  });

  it.each<FailingRow>([
    ["put --copies 0 f", 'put: --copies needs a whole number of at least 1, not "0"\n', 2],
    ["put --copies two f", 'put: --copies needs a whole number of at least 1, not "two"\n', 2],
    ["put --copies 6 f", "put: --copies is at most 5\n", 2],
  ])("SHELL-66 refuses %j", async (line, err, code) => {
    const outcome = await runLines(`lcd ${folder()}; ${line}`, { client: new MemoryClient() });
    expect(outcome).toMatchObject({ out: "", err: expect.stringContaining(err), code });
  });
});

describe("backup", () => {
  const heading = "PEER  STATE  STANDING  SAVEPOINT  LACKS  BYTES  VERIFIED\n";

  it("SHELL-67 tells for each shelf the chain and how far each link is", async () => {
    expect(await runLines("backup", { client: filled() })).toEqual({
      out:
        "anna: 2 revisions, 2.9 KiB; on 2 of 2 disks; epoch 7\n" +
        `  ${heading}` +
        "  anna  up     owner         7.431      0      0  -\n" +
        "  ben   up     full          7.431      0      0  12 s ago\n" +
        "\n" +
        "ben: 0 revisions, 0 B; on 2 of 2 disks; epoch 7\n" +
        `  ${heading}` +
        "  ben   up     owner         7.431      0      0  -\n" +
        "  anna  up     full          7.431      0      0  12 s ago\n",
      err: "",
      code: 0,
    });
  });

  it("SHELL-67 tells of links that are away, being filled, or of which nothing is known", async () => {
    const client = filled({ peers: 3 });
    await runLines("policy copies 3", { client });
    client.network.setPeer("anna", { state: "down" });
    const fill = { filledBytes: 2 ** 20, fillBytes: 3 * 2 ** 20, lagChanges: 12_345, lagBytes: 2 * 2 ** 20 };
    client.network.setLink("anna", "cleo", { standing: "filling", sequence: 100, verifiedMs: undefined, ...fill });
    const { out } = await runLines("backup", { client });
    expect(out.split("\n").slice(0, 5)).toEqual([
      "anna: 2 revisions, 2.9 KiB; on 1 of 3 disks; epoch 7",
      "  PEER  STATE  STANDING     SAVEPOINT  LACKS  BYTES  VERIFIED",
      "  ben   up     owner            7.431      0      0  -",
      "  cleo  up     filling 33%      7.100  12345   2.0M  -",
      "  anna  down   away                 -      -      -  -",
    ]);
  });

  it("SHELL-67 fits 80 columns with large numbers, and a filling is never called whole", async () => {
    const client = filled({ peers: 2 });
    const fill = { standing: "filling", epoch: 123, sequence: 12_345_678, filledBytes: 9, fillBytes: 9 } as const;
    client.network.setPeer("ben", { state: "suspect" });
    client.network.setLink("anna", "ben", { ...fill, lagChanges: 1_234_567, lagBytes: 2 ** 40 });
    client.network.setLink("ben", "anna", { standing: "new files only", verifiedMs: Date.now() - 3_000_000 });
    const { out } = await runLines("backup", { client });
    for (const line of out.split("\n")) expect(stringWidth(line)).toBeLessThanOrEqual(80);
    expect(out).toContain("filling 99%");
    expect(out).toContain("new files only");
  });

  it("SHELL-67 without storage it says so, and --json gives one shelf a line", async () => {
    const client = filled();
    const lines = (await runLines("backup --json", { client })).out.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { home: "anna", wanted: 2, links: [{ standing: "owner" }, { verified: expect.stringMatching(/^\d{4}-.*Z$/) }] },
      { home: "ben" },
    ]);
    for (const name of ["anna", "ben"]) client.network.setPeer(name, { capacityBytes: 0 });
    expect((await runLines("backup", { client })).out).toBe("no peer stores files\n");
  });
});

describe("peer", () => {
  it.each<Row>([
    ["peer", "no peer is to be drained or removed\n"],
    ["peer drain ben; peers --json | grep -c storageOrder", "1\n"],
    [
      "peer drain --no-wait ben; peer",
      "NAME  ORDER  SHELVES  LEFT  WAITS FOR\nben   drain        2  3.0K  other disks are being filled\n",
    ],
    ["peer drain ben; peer", "NAME  ORDER  SHELVES  LEFT  WAITS FOR\nben   drain        0     0  nothing: done\n"],
    ["peer drain --no-wait ben; peer undrain ben; peer", "no peer is to be drained or removed\n"],
    ["peer remove --yes ben; peers --json | grep -c name", "1\n"],
    ["peer remove --force -y ben; peers --json | grep -c name", "1\n"],
    ["peer remove --now -y ben; peers --json | grep -c name", "1\n"],
    [
      "peer drain --no-wait ben; peer --json",
      '{"name":"ben","order":"drain","isDone":false,"shelves":2,"bytes":3072,"reason":"other disks are being filled"}\n',
    ],
  ])("SHELL-68 %j", async (lines, out) => {
    expect(await runLines(lines, { client: filled() })).toEqual({ out, err: "", code: 0 });
  });

  it("SHELL-68 peers shows what was ordered", async () => {
    const { out } = await runLines("peer drain --no-wait ben; peers", { client: filled() });
    expect(out).toContain("ben   up,drain  peer ");
  });

  it.each<FailingRow>([
    ["peer remove ben", "peer: remove asks first, and nobody can answer here: give --yes\nusage: peer ", 2],
    ["peer remove --force ben", "nobody can answer here: give --yes\n", 2],
    ["peer drain --force ben", "peer: --force goes with remove only\n", 2],
    ["peer remove --now ben", "nobody can answer here: give --yes\n", 2],
    ["peer drain --now ben", "peer: --now goes with remove only\n", 2],
    ["peer remove --now -y anna", "peer: a peer cannot end its own membership", 2],
    ["peer drain nobody", "peer: nobody: there is no such peer\n", 3],
    ["peer drain", "peer: drain needs the name of a peer\n", 2],
    ["peer burn ben", 'peer: the word is drain, undrain, remove, not "burn"\n', 2],
    ["peer drain 'b en'", "peer: not a peer name", 2],
  ])("SHELL-68 refuses %j", async (line, err, code) => {
    expect(await runLines(line, { client: filled() })).toMatchObject({
      out: "",
      err: expect.stringContaining(err),
      code,
    });
  });

  it("SHELL-68 the only peer that stores files stays", async () => {
    expect(await runLines("peer drain anna", { client: filled({ peers: 1 }) })).toMatchObject({
      code: 2,
      err: expect.stringContaining("anna is the only peer that stores files: add another first"),
    });
  });

  it("SHELL-69 on a terminal remove asks, and waits until it is done", async () => {
    const client = filled();
    const at = { client, columns: 100 };
    const question = "peer: remove ben from the network, once all its files are on other disks? [y/N] ";
    expect(await runLines("peer remove ben", { ...at, answers: ["n"] })).toEqual({ out: "", err: question, code: 1 });
    expect((await runLines("peer", { client })).out).toContain("no peer");
    expect(await runLines("peer remove ben", { ...at, answers: ["y"] })).toEqual({
      out: "ben is removed\n",
      err: question,
      code: 0,
    });
    const drained = filled();
    expect((await runLines("peer drain ben", { client: drained, columns: 100, answers: [] })).out).toBe(
      "nothing depends on ben any more\n",
    );
  });

  it("SHELL-69 --force warns of what is given up", async () => {
    const client = filled({ peers: 3 });
    const at = { client, columns: 100, answers: ["n"] };
    const complete = await runLines("peer remove --force ben", at);
    expect(complete).toMatchObject({ code: 1, out: "" });
    expect(complete.err).toBe(
      "peer: warning: what is only on the disk of ben is lost for good: files with one copy; all others are complete elsewhere\n" +
        "peer: give up the disk of ben for good? [y/N] ",
    );
    client.network.setLink("anna", "anna", { standing: "filling" });
    expect((await runLines("peer remove --force ben", at)).err).toContain(
      "is lost for good: up to 2 revisions, 2.9 KiB; see backup\n",
    );
    client.network.setPeer("anna", { state: "down" });
    client.network.setLink("anna", "anna", { standing: "full" });
    expect((await runLines("peer remove --force ben", at)).err).toContain("lost for good: up to 2 revisions");
  });

  it("GATE-5 remove --now asks, and refuses what would lose something unless --force gives it up", async () => {
    const client = filled();
    const at = { client, columns: 100 };
    const question = "peer: cut ben off now, for good? [y/N] ";
    expect(await runLines("peer remove --now ben", { ...at, answers: ["n"] })).toEqual({
      out: "",
      err: question,
      code: 1,
    });
    client.network.setLink("anna", "anna", { standing: "filling" });
    expect(await runLines("peer remove --now -y ben", at)).toMatchObject({
      err: expect.stringContaining("no other disk that is there has all that ben keeps"),
      code: 2,
    });
    const forced = await runLines("peer remove --now --force ben", { ...at, answers: ["y"] });
    expect(forced.err).toBe(
      `peer: warning: what is only on the disk of ben is lost for good: up to 2 revisions, 2.9 KiB; see backup\n${question}`,
    );
    expect(forced).toMatchObject({
      out: "ben is cut off; its files are copied again from other disks (see backup)\n",
      code: 0,
    });
    expect((await runLines("peers --json", { client })).out).not.toContain("ben");
  });

  it("SHELL-70 whoever stops waiting is told that the order stands", async () => {
    const hold = (signal: AbortSignal | undefined): Promise<void> =>
      new Promise((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
    const client = filled({ hold });
    const outcome = await runProgram(["--timeout", "0.05", "-c", "peer drain ben"], { client });
    expect(outcome).toEqual({
      out: "",
      err:
        'peer: the order stands and goes on without this shell; "peer undrain ben" takes it back\n' +
        "peer: did not end within 0.05 s (--timeout)\n",
      code: 5,
    });
    expect((await runLines("peers", { client })).out).toContain("ben   up,drain");
  });

  it("SHELL-70 an answer that fails to come is waited for, one that is final is told", async () => {
    const client = filled();
    let looks = 0;
    const look = client.drainProgress.bind(client);
    client.drainProgress = async (...call) => {
      looks += 1;
      if (looks === 2) throw new DfsError("no-quorum", "no majority of the coordinators answers");
      return look(...call);
    };
    expect(await runLines("peer drain ben", { client })).toEqual({ out: "", err: "", code: 0 });
    expect(looks).toBeGreaterThan(2);
    client.network.drainFault = new DfsError("permission", "not a member any more");
    expect(await runLines("peer drain ben", { client })).toMatchObject({
      err: expect.stringMatching(/the order stands.*\npeer: not a member any more\n$/),
      code: 4,
    });
  });

  it("SHELL-71 at the prompt it shows how far it is, and Ctrl-C leaves the order standing", async () => {
    const client = filled();
    const drained = { isDone: false, shelves: 2, bytes: 3072, reason: "日本語 \u001b other disks are being filled" };
    let looks = 0;
    client.drainProgress = async () => {
      looks += 1;
      return looks === 1 ? { ...drained, bytes: 4096 } : drained;
    };
    const terminal = new FakeTerminal({ client, columns: 60 });
    try {
      terminal.type("peer remove ben\ry\r");
      await terminal.until((text) => {
        expect(text).toMatch(/\nben +█████░{15} {2}25% {2}2 shelves, 3\.0 KiB to go\n/);
        expect(text).toContain("日本語 \\x1b other disks are being filled");
      });
      terminal.type("\u0003");
      await terminal.until((text) => {
        expect(text).toMatch(/peer: the order stands and goes on/);
        expect(text).toMatch(/peer: interrupted\n\[130\] (anna\(degraded\) )?\/>$/);
        expect(text).not.toContain("░");
      });
    } finally {
      terminal.stdin.end();
      await terminal.ended;
    }
  });
});

describe("fsck", () => {
  const header = "PEER  CHUNKS  BYTES  DAMAGED  MENDED  CHECK\n";

  it("SHELL-72 one line for each peer, 0 when all was mended", async () => {
    const client = filled();
    client.network.damage("ben", 3, 3);
    expect(await runLines("fsck", { client })).toEqual({
      out: `${header}anna       8   2.0M        0       0  done\nben        8   2.0M        3       3  done\n`,
      err: "",
      code: 0,
    });
    expect((await runLines("fsck ben", { client })).out).toBe(`${header}ben        8   2.0M        3       3  done\n`);
  });

  it("SHELL-72 7 when something stays damaged, 5 when a peer could not be asked, 3 for a name that nobody has", async () => {
    const client = filled({ peers: 3 });
    client.network.setPeer("cleo", { state: "down" });
    const away = await runLines("fsck", { client });
    expect(away).toMatchObject({ err: "fsck: cleo: cannot connect to the peer\n", code: 5 });
    expect(away.out).toContain("cleo       0      0        0       0  not done\n");
    client.network.damage("ben", 3, 1);
    expect(await runLines("fsck", { client })).toMatchObject({
      err:
        "fsck: ben: 2 damaged chunks are not mended: no other peer has what is needed; " +
        "start the peers that are away, then run fsck again\n" +
        "fsck: cleo: cannot connect to the peer\n",
      code: 7,
    });
    expect(await runLines("fsck nobody", { client })).toMatchObject({
      out: "",
      err: "fsck: nobody: there is no such peer\n",
      code: 3,
    });
    const lines = (await runLines("fsck --json", { client })).out.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { peer: "anna", isDone: true, damaged: 0 },
      { peer: "ben", damaged: 3, mended: 1 },
      { peer: "cleo", isDone: false, error: { kind: "unreachable" } },
    ]);
  });

  it("SHELL-71 at the prompt a check shows a bar for each peer, and Ctrl-C ends it", async () => {
    const hold = (signal: AbortSignal | undefined): Promise<void> =>
      new Promise((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
    const client = filled({ hold, peers: 3 });
    client.network.damage("ben", 1, 1);
    client.network.setPeer("cleo", { state: "down" });
    client.network.fsck = async (_peers, onProgress) => {
      const common = { isDone: false, chunks: 4, bytes: 2 ** 20, totalBytes: 2 ** 21, mended: 0 };
      onProgress({ ...common, peer: parsePeerName("anna"), damaged: 0 });
      onProgress({ ...common, peer: parsePeerName("ben"), damaged: 1 });
      onProgress({ ...common, peer: parsePeerName("cleo"), bytes: 2 ** 21, isDone: true, damaged: 0 });
      return [];
    };
    const terminal = new FakeTerminal({ client, columns: 70 });
    try {
      terminal.type("fsck\r");
      await terminal.until((text) => {
        expect(text).toMatch(/\nanna +█{10}░{10} {2}50% {2}1\.0 MiB\n/);
        expect(text).toMatch(/\nben +█{10}░{10} {2}50% {2}1\.0 MiB, 1 damaged\n/);
        expect(text).toMatch(/\n1\/3 peers +█{13}░{7} {2}66% {2}4\.0 MiB/);
      });
      terminal.type("\u0003");
      await terminal.until((text) =>
        expect(text).toMatch(/\/> fsck\nfsck: interrupted\n\[130\] (anna\(degraded\) )?\/>$/),
      );
    } finally {
      terminal.stdin.end();
      await terminal.ended;
    }
  });
});

describe("policy and retain", () => {
  const present =
    "copies:      2 disks for each file\n" +
    "min-copies:  2 disks at the least for a put to succeed, where there are so many\n" +
    "revisions:   the newest 10 revisions of each file\n" +
    "days:        30 days; so long are others kept, and removed files\n";

  it.each<Row>([
    ["policy", present],
    ["policy copies 3; policy", present.replace("2 disks for", "3 disks for")],
    ["policy min-copies 1; policy", present.replace("2 disks at", "1 disk at")],
    ["policy revisions 1; policy", present.replace("the newest 10 revisions", "the current revision")],
    ["policy days 12h; policy", present.replace("30 days", "12 h 0 min")],
    [
      "retain",
      "revisions:  the newest 10 revisions of each file\ndays:       30 days; so long are others kept, and removed files\n",
    ],
    ["retain --revisions 20 --days 0.5; policy", present.replace("10", "20").replace("30 days", "12 h 0 min")],
    ["retain --days 1; policy", present.replace("30 days", "1 day")],
    ["policy --json", '{"copies":2,"minCopies":2,"retainRevisions":10,"retainMs":2592000000}\n'],
    ["retain --days 1.5; retain --json", '{"copies":2,"minCopies":2,"retainRevisions":10,"retainMs":129600000}\n'],
  ])("SHELL-73 %j", async (lines, out) => {
    expect(await runLines(lines, { client: filled() })).toEqual({ out, err: "", code: 0 });
  });

  it("SHELL-73 a person sees what holds after a change", async () => {
    expect((await runLines("policy copies 2", { client: filled(), columns: 90 })).out).toBe(present);
  });

  it.each<FailingRow>([
    ["policy copies 9", "policy: copies is 1 to 5\n", 2],
    ["policy copies x", 'policy: copies needs a whole number of at least 1, not "x"\n', 2],
    ["policy copies", "policy: copies needs a value\n", 2],
    ["policy constructor 3", 'policy: the word is copies, min-copies, revisions, days, not "constructor"\n', 2],
    ["policy days soon", 'policy: days needs a number of days as 30 or 0.5, or a span as 12h, not "soon"\n', 2],
    ["retain --days -1", "retain: --days needs a number of days", 2],
    ["retain --revisions 0", "retain: --revisions needs a whole number of at least 1", 2],
  ])("SHELL-73 refuses %j", async (lines, err, code) => {
    const client = filled();
    expect(await runLines(lines, { client })).toMatchObject({ out: "", err: expect.stringContaining(err), code });
    expect((await runLines("policy", { client })).out).toBe(present);
  });
});

describe("how safe a file is", () => {
  it.each<readonly [peers: number, copies: number, down: readonly string[], chain: string, safety: string]>([
    [2, 2, [], "anna (owner) → ben (full)", "2 of 2 wanted disks have it: any one of them may be lost"],
    [3, 3, [], "anna (owner) → ben (full) → cleo (full)", "3 of 3 wanted disks have it: any two of them may be lost"],
    [2, 2, ["ben"], "anna (owner) → ben (away, down)", "1 disk has it: losing anna loses the file; see backup"],
    [2, 2, ["anna"], "ben (owner) → anna (away, down)", "1 disk has it: losing ben loses the file; see backup"],
    [2, 1, [], "anna (owner)", "1 disk has it: losing anna loses the file"],
    [
      3,
      3,
      ["cleo"],
      "anna (owner) → ben (full) → cleo (away, down)",
      "2 of 3 wanted disks have it: any one of them may be lost; see backup",
    ],
    [
      2,
      2,
      ["anna", "ben"],
      "anna (away, down) → ben (away, down)",
      "no complete copy answers now: 3 B cannot be read; see peers",
    ],
  ])("SHELL-74 with %i peers, %i copies, down %j", async (peers, copies, down, chain, safety) => {
    const client = new MemoryClient({ peers });
    await runLines(`policy copies ${copies}`, { client });
    client.add("/a.txt", "one");
    for (const name of down) client.network.setPeer(name, { state: "down" });
    const { out } = await runLines("why a.txt", { client });
    const lines = out.split("\n").map((line) => line.replace(/: +/, ": "));
    expect(lines).toContain(`chain: ${chain}`);
    expect(lines).toContain(`safety: ${safety}`);
  });

  it("SHELL-74 more disks than wanted are told as such", async () => {
    const client = new MemoryClient({ peers: 3 });
    client.add("/a.txt", "one");
    await runLines("policy copies 3", { client });
    expect((await runLines("why a.txt", { client })).out).toContain(
      "safety:        3 disks (2 wanted) have it: any two of them may be lost\n",
    );
  });

  it("SHELL-75 status tells on how many disks files are, and what is wrong", async () => {
    const client = filled({ peers: 3 });
    expect((await runLines("status", { client })).out).toContain("copies:        2 wanted, 2 at the least\n");
    client.network.setPeer("ben", { state: "out", lastSeenMs: 700_000 });
    client.network.halted = [parsePeerName("ben"), parsePeerName("cleo")];
    client.missing = 4;
    const { out } = await runLines("status", { client });
    expect(out).toContain("degraded: not up: ben (out)\nstart dfs-peer there; see peers\n");
    expect(out).toContain("peers:         2 up, 0 suspect, 0 down, 1 out\n");
    expect(out).toContain("copies:        2 wanted, 1 at the least; on too few: 2 revisions, 2.9 KiB; see backup\n");
    expect(out).toContain("repair:        waits: too many peers vanished at once (ben, cleo)\n");
    expect(out).toContain("damage:        4 chunks of this disk; see fsck\n");
    expect(out).not.toContain("unreadable:");
    client.network.setPeer("anna", { state: "down" });
    expect((await runLines("status", { client })).out).toContain("unreadable:    2 revisions for now; see peers\n");
    expect((await runLines("peers", { client })).out).toMatch(/^ben +out +peer .* 11 min 40 s ago/m);
  });

  it("SHELL-76 df sums up the peers, the files and this disk, and names peers that are not up", async () => {
    const client = filled();
    client.network.setPeer("ben", { state: "down" });
    expect((await runLines("df -h", { client })).out).toBe(
      "PEER        SIZE  USED  FREE  USE%\n" +
        "anna        4.0K  1.0K  3.0K   25%\n" +
        "ben (down)  4.0K  1.0K  3.0K   25%\n" +
        "total       8.0K  2.0K  6.0K   25%\n" +
        "\n" +
        "files now                   3.0K\n" +
        "one copy, with history      3.0K\n" +
        "own disk, live              3.0K\n" +
        "own disk, to be given back  1.0K\n" +
        "own disk, in all            4.0K\n",
    );
    const lines = (await runLines("df --json", { client })).out.trimEnd().split("\n");
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({ name: "ben", state: "down", capacityBytes: 4096 });
    expect(JSON.parse(lines[2] ?? "")).toEqual({
      total: true,
      logicalBytes: 3003,
      storedBytes: 3003,
      own: { liveBytes: 3003, deadBytes: 1024, diskBytes: 4027 },
    });
  });
});
