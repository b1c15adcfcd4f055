/**
 * A network of the test's own, for Linux and root: a namespace for each peer, joined by a bridge in one more namespace.
 * Nothing of it is in the host's network. Packets are dropped where they arrive, by the address that they come from, so
 * that each direction is cut by itself. The namespaces carry the test's pid; those of tests that are gone are removed.
 */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import type { Site } from "./cluster.ts";
import { isLeftover, isOwn, ownName } from "./leftovers.ts";

const namespacesFolder = "/run/netns";
const port = 4001;
const table = "inet faults";

export class Namespaces {
  readonly #count: number;
  readonly #onExit = (): void => this.stop();

  /** For `count` peers. */
  constructor(count: number) {
    this.#count = count;
  }

  start(): void {
    removeNamespaces(isLeftover);
    process.once("exit", this.#onExit);
    run("ip", "netns", "add", bridge);
    run("ip", "-n", bridge, "link", "add", "bridge", "type", "bridge");
    run("ip", "-n", bridge, "link", "set", "bridge", "up");
    for (let place = 0; place < this.#count; place++) addNamespace(place);
  }

  /** Removes the namespaces; what runs in them loses its network. */
  stop(): void {
    process.off("exit", this.#onExit);
    removeNamespaces(isOwn);
  }

  readonly site = (place: number): Site => ({
    listen: `/ip4/${address(place)}/tcp/${port}`,
    // A peer must not outlive a test that was killed.
    wrapper: ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", namespace(place)],
  });

  /** Drops what the peer at `to` is sent by the peers at `from`; the other direction stays. */
  cut(from: readonly number[], to: number): void {
    const rules = from.map((place) => `add rule ${table} input ip saddr ${address(place)} drop`);
    nft(to, rules.join("; "));
  }

  /** Cuts two sides off from each other, in both directions. */
  part(left: readonly number[], right: readonly number[]): void {
    for (const place of left) this.cut(right, place);
    for (const place of right) this.cut(left, place);
  }

  /** Lets every packet through again. */
  heal(): void {
    for (let place = 0; place < this.#count; place++) nft(place, `flush chain ${table} input`);
  }
}

const bridge = ownName("bridge");
const namespace = (place: number): string => ownName(String(place));
const address = (place: number): string => `10.77.0.${place + 1}`;

function addNamespace(place: number): void {
  const [inside, link] = [namespace(place), `peer${place}`];
  run("ip", "netns", "add", inside);
  run("ip", "-n", bridge, "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", inside);
  run("ip", "-n", bridge, "link", "set", link, "master", "bridge", "up");
  run("ip", "-n", inside, "address", "add", `${address(place)}/24`, "dev", "eth0");
  run("ip", "-n", inside, "link", "set", "eth0", "up");
  run("ip", "-n", inside, "link", "set", "lo", "up");
  nft(place, `add table ${table}; add chain ${table} input { type filter hook input priority 0; }`);
}

function nft(place: number, commands: string): void {
  run("ip", "netns", "exec", namespace(place), "nft", commands);
}

/** Removes the namespaces whose names `isMeant` says yes to. */
function removeNamespaces(isMeant: (name: string) => boolean): void {
  for (const name of namespaceNames().filter(isMeant)) run("ip", "netns", "delete", name);
}

function namespaceNames(): readonly string[] {
  try {
    return readdirSync(namespacesFolder);
  } catch {
    return []; // no namespace was ever made on this machine
  }
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
}
