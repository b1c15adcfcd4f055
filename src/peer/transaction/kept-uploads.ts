/** The uploads of a transaction: their chunks stay on their shelves, under lease, until it is committed or abandoned. */
import pLimit from "p-limit";
import type { Operation } from "../../catalogue/operation.ts";
import { withDeadline } from "../../core/deadline.ts";
import { transactionLeasesAtOnceMax } from "../../core/limits.ts";
import { type UploadSession, leaseEndMs } from "../upload-session.ts";

/** There is at least one change of the transaction for each upload, which bounds them. */
export class KeptUploads {
  readonly #sessions = new Set<UploadSession>();
  #end: Promise<void> | undefined;

  /** Takes a finished upload; one that comes after the end is ended at once. */
  keep(session: UploadSession): void {
    if (this.#end === undefined) this.#sessions.add(session);
    else void endUploads([session]);
  }

  /**
   * The operations as they can be committed after a chain has changed: each kept file is confirmed by the present owner of
   * its shelf. Fails as `UploadSession.addRecords` does.
   */
  async confirm(operations: readonly Operation[]): Promise<readonly Operation[]> {
    const byLease = new Map(Array.from(this.#sessions, (session) => [session.lease, session]));
    const confirmed: Operation[] = [];
    for (const operation of operations) {
      const session = operation.op === "putFile" ? byLease.get(operation.lease) : undefined;
      if (operation.op !== "putFile" || session === undefined) confirmed.push(operation);
      else confirmed.push({ ...operation, ...(await session.addRecords([operation.fileKey])) });
    }
    return confirmed;
  }

  /** Lets the shelves settle what stays: what the catalogue names by now. Where that fails, the leases run out by themselves. */
  end(): Promise<void> {
    this.#end ??= endUploads([...this.#sessions]);
    return this.#end;
  }
}

async function endUploads(sessions: readonly UploadSession[]): Promise<void> {
  for (const session of sessions) session.letGo();
  const limited = pLimit(transactionLeasesAtOnceMax);
  const ending = withDeadline(leaseEndMs, undefined, (signal) =>
    limited.map(sessions, (session) => session.end(signal).catch(() => undefined)),
  );
  await ending.catch(() => undefined);
}
