import { accountsContract } from "../contract/accounts.ts";
import { clientContract } from "../contract/client.ts";
import { pastContract } from "../contract/past.ts";
import { jobsContract } from "../contract/jobs.ts";
import { MemoryClient } from "./memory-client.ts";

clientContract("MemoryClient", async () => {
  const client = new MemoryClient();
  return { client, advance: async (ms) => client.advance(ms), stop: async () => undefined };
});

accountsContract("MemoryClient", async () => {
  const network = new MemoryClient();
  return { session: async () => network.another(), stop: () => network.close() };
});

pastContract("MemoryClient", async () => ({ client: new MemoryClient(), stop: async () => undefined }));

jobsContract("MemoryClient", async () => {
  const network = new MemoryClient();
  return { session: async () => network.another(), stop: () => network.close() };
});
