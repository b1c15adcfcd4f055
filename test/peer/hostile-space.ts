/** A file space into whose catalogue somebody else has put names of any bytes; and local folders that are watched. */
import { createHash } from "node:crypto";
import { lstat, readFile, readdir, readlink } from "node:fs/promises";
import { Namespace } from "../../src/peer/namespace.ts";
import { renewedWraps, requireNamed } from "../../src/peer/sealed-operations.ts";
import { ok, shared } from "../catalogue/world.ts";
import { FileSpace, at, putText, readerOf } from "./file-space.ts";

export class HostileSpace extends FileSpace {
  readonly namespace = new Namespace(shared, readerOf(this.world));
  #made = 0;

  /** Puts a file, or a directory with a file `inside`, into `folder`, and gives it a name of any bytes that fit. */
  async plant(folder: string, bytes: Uint8Array, kind: "file" | "directory" = "file"): Promise<void> {
    const innocent = `innocent-${(this.#made += 1)}`;
    const path = `${folder}/${innocent}`;
    if (kind === "file") await putText(this.client, path, `content of ${innocent}`);
    else {
      await this.client.mkdir(at(path));
      await putText(this.client, `${path}/inside`, "inside");
    }
    const directory = await this.namespace.require(at(folder));
    const source = requireNamed(await this.namespace.require(at(path)), "renamed");
    const { parent, token, node } = source;
    const toToken = directory.keyring.nameCipher(0).seal(bytes, Buffer.from(parent, "hex"));
    const wraps = renewedWraps(directory, { ...source, token: toToken });
    const binding = { fromParent: parent, fromToken: token, toParent: parent, toToken, node };
    ok(this.world.asUser({ op: "move", ...binding, replace: null, parentGeneration: 1, ...wraps }));
  }
}

/** Everything in `folder`, by its path in bytes: kind, mode, and content or where a link leads. */
export async function snapshot(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const walk = async (directory: Buffer, shown: string): Promise<void> => {
    for (const name of await readdir(directory, { encoding: "buffer" })) {
      const path = Buffer.concat([directory, Buffer.from("/"), name]);
      const key = `${shown}/${name.toString("latin1")}`;
      const status = await lstat(path);
      const mode = status.mode.toString(8);
      if (status.isDirectory()) {
        found[key] = `directory ${mode}`;
        await walk(path, key);
      } else if (status.isSymbolicLink()) found[key] = `link to ${await readlink(path)}`;
      else if (status.isFile()) found[key] = `file ${mode} ${sha256(await readFile(path))}`;
      else found[key] = `other ${mode} ${status.rdev}`;
    }
  };
  await walk(Buffer.from(folder), "");
  return found;
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
