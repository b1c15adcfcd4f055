import { describe, expect, it } from "vitest";
import { DiskChunkStore } from "../../src/store/disk-chunk-store.ts";
import { newLease, randomFile, shelf, temporaryFolder } from "../store/store-fixtures.ts";
import { type SavepointFindings, checkSavepoints } from "./savepoint-check.ts";

const epoch = 1;

/** An owner with three files, and a mirror that was sent so many of them and says that it has three. */
async function findings(sent: number): Promise<SavepointFindings> {
  const [owner, mirror] = [await temporaryFolder(), await temporaryFolder()];
  const files = Array.from({ length: 3 }, () => randomFile());
  for (const folder of [owner, mirror]) {
    const store = new DiskChunkStore({ folder });
    await store.start();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    await store.put(
      lease,
      files.flatMap(({ all }) => all),
    );
    const changes = files.map(({ key }) => ({ fileKey: key, copies: 2 }));
    if (folder === owner) await store.appendChanges(shelf, epoch, changes, { lease });
    else await store.applyChanges(shelf, { epoch, after: 0, sequence: 3, changes: changes.slice(0, sent) }, { lease });
    await store.stop();
  }
  const copies = [
    { name: "owner", folder: owner },
    { name: "mirror", folder: mirror },
  ];
  return checkSavepoints(copies, [{ shelf, owner: "owner" }]);
}

describe("the check of savepoints", () => {
  it("BURN-18 finds nothing where all that is claimed is there", async () => {
    expect(await findings(3)).toEqual({ faults: [], compared: 1, claimed: 1 });
  });

  it("BURN-19 finds a record that is claimed and not there", async () => {
    const { faults } = await findings(2);
    expect(faults).toEqual([expect.stringMatching(/^mirror.* claims .* and does not have it$/)]);
  });
});
