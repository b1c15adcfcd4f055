/** The feeds of all other links of a chain. */
import type { StoredBytes } from "../../chunking/file-record.ts";
import type { LeaseId, PeerId } from "../../core/ids.ts";
import type { ChainLink } from "../../core/shelf.ts";
import type { FeedHost, FeedSettings } from "./feed-context.ts";
import type { LiveBatch } from "./feed-queue.ts";
import { LinkFeed } from "./link-feed.ts";
import type { LinkStatus } from "./link-feed.ts";
import type { LinkPort } from "./ports.ts";

export interface FeedsOptions {
  readonly settings: FeedSettings;
  readonly host: FeedHost;
  readonly linkTo: (peer: PeerId) => LinkPort;
}

export class Feeds {
  readonly #options: FeedsOptions;
  readonly #feeds = new Map<PeerId, LinkFeed>();
  readonly #stopping = new Set<Promise<void>>();

  constructor(options: FeedsOptions) {
    this.#options = options;
  }

  /**
   * Serves these links and no others. A link that keeps something else than before, or whose claim was taken away by
   * somebody else than this owner (`disclaimed`), is begun with anew: what it was known to have counts no more.
   */
  serve(links: readonly ChainLink[], disclaimed: PeerId | undefined): void {
    const { settings, host, linkTo } = this.#options;
    for (const peer of this.#feeds.keys()) if (!links.some((link) => link.peer === peer)) this.#end(peer);
    for (const link of links) {
      const known = this.#feeds.get(link.peer);
      if (known !== undefined && isSameTask(known.link, link, link.peer === disclaimed)) {
        known.setLink(link);
        continue;
      }
      this.#end(link.peer);
      this.#feeds.set(link.peer, new LinkFeed({ settings, host, link, port: linkTo(link.peer) }));
    }
  }

  #end(peer: PeerId): void {
    const feed = this.#feeds.get(peer);
    if (feed === undefined) return;
    this.#feeds.delete(peer);
    const stopped = feed.stop().finally(() => this.#stopping.delete(stopped));
    this.#stopping.add(stopped);
  }

  get(peer: PeerId): LinkFeed | undefined {
    return this.#feeds.get(peer);
  }

  /** Passes a new change on to all; puts wait for those links that keep records for so many copies. */
  publish(batch: LiveBatch, copies: number): void {
    for (const feed of this.#feeds.values()) feed.publish(batch, feed.link.keepsFrom <= copies);
  }

  /** Sends chunks on to the links that keep records for so many copies. */
  async forward(lease: LeaseId, chunks: readonly StoredBytes[], copies: number): Promise<void> {
    const keepers = [...this.#feeds.values()].filter(({ link }) => link.keepsFrom <= copies);
    await Promise.all(keepers.map((feed) => feed.forward(lease, chunks)));
  }

  renewLease(lease: LeaseId): void {
    for (const feed of this.#feeds.values()) feed.renewLease(lease);
  }

  endLease(lease: LeaseId): void {
    for (const feed of this.#feeds.values()) feed.endLease(lease);
  }

  status(): readonly LinkStatus[] {
    return Array.from(this.#feeds.values(), (feed) => feed.status());
  }

  /** Ends all feeds and resolves when nothing of them is under way. */
  async stop(): Promise<void> {
    this.serve([], undefined);
    await Promise.all(this.#stopping);
  }
}

function isSameTask(before: ChainLink, now: ChainLink, isOwnReport: boolean): boolean {
  return before.keepsFrom === now.keepsFrom && (isOwnReport || before.hasFrom === 0 || now.hasFrom > 0);
}
