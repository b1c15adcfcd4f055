/** Whole trees of processes while they work: of servers that fork for a connection, and of tools that start others. */
import { readFileSync, readdirSync } from "node:fs";
import { type ProcessUsage, usageBetween, usageOf } from "./process-usage.ts";

/** How often usage is read: what a process does after its last reading is not counted. */
const readingMs = 10;
/** New processes are looked for at each so many readings. */
const readingsPerSearch = 5;

export interface Watched {
  readonly role: string;
  readonly pid: number;
}

/** Does `work`; returns what it says that it used, and what servers and their children used meanwhile. */
export async function whileWatched(
  servers: readonly Watched[],
  work: () => Promise<readonly ProcessUsage[]>,
): Promise<readonly ProcessUsage[]> {
  const watch = new ProcessWatch(servers);
  try {
    const used = await work();
    return [...used, ...watch.stop()];
  } finally {
    watch.stop();
  }
}

/** Watches processes and all that they start, from its construction until `stop()`. */
export class ProcessWatch {
  readonly #roots: readonly Watched[];
  readonly #roles = new Map<number, string>();
  readonly #before = new Map<number, ProcessUsage>();
  readonly #last = new Map<number, ProcessUsage>();
  readonly #timer: NodeJS.Timeout;
  #readings = 0;

  constructor(roots: readonly Watched[]) {
    this.#roots = roots;
    this.#search();
    for (const [pid, role] of this.#roles) this.#note(this.#before, pid, role);
    this.#timer = setInterval(() => this.#read(), readingMs);
  }

  /** What each role used meanwhile, all of its processes together; a role's peak is that of its largest process. */
  stop(): ProcessUsage[] {
    clearInterval(this.#timer);
    this.#search();
    this.#readAll();
    const roles = new Map<string, ProcessUsage>();
    for (const [pid, after] of this.#last) {
      const [used] = usageBetween(this.#before.get(pid), after);
      if (used === undefined) continue;
      const sum = roles.get(used.role);
      roles.set(used.role, {
        role: used.role,
        cpuSeconds: used.cpuSeconds + (sum?.cpuSeconds ?? 0),
        peakMiB: Math.max(used.peakMiB, sum?.peakMiB ?? 0),
      });
    }
    return [...roles.values()];
  }

  #read(): void {
    if (this.#readings++ % readingsPerSearch === 0) this.#search();
    this.#readAll();
  }

  #readAll(): void {
    for (const [pid, role] of this.#roles) this.#note(this.#last, pid, role);
  }

  #note(readings: Map<number, ProcessUsage>, pid: number, role: string): void {
    const usage = usageOf(role, pid);
    if (usage !== undefined) readings.set(pid, usage);
  }

  #search(): void {
    const waiting = this.#roots.map(({ role, pid }) => ({ role, pid }));
    for (const { role, pid } of waiting) {
      this.#roles.set(pid, role);
      for (const child of childrenOf(pid)) waiting.push({ pid: child, role: roleOf(child, role) });
    }
  }
}

/** Every thread can start processes, and the kernel lists them by thread. */
function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** A process of the same program has its parent's role; any other one is called by its command. */
function roleOf(pid: number, parentRole: string): string {
  try {
    const command = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    return parentRole.startsWith(command) ? parentRole : command;
  } catch {
    return parentRole;
  }
}
