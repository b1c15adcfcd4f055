/** What a plot shows, as it is kept in JSON beside its picture: docs/plots/NAME.json is drawn into docs/plots/NAME.svg. */
import * as v from "valibot";

const finite = v.pipe(v.number(), v.finite());
const pointSchema = v.strictTuple([finite, finite]);
const pointsSchema = v.array(pointSchema);

const axisSchema = v.strictObject({
  /** What is counted, and in which unit where the ticks do not say it. */
  label: v.string(),
  scale: v.picklist(["log", "linear"]),
  /** How ticks are written: plain numbers; bytes in powers of ten; or seconds with their parts. */
  unit: v.picklist(["count", "bytes", "seconds"]),
  /** Values that shall be on the axis, beside those of the points. */
  include: v.optional(v.array(finite), []),
});

const seriesSchema = v.strictObject({
  name: v.string(),
  /** Measured points, in the order in which the line joins them. */
  points: pointsSchema,
  /** Points that were worked out from the measured ones: drawn hollow, behind a dashed line. */
  computed: v.optional(pointsSchema, []),
});

/** What fits into one line of the picture. */
const titleSchema = v.pipe(v.string(), v.maxLength(80));
const lineSchema = v.pipe(v.string(), v.maxLength(112));

const plotSchema = v.strictObject({
  title: titleSchema,
  /** One line below the title: what was measured, and how. */
  subtitle: lineSchema,
  /** The command that makes the data anew; it is written below the picture. */
  command: v.string(),
  /** When and on what it was measured. */
  made: v.string(),
  x: axisSchema,
  y: axisSchema,
  series: v.pipe(v.array(seriesSchema), v.minLength(1), v.maxLength(6)),
  /** Horizontal lines to compare with, such as a target. */
  marks: v.optional(v.array(v.strictObject({ y: finite, label: v.string() })), []),
});

export type PlotAxis = v.InferOutput<typeof axisSchema>;
export type PlotPoint = v.InferOutput<typeof pointSchema>;
export type Plot = v.InferOutput<typeof plotSchema>;

/** Whoever makes a plot may leave out what is empty. */
export type PlotInput = v.InferInput<typeof plotSchema>;

/** A plot with everything that was left out. Fails with a valibot error that names what is wrong. */
export function completePlot(input: unknown): Plot {
  const plot = v.parse(plotSchema, input);
  const values = (at: 0 | 1): number[] =>
    plot.series.flatMap(({ points, computed }) => [...points, ...computed].map((point) => point[at]));
  if (values(0).length === 0) throw new Error(`${plot.title}: a plot needs points`);
  for (const [axis, at] of [
    [plot.x, 0],
    [plot.y, 1],
  ] as const) {
    const bad = axis.scale === "log" && [...values(at), ...axis.include].some((value) => value <= 0);
    if (bad)
      throw new Error(`${plot.title}: ${axis.label} has a logarithmic scale, which has no place for 0 and below`);
  }
  return plot;
}

/** The JSON of a plot: a point a line, so that a difference shows what changed. */
export function plotJson(plot: PlotInput): string {
  const text = JSON.stringify(completePlot(plot), undefined, 2);
  return `${text.replaceAll(/\[\s+(-?[\d.e+-]+),\s+(-?[\d.e+-]+)\s+\]/g, "[$1, $2]")}\n`;
}
