import { afterEach, describe, expect, it, vi } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import type { DfsClient, NetworkStatus } from "../../src/core/client.ts";
import { parsePeerName, parseUserName } from "../../src/core/ids.ts";
import { healthRefreshMs } from "../../src/core/limits.ts";
import { resolvePath, rootPath } from "../../src/core/names.ts";
import { HealthWatch } from "../../src/shell/prompt-health.ts";
import { promptText, shortFolder } from "../../src/shell/prompt-text.ts";
import type { PromptFacts } from "../../src/shell/prompt-text.ts";

const facts: PromptFacts = { cwd: resolvePath("/photos", rootPath), lastStatus: 0, user: undefined, peer: undefined };
const ann = { user: parseUserName("ann"), peer: parsePeerName("anna") };

describe("the prompt's text", () => {
  it.each<readonly [changes: Partial<PromptFacts>, columns: number, text: string]>([
    [{}, 80, "/photos> "],
    [{ lastStatus: 3 }, 80, "[3] /photos> "],
    [ann, 80, "ann@anna /photos> "],
    [{ ...ann, peer: undefined }, 80, "ann /photos> "],
    [{ peer: ann.peer }, 80, "/photos> "],
    [{ ...ann, health: "degraded", lastStatus: 1 }, 80, "[1] ann@anna(degraded) /photos> "],
    [{ peer: ann.peer, health: "unavailable" }, 80, "anna(unavailable) /photos> "],
    [{ health: "unreachable" }, 80, "(unreachable) /photos> "],
    [{ ...ann, cwd: resolvePath("/photos/summer/2026", rootPath) }, 40, "ann@anna /p/s/2026> "],
  ])("LINE-15 %j on %d columns", (changes, columns, text) => {
    expect(promptText({ ...facts, ...changes }, columns)).toBe(text);
  });

  it.each([
    ["/", 1, "/"],
    ["/a/b", 4, "/a/b"],
    ["/photos/summer/2026", 19, "/photos/summer/2026"],
    ["/photos/summer/2026", 18, "/p/summer/2026"],
    ["/photos/summer/2026", 13, "/p/s/2026"],
    ["/photos/summer/2026", 8, "…/s/2026"],
    ["/photos/.hidden/deep/er", 12, "/p/.h/d/er"],
    ["/日本語/語/end", 11, "/日/語/end"],
    ["/日本語", 5, "…本語"],
    ["/e\u0301a/b/c", 6, "/e\u0301/b/c"],
  ])("LINE-15 the folder %s in %d columns is %s", (path, columns, short) => {
    expect(shortFolder(path, columns)).toBe(short);
  });
});

describe("the prompt's health", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("LINE-15 is asked again after a while; a failure that is not the network's changes nothing", async () => {
    vi.useFakeTimers();
    const answers: (NetworkStatus["health"] | DfsError)[] = [
      "healthy",
      "degraded",
      new DfsError("not-logged-in", "no"),
      new DfsError("unreachable", "gone"),
      "healthy",
    ];
    const status = async (): Promise<Pick<NetworkStatus, "health">> => {
      const answer = answers.shift() ?? "unavailable";
      if (answer instanceof DfsError) throw answer;
      return { health: answer };
    };
    const words: unknown[] = [];
    const client = { status } as Partial<DfsClient> as DfsClient;
    const watch: HealthWatch = new HealthWatch(
      () => Promise.resolve(client),
      () => words.push(watch.health),
    );
    watch.refresh();
    await vi.advanceTimersByTimeAsync(4.5 * healthRefreshMs);
    expect(words).toEqual(["degraded", "unreachable", undefined]);
    watch.stop();
    await vi.advanceTimersByTimeAsync(9 * healthRefreshMs);
    expect(words).toHaveLength(3);
  });
});
