/**
 * Messages between the members of the catalogue's group.
 *
 * To each other member go two streams of one direction: appends on one, everything small (heartbeats, votes, reads) on
 * the other, so that a heartbeat never waits behind a batch. A stream begins with a hello that says of which group it
 * is and whose message it carries to whom; the receiver checks that against the connection's peer. Messages are lost
 * where a stream is full or broken: consensus expects that of any network.
 */
import * as v from "valibot";
import { withDeadline } from "../../core/deadline.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { PeerId } from "../../core/ids.ts";
import {
  dialTimeoutMs,
  groupFrameBytesMax,
  groupQueueBytesMax,
  groupRedialMs,
  groupStreamSilentMs,
} from "../../core/limits.ts";
import type { Message, SnapshotRequest } from "../../raft/messages.ts";
import { decodeMessage, encodeMessage } from "../../raft/message-codec.ts";
import type { MemberId } from "../../raft/types.ts";
import type { Log } from "../log.ts";
import { groupAppendProtocol, groupControlProtocol } from "../protocols.ts";
import { decodeCbor, encodeCbor } from "../wire/cbor.ts";
import type { FrameChannel } from "../wire/frame-channel.ts";
import { type GroupId, groupSchemas } from "./group-mark.ts";

/** How streams to other peers come about. */
export interface GroupStreams {
  open(peer: PeerId, protocol: string, frameBytesMax: number, signal: AbortSignal): Promise<FrameChannel>;
  /** Registers who takes the streams that others open; called before the peer lets anybody in. */
  handle(
    protocol: string,
    frameBytesMax: number,
    onChannel: (channel: FrameChannel, from: PeerId) => void,
  ): Promise<void>;
}

/** The member that this peer is now, as far as messages are concerned. */
export interface GroupEnd {
  readonly group: GroupId;
  readonly self: MemberId;
  /** Whose number a member is; undefined for one that this peer has not heard of. */
  peerOf(member: MemberId): PeerId | undefined;
  /** Whether a member was heard of lately. */
  isActive(member: MemberId): boolean;
  step(message: Message): void;
  reportUnreachable(member: MemberId): void;
  /** Takes the sending of a snapshot over. */
  sendSnapshot(peer: PeerId, message: SnapshotRequest): void;
}

export interface GroupTransportOptions {
  readonly streams: GroupStreams;
  /** Undefined while this peer is no member. */
  readonly end: () => GroupEnd | undefined;
  /** A stream came from a member that this peer has not heard of. */
  readonly onUnknownMember: () => void;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** Of which group a stream is, from which member and to which. */
export const helloSchema = v.object({
  group: groupSchemas.group,
  from: groupSchemas.memberId,
  to: groupSchemas.memberId,
});

const protocols = [groupAppendProtocol, groupControlProtocol] as const;
type GroupProtocol = (typeof protocols)[number];

export class GroupTransport {
  readonly #options: GroupTransportOptions;
  readonly #outgoing = new Map<string, OutgoingStream>();

  constructor(options: GroupTransportOptions) {
    this.#options = options;
  }

  /** Registers the handlers of both protocols. */
  async serve(): Promise<void> {
    for (const protocol of protocols)
      await this.#options.streams.handle(protocol, groupFrameBytesMax, (channel, from) => this.#receive(channel, from));
  }

  /** Sends what can be sent; the rest is lost. */
  send(messages: readonly Message[]): void {
    const end = this.#options.end();
    if (end === undefined) return;
    for (const message of messages) {
      const peer = end.peerOf(message.to);
      if (peer === undefined) this.#options.onUnknownMember();
      else if (message.type === "snapshot") end.sendSnapshot(peer, message);
      else if (!this.#stream(end, message, peer).send(encodeMessage(message))) end.reportUnreachable(message.to);
    }
  }

  /** Ends the streams to everybody: this peer is no member any more, or of another group. */
  stop(): void {
    for (const stream of this.#outgoing.values()) stream.close();
    this.#outgoing.clear();
  }

  #stream(end: GroupEnd, message: Message, peer: PeerId): OutgoingStream {
    const { group, self } = end;
    const isAppend = message.type === "append" || message.type === "append-response";
    const protocol: GroupProtocol = isAppend ? groupAppendProtocol : groupControlProtocol;
    const key = `${group} ${message.to} ${protocol}`;
    const present = this.#outgoing.get(key);
    // After a partition a stream may go on waiting for its next retransmission: a new one is there sooner.
    if (present !== undefined && !end.isActive(message.to)) present.renewIfOld();
    if (present !== undefined) return present;
    const hello = encodeCbor({ group, from: self, to: message.to });
    const { streams, nowMs } = this.#options;
    const stream = new OutgoingStream({
      hello,
      open: (signal) => streams.open(peer, protocol, groupFrameBytesMax, signal),
      nowMs,
    });
    this.#outgoing.set(key, stream);
    return stream;
  }

  #receive(channel: FrameChannel, from: PeerId): void {
    let sender: MemberId | undefined;
    channel.receive({
      onFrame: (frame) => {
        try {
          if (sender === undefined) sender = this.#greet(frame, from);
          else this.#take(decodeMessage(frame), sender);
        } catch (error) {
          this.#options.log.debug(`a stream of the group from ${from} ended: ${toDfsError(error).message}`);
          channel.abort(toDfsError(error));
        }
      },
      onEnd: () => undefined,
    });
  }

  /** Checks that a stream is what its hello says; returns whose messages it carries. */
  #greet(bytes: Uint8Array, from: PeerId): MemberId {
    const hello = decodeCbor(bytes, helloSchema, "hello of the group");
    const end = this.#options.end();
    if (end === undefined || end.group !== hello.group || end.self !== hello.to)
      throw new Error("this peer is not the member that the stream is for");
    const peer = end.peerOf(hello.from);
    if (peer === undefined) this.#options.onUnknownMember();
    if (peer !== from) throw new Error(`member ${hello.from} is not known to be that peer`);
    return hello.from;
  }

  #take(message: Message, sender: MemberId): void {
    const end = this.#options.end();
    if (message.from !== sender || message.type === "snapshot") throw new Error("a message that was not expected");
    if (end === undefined || end.self !== message.to) throw new Error("this peer is no longer that member");
    end.step(message);
  }
}

interface OutgoingStreamOptions {
  readonly hello: Uint8Array;
  readonly open: (signal: AbortSignal) => Promise<FrameChannel>;
  readonly nowMs: () => number;
}

/** One stream to one member: opened when first needed, and again after it broke. */
class OutgoingStream {
  readonly #options: OutgoingStreamOptions;
  #channel: FrameChannel | undefined;
  #isOpening = false;
  #isClosed = false;
  #retryAtMs = 0;
  #openedMs = 0;
  #waiting: (readonly Uint8Array[])[] = [];
  #queuedBytes = 0;

  constructor(options: OutgoingStreamOptions) {
    this.#options = options;
  }

  /** Sends a frame, or has it wait for the stream; false when it is lost. */
  send(parts: readonly Uint8Array[]): boolean {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    if (this.#queuedBytes + bytes > groupQueueBytesMax) return false;
    if (this.#channel !== undefined) this.#pass(this.#channel, parts, bytes);
    else if (this.#isOpening || this.#options.nowMs() >= this.#retryAtMs) {
      this.#waiting.push(parts);
      this.#queuedBytes += bytes;
      if (!this.#isOpening) void this.#open();
    } else return false;
    return true;
  }

  /** Gives up a stream that has been there for some time without bringing anything back. */
  renewIfOld(): void {
    if (this.#channel === undefined || this.#options.nowMs() - this.#openedMs < groupStreamSilentMs) return;
    this.#channel.abort(new DfsError("unreachable", "nothing comes back from this member"));
    this.#drop();
    this.#retryAtMs = 0;
  }

  close(): void {
    this.#isClosed = true;
    void this.#channel?.close();
    this.#drop();
  }

  #pass(channel: FrameChannel, parts: readonly Uint8Array[], bytes: number): void {
    this.#queuedBytes += bytes;
    channel.send(parts).then(
      () => {
        if (this.#channel === channel) this.#queuedBytes -= bytes;
      },
      () => {
        if (this.#channel === channel) this.#drop();
      },
    );
  }

  async #open(): Promise<void> {
    this.#isOpening = true;
    try {
      const channel = await withDeadline(dialTimeoutMs, undefined, (signal) => this.#options.open(signal));
      channel.receive({
        onFrame: () => undefined,
        onEnd: () => {
          if (this.#channel === channel) this.#drop();
        },
      });
      const waiting = this.#waiting.splice(0);
      this.#queuedBytes = 0;
      this.#channel = channel;
      this.#openedMs = this.#options.nowMs();
      void channel.send([this.#options.hello]).catch(() => undefined); // the end of the channel says so as well
      for (const parts of waiting)
        this.#pass(
          channel,
          parts,
          parts.reduce((sum, part) => sum + part.length, 0),
        );
      if (this.#isClosed) this.close();
    } catch {
      this.#drop();
    } finally {
      this.#isOpening = false;
    }
  }

  /** The stream is gone, and what waited for it is lost; it is not dialled again at once. */
  #drop(): void {
    this.#channel = undefined;
    this.#waiting = [];
    this.#queuedBytes = 0;
    this.#retryAtMs = this.#options.nowMs() + groupRedialMs;
  }
}
