import { expect, it, onTestFinished } from "vitest";
import type { UserRow } from "../../../src/catalogue/rows.ts";
import { type UserName, parseUserName } from "../../../src/core/ids.ts";
import { UserDirectory } from "../../../src/peer/accounts/user-directory.ts";
import { type Person, World, network, ok, shared } from "../../catalogue/world.ts";

it("LOGIN-13 a coordinator cannot give one user's row for another's, nor change one", async () => {
  const world = World.founded();
  onTestFinished(() => world[Symbol.dispose]());
  const [ann, bob] = world.withUsers("ann", "bob") as [Person, Person];
  ok(world.as(ann, { op: "setQuota", user: bob.keys.userId, quotaBytes: 7 }));
  const row = (name: string): UserRow => world.catalogue.userByName(parseUserName(name)) as UserRow;
  const told = (answer: UserRow): UserDirectory =>
    new UserDirectory({
      network: network.networkId,
      shared,
      catalogue: {
        userByName: () => Promise.resolve(answer),
        user: () => Promise.resolve(answer),
        users: () => Promise.resolve({ rows: [answer], next: null }),
      },
    });
  const asked = (answer: UserRow, name: UserName = bob.name): Promise<UserRow> => told(answer).require(name);
  expect(await asked(row("bob"))).toMatchObject({ user: bob.keys.userId, quotaBytes: 7 });
  const refused = expect.objectContaining({ kind: "integrity" });
  await expect(asked(row("ann"))).rejects.toThrow(refused);
  await expect(asked({ ...row("ann"), name: bob.name })).rejects.toThrow(refused);
  await expect(asked({ ...row("bob"), boxPublicKey: row("ann").boxPublicKey })).rejects.toThrow(refused);
  await expect(told({ ...row("ann"), name: parseUserName("shared") }).all()).rejects.toThrow(refused);
});
