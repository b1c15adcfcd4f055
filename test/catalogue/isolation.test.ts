import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeCommand } from "../../src/catalogue/command.ts";
import type { NetworkId, NodeId } from "../../src/core/ids.ts";
import { idBytes } from "../../src/catalogue/id-bytes.ts";
import {
  Session,
  World,
  copyFile,
  fault,
  id,
  makeDirectory,
  ok,
  putFile,
  root,
  shared,
  stranger,
  token,
} from "./world.ts";

let world: World;
let other: Session;
beforeEach(() => {
  world = World.founded("disk");
  // There is no operation yet that adds a user.
  world.tamper((database) => {
    const userRoot = idBytes(stranger.rootDirectory);
    database
      .prepare("INSERT INTO users VALUES (2, ?, ?, ?, 1)")
      .run(idBytes(stranger.userId), stranger.publicKey, userRoot);
    database.prepare("INSERT INTO nodes VALUES (2, ?, 2, 2, 0, 0, X'', 1, NULL, 1, NULL)").run(userRoot);
    database.exec("UPDATE totals SET nodes = 2");
  });
  other = new Session({ user: stranger.userId }, (bytes) => stranger.sign(bytes));
});
afterEach(() => world[Symbol.dispose]());

describe("between users and networks", () => {
  it("CAT-35 a user neither reaches into another's tree nor sees it", () => {
    const own = { parent: stranger.rootDirectory };
    ok(world.apply(other.next(putFile("a", own), { ...makeDirectory("d"), ...own })));
    for (const parent of [stranger.rootDirectory, id<NodeId>("d")])
      expect(fault(world.asUser(putFile("b", { parent }))).kind).toBe("not-found");
    expect(fault(world.asUser(copyFile("a", "b"))).kind).toBe("not-found");
    expect(world.catalogue.entry(shared.userId, stranger.rootDirectory, token("a"))).toBeUndefined();
    expect(world.catalogue.list(shared.userId, stranger.rootDirectory).rows).toEqual([]);
    expect(world.catalogue.list(stranger.userId, stranger.rootDirectory).rows).toHaveLength(2);
    expect(world.catalogue.list(stranger.userId, root).rows).toEqual([]);
  });

  it("CAT-35 a command for another network is refused", () => {
    const { author, session, sign } = other;
    const network = "ab".repeat(32) as NetworkId;
    const operations = [putFile("a", { parent: stranger.rootDirectory })];
    const command = encodeCommand({ network, author, session, sequence: 1, operations }, sign);
    expect(fault(world.apply(command)).kind).toBe("permission");
  });
});
