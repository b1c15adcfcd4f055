/** A directory that is shared and taken back while two users put files into it: random steps, and what must hold after each. */
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import * as fc from "fast-check";
import { decodeCommand } from "../../src/catalogue/command.ts";
import { DfsError, type ErrorKind } from "../../src/core/errors.ts";
import type { NodeId } from "../../src/core/ids.ts";
import type { Keyring } from "../../src/identity/keyring.ts";
import { openRevision } from "../../src/peer/attributes.ts";
import { type FileSpace, type SpaceUser, at, putText, textOf } from "./file-space.ts";

const files = ["x", "d/x", "d/y", "d/e/x"] as const;

type Step = { readonly who: "ann" | "bob"; readonly file: (typeof files)[number] } | "share" | "unshare";

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ who: fc.constant("ann" as const), file: fc.constantFrom(...files) }) },
  { weight: 3, arbitrary: fc.record({ who: fc.constant("bob" as const), file: fc.constantFrom(...files) }) },
  { weight: 1, arbitrary: fc.constant("share" as const) },
  { weight: 2, arbitrary: fc.constant("unshare" as const) },
);
/** Steps of one group happen at the same time, each command after so many turns of the loop. */
export const anyGroups = fc.array(
  fc.record({
    steps: fc.array(anyStep, { minLength: 1, maxLength: 5 }),
    turns: fc.array(fc.nat(12), { minLength: 1, maxLength: 6 }),
  }),
  { minLength: 2, maxLength: 8 },
);

/** What may come of a step that loses a race; being outrun by keys for good is none of it. */
const losses: ReadonlySet<ErrorKind> = new Set(["conflict", "exists", "not-found", "permission"]);

/** A directory that is shared and taken back, what its files must hold, and the keys that bob has ever seen. */
export class Race {
  readonly #space: FileSpace;
  readonly #ann: SpaceUser;
  readonly #bob: SpaceUser;
  readonly folder: string;
  #values = 0;
  readonly #seen = new Map<NodeId, Keyring[]>();
  readonly #held = new Map<string, ReadonlySet<string>>();

  constructor(space: FileSpace, [ann, bob]: readonly [SpaceUser, SpaceUser], folder: string) {
    this.#space = space;
    this.#ann = ann;
    this.#bob = bob;
    this.folder = folder;
  }

  async prepare(): Promise<void> {
    await this.#ann.client.mkdir(at(`/${this.folder}/d/e`), { parents: true });
    for (const file of files) await putText(this.#ann.client, `/${this.folder}/${file}`, "");
    for (const file of files) this.#held.set(file, new Set([""]));
  }

  async run({ steps, turns }: { readonly steps: readonly Step[]; readonly turns: readonly number[] }): Promise<void> {
    let next = 0;
    this.#space.beforePropose = async () => {
      for (let left = turns[next++ % turns.length] ?? 0; left > 0; left -= 1) await turn();
    };
    const written = new Map<string, Set<string>>();
    await Promise.all(steps.map((step) => this.#step(step, written)));
    for (const [file, held] of written) this.#held.set(file, held);
    await this.#check();
  }

  async #step(step: Step, written: Map<string, Set<string>>): Promise<void> {
    const path = at(`/${this.folder}`);
    const outcome = await this.#do(step, path).catch((error: unknown) => {
      assert.ok(error instanceof DfsError && losses.has(error.kind), String(error));
      return undefined;
    });
    if (typeof step === "string" || outcome === undefined) return;
    written.set(step.file, (written.get(step.file) ?? new Set()).add(outcome));
  }

  async #do(step: Step, path: ReturnType<typeof at>): Promise<string> {
    if (step === "share") await this.#ann.sharing.share(path, this.#bob.name, { write: true });
    else if (step === "unshare") await this.#ann.sharing.unshare(path, this.#bob.name);
    else {
      const value = `value ${(this.#values += 1)}`;
      const top = step.who === "ann" ? `/${this.folder}` : `/from/ann/${this.folder}`;
      await putText(step.who === "ann" ? this.#ann.client : this.#bob.client, `${top}/${step.file}`, value, {
        force: true,
      });
      return value;
    }
    return "";
  }

  /** Every file holds something that was put into it last; nothing that was put since bob lost the share opens with what he has. */
  async #check(): Promise<void> {
    for (const [file, held] of this.#held) {
      const text = await textOf(this.#ann.client.read(at(`/${this.folder}/${file}`)));
      assert.ok(held.has(text), `${file} holds ${text}, and not one of ${[...held].join(", ")}`);
    }
    const isShared = (await this.#bob.sharing.to()).some(({ path }) => path.endsWith(this.folder));
    if (isShared) await this.#remember();
    else this.#checkSecrecy(this.#lostIndex());
  }

  async #remember(): Promise<void> {
    const top = await this.#bob.namespace.require(at(`/from/ann/${this.folder}`));
    for await (const { node, keyring } of this.#bob.namespace.walk(top))
      this.#seen.set(node, [...(this.#seen.get(node) ?? []), keyring]);
  }

  #checkSecrecy(lostIndex: number): void {
    for (const [node, keyrings] of this.#seen) {
      const latest = this.#space.world.catalogue.node(node)?.revision ?? 0;
      for (let number = 1; number <= latest; number += 1) {
        const row = this.#space.world.catalogue.revision(node, number);
        if (row === undefined || row.createdIndex <= lostIndex) continue;
        for (const keyring of keyrings)
          assert.throws(() => openRevision(keyring, { ...row, node }, row.attributes), /seal/);
      }
    }
  }

  /** The entry of the log by which bob lost the share last; the end of time when he never had it. */
  #lostIndex(): number {
    const { proposed, world } = this.#space;
    const first = world.catalogue.appliedIndex() - proposed.length + 1;
    const lost = proposed.findLastIndex((command) =>
      decodeCommand(command).operations.some((operation) => operation.op === "rekey" && operation.drop !== null),
    );
    return lost < 0 ? Number.MAX_SAFE_INTEGER : first + lost;
  }
}
