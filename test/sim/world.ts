/** One run: a group, its network, its clients and its operators, and everything that goes wrong, from one seed. */
import type { Entry, MemberId, Ready, Snapshot } from "../../src/raft/types.ts";
import { drawProfile, eventKinds } from "./profile.ts";
import type { EventKind, Profile } from "./profile.ts";
import { Clients } from "./clients.ts";
import { Machine } from "./machine.ts";
import type { Mistake } from "./mistakes.ts";
import { Observer } from "./observer.ts";
import { Operator } from "./operator.ts";
import { Prng } from "./prng.ts";
import { SimNode } from "./node.ts";
import type { Environment } from "./environment.ts";
import { Cluster, drive } from "./cluster.ts";
import { Mishaps } from "./mishaps.ts";
import { Postman } from "./postman.ts";
import { Violation } from "./violation.ts";
import { foundingConfiguration } from "../../src/raft/configuration.ts";

/** Once everything works again, everything must be done within this many election timeouts. */
const healTimeoutsMax = 40;

export class World implements Environment {
  readonly prng: Prng;
  readonly profile: Profile;
  readonly mistakes: ReadonlySet<Mistake>;
  readonly observer = new Observer();
  readonly cluster: Cluster;
  readonly clients: Clients;
  readonly operator: Operator;
  readonly note: ((text: string) => void) | undefined;
  readonly #postman: Postman;
  readonly #mishaps: Mishaps;
  readonly #weights: readonly number[];
  readonly #weightSum: number;
  #isHealing = false;
  tick = 0;
  #nextId = 1;

  constructor(seed: number, mistakes: ReadonlySet<Mistake>, note: ((text: string) => void) | undefined) {
    this.prng = new Prng(seed);
    this.mistakes = mistakes;
    this.note = note && ((text) => note(`tick ${this.tick}: ${text}`));
    this.cluster = new Cluster(this.prng);
    this.#postman = new Postman(this);
    this.#mishaps = new Mishaps(this);
    this.profile = drawProfile(this.prng);
    this.#weights = eventKinds.map((kind) => this.profile.weights[kind]);
    this.#weightSum = this.#weights.reduce((sum, weight) => sum + weight, 0);
    this.clients = new Clients(this.prng, this.profile, this.observer);
    const voters = Array.from({ length: this.profile.voters }, () => this.#nextId++ as MemberId);
    const configuration = foundingConfiguration(voters);
    const mayRest = mistakes.has("rest-at-two");
    this.operator = new Operator(this.prng, this.profile, this.observer, configuration, mayRest);
    const machine = new Machine();
    machine.skip(1);
    const founding: Snapshot = { index: 1, term: 1, configuration, data: machine.encode(true) };
    for (const id of voters) this.cluster.nodes.push(new SimNode(this, id, founding));
    for (let count = 0; count < this.profile.spares; count++) this.addSpare();
    note?.(`profile ${JSON.stringify(this.profile)}`);
  }

  get snapshotTicksMax(): number {
    return this.#isHealing ? 0 : this.profile.snapshotTicksMax;
  }

  /** Runs to the end. Fails with a Violation, or with the core's own broken invariant. */
  run(): void {
    for (let count = 0; count < this.profile.events; count++) this.#happen(this.#drawEvent());
    this.note?.("everything heals");
    const sleeper = this.#healAll();
    this.#settle(sleeper);
    const awake = this.#members().filter((node) => node.isUp);
    this.clients.checkKept(awake);
    this.observer.count("ticks", this.tick);
  }

  dispatch(node: SimNode, ready: Ready): void {
    if (ready.entries.length > 0) this.#perhapsCutLeader(node);
    for (const message of ready.messages) {
      this.observer.checkSent(node, message);
      this.#postman.send(message);
      if (this.prng.chance(this.profile.duplicateChance)) {
        this.observer.count("messages doubled");
        this.#postman.send(message);
      }
    }
  }

  applied(node: SimNode, entry: Entry): void {
    this.observer.checkApplied(node, entry);
    this.operator.applied(entry);
    if (entry.kind === "config" && this.prng.chance(0.2) && !this.#isHealing) this.#postman.cutOff(node);
    this.#perhapsCutLeader(node);
    this.clients.applied(node, entry);
  }

  readAnswered(node: SimNode, context: number, index: number | undefined): void {
    this.clients.readAnswered(node, context, index);
  }

  #drawEvent(): EventKind {
    let left = this.prng.unit() * this.#weightSum;
    for (const [at, weight] of this.#weights.entries()) {
      left -= weight;
      if (left < 0) return eventKinds[at] as EventKind;
    }
    return "tick";
  }

  #happen(event: EventKind): void {
    switch (event) {
      case "tick":
        return this.#tickAll();
      case "deliver":
        return this.#postman.deliverSome();
      case "drive":
        return this.#driveSome();
      case "client":
        return this.clients.act(this.cluster.up(), this.tick);
      case "partition":
        return this.#postman.partition();
      case "isolate-leader":
        return this.#postman.isolateLeader();
      case "heal":
        return this.#postman.heal();
      case "crash":
        return this.#mishaps.crash(this.cluster.any((node) => node.isUp || node.state === "paused"));
      case "crash-leader":
        return this.#mishaps.crash(this.cluster.leader());
      case "restart":
        return this.#mishaps.restart(this.cluster.any((node) => node.state === "down"));
      case "pause":
        return this.#mishaps.pause(
          this.prng.chance(0.5) ? this.cluster.leader() : this.cluster.any((node) => node.isUp),
        );
      case "resume":
        return this.#mishaps.resume(this.cluster.any((node) => node.state === "paused"));
      case "bounce":
        return this.#mishaps.bounce(this.cluster.any((node) => this.#mishaps.mayBounce(node)));
      case "stall":
        return this.#mishaps.stall(this.cluster.any((node) => node.isUp));
      case "wipe":
        return this.#mishaps.wipe(this.cluster.any((node) => node.state !== "lost"));
      case "rot":
        return this.#mishaps.rot(this.cluster.any((node) => node.state === "down"));
      case "operate":
        return this.#operate();
      case "recklessness":
        return this.#withLeader((leader) => this.operator.beReckless(leader, this.cluster.nodes));
      case "retire":
        return this.#retire();
      case "transfer":
        return this.#withLeader((leader) => this.#transfer(leader));
    }
  }

  #tickAll(): void {
    this.tick++;
    for (const node of this.cluster.nodes) if (node.isUp && this.prng.chance(0.9)) node.tick();
    for (const node of this.cluster.nodes)
      if (node.isUp && this.prng.chance(this.profile.driveChance)) drive(node, 1 + this.prng.below(4));
  }

  #driveSome(): void {
    const node = this.cluster.any((candidate) => candidate.isUp);
    if (node !== undefined) drive(node, 1 + this.prng.below(6));
  }

  /** A leader has just written an entry or seen one committed: the best moment for nobody else to hear of it. */
  #perhapsCutLeader(node: SimNode): void {
    if (!this.prng.chance(this.profile.cutChance) || this.#isHealing) return;
    if (node.raft.status().role === "leader") this.#postman.cutOff(node);
  }

  #retire(): void {
    const node = this.prng.chance(0.6) ? this.cluster.leader() : this.cluster.any((candidate) => candidate.isUp);
    if (node === undefined || !this.operator.canRetire(node.id)) return;
    this.operator.out.add(node.id);
    this.observer.count("members retired");
    this.note?.(`${node.id} shall leave`);
  }

  addSpare(): void {
    this.cluster.nodes.push(new SimNode(this, this.#nextId++ as MemberId, undefined));
  }

  #operate(): void {
    this.#withLeader((leader) => this.operator.operate(leader, this.cluster.nodes));
  }

  #transfer(leader: SimNode): void {
    const target = this.prng.pick(leader.raft.configuration.voters);
    if (!leader.raft.transferLeader(target)) return;
    this.observer.count("transfers");
    this.note?.(`${leader.id} hands over to ${target}`);
  }

  /** Mends everything; perhaps one voter that the group can do without stays away. Returns that one. */
  #healAll(): SimNode | undefined {
    if (this.prng.chance(0.3)) this.#withLeader((leader) => this.#transfer(leader));
    this.#postman.heal();
    this.#isHealing = true;
    const candidate = this.cluster.any(
      (node) => node.state !== "lost" && this.operator.configuration.voters.includes(node.id),
    );
    const mayStayAway =
      candidate !== undefined && this.prng.chance(0.5) && this.operator.canLose(candidate.id, this.cluster.nodes);
    const sleeper = mayStayAway ? candidate : undefined;
    if (sleeper?.isUp === true || sleeper?.state === "paused") this.#mishaps.crash(sleeper);
    for (const node of this.cluster.nodes.slice()) {
      if (node === sleeper) continue;
      node.stalledUntil = 0;
      if (node.state === "paused") node.state = "up";
      if (node.state === "down") this.#mishaps.restart(node);
    }
    this.clients.countAnew();
    return sleeper;
  }

  /** Lets time pass without faults until everything is done; fails when that takes too long. */
  #settle(sleeper: SimNode | undefined): void {
    const ticksMax = healTimeoutsMax * this.profile.electionTicks;
    let waitingFor = "";
    for (let tick = 0; tick < ticksMax; tick++) {
      this.tick++;
      for (const node of this.cluster.nodes) if (node.isUp) node.tick();
      this.#postman.flush();
      // One that was removed may never hear of it, nor of anything else.
      const serving = this.#members().filter((node) => node.isUp);
      const areClientsDone = this.clients.finish(serving, this.tick);
      if (sleeper === undefined) this.#operate();
      this.#postman.flush();
      waitingFor = this.#unsettled(sleeper) ?? (areClientsDone ? "" : "clients wait for answers");
      if (waitingFor === "") return;
    }
    throw new Violation("progress", `${ticksMax} ticks after all faults ended: ${waitingFor}`);
  }

  /** What is still amiss, or undefined. */
  #unsettled(sleeper: SimNode | undefined): string | undefined {
    const { voters } = this.operator.configuration;
    const leader = this.cluster.leader();
    if (leader === undefined) return "there is no leader";
    for (const node of this.#members())
      if (node !== sleeper && node.isUp && node.machine.applied < this.observer.lastCommitted)
        return `member ${node.id} has applied ${node.machine.applied} of ${this.observer.lastCommitted}`;
    if (sleeper === undefined && voters.length % 2 === 0) return `the group rests at ${voters.length} voters`;
    return undefined;
  }

  #members(): readonly SimNode[] {
    const { voters, learners } = this.operator.configuration;
    return this.cluster.nodes.filter((node) => voters.includes(node.id) || learners.includes(node.id));
  }

  #withLeader(work: (leader: SimNode) => void): void {
    const leader = this.cluster.leader();
    if (leader === undefined) return;
    work(leader);
    this.observer.check(leader);
  }
}
