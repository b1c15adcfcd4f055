/** The boxes of a shared node: its keyring, sealed anew for everybody who it is shared with. */
import type { OperationOf } from "../../catalogue/operation.ts";
import type { UserRow } from "../../catalogue/rows.ts";
import type { NetworkId, NodeId, UserId } from "../../core/ids.ts";
import { sealShare } from "../../identity/share-box.ts";
import type { UserKeys } from "../../identity/user-keys.ts";
import type { CatalogueReader, ReadCallOptions } from "../coordination/catalogue-access.ts";
import type { Located } from "../located.ts";
import type { KnownUsers } from "../accounts/known-users.ts";
import { shareRows } from "./share-rows.ts";

/** The share of one grantee in an operation that gives a node a new key. */
type RenewedShares = OperationOf<"rekey">["shares"];

export interface ShareBoxesOptions {
  readonly network: NetworkId;
  readonly user: UserKeys;
  readonly catalogue: Pick<CatalogueReader, "shares">;
  readonly users: KnownUsers;
}

export class ShareBoxes {
  readonly #options: ShareBoxesOptions;

  constructor(options: ShareBoxesOptions) {
    this.#options = options;
  }

  /** The nodes that the user shares. */
  async given(options: ReadCallOptions): Promise<ReadonlySet<NodeId>> {
    const { catalogue, user } = this.#options;
    const rows = await shareRows(catalogue, { by: user.userId }, options);
    return new Set(rows.map(({ node }) => node));
  }

  /** The user's own node for one other user. */
  seal({ node, keyring, entry }: Located, grantee: Pick<UserRow, "user" | "boxPublicKey">): Uint8Array {
    const { network, user } = this.#options;
    const binding = { network, owner: user.userId, grantee: grantee.user, node };
    return sealShare(user, binding, grantee.boxPublicKey, { ...entry, keyring });
  }

  /** The user's own node, with the keyring that it gets, for everybody who has it but `drop`. Whoever has ended meanwhile has it no more. */
  async renew(place: Located, drop: UserId | null, options: ReadCallOptions): Promise<RenewedShares> {
    if (place.space.owner !== this.#options.user.userId) return [];
    const rows = await shareRows(this.#options.catalogue, { of: place.node }, options);
    const renewed: RenewedShares[number][] = [];
    for (const { grantee } of rows) {
      const row = grantee === drop ? undefined : await this.#options.users.byId(grantee, options);
      if (row !== undefined) renewed.push({ grantee, sealed: this.seal(place, row) });
    }
    return renewed;
  }
}
