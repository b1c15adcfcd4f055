/** Axes: from values to places on the picture, and the ticks with their text. */
import type { PlotAxis } from "./plot-data.ts";

interface Tick {
  /** From 0 at the axis' beginning to 1 at its end. */
  readonly at: number;
  /** Empty for a line that only helps the eye. */
  readonly text: string;
}

export interface Scale {
  readonly ticks: readonly Tick[];
  /** The place of a value, from 0 to 1. */
  at(value: number): number;
}

/** Lines that a linear axis has at the least. */
const linearTicksMin = 4;
/** A logarithmic axis of more decades than this labels only some of them, and of fewer than the second also 2 and 5. */
const decadesLabelledMax = 9;
const decadesSplitMax = 2;

export function scaleFor(axis: PlotAxis, values: readonly number[]): Scale {
  const all = [...values, ...axis.include];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return axis.scale === "log" ? logScale(axis, low, high) : linearScale(axis, low, high);
}

function logScale({ unit }: PlotAxis, low: number, high: number): Scale {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(high) - 1e-9));
  const decades = last - first;
  const at = (value: number): number => (Math.log10(value) - first) / decades;
  const step = Math.ceil(decades / decadesLabelledMax);
  const ticks = Array.from({ length: decades + 1 }, (_, index) => index).flatMap((index) => {
    const decade = 10 ** (first + index);
    const isLabelled = index % step === 0;
    const main = { at: at(decade), text: isLabelled ? tickText(decade, unit) : "" };
    if (index === decades || decades > decadesSplitMax) return [main];
    const between = [2, 5].map((part) => ({ at: at(part * decade), text: tickText(part * decade, unit) }));
    return [main, ...between];
  });
  return { at, ticks };
}

function linearScale({ unit }: PlotAxis, low: number, high: number): Scale {
  const from = Math.min(0, low);
  const span = high === from ? 1 : high - from;
  const step = roundStep(span / linearTicksMin);
  const first = Math.floor(from / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const count = Math.max(1, last - first);
  const at = (value: number): number => (value / step - first) / count;
  const ticks = Array.from({ length: count + 1 }, (_, index) => (first + index) * step);
  return { at, ticks: ticks.map((value) => ({ at: at(value), text: tickText(value, unit) })) };
}

/** The largest of 1, 2 and 5 times a power of ten that is not above `step`. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step) + 1e-9);
  return [5, 2, 1].map((part) => part * power).find((round) => round <= step * (1 + 1e-9)) ?? power;
}

const byteUnits = [
  { of: 1e15, text: "PB" },
  { of: 1e12, text: "TB" },
  { of: 1e9, text: "GB" },
  { of: 1e6, text: "MB" },
  { of: 1e3, text: "kB" },
  { of: 1, text: "B" },
];
const secondUnits = [
  { of: 1, text: "s" },
  { of: 1e-3, text: "ms" },
  { of: 1e-6, text: "µs" },
  { of: 1e-9, text: "ns" },
];

/** A value as it stands beside a tick. */
export function tickText(value: number, unit: PlotAxis["unit"]): string {
  if (value === 0 || unit === "count") return numberText(value);
  const units = unit === "bytes" ? byteUnits : secondUnits;
  const fitting = units.find(({ of }) => Math.abs(value) >= of * (1 - 1e-9)) ?? units.at(-1) ?? { of: 1, text: "" };
  return `${numberText(value / fitting.of)} ${fitting.text}`;
}

const millions = 1_000_000;

function numberText(value: number): string {
  const rounded = Number(value.toPrecision(6));
  if (Math.abs(rounded) >= millions) return `${(rounded / millions).toLocaleString("en-US")} M`;
  return rounded.toLocaleString("en-US", { maximumSignificantDigits: 6 });
}
