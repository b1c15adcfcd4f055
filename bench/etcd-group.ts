/** Three etcd members on loopback with default settings, through their HTTP gateway and kept connections. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { Agent, request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { type Group, type GroupClient, groupMembers, untilFound, untilIdle } from "./group.ts";
import { type ProcessUsage, usageBetween, usageOf } from "./process-usage.ts";

interface Member {
  readonly name: string;
  readonly folder: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  child: ChildProcess | undefined;
}

interface Status {
  readonly header: { readonly member_id: string };
  readonly leader?: string;
  readonly raftIndex: string;
}

/** Starts the members below `parent`. */
export async function startEtcdGroup(parent: string): Promise<Group> {
  const members: Member[] = [];
  for (let place = 0; place < groupMembers; place++) {
    const [folder, client, peer] = [await mkdtemp(join(parent, "etcd-")), await freePort(), await freePort()];
    const urls = { clientUrl: `http://127.0.0.1:${client}`, peerUrl: `http://127.0.0.1:${peer}` };
    members.push({ name: `etcd-${place}`, folder, ...urls, child: undefined });
  }
  const group = new EtcdGroup(members);
  for (const place of members.keys()) group.start(place);
  await group.whole();
  return group;
}

class EtcdGroup implements Group {
  readonly #members: readonly Member[];

  constructor(members: readonly Member[]) {
    this.#members = members;
  }

  start(place: number): void {
    const member = this.#member(place);
    const { name, folder, clientUrl, peerUrl } = member;
    const cluster = this.#members.map((other) => `${other.name}=${other.peerUrl}`).join(",");
    const clients = ["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl];
    const peers = ["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl];
    member.child = spawn(
      "etcd",
      ["--name", name, "--data-dir", folder, ...clients, ...peers, "--initial-cluster", cluster],
      {
        stdio: "ignore",
      },
    );
  }

  async client(place: number): Promise<GroupClient> {
    const agent = new Agent({ keepAlive: true });
    const { clientUrl } = this.#member(place);
    return {
      write: async (name) => {
        await post(`${clientUrl}/v3/kv/put`, { key: base64(name), value: "" }, agent);
      },
      read: async (name) => {
        if ((await range(clientUrl, { key: base64(name) }, agent)) !== 1) throw new Error(`etcd does not know ${name}`);
      },
      // A slash is followed by 0.
      list: (directory) =>
        range(clientUrl, { key: base64(`${directory}/`), range_end: base64(`${directory}0`), keys_only: true }, agent),
      close: async () => agent.destroy(),
    };
  }

  leader(): Promise<number> {
    return untilFound("a leader of etcd", async () => {
      const statuses = await this.#statuses();
      const place = statuses.findIndex(
        (status) => status !== undefined && status.leader !== undefined && status.leader === status.header.member_id,
      );
      return place === -1 ? undefined : place;
    });
  }

  async kill(place: number): Promise<void> {
    const { child } = this.#member(place);
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    this.#member(place).child = undefined;
  }

  async startAgain(place: number): Promise<void> {
    this.start(place);
    await this.whole();
  }

  /** Resolves when all members answer, know one leader and have the same log. */
  async whole(): Promise<void> {
    await untilFound("all members of etcd", async () => {
      const statuses = await this.#statuses();
      const known = new Set(statuses.map((status) => (status?.leader === undefined ? undefined : status.raftIndex)));
      return (known.size === 1 && !known.has(undefined)) || undefined;
    });
  }

  rest(): Promise<void> {
    return untilIdle(() => this.#members.map(({ name, child }) => usageOf(name, child?.pid ?? 0)));
  }

  async measured(work: () => Promise<void>): Promise<readonly ProcessUsage[]> {
    const readings = (): (ProcessUsage | undefined)[] =>
      this.#members.map(({ name, child }) => usageOf(name, child?.pid ?? 0));
    const before = readings();
    await work();
    return readings().flatMap((after, index) => usageBetween(before[index], after));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#members.keys()].map((place) => this.kill(place)));
  }

  #statuses(): Promise<(Status | undefined)[]> {
    return Promise.all(
      this.#members.map(async ({ clientUrl, child }) => {
        if (child === undefined) return undefined;
        const status = await post(`${clientUrl}/v3/maintenance/status`, {}).catch(() => undefined);
        return status as Status | undefined;
      }),
    );
  }

  #member(place: number): Member {
    return this.#members[place] as Member;
  }
}

/** A linearizable read; resolves with how many keys there are. */
async function range(clientUrl: string, request: Readonly<Record<string, unknown>>, agent: Agent): Promise<number> {
  const { kvs = [] } = (await post(`${clientUrl}/v3/kv/range`, request, agent)) as { kvs?: readonly unknown[] };
  return kvs.length;
}

/** Posts JSON; resolves with the JSON that comes back. */
function post(url: string, body: unknown, agent?: Agent): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method: "POST", ...(agent === undefined ? {} : { agent }) }, (response) => {
      let text = "";
      response.on("data", (bytes: Buffer) => (text += bytes.toString()));
      response.once("error", reject);
      response.once("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`etcd answered ${response.statusCode}: ${text}`));
      });
    });
    asking.once("error", reject);
    asking.end(JSON.stringify(body));
  });
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
