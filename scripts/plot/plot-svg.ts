/** Draws a plot as an SVG that is readable on a light and on a dark page. The same plot gives the same bytes. */
import { completePlot } from "./plot-data.ts";
import type { Plot, PlotInput, PlotPoint } from "./plot-data.ts";
import { scaleFor } from "./plot-scale.ts";
import type { Scale } from "./plot-scale.ts";

const [width, height] = [820, 490];
/** The area within the axes. */
const area = { left: 82, right: width - 36, bottom: height - 84 };
const edge = 24;
const legendTop = 84;
const legendRowHeight = 22;
/** Of the fonts' usual character, for the legend's rows: it only has to be near. */
const characterWidth = 7.2;

const light = ["#ffffff", "#1f2328", "#59636e", "#e4e8ec", "#9aa4ae"] as const;
const dark = ["#0d1117", "#e6edf3", "#9da7b1", "#262c36", "#6e7681"] as const;
const lightSeries = ["#0969da", "#d1570b", "#1a7f37", "#a33ea1", "#9a6700", "#57606a"];
const darkSeries = ["#58a6ff", "#ff9b5e", "#56d364", "#e28fe0", "#e3b341", "#b1bac4"];

/** Without variables, which not every program that shows SVG knows. */
function coloured([page, ink, soft, grid, axis]: typeof light | typeof dark, series: readonly string[]): string {
  return [
    `text{fill:${soft}} .title,.name{fill:${ink}} .page,.hollow{fill:${page}}`,
    `.grid{stroke:${grid}} .axis{stroke:${axis}} .mark{stroke:${soft}}`,
    ...series.map((colour, index) => `.s${index}{stroke:${colour}} .f${index}{fill:${colour}}`),
  ].join("\n");
}

const style = `
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.title{font-size:18px;font-weight:600}
.command{font-family:ui-monospace,"SF Mono",Menlo,"DejaVu Sans Mono",monospace;font-size:12px}
.faint{stroke-dasharray:1 4} .mark{stroke-dasharray:2 3} .guess{stroke-dasharray:5 5}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round} .hollow{stroke-width:2}
${coloured(light, lightSeries)}
@media (prefers-color-scheme:dark){
${coloured(dark, darkSeries)}
}
`;

interface Place {
  readonly x: number;
  readonly y: number;
}

/** The SVG of a plot, with a line break at its end. Fails as completePlot does. */
export function plotSvg(input: PlotInput): string {
  const plot = completePlot(input);
  const legend = legendOf(plot);
  const top = legendTop + legend.rows * legendRowHeight + 22;
  const points = plot.series.flatMap(({ points: measured, computed }) => [...measured, ...computed]);
  const x = scaleFor(
    plot.x,
    points.map(([value]) => value),
  );
  const y = scaleFor(plot.y, [...points.map(([, value]) => value), ...plot.marks.map(({ y: value }) => value)]);
  const placeOf = ([valueX, valueY]: PlotPoint): Place => ({
    x: area.left + x.at(valueX) * (area.right - area.left),
    y: area.bottom - y.at(valueY) * (area.bottom - top),
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(plot.title)}">`,
    `<style>${style}</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="8"/>`,
    text({ x: edge, y: 34 }, plot.title, "title"),
    text({ x: edge, y: 56 }, plot.subtitle),
    ...legend.parts,
    text({ x: edge, y: top - 16 }, plot.y.label),
    ...gridOf(x, y, top),
    text({ x: (area.left + area.right) / 2, y: area.bottom + 40 }, plot.x.label, "", "middle"),
    ...plot.marks.flatMap((mark) => markOf(mark.label, placeOf([points[0]?.[0] ?? 1, mark.y]).y)),
    ...plot.series.flatMap((series, index) => lineOf(index, series.points.map(placeOf), series.computed.map(placeOf))),
    text({ x: edge, y: height - 18 }, plot.command, "command"),
    text({ x: area.right, y: height - 18 }, plot.made, "", "end"),
    "</svg>",
    "",
  ].join("\n");
}

function gridOf(x: Scale, y: Scale, top: number): string[] {
  const columns = x.ticks.flatMap(({ at, text: label }) => {
    const place = area.left + at * (area.right - area.left);
    return [
      line({ x: place, y: top }, { x: place, y: area.bottom }, label === "" ? "grid faint" : "grid"),
      ...(label === "" ? [] : [text({ x: place, y: area.bottom + 20 }, label, "", "middle")]),
    ];
  });
  const rows = y.ticks.flatMap(({ at, text: label }) => {
    const place = area.bottom - at * (area.bottom - top);
    return [
      line({ x: area.left, y: place }, { x: area.right, y: place }, label === "" ? "grid faint" : "grid"),
      ...(label === "" ? [] : [text({ x: area.left - 8, y: place + 4 }, label, "", "end")]),
    ];
  });
  return [...columns, ...rows, line({ x: area.left, y: area.bottom }, { x: area.right, y: area.bottom }, "axis")];
}

function markOf(label: string, y: number): string[] {
  return [
    line({ x: area.left, y }, { x: area.right, y }, "mark"),
    text({ x: area.right - 6, y: y - 6 }, label, "", "end"),
  ];
}

/** One series: its measured points joined, then the computed ones behind a dashed line. */
function lineOf(index: number, measured: readonly Place[], computed: readonly Place[]): string[] {
  const colour = index % 6;
  const last = measured.at(-1);
  const guessed = last === undefined ? computed : [last, ...computed];
  return [
    ...(measured.length > 1 ? [path(measured, `line s${colour}`)] : []),
    ...(computed.length > 0 && guessed.length > 1 ? [path(guessed, `line guess s${colour}`)] : []),
    ...measured.map((place) => dot(place, `f${colour}`)),
    ...computed.map((place) => dot(place, `hollow s${colour}`)),
  ];
}

/** The names of the series, in as many rows as they need. */
function legendOf({ series }: Plot): { readonly rows: number; readonly parts: readonly string[] } {
  const hasComputed = series.some(({ computed }) => computed.length > 0);
  const entries = series.map(({ name }, index) => ({ name, sign: (place: Place) => dot(place, `f${index % 6}`) }));
  if (hasComputed)
    entries.push({ name: "hollow and dashed: computed, not measured", sign: (place) => dot(place, "hollow s5") });
  const parts: string[] = [];
  let place: Place = { x: edge + 4, y: legendTop };
  let rows = 1;
  for (const { name, sign } of entries) {
    const entryWidth = 40 + name.length * characterWidth;
    if (place.x > edge + 4 && place.x + entryWidth > width - edge) {
      place = { x: edge + 4, y: place.y + legendRowHeight };
      rows += 1;
    }
    parts.push(sign({ x: place.x, y: place.y - 4 }), text({ x: place.x + 12, y: place.y }, name, "name"));
    place = { ...place, x: place.x + entryWidth };
  }
  return { rows, parts };
}

const rounded = (value: number): string => String(Math.round(value * 10) / 10);
const path = (places: readonly Place[], kind: string): string =>
  `<path class="${kind}" d="M${places.map(({ x, y }) => `${rounded(x)} ${rounded(y)}`).join("L")}"/>`;
const dot = ({ x, y }: Place, kind: string): string =>
  `<circle class="${kind}" cx="${rounded(x)}" cy="${rounded(y)}" r="3.5"/>`;
const line = (from: Place, to: Place, kind: string): string =>
  `<line class="${kind}" x1="${rounded(from.x)}" y1="${rounded(from.y)}" x2="${rounded(to.x)}" y2="${rounded(to.y)}"/>`;

function text({ x, y }: Place, content: string, kind = "", anchor: "" | "middle" | "end" = ""): string {
  const attributes = [kind === "" ? "" : ` class="${kind}"`, anchor === "" ? "" : ` text-anchor="${anchor}"`].join("");
  return `<text x="${rounded(x)}" y="${rounded(y)}"${attributes}>${escaped(content)}</text>`;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(content: string): string {
  return content.replaceAll(/[&<>"]/g, (character) => entities[character] ?? "");
}
