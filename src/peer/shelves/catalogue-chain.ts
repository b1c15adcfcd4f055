/** One shelf in the catalogue, as its owner changes it. */
import type { ChainPort } from "../../backup/replication/ports.ts";
import { DfsError } from "../../core/errors.ts";
import type { FileKey, LeaseId, PeerId, ShelfId } from "../../core/ids.ts";
import type { CommandTarget } from "../command-session.ts";

export class CatalogueChain implements ChainPort {
  readonly #shelf: ShelfId;
  readonly #commands: CommandTarget;

  /** `commands` commits as this peer. */
  constructor(shelf: ShelfId, commands: CommandTarget) {
    this.#shelf = shelf;
    this.#commands = commands;
  }

  async report(epoch: number, peer: PeerId, hasFrom: number, signal: AbortSignal): Promise<number> {
    const operation = { op: "reportLink", shelf: this.#shelf, epoch, peer, hasFrom } as const;
    const [result] = await this.#commands.execute([operation], signal);
    if (result?.op !== "reportLink") throw new DfsError("internal", "the catalogue did not say the chain's new epoch");
    return result.epoch;
  }

  async endLease(
    epoch: number,
    lease: LeaseId,
    fileKeys: readonly FileKey[],
    signal: AbortSignal,
  ): Promise<readonly FileKey[]> {
    const operation = { op: "endLease", shelf: this.#shelf, epoch, lease, fileKeys: [...fileKeys] } as const;
    const [result] = await this.#commands.execute([operation], signal);
    return result?.op === "endLease" ? result.referenced : [];
  }
}
