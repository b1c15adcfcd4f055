import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import type { ShelfId } from "../../src/core/ids.ts";
import { placementPatienceMs } from "../../src/core/limits.ts";
import type { ShelfPort } from "../../src/peer/shelves/shelf-port.ts";
import { UploadSessions } from "../../src/peer/upload-sessions.ts";

const [bad, good] = ["bad" as ShelfId, "good" as ShelfId];

describe("the shelves of a put", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] }));
  afterEach(() => void vi.useRealTimers());

  /** Shelves are chosen in this order, those that are avoided last; `hold` is what the owner of `bad` does. */
  function sessionsOver(shelves: readonly ShelfId[], hold: () => Promise<number>): UploadSessions {
    const avoided = new Set<ShelfId>();
    const free = (): ShelfId[] => shelves.filter((shelf) => !avoided.has(shelf));
    const port = (shelf: ShelfId): ShelfPort =>
      ({ shelf, isLocal: false, holdLease: () => (shelf === bad ? hold() : Promise.resolve(60_000)) }) as never;
    return new UploadSessions({
      choice: {
        shelfFor: (existing) => Promise.resolve(port(existing ?? free()[0] ?? bad)),
        takes: (shelf) => !avoided.has(shelf),
        avoid: (shelf) => {
          avoided.add(shelf);
          return free().length > 0;
        },
      },
      copies: 0,
      signal: new AbortController().signal,
    });
  }

  it.each([
    ["is silent", () => new Promise<number>(() => undefined)],
    ["breaks the protocol", () => Promise.reject<number>(new DfsError("protocol", "no such method"))],
  ])("HOST-6 a new file goes to another shelf where the owner of the chosen one %s", async (_, hold) => {
    const sessions = sessionsOver([bad, good], hold);
    const session = sessions.for(undefined);
    await vi.advanceTimersByTimeAsync(placementPatienceMs);
    expect((await session).port.shelf).toBe(good);
    expect((await sessions.for(undefined)).port.shelf).toBe(good);
  });

  it("HOST-6 a file that is there stays on its shelf, and a new one waits where there is no other", async () => {
    const silent = (): Promise<number> => new Promise<number>(() => undefined);
    expect((await sessionsOver([bad, good], silent).for(bad)).port.shelf).toBe(bad);
    const session = sessionsOver([bad], silent).for(undefined);
    await vi.advanceTimersByTimeAsync(placementPatienceMs);
    expect((await session).port.shelf).toBe(bad);
  });
});
