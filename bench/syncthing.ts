/** Two syncthing daemons of our own on loopback that keep one folder alike: no discovery, no relays, nothing sent home. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Bench, Contestant, Measurer } from "./contest.ts";
import type { Corpus } from "./corpora.ts";
import type { ProcessUsage } from "./process-usage.ts";
import { whileWatched } from "./process-watch.ts";
import { newPath } from "./rivals.ts";
import { runProgram } from "./run-program.ts";
import { freePort } from "./ssh-server.ts";
import { onTheWire } from "./wire.ts";

const key = "bench";
/** A look costs the daemon some work. */
const lookMs = 50;
const patienceMs = 180_000;
const how = "to a second daemon; from the request to scan until it has all";

interface Daemon {
  readonly role: string;
  readonly home: string;
  readonly folder: string;
  readonly gui: number;
  readonly listen: number;
  readonly id: string;
  child: ChildProcess | undefined;
}

/** Does `work` with syncthing as the one contestant of a list, which brings over one corpus a repetition. */
export function syncthing(
  bench: Bench,
  corpora: readonly Corpus[],
  work: (contestants: readonly Contestant[]) => Promise<void>,
): Promise<void> {
  return withDaemons(bench, work, (pair) => ({
    name: "syncthing",
    how,
    prepare: (at) => pair.place(corpora[at] as Corpus, `${at}`),
    run: () => pair.measured(() => pair.sync()),
    after: (at) => pair.verify(corpora[at] as Corpus, `${at}`),
  }));
}

/** The same for files that have changed: what goes over the wire, in MB. */
export function syncthingSent(
  bench: Bench,
  originals: readonly Corpus[],
  changed: readonly Corpus[],
  work: (measurers: readonly Measurer[]) => Promise<void>,
): Promise<void> {
  return withDaemons(bench, work, (pair) => ({
    name: "syncthing",
    how: "to a second daemon; all bytes on loopback, both directions",
    prepare: async (at) => {
      await pair.place(originals[at] as Corpus, `${at}`);
      await pair.sync();
      await pair.place(changed[at] as Corpus, `${at}`);
    },
    run: async () => {
      const { megabytes, result } = await onTheWire(() => pair.measured(() => pair.sync()));
      return { value: megabytes, processes: result };
    },
    after: (at) => pair.verify(changed[at] as Corpus, `${at}`),
  }));
}

async function withDaemons<Contender>(
  bench: Bench,
  work: (contenders: readonly Contender[]) => Promise<void>,
  contend: (pair: DaemonPair) => Contender,
): Promise<void> {
  if (!bench.has("syncthing")) return work([]);
  const pair = new DaemonPair(await newDaemon(bench, "syncthing"), await newDaemon(bench, "syncthing-2"));
  try {
    await pair.start();
    await work([contend(pair)]);
  } finally {
    await pair.stop();
  }
}

async function newDaemon(bench: Bench, role: string): Promise<Daemon> {
  const [home, folder] = [await newPath(bench, role), await newPath(bench, `${role}-folder`)];
  await runProgram("syncthing", ["generate", `--home=${home}`, "--no-default-folder"]);
  const id = (await runProgram("syncthing", [`--home=${home}`, "--device-id"])).stdout.trim();
  await mkdir(join(folder, ".stfolder"));
  return { role, home, folder, gui: await freePort(), listen: await freePort(), id, child: undefined };
}

class DaemonPair {
  readonly #from: Daemon;
  readonly #to: Daemon;

  constructor(from: Daemon, to: Daemon) {
    this.#from = from;
    this.#to = to;
  }

  /** Starts both; resolves when they are connected. */
  async start(): Promise<void> {
    for (const daemon of [this.#from, this.#to]) {
      await writeFile(join(daemon.home, "config.xml"), configOf(daemon, [this.#from, this.#to]));
      daemon.child = spawn("syncthing", ["serve", `--home=${daemon.home}`, "--no-browser", "--no-restart"], {
        stdio: "ignore",
        env: { ...process.env, STNOUPGRADE: "1" },
      });
    }
    await until(async () => {
      const answer = await ask(this.#from, "GET", "/rest/system/connections").catch(() => undefined);
      return (answer as Connections | undefined)?.connections[this.#to.id]?.connected === true;
    });
  }

  /** Puts a corpus into the first one's folder, which does not notice yet. */
  async place({ path }: Corpus, name: string): Promise<void> {
    const fresh = join(this.#from.home, "fresh");
    await rm(fresh, { recursive: true, force: true });
    await runProgram("cp", ["-al", path, fresh]);
    await rename(fresh, join(this.#from.folder, name));
  }

  /** Resolves when the second one has what is in the first one's folder. */
  async sync(): Promise<void> {
    await ask(this.#from, "POST", "/rest/db/scan?folder=bench");
    const { localFiles, localBytes } = await statusOf(this.#from);
    await until(async () => {
      const there = await statusOf(this.#to);
      const hasAll = there.localFiles === localFiles && there.localBytes === localBytes;
      return hasAll && there.needTotalItems === 0 && there.state === "idle";
    });
  }

  async measured(work: () => Promise<void>): Promise<readonly ProcessUsage[]> {
    // Each daemon is a process that watches over another one, which works.
    const daemons = [this.#from, this.#to].map(({ role, child }) => ({ role, pid: child?.pid ?? 0 }));
    return whileWatched(daemons, async () => {
      await work();
      return [];
    });
  }

  /** Fails where the second one does not have all of a corpus: then what was measured was something else. */
  async verify({ path }: Corpus, name: string): Promise<void> {
    await runProgram("diff", ["-r", "--brief", path, join(this.#to.folder, name)]);
  }

  async stop(): Promise<void> {
    for (const { child } of [this.#from, this.#to]) {
      if (child === undefined || child.exitCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      // Killed, it would leave the process that it watches over.
      child.kill("SIGTERM");
      await ended;
    }
  }
}

interface Connections {
  readonly connections: Readonly<Record<string, { readonly connected: boolean }>>;
}

interface Status {
  readonly localFiles: number;
  readonly localBytes: number;
  readonly needTotalItems: number;
  readonly state: string;
}

async function statusOf(daemon: Daemon): Promise<Status> {
  return (await ask(daemon, "GET", "/rest/db/status?folder=bench")) as Status;
}

/** Everything else is as syncthing has it by itself; what is a number of seconds is as short as it can be. */
function configOf(own: Daemon, both: readonly Daemon[]): string {
  const devices = both.map(
    ({ id, role, listen }) => `<device id="${id}" name="${role}"><address>tcp://127.0.0.1:${listen}</address></device>`,
  );
  return `<configuration version="35">
  <folder id="bench" path="${own.folder}" type="sendreceive" rescanIntervalS="0" fsWatcherEnabled="false">
    <filesystemType>basic</filesystemType>
    ${both.map(({ id }) => `<device id="${id}"></device>`).join("")}
    <minDiskFree unit="%">0</minDiskFree>
  </folder>
  ${devices.join("\n  ")}
  <gui enabled="true" tls="false"><address>127.0.0.1:${own.gui}</address><apikey>${key}</apikey></gui>
  <options>
    <listenAddress>tcp://127.0.0.1:${own.listen}</listenAddress>
    <globalAnnounceEnabled>false</globalAnnounceEnabled>
    <localAnnounceEnabled>false</localAnnounceEnabled>
    <relaysEnabled>false</relaysEnabled>
    <natEnabled>false</natEnabled>
    <reconnectionIntervalS>1</reconnectionIntervalS>
    <urAccepted>-1</urAccepted>
    <autoUpgradeIntervalH>0</autoUpgradeIntervalH>
    <crashReportingEnabled>false</crashReportingEnabled>
    <stunKeepaliveStartS>0</stunKeepaliveStartS>
    <minHomeDiskFree unit="%">0</minHomeDiskFree>
  </options>
</configuration>
`;
}

async function until(look: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`syncthing was not done within ${patienceMs / 1000} s`);
    await delay(lookMs);
  }
}

/** Asks a daemon's own interface; resolves with the JSON that comes back, or undefined where nothing does. */
function ask({ gui }: Daemon, method: "GET" | "POST", path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: gui, method, path, headers: { "X-API-Key": key } };
    const asking = request(options, (response) => {
      let text = "";
      response.on("data", (bytes: Buffer) => (text += bytes.toString()));
      response.once("error", reject);
      response.once("end", () => {
        if (response.statusCode !== 200) reject(new Error(`syncthing answered ${response.statusCode}: ${text}`));
        else resolve(text === "" ? undefined : JSON.parse(text));
      });
    });
    asking.once("error", reject);
    asking.end();
  });
}
