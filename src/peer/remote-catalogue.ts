/** The catalogue of a network whose coordinator is another peer. */
import type { DirectoryPage, EntryRow, RevisionRow } from "../catalogue/rows.ts";
import { DfsError } from "../core/errors.ts";
import type { NodeId, PeerId, UserId } from "../core/ids.ts";
import type { CatalogueAccess, CatalogueTotals, Heartbeat, MemberList, Presence } from "./catalogue-access.ts";
import { catalogueMethods } from "./catalogue-methods.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { RpcCallOptions } from "./wire/rpc-client.ts";
import type { RpcMethod } from "./wire/rpc-method.ts";

export class RemoteCatalogue implements CatalogueAccess {
  readonly isLocal = false;
  readonly #links: PeerLinks;
  readonly #coordinator: PeerId;
  readonly #nameOf: (peer: PeerId) => string | undefined;

  /** `nameOf` gives a member's name for messages. */
  constructor(links: PeerLinks, coordinator: PeerId, nameOf: (peer: PeerId) => string | undefined) {
    this.#links = links;
    this.#coordinator = coordinator;
    this.#nameOf = nameOf;
  }

  async entry(user: UserId, parent: NodeId, token: Uint8Array, signal?: AbortSignal): Promise<EntryRow | undefined> {
    return (await this.#ask(catalogueMethods.entry, { user, parent, token }, { signal })) ?? undefined;
  }

  list(
    user: UserId,
    parent: NodeId,
    after: Uint8Array | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<DirectoryPage> {
    return this.#ask(catalogueMethods.list, { user, parent, after, limit }, { signal });
  }

  async revision(node: NodeId, revision: number, signal?: AbortSignal): Promise<RevisionRow | undefined> {
    return (await this.#ask(catalogueMethods.revision, { node, revision }, { signal })) ?? undefined;
  }

  members(signal?: AbortSignal): Promise<MemberList> {
    return this.#ask(catalogueMethods.members, {}, { signal });
  }

  totals(signal?: AbortSignal): Promise<CatalogueTotals> {
    return this.#ask(catalogueMethods.totals, {}, { signal });
  }

  presence(signal?: AbortSignal): Promise<readonly Presence[]> {
    return this.#ask(catalogueMethods.presence, {}, { signal });
  }

  heartbeat(beat: Heartbeat, signal?: AbortSignal): Promise<number> {
    return this.#ask(catalogueMethods.heartbeat, beat, { signal });
  }

  propose(command: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#ask(catalogueMethods.propose, { command }, { signal });
  }

  async #ask<Params, Result>(
    method: RpcMethod<Params, Result>,
    params: Params,
    options: RpcCallOptions,
  ): Promise<Result> {
    try {
      return await this.#links.call(this.#coordinator, method, params, options);
    } catch (error) {
      if (!(error instanceof DfsError) || error.kind !== "unreachable") throw error;
      const name = this.#nameOf(this.#coordinator) ?? this.#coordinator;
      throw new DfsError(
        "unreachable",
        `${name}, which keeps the catalogue, does not answer (${error.message}); start dfs-peer there, and see status`,
        { cause: error },
      );
    }
  }
}
