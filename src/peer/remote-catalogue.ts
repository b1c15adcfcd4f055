/** The catalogue of a network whose coordinator is another peer. */
import type { DirectoryPage, EntryRow, RevisionRow } from "../catalogue/rows.ts";
import type { NodeId, PeerId, UserId } from "../core/ids.ts";
import type { CatalogueAccess, CatalogueTotals, Heartbeat, MemberList, Presence } from "./catalogue-access.ts";
import { catalogueMethods } from "./catalogue-methods.ts";
import type { PeerLinks } from "./peer-links.ts";

export class RemoteCatalogue implements CatalogueAccess {
  readonly isLocal = false;
  readonly #links: PeerLinks;
  readonly #coordinator: PeerId;

  constructor(links: PeerLinks, coordinator: PeerId) {
    this.#links = links;
    this.#coordinator = coordinator;
  }

  async entry(user: UserId, parent: NodeId, token: Uint8Array, signal?: AbortSignal): Promise<EntryRow | undefined> {
    return (
      (await this.#links.call(this.#coordinator, catalogueMethods.entry, { user, parent, token }, { signal })) ??
      undefined
    );
  }

  list(
    user: UserId,
    parent: NodeId,
    after: Uint8Array | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<DirectoryPage> {
    return this.#links.call(this.#coordinator, catalogueMethods.list, { user, parent, after, limit }, { signal });
  }

  async revision(node: NodeId, revision: number, signal?: AbortSignal): Promise<RevisionRow | undefined> {
    return (
      (await this.#links.call(this.#coordinator, catalogueMethods.revision, { node, revision }, { signal })) ??
      undefined
    );
  }

  members(signal?: AbortSignal): Promise<MemberList> {
    return this.#links.call(this.#coordinator, catalogueMethods.members, {}, { signal });
  }

  totals(signal?: AbortSignal): Promise<CatalogueTotals> {
    return this.#links.call(this.#coordinator, catalogueMethods.totals, {}, { signal });
  }

  presence(signal?: AbortSignal): Promise<readonly Presence[]> {
    return this.#links.call(this.#coordinator, catalogueMethods.presence, {}, { signal });
  }

  heartbeat(beat: Heartbeat, signal?: AbortSignal): Promise<number> {
    return this.#links.call(this.#coordinator, catalogueMethods.heartbeat, beat, { signal });
  }

  propose(command: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#links.call(this.#coordinator, catalogueMethods.propose, { command }, { signal });
  }
}
