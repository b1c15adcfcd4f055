/** Checks of this machine and of the data folder, which need no running peer. */
import { constants, access, stat, statfs } from "node:fs/promises";
import { freemem } from "node:os";
import { toDfsError } from "../../core/errors.ts";
import { memoryBytesWarned, openFilesWanted } from "../../core/limits.ts";
import { type Check, type Finding, fault, fine, warning } from "./check.ts";
import { sizeText } from "./check-texts.ts";
import { diskChecks } from "./disk-probe.ts";

/** The oldest Node.js that this program runs on; package.json says the same. */
const nodeVersionMin = [20, 19] as const;
const privateMode = 0o700;

/** What the checks look at; tests hand in their own. */
export interface MachineFacts {
  readonly nodeVersion: string;
  readonly availableMemoryBytes: number;
  /** Files that this process may have open at once; absent where the system does not say. */
  readonly openFilesMax: number | undefined;
}

/** All checks that can be made of a data folder without its peer. */
export function machineChecks(folder: string, facts: MachineFacts = factsOfThisProcess()): readonly Check[] {
  return [
    { area: "machine", name: "node", find: () => judgeNode(facts.nodeVersion) },
    { area: "machine", name: "memory", find: () => judgeMemory(facts.availableMemoryBytes) },
    { area: "machine", name: "open-files", find: () => judgeOpenFiles(facts.openFilesMax) },
    { area: "machine", name: "data-folder", find: () => findFolder(folder) },
    { area: "machine", name: "file-system", find: async () => judgeFileSystem((await statfs(folder)).type) },
    ...diskChecks(folder),
  ];
}

function factsOfThisProcess(): MachineFacts {
  return { nodeVersion: process.versions.node, availableMemoryBytes: freemem(), openFilesMax: openFilesLimit() };
}

/** From Node's own report, which knows it on every system but Windows. */
function openFilesLimit(): number | undefined {
  const { report } = process;
  // Looking up the names of all connections would take its time.
  Object.assign(report, { excludeNetwork: true });
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const soft = userLimits?.open_files?.soft;
  return soft === "unlimited" ? Number.MAX_SAFE_INTEGER : typeof soft === "number" ? soft : undefined;
}

export function judgeNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [majorMin, minorMin] = nodeVersionMin;
  const isOld = major < majorMin || (major === majorMin && minor < minorMin);
  const needed = `${majorMin}.${minorMin}`;
  if (isOld) return fault(`Node.js ${version} is older than ${needed}`, `install Node.js ${needed} or newer`);
  return fine(`Node.js ${version}`);
}

export function judgeMemory(availableBytes: number): Finding {
  const found = `${sizeText(availableBytes)} of memory available`;
  if (availableBytes >= memoryBytesWarned) return fine(found);
  return warning(`only ${found}`, "end programs that are not needed, or give this machine more memory");
}

export function judgeOpenFiles(limit: number | undefined): Finding {
  if (limit === undefined) return fine("this system has no limit of open files");
  const found = limit === Number.MAX_SAFE_INTEGER ? "any number of files may be open" : `${limit} files may be open`;
  if (limit >= openFilesWanted) return fine(found);
  const advice = `raise it to ${openFilesWanted}: ulimit -n ${openFilesWanted}, or LimitNOFILE= of the service`;
  return warning(`only ${found}, and a busy peer needs ${openFilesWanted}`, advice);
}

async function findFolder(folder: string): Promise<Finding> {
  try {
    const { uid, mode } = await stat(folder);
    const ownUid = process.getuid?.();
    if (ownUid !== undefined && uid !== ownUid)
      return fault(`the data folder ${folder} belongs to user ${uid}`, `chown it to ${ownUid}, or use another --data`);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return judgeMode(folder, mode & 0o777);
  } catch (error) {
    const { kind, message } = toDfsError(error);
    if (kind === "not-found") return warning(`there is no data folder ${folder} yet`, "any command makes it");
    return fault(`the data folder ${folder} cannot be used: ${message}`, `chmod 700 ${folder}, as its owner`);
  }
}

export function judgeMode(folder: string, mode: number): Finding {
  if (process.platform === "win32" || mode === privateMode) return fine(`the data folder ${folder} is private`);
  const octal = mode.toString(8).padStart(3, "0");
  if ((mode & privateMode) !== privateMode)
    return fault(`its owner may not use the data folder ${folder} (mode ${octal})`, `chmod 700 ${folder}`);
  return fault(`others on this machine may enter the data folder ${folder} (mode ${octal})`, `chmod 700 ${folder}`);
}

/** Numbers of file systems in Linux (magic.h) that do not keep what a peer was promised. */
const remoteFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x01021997, "9p"],
]);
const memoryFileSystems: ReadonlyMap<number, string> = new Map([
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
]);

export function judgeFileSystem(type: number): Finding {
  const remote = process.platform === "linux" ? remoteFileSystems.get(type) : undefined;
  if (remote !== undefined)
    return warning(
      `the data folder is on ${remote}, where locks and flushes may be less than they seem`,
      "use a --data on a disk of this machine",
    );
  const memory = process.platform === "linux" ? memoryFileSystems.get(type) : undefined;
  if (memory !== undefined)
    return warning(
      `the data folder is in memory (${memory}): a restart of this machine loses it`,
      "use a --data on a disk",
    );
  return fine("the data folder is on a disk of this machine");
}
