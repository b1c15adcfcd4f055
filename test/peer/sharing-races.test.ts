/** Puts of two users while a share is given and taken back under them. */
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileSpace, type SpaceUser, at } from "./file-space.ts";
import { Race, anyGroups } from "./sharing-race.ts";

const space = new FileSpace();
beforeAll(() => space.start());
afterAll(() => space.stop());

describe("shares that are given and taken back while files are put", () => {
  it("SHARE-11 every put succeeds or loses to another, and nothing after the end of a share is sealed by a key that was lost", async () => {
    const users = space.withUsers("ann", "bob") as [SpaceUser, SpaceUser];
    let races = 0;
    const property = fc.asyncProperty(anyGroups, async (groups) => {
      const race = new Race(space, users, `docs-${(races += 1)}`);
      space.beforePropose = () => Promise.resolve();
      await race.prepare();
      for (const group of groups) await race.run(group);
      space.beforePropose = () => Promise.resolve();
      await users[0].client.remove(at(`/${race.folder}`), { recursive: true });
    });
    const outcome = await fc.check(property, { numRuns: 40 });
    expect(outcome.failed, fc.defaultReportMessage(outcome)).toBe(false);
  }, 120_000);
});
