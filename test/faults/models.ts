/**
 * What the network promises, as small machines that the checkers play histories on.
 *
 * A *register* is one file: writes, compare-and-sets and reads of its revisions. A *drawer* is one directory with a few
 * names, between which files are made, moved and removed. An answer is a text; the model says which answers are legal.
 */
import type { Model } from "../sim/check-by-index.ts";

/** The answers of an operation: the one that came, or all that would be right. They agree when they share one. */
export type Answers = readonly string[];

/** Stands for the answer of a change of which none came: it is checked only as something that changed the state. */
export const tookEffect = "took effect";

/** Values are file sizes in bytes, and no two writes of one register, nor two files of one drawer, share theirs. */
export type RegisterInput =
  | { readonly kind: "write"; readonly key: string; readonly value: number }
  | { readonly kind: "compare-and-set"; readonly key: string; readonly value: number; readonly base: number }
  | { readonly kind: "stat"; readonly key: string }
  | { readonly kind: "read"; readonly key: string };

export type DrawerInput =
  | { readonly kind: "create"; readonly key: string; readonly name: string; readonly value: number }
  | { readonly kind: "remove"; readonly key: string; readonly name: string }
  | { readonly kind: "move"; readonly key: string; readonly from: string; readonly to: string }
  | { readonly kind: "list"; readonly key: string };

/** A file: its newest revision and value; revision 0 is no file. */
interface Register {
  readonly revision: number;
  readonly value: number;
}

/** One file under writes, compare-and-sets and reads. */
export const registerModel: Model<Register, RegisterInput, Answers> = {
  initial: { revision: 0, value: 0 },
  step: (state, input) => {
    if (input.kind === "stat") return { state, output: [statAnswer(state.revision, state.value)] };
    if (input.kind === "read") return { state, output: [readAnswer(state.revision === 0 ? undefined : state.value)] };
    if (input.kind === "compare-and-set" && input.base !== state.revision) return { state, output: ["conflict"] };
    const revision = state.revision + 1;
    return { state: { revision, value: input.value }, output: [writeAnswer(revision), tookEffect] };
  },
  describe: ({ revision, value }) => `${revision}=${value}`,
  isEqual: agree,
};

/** Answer of a change of a register that made this revision. */
export const writeAnswer = (revision: number): string => `revision ${revision}`;

/** Answer of a `stat`; revision 0 for a file that is not there. */
export const statAnswer = (revision: number, value: number): string =>
  revision === 0 ? "absent" : `revision ${revision}, value ${value}`;

/** Answer of a read of the content; undefined for a file that is not there. */
export const readAnswer = (value: number | undefined): string => (value === undefined ? "absent" : `value ${value}`);

/** Value of each file by its name. */
type Drawer = Readonly<Record<string, number>>;

/** One directory under create-only puts, removals, renames without replacement, and listings. */
export const drawerModel: Model<Drawer, DrawerInput, Answers> = {
  initial: {},
  step: (state, input) => {
    switch (input.kind) {
      case "create":
        if (state[input.name] !== undefined) return { state, output: ["exists"] };
        return { state: { ...state, [input.name]: input.value }, output: ["done", tookEffect] };
      case "remove":
        if (state[input.name] === undefined) return { state, output: ["not-found"] };
        return { state: without(state, input.name), output: ["done", tookEffect] };
      case "move":
        return moved(state, input.from, input.to);
      default:
        return { state, output: [listAnswer(state)] };
    }
  },
  describe: (state) => listAnswer(state),
  isEqual: agree,
};

/** Answer of a listing. */
export const listAnswer = (drawer: Drawer): string =>
  Object.entries(drawer)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(" ");

/** Who looks for the source first and who looks for the target first are both right when neither is as it should be. */
function moved(state: Drawer, from: string, to: string): { state: Drawer; output: Answers } {
  const value = state[from];
  const refusals = [...(value === undefined ? ["not-found"] : []), ...(state[to] === undefined ? [] : ["exists"])];
  if (value === undefined || refusals.length > 0) return { state, output: refusals };
  return { state: { ...without(state, from), [to]: value }, output: ["done", tookEffect] };
}

function without(state: Drawer, name: string): Drawer {
  const { [name]: _, ...rest } = state;
  return rest;
}

function agree(left: Answers, right: Answers): boolean {
  return left.some((answer) => right.includes(answer));
}
