/** Reads of a group of three, each of which sees every change that was acknowledged before it: beside etcd's. */
import type { Bench, Contestant } from "./contest.ts";
import { type Group, type GroupClient, groupMembers } from "./group.ts";

const readsFull = 10_000;
const manyClients = 32;
const entries = 100;
const directory = "listed";

export type Named = { readonly name: string; readonly group: Group };

/** How etcd is asked. */
export const etcdHow = "three members with default settings, by JSON over HTTP on kept connections";

type Read = (client: GroupClient, index: number) => Promise<unknown>;

const readOne: Read = (client, index) => client.read(nameOf(index % entries));
const readAll: Read = async (client) => {
  const found = await client.list(directory);
  if (found !== entries) throw new Error(`${found} entries instead of ${entries}`);
};

/** `stat` of one of 100 entries, and `ls` of them, by 32 clients at all members. The first of `groups` is ours. */
export async function groupReads(bench: Bench, [ours, ...others]: readonly Named[]): Promise<void> {
  if (ours === undefined) return;
  for (const { group } of [ours, ...others]) await fill(group);
  const amount = bench.scaled(readsFull);
  const runOf =
    ({ group }: Named, read: Read) =>
    () =>
      group.measured(() => readAt(group, amount, read));
  const contestants = (suffix: string, read: Read): Contestant[] =>
    others.map((named) => ({ name: named.name + suffix, how: etcdHow, run: runOf(named, read) }));
  await bench.contest({
    name: `group of 3: stat, ${manyClients} clients at all members`,
    amounts: { reads: amount },
    ours: runOf(ours, readOne),
    others: contestants("", readOne),
    targets: [{ factor: 0.5, of: "etcd" }],
  });
  await bench.contest({
    name: `group of 3: ls of ${entries} entries, ${manyClients} clients at all members`,
    amounts: { reads: amount },
    ours: runOf(ours, readAll),
    others: [...contestants("", readOne), ...contestants(`, ${entries} keys`, readAll)],
    targets: [{ factor: 0.5, of: "etcd" }],
  });
}

async function fill(group: Group): Promise<void> {
  const client = await group.client(await group.leader());
  await client.write(directory);
  for (let index = 0; index < entries; index++) await client.write(nameOf(index));
  await client.close();
}

async function readAt(group: Group, amount: number, read: Read): Promise<void> {
  const clients = await Promise.all(Array.from({ length: manyClients }, (_, at) => group.client(at % groupMembers)));
  let next = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (next < amount) await read(client, next++);
    }),
  );
  await Promise.all(clients.map((client) => client.close()));
}

function nameOf(index: number): string {
  return `${directory}/${index}`;
}
