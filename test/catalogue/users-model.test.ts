import * as fc from "fast-check";
import { expect, it, vi } from "vitest";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import type { Operation } from "../../src/catalogue/operation.ts";
import type { EntryRow } from "../../src/catalogue/rows.ts";
import type { NodeId } from "../../src/core/ids.ts";
import { Follower, type Step, anySteps, counted, leftOver } from "./users-model.ts";
import { Person, World, copyFile, fault, id, move, ok, putFile, removeEntry, root, shared, token } from "./world.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({ ...(await original<object>()), collectBatchMax: 3 }));

const names = ["a", "b", "c"];
const nameOf = (place: number): string => names[place % names.length] as string;

/** Three users, one of whom may be gone at times; the administrator is a fourth, who never is. */
class People {
  readonly world = World.founded();
  readonly admin = new Person("admin");
  readonly people: (Person | undefined)[];
  readonly followers = new Map<Person, Follower>();
  #made = 0;

  constructor() {
    ok(this.world.asUser(this.admin.added()));
    this.#retain(3, 5);
    this.people = [0, 1, 2].map(() => this.#add());
  }

  step(step: Step): void {
    this.world.timeMs += step.afterMs;
    if ("who" in step) this.#byPerson(step, step.who);
    else if (step.type === "retain") this.#retain(step.revisions, step.ms);
    else ok(this.world.asFounder({ op: step.type }));
  }

  /** Collects until nothing is left to do, at a later time. */
  collectAll(afterMs: number): void {
    this.world.timeMs += afterMs;
    for (let rounds = 0; rounds < 500; rounds += 1) {
      const [result] = ok(this.world.asFounder({ op: "collect" }));
      if (result?.op === "collect" && !result.isMoreDue) return;
    }
    throw new Error("collecting does not end");
  }

  #byPerson(step: Extract<Step, { who: number }>, place: number): void {
    const person = this.people[place];
    if (step.type === "add") this.people[place] ??= this.#add();
    if (person === undefined) return;
    if ("where" in step) this.#change(person, step);
    else if (step.type === "end") this.#end(place, person);
    else if (step.type === "follow") this.followers.get(person)?.follow(this.world.catalogue, person.keys.userId);
    else if (step.type === "quota") this.#order({ op: "setQuota", user: person.keys.userId, quotaBytes: step.bytes });
  }

  #change(person: Person, step: Extract<Step, { where: string }>): void {
    const { catalogue } = this.world;
    const [user, parent] =
      step.where === "own" ? [person.keys.userId, person.keys.rootDirectory] : [shared.userId, root];
    const look = (name: string): EntryRow | undefined => catalogue.entry(user, parent, token(name));
    const operation = operationOf(step, parent, look, () => id<NodeId>(`made ${(this.#made += 1)}`), this.world.timeMs);
    if (operation === undefined) return;
    const { quotaBytes = null, usedBytes = 0 } = catalogue.user(user) ?? {};
    const result = this.world.as(person, operation);
    const added = operation.op === "putFile" ? operation.addedBytes : 0;
    const isOver = quotaBytes !== null && added > 0 && usedBytes + added > quotaBytes;
    if (!isOver) ok(result);
    else if (fault(result).kind !== "quota") throw new Error("a put beyond the quota");
  }

  #end(place: number, person: Person): void {
    ok(this.world.as(person, { op: "removeUser", user: person.keys.userId }));
    this.people[place] = undefined;
    this.followers.delete(person);
  }

  #add(): Person {
    const person = new Person(`p${(this.#made += 1)}`);
    ok(this.world.as(this.admin, person.added()));
    this.followers.set(person, new Follower());
    return person;
  }

  #retain(retainRevisions: number, retainMs: number): void {
    this.#order({ op: "setPolicy", copies: null, minCopies: null, retainRevisions, retainMs });
  }

  #order(operation: Operation): void {
    ok(this.world.as(this.admin, operation));
  }
}

function operationOf(
  step: Extract<Step, { where: string }>,
  parent: NodeId,
  look: (name: string) => EntryRow | undefined,
  newNode: () => NodeId,
  timeMs: number,
): Operation | undefined {
  if (step.type === "put") {
    const [name, present] = [nameOf(step.name), look(nameOf(step.name))];
    const { bytes, lifeMs } = step;
    const content = {
      sizeBytes: bytes,
      sealedBytes: bytes,
      addedBytes: bytes,
      expiresMs: lifeMs === null ? null : timeMs + lifeMs,
    };
    return putFile(name, {
      parent,
      node: present?.node ?? newNode(),
      baseRevision: present?.revision ?? 0,
      ...content,
    });
  }
  if (step.type === "remove") {
    const present = look(nameOf(step.name));
    return present && removeEntry(nameOf(step.name), "file", { parent, node: present.node });
  }
  const [source, target] = [look(nameOf(step.from)), look(nameOf(step.to))];
  if (source === undefined) return undefined;
  if (step.type === "move")
    return move(nameOf(step.from), nameOf(step.to), {
      fromParent: parent,
      toParent: parent,
      node: source.node,
      replace: target === undefined || target.node === source.node ? null : target.node,
    });
  return copyFile(nameOf(step.from), nameOf(step.to), {
    parent,
    node: target?.node ?? newNode(),
    baseRevision: target?.revision ?? 0,
    sourceNode: source.node,
    sourceRevision: source.revision,
  });
}

/** What another replica makes of the same log, which it gets in other batches. */
function replayed({ log }: World): Catalogue {
  const catalogue = Catalogue.open(":memory:");
  for (let start = 0; start < log.length; start += 7) catalogue.applyBatch(log.slice(start, start + 7));
  return catalogue;
}

it("QUOTA-1 whatever users do, what they use is what is kept of their trees, who has ended leaves nothing, who follows a tree has it, and a replica has the same", () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const people = new People();
      using world = people.world;
      const { catalogue } = world;
      for (const step of steps) {
        people.step(step);
        const { kept, recounted } = counted(catalogue);
        expect(kept).toEqual(recounted);
      }
      for (const [person, follower] of people.followers) {
        follower.follow(catalogue, person.keys.userId);
        const anew = new Follower();
        anew.follow(catalogue, person.keys.userId);
        expect(follower.live).toEqual(anew.live);
        const { rootDirectory, userId } = person.keys;
        const listed = catalogue.list(userId, rootDirectory).rows.map(({ node }) => node);
        expect(new Set(anew.live.keys())).toEqual(new Set([rootDirectory, ...listed]));
      }
      people.collectAll(10);
      expect(leftOver(catalogue)).toBe(0);
      const there = people.people.flatMap((person) => (person === undefined ? [] : [person.name]));
      const rows = catalogue["database"].prepare("SELECT name FROM users WHERE id > 2 ORDER BY name").all();
      expect(rows.map(({ name }) => name)).toEqual([...there].sort());
      expect(counted(catalogue).kept).toEqual(counted(catalogue).recounted);
      expect(replayed(world).digest()).toEqual(catalogue.digest());
    }),
    { numRuns: 25 },
  );
});
