import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeCommand } from "../../src/catalogue/command.ts";
import type { NetworkId, NodeId } from "../../src/core/ids.ts";
import {
  Person,
  type Session,
  World,
  copyFile,
  fault,
  id,
  makeDirectory,
  move,
  ok,
  putFile,
  removeEntry,
  reopenEntry,
  root,
  shared,
  stranger,
  token,
} from "./world.ts";

let world: World;
let other: Session;
beforeEach(() => {
  world = World.founded();
  const person = new Person("stranger", stranger);
  ok(world.asUser(person.added()));
  other = person.session;
});
afterEach(() => world[Symbol.dispose]());

describe("between users and networks", () => {
  it("CAT-35 a user neither reaches into another's tree nor sees it", () => {
    const own = { parent: stranger.rootDirectory };
    ok(world.apply(other.next(putFile("a", own), { ...makeDirectory("d"), ...own })));
    const elsewhere = [
      putFile("b", own),
      putFile("b", { parent: id<NodeId>("d") }),
      putFile("a", { ...own, baseRevision: 1 }),
      { ...makeDirectory("e"), ...own },
      removeEntry("a", "file", own),
      reopenEntry("gone", own),
      move("a", "b", { fromParent: stranger.rootDirectory }),
      copyFile("a", "b", { ...own, sourceNode: id<NodeId>("a") }),
    ];
    const [third] = [new Person("third")];
    ok(world.apply(other.next(third.added())));
    for (const operation of elsewhere) {
      expect(fault(world.asUser(operation)).kind, operation.op).toBe("not-found");
      expect(fault(world.as(third, operation)).kind, operation.op).toBe("not-found");
    }
    expect(fault(world.asUser(copyFile("a", "b"))).kind).toBe("not-found");
    expect(world.catalogue.entry(shared.userId, stranger.rootDirectory, token("a"))).toBeUndefined();
    expect(world.catalogue.list(shared.userId, stranger.rootDirectory).rows).toEqual([]);
    expect(world.catalogue.list(stranger.userId, stranger.rootDirectory).rows).toHaveLength(2);
    expect(world.catalogue.list(stranger.userId, root).rows).toEqual([]);
    expect(world.catalogue.changes(shared.userId, { sinceIndex: 0 }).rows.map(({ node }) => node)).toEqual([root]);
  });

  it("CAT-35 every user changes the shared user's tree, and nothing goes from one tree to another", () => {
    const own = { parent: stranger.rootDirectory };
    ok(world.apply(other.next(putFile("a"), makeDirectory("d"), putFile("own", own))));
    expect(world.catalogue.entry(shared.userId, root, token("a"))).toMatchObject({ revision: 1 });
    expect(world.catalogue.node(id("d"))?.user).toBe(shared.userId);
    ok(world.asUser(putFile("a", { baseRevision: 1 }), move("a", "b", { toParent: id("d") })));
    ok(world.apply(other.next(removeEntry("b", "file", { parent: id("d"), node: id("a") }))));
    for (const operation of [
      move("d", "d", { toParent: stranger.rootDirectory }),
      move("own", "own", { fromParent: stranger.rootDirectory }),
    ])
      expect(fault(world.apply(other.next(operation))), operation.fromParent).toMatchObject({
        kind: "usage",
        message: expect.stringContaining("copy it, then remove it") as string,
      });
    expect(fault(world.apply(other.next(copyFile("own", "copy")))).kind).toBe("not-found");
    expect(world.catalogue.node(id("own"))?.parent).toBe(stranger.rootDirectory);
  });

  it("CAT-35 a command for another network is refused", () => {
    const { author, session, sign } = other;
    const network = "ab".repeat(32) as NetworkId;
    const operations = [putFile("a", { parent: stranger.rootDirectory })];
    const command = encodeCommand({ network, author, session, sequence: 1, operations }, sign);
    expect(fault(world.apply(command)).kind).toBe("permission");
  });
});
