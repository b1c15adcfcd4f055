/** What a user who is logged in has to do with others: the doors to what they have, and the boxes of what they are given. */
import type { EntryRow } from "../../catalogue/rows.ts";
import type { NetworkId } from "../../core/ids.ts";
import type { UserKeys } from "../../identity/user-keys.ts";
import type { CatalogueReader, UserReader } from "../coordination/catalogue-access.ts";
import { Doors } from "../doors.ts";
import { KnownUsers } from "../accounts/known-users.ts";
import { ReceivedShares } from "./received-shares.ts";
import { ShareBoxes } from "./share-boxes.ts";

export interface OthersOptions {
  readonly network: NetworkId;
  /** Who is logged in. */
  readonly user: UserKeys;
  /** The keys of the shared user, which every member derives. */
  readonly shared: UserKeys;
  readonly catalogue: CatalogueReader & Pick<UserReader, "user" | "userByName">;
  /** On how many disks a file is by now. */
  readonly copies: (row: EntryRow) => number;
}

export interface Others {
  readonly users: KnownUsers;
  readonly received: ReceivedShares;
  readonly boxes: ShareBoxes;
  readonly doors: Doors;
}

/** For a user who is logged in; nobody shares with the shared user. */
export function othersOf({ network, user, shared, catalogue, copies }: OthersOptions): Others {
  const users = new KnownUsers({ network, catalogue });
  const received = new ReceivedShares({ network, user, catalogue, users });
  const boxes = new ShareBoxes({ network, user, catalogue, users });
  return { users, received, boxes, doors: new Doors({ user, shared, shares: received, catalogue, copies }) };
}
