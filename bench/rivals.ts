/**
 * The other tools: what each needs to do what we do. A put ends when the data is on the disk, so each of them is followed by
 * a flush; a get leaves its data to the system to write, as ours does. Repositories are sealed, with their own defaults.
 */
import { mkdir, mkdtemp, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Bench, Contestant, Measurer } from "./contest.ts";
import type { ProcessUsage } from "./process-usage.ts";
import { type ProgramResult, runProgram } from "./run-program.ts";
import type { SshServer } from "./ssh-server.ts";

/** Where the source of each repetition is. */
type PathOf = (repetition: number) => string;

const flushed = ", then sync -f";
const password = "bench";

/** A repository of a tool that seals and deduplicates; a new one for each repetition. */
interface RepositoryTool {
  readonly name: string;
  readonly how: string;
  create(repository: string): Promise<unknown>;
  backup(repository: string, source: string, label: string): Promise<ProgramResult>;
  restore(repository: string, target: string): Promise<ProgramResult>;
}

/** A path for what a tool leaves, below the folder of the run. */
export function newPath(bench: Bench, name: string): Promise<string> {
  return mkdtemp(join(bench.program.folder, `${name}-`));
}

/** Writes to the disk what a tool has left to the system. */
async function flush(path: string): Promise<readonly ProcessUsage[]> {
  return (await runProgram("sync", ["-f", path])).usage;
}

/** `restic`, with its usual repository: AES-256, compression "auto". */
export function resticTool(bench: Bench): RepositoryTool[] {
  const cache = join(bench.program.folder, "restic-cache");
  const run = (repository: string, args: readonly string[]): Promise<ProgramResult> =>
    runProgram("restic", ["--repo", repository, "--cache-dir", cache, "--quiet", ...args], {
      env: { RESTIC_PASSWORD: password },
    });
  const tool: RepositoryTool = {
    name: "restic",
    how: "restic --quiet backup",
    create: (repository) => run(repository, ["init"]),
    backup: (repository, source) => run(repository, ["backup", source]),
    restore: (repository, target) => run(repository, ["restore", "latest", "--target", target]),
  };
  return bench.has("restic") ? [tool] : [];
}

/** `borg`, sealed by AES and BLAKE2b, with its usual compression. */
export function borgTool(bench: Bench): RepositoryTool[] {
  const env = {
    BORG_PASSPHRASE: password,
    BORG_BASE_DIR: join(bench.program.folder, "borg-base"),
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: "yes",
  };
  const tool: RepositoryTool = {
    name: "borg",
    how: "borg create, in a repository of --encryption repokey-blake2",
    create: (repository) => runProgram("borg", ["init", "--encryption", "repokey-blake2", repository], { env }),
    backup: (repository, source, label) => runProgram("borg", ["create", `${repository}::${label}`, source], { env }),
    restore: (repository, target) => runProgram("borg", ["extract", `${repository}::first`], { env, cwd: target }),
  };
  return bench.has("borg") ? [tool] : [];
}

/** A backup of new content into a new repository. */
export function firstBackup(bench: Bench, tools: readonly RepositoryTool[], source: PathOf): Contestant[] {
  return tools.map((tool) => {
    let repository = "";
    return {
      name: tool.name,
      how: `${tool.how}${flushed}`,
      prepare: async () => tool.create((repository = await newPath(bench, tool.name))),
      run: async (at) => [...(await tool.backup(repository, source(at), "first")).usage, ...(await flush(repository))],
    };
  });
}

/** A backup of what is in the repository already, and has not changed. */
export function backupAgain(bench: Bench, tools: readonly RepositoryTool[], source: PathOf): Contestant[] {
  return tools.map((tool) => {
    let repository = "";
    return {
      name: tool.name,
      how: `${tool.how}, a second time${flushed}`,
      prepare: async (at) => {
        await tool.create((repository = await newPath(bench, tool.name)));
        await tool.backup(repository, source(at), "first");
      },
      run: async (at) => [...(await tool.backup(repository, source(at), "second")).usage, ...(await flush(repository))],
    };
  });
}

/** Everything back into an empty folder. */
export function restoring(bench: Bench, tools: readonly RepositoryTool[], source: string): Contestant[] {
  return tools.map((tool) => {
    let repository: Promise<string> | undefined;
    let target = "";
    const filled = async (): Promise<string> => {
      const path = await newPath(bench, tool.name);
      await tool.create(path);
      await tool.backup(path, source, "first");
      return path;
    };
    return {
      name: tool.name,
      how: tool.name === "borg" ? "borg extract" : "restic --quiet restore latest",
      prepare: async () => {
        await (repository ??= filled());
        target = await newPath(bench, `${tool.name}-out`);
      },
      run: async () => (await tool.restore((await repository) ?? "", target)).usage,
    };
  });
}

/** By how much a repository grows when a changed file joins the original, in MB. */
export function repositoryGrowth(
  bench: Bench,
  tools: readonly RepositoryTool[],
  original: PathOf,
  changed: PathOf,
): Measurer[] {
  return tools.map((tool) => {
    let repository = "";
    return {
      name: tool.name,
      how: `${tool.how}; growth of the repository`,
      prepare: async (at) => {
        await tool.create((repository = await newPath(bench, tool.name)));
        await tool.backup(repository, original(at), "first");
      },
      run: async (at) => {
        const before = await bytesBelow(repository);
        const { usage } = await tool.backup(repository, changed(at), "second");
        return { value: ((await bytesBelow(repository)) - before) / 1e6, processes: usage };
      },
    };
  });
}

/** By how much casync's store of chunks grows, and the index of the changed file, in MB. */
export function casyncGrowth(bench: Bench, original: PathOf, changed: PathOf): Measurer[] {
  let folder = "";
  const make = (source: string): Promise<ProgramResult> =>
    runProgram("casync", ["make", `--store=${folder}/store.castr`, `${folder}/${basename(source)}.caibx`, source]);
  const casync: Measurer = {
    name: "casync",
    how: "casync make; growth of the store, and the index",
    prepare: async (at) => {
      folder = await newPath(bench, "casync");
      await mkdir(join(folder, "store.castr"));
      await make(original(at));
    },
    run: async (at) => {
      const before = await bytesBelow(folder);
      const { usage } = await make(changed(at));
      return { value: ((await bytesBelow(folder)) - before) / 1e6, processes: usage };
    },
  };
  return bench.has("casync") ? [casync] : [];
}

/** What rsync says that it sends when the target has the original, in MB. */
export function rsyncSent(bench: Bench, original: PathOf, changed: PathOf): Measurer[] {
  let target = "";
  const rsync: Measurer = {
    name: "rsync",
    how: "rsync --no-whole-file --fsync --stats; bytes sent and received",
    prepare: async (at) => {
      target = join(await newPath(bench, "rsync"), "big");
      await runProgram("cp", [original(at), target]);
    },
    run: async (at) => {
      const options = ["--no-whole-file", "--fsync", "--stats"];
      const { stdout, usage } = await runProgram("rsync", [...options, changed(at), target]);
      const bytes = Array.from(stdout.matchAll(/Total bytes (?:sent|received): ([\d,]+)/g), ([, text = ""]) =>
        Number(text.replaceAll(",", "")),
      );
      return { value: bytes.reduce((sum, each) => sum + each, 0) / 1e6, processes: usage };
    },
  };
  return bench.has("rsync") ? [rsync] : [];
}

/** `rsync -a` from folder to folder on one disk, flushing each file. */
export function rsync(bench: Bench, source: PathOf): Contestant[] {
  return into(
    bench,
    { name: "rsync", how: "rsync -a --fsync, to another folder" },
    ["rsync"],
    async (target, at) => (await runProgram("rsync", ["-a", "--fsync", source(at), target])).usage,
  );
}

/** `scp` to a server of ours on loopback. */
export function scpTo(bench: Bench, server: SshServer | undefined, source: PathOf): Contestant[] {
  if (server === undefined) return [];
  return into(bench, { name: "scp", how: `scp -r to an sshd${flushed}` }, ["scp"], (target, at) =>
    server.measured(async () => [
      ...(await runProgram("scp", [...server.options, "-r", source(at), server.remote(target)])).usage,
      ...(await flush(target)),
    ]),
  );
}

/** `scp`, `sftp` and rclone from a server of ours on loopback. */
export function copiesFrom(bench: Bench, server: SshServer | undefined, source: string): Contestant[] {
  if (server === undefined) return [];
  return [
    ...into(bench, { name: "scp", how: "scp -r from an sshd" }, ["scp"], (target) =>
      server.measured(
        async () => (await runProgram("scp", [...server.options, "-r", server.remote(source), target])).usage,
      ),
    ),
    ...into(bench, { name: "sftp", how: "sftp -r from an sshd" }, ["sftp"], (target) =>
      server.measured(
        async () => (await runProgram("sftp", [...server.options, "-r", server.remote(source), target])).usage,
      ),
    ),
    ...rcloneFrom(bench, server, source),
  ];
}

function rcloneFrom(bench: Bench, server: SshServer, source: string): Contestant[] {
  return into(
    bench,
    { name: "rclone", how: "rclone copy --sftp-disable-hashcheck from an sshd" },
    ["rclone"],
    (target) =>
      server.measured(async () => {
        const place = ["--sftp-host=127.0.0.1", `--sftp-port=${server.port}`, `--sftp-key-file=${server.key}`];
        const [user = ""] = server.remote("").split("@");
        // Without the check it starts a shell on the server for each file.
        const args = [
          "copy",
          "--config=",
          "--sftp-disable-hashcheck",
          ...place,
          `--sftp-user=${user}`,
          `:sftp:${source}`,
          target,
        ];
        return (await runProgram("rclone", args)).usage;
      }),
  );
}

/** A tool that copies into a folder that is new each time. */
function into(
  bench: Bench,
  { name, how }: { readonly name: string; readonly how: string },
  programs: readonly string[],
  copy: (target: string, repetition: number) => Promise<readonly ProcessUsage[]>,
): Contestant[] {
  let target = "";
  const contestant: Contestant = {
    name,
    how,
    prepare: async () => {
      target = await newPath(bench, name);
    },
    run: (repetition) => copy(target, repetition),
  };
  return bench.has(...programs) ? [contestant] : [];
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
