/** What the parts of one run share. */
import type { Clients } from "./clients.ts";
import type { Cluster } from "./cluster.ts";
import type { NodeHost } from "./node.ts";
import type { Operator } from "./operator.ts";

export interface Environment extends NodeHost {
  readonly cluster: Cluster;
  readonly clients: Clients;
  readonly operator: Operator;
  /** Ticks since the run began. */
  readonly tick: number;
  /** Takes one operation as a line, when the run is traced. */
  readonly note: ((text: string) => void) | undefined;
  /** Adds a machine that is nobody yet. */
  addSpare(): void;
}
