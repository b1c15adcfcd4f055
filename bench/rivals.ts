/** The other tools: what each needs to do what we do. */
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { Bench, Contestant } from "./contest.ts";
import { runProgram } from "./run-program.ts";
import type { SshServer } from "./ssh-server.ts";

/** Where the path of each repetition's source or target is. */
type PathOf = (repetition: number) => string;

/** `cp`, then a flush of what it wrote, because a put returns only when its data is on the disk. */
export function cpAndSync(bench: Bench, source: PathOf, target: PathOf): Contestant[] {
  return bench.other("cp and sync", ["cp", "sync"], async (repetition) => {
    const { usage } = await runProgram("cp", ["-r", source(repetition), target(repetition)]);
    await runProgram("sync", ["-f", target(repetition)]);
    return usage;
  });
}

/** `cp` alone: it, and a get, leave their data to the system to write. */
export function cp(bench: Bench, source: PathOf, target: PathOf): Contestant[] {
  return bench.other("cp", ["cp"], async (repetition) => {
    const { usage } = await runProgram("cp", ["-r", source(repetition), target(repetition)]);
    return usage;
  });
}

/** `rsync -a` from folder to folder on one disk, flushing each file. */
export function rsync(bench: Bench, source: PathOf, target: PathOf): Contestant[] {
  return bench.other("rsync --fsync", ["rsync"], async (repetition) => {
    const { usage } = await runProgram("rsync", ["-a", "--fsync", source(repetition), target(repetition)]);
    return usage;
  });
}

/** `restic backup` into a repository on the same disk: it cuts, seals and stores once, as we do. */
export async function restic(bench: Bench, source: PathOf): Promise<Contestant[]> {
  const repository = await mkdtemp(join(bench.program.folder, "restic-"));
  const run = (...args: string[]): ReturnType<typeof runProgram> =>
    runProgram("restic", ["--repo", repository, "--cache-dir", join(repository, "..", "restic-cache"), ...args], {
      env: { RESTIC_PASSWORD: "bench" },
    });
  const [contestant] = bench.other("restic", ["restic"], async (repetition) => {
    const { usage } = await run("backup", "--quiet", source(repetition));
    return usage;
  });
  if (contestant === undefined) return [];
  await run("init");
  return [contestant];
}

/** `scp` to a server of ours on loopback, or from it. */
export function scp(bench: Bench, server: SshServer, source: PathOf, target: PathOf): Contestant[] {
  return bench.other("scp", ["scp"], async (repetition) => {
    const { usage } = await runProgram("scp", [...server.options, "-r", source(repetition), target(repetition)]);
    return usage;
  });
}
