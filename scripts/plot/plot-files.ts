/** Where plots are kept: docs/plots has the data of each (NAME.json) and its picture (NAME.svg). */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { plotJson } from "./plot-data.ts";
import type { PlotInput } from "./plot-data.ts";
import { plotSvg } from "./plot-svg.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** By its path in the repository. */
const plotsFolder = "docs/plots";

/** Every picture as its data gives it, by its path in the repository. Fails for data that is no plot. */
export function plotPictures(): ReadonlyMap<string, string> {
  const names = readdirSync(join(root, plotsFolder)).filter((name) => name.endsWith(".json"));
  return new Map(
    names.toSorted().map((name): [string, string] => {
      const data = JSON.parse(readFileSync(join(root, plotsFolder, name), "utf8")) as PlotInput;
      return [`${plotsFolder}/${name.replace(/json$/, "svg")}`, plotSvg(data)];
    }),
  );
}

/** Writes data and picture of a plot into `folder`, that of the repository unless told otherwise; returns the paths. */
export function writePlot(name: string, plot: PlotInput, folder = join(root, plotsFolder)): readonly string[] {
  const made = [
    { path: join(folder, `${name}.json`), content: plotJson(plot) },
    { path: join(folder, `${name}.svg`), content: plotSvg(plot) },
  ];
  mkdirSync(folder, { recursive: true });
  for (const { path, content } of made) writeFileSync(path, content);
  return made.map(({ path }) => path);
}

/** The line for a plot's `made`: the day, and the machine's cores. */
export function madeHere(): string {
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores`;
}
