/**
 * What was opened of a user's entries lately: names by their tokens, and the keys of directories by their wraps.
 *
 * A token always stands for the same name in its directory, and a wrap that was opened once opens to the same keys under
 * the same name, so that what has not changed in the catalogue need not be opened again.
 */
import { openedEntriesKeptMax } from "../core/limits.ts";
import type { Keyring } from "../identity/keyring.ts";
import { openName } from "../identity/name-token.ts";
import { type Binding, type OpenedWrap, openWrap } from "../identity/wrap.ts";

type Wrapped = Parameters<typeof openWrap>[2];

interface OpenedDirectory extends Pick<Wrapped, "wrap" | "generation">, Pick<Binding, "node"> {
  readonly opened: OpenedWrap;
}

export class OpenedEntries {
  readonly #names = new Map<string, string>();
  readonly #directories = new Map<string, OpenedDirectory>();

  /** As openName. */
  name(keyring: Keyring, parent: Binding["parent"], token: Uint8Array): string {
    const key = keyOf(keyring, parent, token);
    return this.#names.get(key) ?? kept(this.#names, key, openName(keyring, parent, token));
  }

  /** As openWrap. */
  wrap(parentKeyring: Keyring, binding: Binding, wrapped: Wrapped): OpenedWrap {
    // Files are many, and each is hardly looked at twice.
    if (wrapped.kind === "file") return openWrap(parentKeyring, binding, wrapped);
    const { node } = binding;
    const { wrap, generation } = wrapped;
    const key = keyOf(parentKeyring, binding.parent, binding.token);
    const known = this.#directories.get(key);
    const isSame = known?.node === node && known.generation === generation && Buffer.compare(known.wrap, wrap) === 0;
    if (isSame) return known.opened;
    const opened = openWrap(parentKeyring, binding, wrapped);
    return kept(this.#directories, key, { node, generation, wrap: Uint8Array.from(wrap), opened }).opened;
  }
}

/** A directory's keys are told apart by how many there are: new ones only ever come in front. */
function keyOf({ generation }: Keyring, parent: string, token: Uint8Array): string {
  const text = Buffer.from(token.buffer, token.byteOffset, token.byteLength).toString("latin1");
  return `${parent}${generation} ${text}`;
}

/** Those that came first go first: what is in use is soon there again. */
function kept<Value>(values: Map<string, Value>, key: string, value: Value): Value {
  values.delete(key);
  values.set(key, value);
  if (values.size > openedEntriesKeptMax) values.delete(values.keys().next().value as string);
  return value;
}
