/**
 * Reads of the catalogue on their way to each coordinator. They wait here rather than there: a coordinator is asked for no
 * more at once than it answers soon, and nothing while it is busy, for asking costs it what an answer costs.
 */
import type { PeerId } from "../../core/ids.ts";
import { catalogueQuestionWaitMsMax, catalogueQuestionsMax, peersMax, workRunMsMax } from "../../core/limits.ts";
import { BusyGate } from "../load/busy-gate.ts";
import { WorkQueue } from "../load/work-queue.ts";

const limits = {
  name: "reads of the catalogue",
  runningMax: catalogueQuestionsMax,
  runMsMax: workRunMsMax,
  waitMsMax: catalogueQuestionWaitMsMax,
  waitingMax: Number.POSITIVE_INFINITY, // bounded by whoever asks
};

export class CoordinatorQuestions {
  readonly #busy = new BusyGate<PeerId>();
  readonly #lines = new Map<PeerId, WorkQueue<PeerId>>();

  /** The outcome of `ask`, once `peer` may be asked. Fails with `busy` while it may not soon, and with what `ask` fails with. */
  async run<Result>(peer: PeerId, signal: AbortSignal | undefined, ask: () => Promise<Result>): Promise<Result> {
    this.#busy.pass(peer);
    return this.#lineOf(peer).run({ caller: peer, signal }, async () => {
      try {
        return await ask();
      } catch (error) {
        this.#busy.note(peer, error);
        throw error;
      }
    });
  }

  #lineOf(peer: PeerId): WorkQueue<PeerId> {
    const present = this.#lines.get(peer);
    if (present !== undefined) return present;
    if (this.#lines.size >= peersMax) this.#lines.clear();
    const line = new WorkQueue<PeerId>(limits, { later: (callback) => callback() });
    this.#lines.set(peer, line);
    return line;
  }
}
