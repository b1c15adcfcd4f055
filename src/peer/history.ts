/** The revisions of files, and files that get back what they were. */
import type { CallOptions } from "../core/client.ts";
import { DfsError, assert } from "../core/errors.ts";
import type { RevisionInfo } from "../core/history.ts";
import type { DfsPath } from "../core/names.ts";
import type { CommandTarget } from "./command-session.ts";
import { KeyRenewal, whenRekeyed } from "./key-renewal.ts";
import type { Members } from "./members.ts";
import type { KeptRevision, Namespace } from "./namespace.ts";
import { requireWritable } from "./sealed-operations.ts";
import { replacingCopyOperation } from "./tree-copy.ts";

export interface HistoryOptions {
  readonly namespace: Namespace;
  readonly commands: CommandTarget;
  readonly members: Pick<Members, "policy">;
}

export class History {
  readonly #options: HistoryOptions;
  readonly #renewal: KeyRenewal;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#renewal = new KeyRenewal(options.namespace, options.commands);
  }

  /** The same as another namespace shows it, with changes that go elsewhere. */
  over(namespace: Namespace, commands: CommandTarget): History {
    return new History({ ...this.#options, namespace, commands });
  }

  async *revisions(path: DfsPath, options: CallOptions): AsyncGenerator<RevisionInfo> {
    const { namespace, members } = this.#options;
    const file = await namespace.requireFile(path, options);
    const retainMs = members.policy?.retainMs ?? 0;
    for await (const kept of namespace.revisions(file, options)) yield infoOf(kept, file.entry.revision, retainMs);
  }

  restore(path: DfsPath, revision: number, { signal }: CallOptions): Promise<number> {
    const { namespace, commands } = this.#options;
    return whenRekeyed(async () => {
      const file = await namespace.requireFile(path, { signal });
      requireWritable(file);
      if (revision === file.entry.revision)
        throw new DfsError("exists", `is at revision ${revision} already: it is the newest`, { path });
      const source = await namespace.revision(file, revision, { signal });
      const replaced = await this.#renewal.fresh(file, signal);
      const [result] = await commands.execute([replacingCopyOperation(source, replaced)], signal);
      assert(result?.op === "copyFile", "a copy has the result of one");
      return result.revision;
    });
  }
}

function infoOf({ get, outMs }: KeptRevision, current: number, retainMs: number): RevisionInfo {
  const { entry, content } = get();
  const { revision, sizeBytes, mode, modifiedMs, committedMs, copies, addedBytes, expiresMs } = entry;
  return {
    revision,
    sizeBytes,
    mode,
    modifiedMs,
    committedMs,
    copies,
    addedBytes,
    fileKey: content.fileKey,
    isCurrent: revision === current,
    keptUntilMs: outMs === null ? undefined : outMs + retainMs,
    expiresMs,
  };
}
