/**
 * Snapshots of the catalogue on their way to a member that is behind the log.
 *
 * The leader offers; the member fetches the file piece by piece, over calls that leave room for others between them,
 * and goes on where it was when it is offered the same file again, even after a restart. Only when the whole file has
 * its digest does the core hear of the snapshot.
 */
import { withDeadline } from "../../core/deadline.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { PeerId } from "../../core/ids.ts";
import { snapshotPieceBytes, snapshotStallMs } from "../../core/limits.ts";
import type { Message, SnapshotRequest } from "../../raft/messages.ts";
import { decodeMessage, encodeMessage } from "../../raft/message-codec.ts";
import type { MemberId, Snapshot } from "../../raft/types.ts";
import type { SnapshotFile, SnapshotFolder } from "../../store/raft-disk/snapshot-folder.ts";
import type { Log } from "../log.ts";
import type { PeerLinks } from "../peer-links.ts";
import { decodeCbor, encodeCbor } from "../wire/cbor.ts";
import type { GroupId } from "./group-mark.ts";
import { groupMethods, snapshotFileSchema } from "./group-methods.ts";

export interface SnapshotTransferOptions {
  readonly group: GroupId;
  readonly self: MemberId;
  readonly folder: SnapshotFolder;
  readonly links: Pick<PeerLinks, "call">;
  readonly peerOf: (member: MemberId) => PeerId | undefined;
  /** Entries up to here need no snapshot any more. */
  readonly commitIndex: () => number;
  readonly step: (message: Message) => void;
  readonly report: (member: MemberId, isDelivered: boolean) => void;
  readonly log: Log;
}

/** What a snapshot of the core carries: by which file it can be found. */
export function snapshotData({ bytes, digest }: SnapshotFile): Uint8Array {
  return encodeCbor({ bytes, digest });
}

export class SnapshotTransfer {
  readonly #options: SnapshotTransferOptions;
  readonly #stopping = new AbortController();
  #fetching: Promise<void> | undefined;
  /** Each offer that is under way; its file stays until then. */
  readonly #offers: { readonly peer: PeerId; readonly file: SnapshotFile }[] = [];

  constructor(options: SnapshotTransferOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Offers a snapshot to the member that the message is for, and reports how that ended. */
  send(peer: PeerId, message: SnapshotRequest): void {
    const { log, report } = this.#options;
    this.#offer(peer, message).then(
      () => report(message.to, true),
      (error: unknown) => {
        log.info(`a snapshot did not reach ${peer}: ${toDfsError(error).message}`);
        report(message.to, false);
      },
    );
  }

  async #offer(peer: PeerId, message: SnapshotRequest): Promise<void> {
    const { folder, group, links } = this.#options;
    const file = this.file(message.snapshot);
    const release = folder.hold(file);
    const offer = { peer, file };
    this.#offers.push(offer);
    try {
      await links.call(
        peer,
        groupMethods.offerSnapshot,
        { group, message: Buffer.concat(encodeMessage(message)) },
        { signal: this.#stopping.signal, timeoutMs: offerTimeoutMs },
      );
    } catch (error) {
      // Whoever finds it damaged may be right: then it goes, and another one is made.
      if (toDfsError(error).kind === "integrity") await folder.verify(file);
      throw error;
    } finally {
      this.#offers.splice(this.#offers.indexOf(offer), 1);
      await release();
    }
  }

  /** The file of a snapshot of this member's own, or of one that has arrived. Fails with `integrity` when it is not there. */
  file(snapshot: Snapshot): SnapshotFile {
    const { digest } = decodeCbor(snapshot.data, snapshotFileSchema, "snapshot");
    const file = this.#options.folder.newest();
    if (file === undefined || Buffer.compare(file.digest, digest) !== 0)
      throw new DfsError("integrity", "a snapshot of the catalogue is gone from its folder");
    return file;
  }

  /** Takes a snapshot that `from` offers: fetches its file where it is needed, and lets the core know. */
  async take(from: PeerId, group: GroupId, bytes: Uint8Array): Promise<void> {
    const message = this.#checked(from, group, bytes);
    if (message.snapshot.index > this.#options.commitIndex()) await this.#fetchAlone(message.snapshot, from);
    this.#options.step(message);
  }

  /** A piece of the snapshot that this member offers `peer`. Fails with `not-found` when there is another one by now, or none for it. */
  read(peer: PeerId, group: GroupId, digest: Uint8Array, offset: number): Promise<Uint8Array> {
    const offer = this.#offers.find((one) => one.peer === peer && Buffer.compare(one.file.digest, digest) === 0);
    if (group !== this.#options.group || offer === undefined)
      throw new DfsError("not-found", "this snapshot is not on offer any more: wait for the next one");
    const { file } = offer;
    return this.#options.folder.read(file, offset, Math.min(snapshotPieceBytes, file.bytes - offset));
  }

  #checked(from: PeerId, group: GroupId, bytes: Uint8Array): SnapshotRequest {
    const message = decodeMessage(bytes);
    const { self, peerOf } = this.#options;
    if (message.type !== "snapshot" || group !== this.#options.group || message.to !== self)
      throw new DfsError("protocol", "the snapshot is not for this member of the group");
    if (peerOf(message.from) !== from) throw new DfsError("permission", "only a member of the group offers snapshots");
    return message;
  }

  async #fetchAlone(snapshot: Snapshot, from: PeerId): Promise<void> {
    if (this.#fetching !== undefined)
      throw new DfsError("busy", "another snapshot is being fetched", { retryAfterMs: 1_000 });
    this.#fetching = this.#fetch(snapshot, from).finally(() => {
      this.#fetching = undefined;
    });
    await this.#fetching;
  }

  async #fetch({ index, term, data }: Snapshot, from: PeerId): Promise<void> {
    const { folder, group, links, log } = this.#options;
    const { bytes, digest } = decodeCbor(data, snapshotFileSchema, "snapshot");
    const reception = await folder.receive({ index, term, bytes, digest });
    log.info(`fetching the catalogue as of entry ${index}: ${bytes} bytes, ${reception.offset} of them here already`);
    try {
      for (let { offset } = reception; offset < bytes;) {
        const piece = await withDeadline(snapshotStallMs, this.#stopping.signal, (signal) =>
          links.call(from, groupMethods.readSnapshot, { group, digest, offset }, { signal }),
        );
        if (piece.length === 0) throw new DfsError("protocol", "a snapshot ended before its length");
        await reception.append(piece);
        offset += piece.length;
      }
    } catch (error) {
      await reception.abandon();
      throw error;
    }
    await reception.finish();
  }
}

/** The offer of a large snapshot takes as long as its file: the pieces have deadlines of their own. */
const offerTimeoutMs = 60 * 60_000;
