/** What a session keeps open must open as if it were opened anew. */
import { describe, expect, it } from "vitest";
import type { NodeId } from "../../src/core/ids.ts";
import { openedEntriesKeptMax } from "../../src/core/limits.ts";
import { Keyring } from "../../src/identity/keyring.ts";
import { sealName } from "../../src/identity/name-token.ts";
import { sealWrap } from "../../src/identity/wrap.ts";
import { OpenedEntries } from "../../src/peer/opened-entries.ts";
import { id } from "../catalogue/world.ts";

const parent = id<NodeId>("parent");
const attributes = { mode: 0o755, modifiedMs: 1 };

function sealedDirectory(keyring: Keyring, label: string) {
  const [token, node, own] = [sealName(keyring, parent, label), id<NodeId>(label), Keyring.generate()];
  const binding = { parent, token, node };
  return {
    binding,
    own,
    wrapped: { kind: "directory", generation: 1, wrap: sealWrap(keyring, binding, own, attributes) } as const,
  };
}

describe("opened entries", () => {
  it("DIR-12 what was opened once opens again to the same, and is not opened again", () => {
    const [opened, keyring] = [new OpenedEntries(), Keyring.generate()];
    const { binding, own, wrapped } = sealedDirectory(keyring, "directory");
    expect(opened.name(keyring, parent, binding.token)).toBe("directory");
    const first = opened.wrap(keyring, binding, wrapped);
    expect(first).toMatchObject({ directory: attributes, isStale: false });
    expect(Buffer.from(first.keyring.bytes)).toEqual(Buffer.from(own.bytes));
    expect(opened.wrap(keyring, { ...binding }, { ...wrapped, wrap: Uint8Array.from(wrapped.wrap) })).toBe(first);
  });

  it("DIR-12 a wrap that was altered, or is told of another node or generation, is refused behind one that opened", () => {
    const [opened, keyring] = [new OpenedEntries(), Keyring.generate()];
    const { binding, wrapped } = sealedDirectory(keyring, "directory");
    opened.wrap(keyring, binding, wrapped);
    const altered = Uint8Array.from(wrapped.wrap, (byte, at) => (at === 20 ? byte ^ 1 : byte));
    const refused = expect.objectContaining({ kind: "integrity" });
    expect(() => opened.wrap(keyring, binding, { ...wrapped, wrap: altered })).toThrow(refused);
    expect(() => opened.wrap(keyring, { ...binding, node: id<NodeId>("other") }, wrapped)).toThrow(refused);
    expect(() => opened.wrap(keyring, binding, { ...wrapped, generation: 2 })).toThrow(refused);
  });

  it("DIR-12 a directory's new key makes what its older one sealed stale", () => {
    const [opened, keyring] = [new OpenedEntries(), Keyring.generate()];
    const { binding, wrapped } = sealedDirectory(keyring, "directory");
    expect(opened.wrap(keyring, binding, wrapped).isStale).toBe(false);
    expect(opened.wrap(keyring.withNewKey(), binding, wrapped).isStale).toBe(true);
  });

  it("DIR-12 no more is kept than there is room for", () => {
    const [opened, keyring] = [new OpenedEntries(), Keyring.generate()];
    const { binding, wrapped } = sealedDirectory(keyring, "first");
    const first = opened.wrap(keyring, binding, wrapped);
    for (let place = 0; place < openedEntriesKeptMax; place += 1) {
      const next = sealedDirectory(keyring, `${place}`);
      opened.wrap(keyring, next.binding, next.wrapped);
    }
    expect(opened.wrap(keyring, binding, wrapped)).not.toBe(first);
  });
});
