/** Messages and bytes of holder calls, as they would travel: the request and its answer, each in its frame. */
import type { PeerId } from "../../src/core/ids.ts";
import type { AnnounceReply, AnnounceRequest } from "../../src/dht/messages.ts";
import { encodeCbor } from "../../src/peer/wire/cbor.ts";
import { frameHeader } from "../../src/peer/wire/frame-channel.ts";
import { tags } from "../../src/peer/wire/rpc-messages.ts";

const callId = 1_000;
const deadlineMs = 10_000;

export class WireCount {
  /** Calls: a request that has an answer or not. */
  messages = 0;
  /** Of requests and answers, without what the connection itself adds. */
  bytes = 0;

  announced(request: AnnounceRequest, reply: AnnounceReply): void {
    this.#add("holders.announce", request, reply);
  }

  asked(keys: readonly Uint8Array[], holders: readonly (readonly PeerId[])[]): void {
    this.#add("holders.lookup", { keys: [...keys] }, { holders });
  }

  #add(method: string, request: unknown, reply: unknown): void {
    this.messages += 1;
    this.bytes += framed([tags.call, callId, method, request, deadlineMs]) + framed([tags.result, callId, reply]);
  }
}

function framed(message: unknown): number {
  const payloadBytes = encodeCbor(message).length;
  return frameHeader(payloadBytes).length + payloadBytes;
}
