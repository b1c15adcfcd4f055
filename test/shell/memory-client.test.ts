import { clientContract } from "../contract/client.ts";
import { MemoryClient } from "./memory-client.ts";

clientContract("MemoryClient", async () => ({ client: new MemoryClient(), stop: async () => undefined }));
