import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { completePlot, plotJson } from "../../scripts/plot/plot-data.ts";
import type { PlotInput } from "../../scripts/plot/plot-data.ts";
import { plotPictures, writePlot } from "../../scripts/plot/plot-files.ts";
import { scaleFor, tickText } from "../../scripts/plot/plot-scale.ts";
import { plotSvg } from "../../scripts/plot/plot-svg.ts";

const small: PlotInput = {
  title: "Hops & peers",
  subtitle: "all of them",
  command: "npm run sim:scale -- hops",
  made: "at 1234567",
  x: { label: "peers", scale: "log", unit: "count" },
  y: { label: "hops", scale: "linear", unit: "count" },
  series: [
    {
      name: "mean",
      points: [
        [1, 1],
        [10, 2],
      ],
      computed: [[100, 3]],
    },
  ],
  marks: [{ y: 3, label: "target" }],
};

const axis = (scale: "log" | "linear", unit: "count" | "bytes" | "seconds" = "count", include: number[] = []) => ({
  label: "",
  scale,
  unit,
  include,
});
const ticks = (...of: Parameters<typeof scaleFor>) => scaleFor(...of).ticks.map(({ text }) => text);

describe("plots", () => {
  it("PLOT-1 a plot is drawn exactly so", () => {
    const body = plotSvg(small).replace(/<style>[\s\S]*<\/style>\n/, "");
    expect(body).toMatchInlineSnapshot(`
      "<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 490" width="820" height="490" role="img" aria-label="Hops &amp; peers">
      <rect class="page" width="820" height="490" rx="8"/>
      <text x="24" y="34" class="title">Hops &amp; peers</text>
      <text x="24" y="56">all of them</text>
      <circle class="f0" cx="28" cy="80" r="3.5"/>
      <text x="40" y="84" class="name">mean</text>
      <circle class="hollow s5" cx="96.8" cy="80" r="3.5"/>
      <text x="108.8" y="84" class="name">hollow and dashed: computed, not measured</text>
      <text x="24" y="112">hops</text>
      <line class="grid" x1="82" y1="128" x2="82" y2="406"/>
      <text x="82" y="426" text-anchor="middle">1</text>
      <line class="grid" x1="187.7" y1="128" x2="187.7" y2="406"/>
      <text x="187.7" y="426" text-anchor="middle">2</text>
      <line class="grid" x1="327.3" y1="128" x2="327.3" y2="406"/>
      <text x="327.3" y="426" text-anchor="middle">5</text>
      <line class="grid" x1="433" y1="128" x2="433" y2="406"/>
      <text x="433" y="426" text-anchor="middle">10</text>
      <line class="grid" x1="538.7" y1="128" x2="538.7" y2="406"/>
      <text x="538.7" y="426" text-anchor="middle">20</text>
      <line class="grid" x1="678.3" y1="128" x2="678.3" y2="406"/>
      <text x="678.3" y="426" text-anchor="middle">50</text>
      <line class="grid" x1="784" y1="128" x2="784" y2="406"/>
      <text x="784" y="426" text-anchor="middle">100</text>
      <line class="grid" x1="82" y1="406" x2="784" y2="406"/>
      <text x="74" y="410" text-anchor="end">0</text>
      <line class="grid" x1="82" y1="359.7" x2="784" y2="359.7"/>
      <text x="74" y="363.7" text-anchor="end">0.5</text>
      <line class="grid" x1="82" y1="313.3" x2="784" y2="313.3"/>
      <text x="74" y="317.3" text-anchor="end">1</text>
      <line class="grid" x1="82" y1="267" x2="784" y2="267"/>
      <text x="74" y="271" text-anchor="end">1.5</text>
      <line class="grid" x1="82" y1="220.7" x2="784" y2="220.7"/>
      <text x="74" y="224.7" text-anchor="end">2</text>
      <line class="grid" x1="82" y1="174.3" x2="784" y2="174.3"/>
      <text x="74" y="178.3" text-anchor="end">2.5</text>
      <line class="grid" x1="82" y1="128" x2="784" y2="128"/>
      <text x="74" y="132" text-anchor="end">3</text>
      <line class="axis" x1="82" y1="406" x2="784" y2="406"/>
      <text x="433" y="446" text-anchor="middle">peers</text>
      <line class="mark" x1="82" y1="128" x2="784" y2="128"/>
      <text x="778" y="122" text-anchor="end">target</text>
      <path class="line s0" d="M82 313.3L433 220.7"/>
      <path class="line guess s0" d="M433 220.7L784 128"/>
      <circle class="f0" cx="82" cy="313.3" r="3.5"/>
      <circle class="f0" cx="433" cy="220.7" r="3.5"/>
      <circle class="hollow s0" cx="784" cy="128" r="3.5"/>
      <text x="24" y="472" class="command">npm run sim:scale -- hops</text>
      <text x="784" y="472" text-anchor="end">at 1234567</text>
      </svg>
      "
    `);
  });

  it("PLOT-1 points lie where the axes say", () => {
    const circles = Array.from(
      plotSvg(small).matchAll(/<circle class="(f0|hollow s0)" cx="([\d.]+)" cy="([\d.]+)"/g),
      ([, kind, x, y]) => ({ kind, x: Number(x), y: Number(y) }),
    );
    const [, first, second, computed] = circles;
    expect(circles.map(({ kind }) => kind)).toEqual(["f0", "f0", "f0", "hollow s0"]);
    // Decades are equally wide, and steps equally high.
    expect((second?.x ?? 0) - (first?.x ?? 0)).toBeCloseTo((computed?.x ?? 0) - (second?.x ?? 0), 0);
    expect((first?.y ?? 0) - (second?.y ?? 0)).toBeCloseTo((second?.y ?? 0) - (computed?.y ?? 0), 0);
  });

  it("PLOT-2 axes have round ticks with their units, and reach every point", () => {
    expect(ticks(axis("log"), [3, 300])).toEqual(["1", "10", "100", "1,000"]);
    expect(ticks(axis("log", "bytes"), [2_000, 40_000])).toEqual([
      "1 kB",
      "2 kB",
      "5 kB",
      "10 kB",
      "20 kB",
      "50 kB",
      "100 kB",
    ]);
    expect(ticks(axis("log", "seconds"), [1e-4, 1])).toEqual(["100 µs", "1 ms", "10 ms", "100 ms", "1 s"]);
    expect(ticks(axis("linear"), [1, 9])).toEqual(["0", "2", "4", "6", "8", "10"]);
    expect(ticks(axis("linear", "count", [100]), [1, 9])).toEqual(["0", "20", "40", "60", "80", "100"]);
    expect(ticks(axis("linear"), [0])).toEqual(["0", "0.2"]);
    expect(tickText(12_000_000, "count")).toBe("12 M");
    for (const values of [[7], [0.03, 12_345], [1, 10], [99, 101]])
      for (const scale of ["log", "linear"] as const)
        for (const value of values) {
          expect(scaleFor(axis(scale), values).at(value)).toBeGreaterThanOrEqual(0);
          expect(scaleFor(axis(scale), values).at(value)).toBeLessThanOrEqual(1 + 1e-9);
        }
  });

  it("PLOT-3 colours are set for light and for dark pages, and text cannot break out of the picture", () => {
    const svg = plotSvg({ ...small, title: '<script>"&' });
    expect(svg).toContain("&lt;script&gt;&quot;&amp;</text>");
    expect(svg).not.toContain("<script>");
    const [light, dark] = svg.split("prefers-color-scheme:dark");
    for (const kind of ["text", ".page", ".grid", ".s0", ".f5"]) {
      expect(light).toContain(kind);
      expect(dark).toContain(kind);
    }
    expect(svg).not.toMatch(/href|url\(|http:\/\/(?!www\.w3\.org\/2000\/svg")/);
  });

  it("PLOT-4 the data of a plot are kept beside it and give the same picture again", () => {
    const folder = mkdtempSync(join(tmpdir(), "dfs-plot-"));
    try {
      const [data = "", picture = ""] = writePlot("hops", small, folder);
      expect(readFileSync(data, "utf8")).toBe(plotJson(small));
      expect(plotSvg(JSON.parse(readFileSync(data, "utf8")) as PlotInput)).toBe(readFileSync(picture, "utf8"));
      expect(readFileSync(data, "utf8")).toContain("\n        [10, 2]\n");
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect([...plotPictures().keys()]).toContain("docs/plots/plan.svg");
  });

  it("PLOT-5 what cannot be drawn is refused", () => {
    const [series] = small.series;
    const withPoints = (points: [number, number][]) => ({
      ...small,
      series: [{ name: "", ...series, points, computed: [] }],
    });
    expect(() => completePlot(withPoints([]))).toThrow(/needs points/);
    expect(() => completePlot(withPoints([[0, 1]]))).toThrow(/no place for 0/);
    expect(() => completePlot(withPoints([[Number.NaN, 1]]))).toThrow(/NaN/);
    expect(() => completePlot({ ...small, colour: "red" })).toThrow(/colour/);
    expect(() => completePlot({ ...small, x: { ...small.x, unit: "miles" } })).toThrow(/miles/);
  });
});
