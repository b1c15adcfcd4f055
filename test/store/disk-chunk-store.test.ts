import { describe } from "vitest";
import { chunkStoreContract } from "../contract/chunk-store.ts";
import { startStore, temporaryFolder } from "./store-fixtures.ts";

describe("DiskChunkStore", () => {
  chunkStoreContract(async () => startStore({ folder: await temporaryFolder() }));
});
