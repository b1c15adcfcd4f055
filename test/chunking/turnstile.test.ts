import { describe, expect, it } from "vitest";
import { Turnstile } from "../../src/chunking/turnstile.ts";

describe("turnstile", () => {
  it("CHUNK-22 lets so many in, has others wait in order, and tells the rest `busy`", async () => {
    const turnstile = new Turnstile(2, 2);
    const entered: number[] = [];
    const enter = (number: number): Promise<void> => turnstile.enter(undefined).then(() => void entered.push(number));
    const [, , third, fourth] = [enter(1), enter(2), enter(3), enter(4)];
    await expect(enter(5)).rejects.toEqual(expect.objectContaining({ kind: "busy", retryAfterMs: expect.any(Number) }));
    expect(entered).toEqual([1, 2]);
    turnstile.leave();
    await third;
    expect(entered).toEqual([1, 2, 3]);
    turnstile.leave();
    await fourth;
    for (let leaving = 0; leaving < 2; leaving++) turnstile.leave();
    await Promise.all([enter(6), enter(7)]);
    expect(entered).toEqual([1, 2, 3, 4, 6, 7]);
  });

  it("CHUNK-22 whoever gives up leaves the line, and its place goes to the next", async () => {
    const turnstile = new Turnstile(1, 2);
    await turnstile.enter(undefined);
    const abort = new AbortController();
    const first = turnstile.enter(abort.signal);
    const second = turnstile.enter(undefined);
    abort.abort();
    await expect(first).rejects.toEqual(expect.objectContaining({ kind: "interrupted" }));
    turnstile.leave();
    await expect(second).resolves.toBeUndefined();
    await expect(turnstile.enter(abort.signal)).rejects.toEqual(expect.objectContaining({ kind: "interrupted" }));
  });
});
