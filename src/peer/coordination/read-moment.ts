/**
 * From when on the reads of one call are current.
 *
 * A call that makes several reads one after the other, as a path is looked up name by name, sees all that was acknowledged
 * before it began as soon as its first read does: a coordinator that has waited for that once has it ever after.
 */
export class ReadMoment {
  #coordinator: object | undefined;

  /** Whether a read of this call was current at this coordinator. */
  isReachedAt(coordinator: object): boolean {
    return this.#coordinator === coordinator;
  }

  /** A read of this call is current at this coordinator. */
  reachedAt(coordinator: object): void {
    this.#coordinator = coordinator;
  }
}

/** Options for all reads of one call, which are then current from the first one's moment on. */
export function atOneMoment<Options extends { readonly moment?: ReadMoment | undefined }>(options: Options): Options {
  return options.moment === undefined ? { ...options, moment: new ReadMoment() } : options;
}
