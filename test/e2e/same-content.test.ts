import { createCipheriv } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { TransferSummary } from "../../src/core/client.ts";
import { parseUserName } from "../../src/core/ids.ts";
import { resolvePath } from "../../src/core/names.ts";
import { connectControl } from "../../src/peer/control/control-client.ts";
import { controlAddress } from "../../src/peer/data-folder-paths.ts";
import { Processes } from "./processes.ts";

const bytes = 100_000_000;
const minutes = 60_000;
const password = "correct horse battery";
const [ann, bob] = [parseUserName("ann"), parseUserName("bob")];
const processes = new Processes();

afterAll(() => processes.clean());

it(
  "PRIV-7 two users who put the same 100 MB share no chunk; one who puts it twice stores it once",
  { timeout: 3 * minutes },
  async () => {
    const peer = await processes.peer(await processes.folder());
    const source = join(await processes.folder(), "film");
    await writeFile(
      source,
      createCipheriv("aes-256-ctr", Buffer.alloc(32, 7), Buffer.alloc(16)).update(Buffer.alloc(bytes)),
    );
    const client = await connectControl(controlAddress(peer.folder));
    const put = (name: string): Promise<TransferSummary> =>
      client.put({ sources: [{ kind: "path", path: source }], target: resolvePath(`/${name}`), checksum: true });
    await client.addUser({ name: ann, password });
    await client.login({ name: ann, password });
    await client.addUser({ name: bob, password });

    const first = await put("film");
    expect(first.newChunks).toBe(first.chunks);
    expect(first.newBytes).toBeGreaterThan(bytes);
    const again = await put("film again");
    expect(again).toMatchObject({ chunks: first.chunks, newChunks: 0, newBytes: 0 });
    const { firstChunks } = await client.why(resolvePath("/film"));
    expect((await client.why(resolvePath("/film again"))).firstChunks).toEqual(firstChunks);

    await client.login({ name: bob, password });
    const chunksBefore = (await client.status()).store.chunks;
    const other = await put("film");
    expect(other).toMatchObject({ newChunks: other.chunks, newBytes: first.newBytes });
    expect((await client.status()).store.chunks).toBe(chunksBefore + other.chunks);
    const others = new Set((await client.why(resolvePath("/film"))).firstChunks);
    expect(firstChunks.filter((chunk) => others.has(chunk))).toEqual([]);
    await client.close();
  },
);
