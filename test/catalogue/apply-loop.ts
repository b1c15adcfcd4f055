/** A process that applies a fixed log to the catalogue at the path given, tells each batch that is durable, and waits to be killed. */
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { fixedLog } from "./fixed-log.ts";

const catalogue = Catalogue.open(process.argv[2] ?? "");
const entries = fixedLog();
for (let start = catalogue.appliedIndex(); start < entries.length; start += 1 + (start % 3)) {
  catalogue.applyBatch(entries.slice(start, start + 1 + (start % 3)));
  process.stdout.write(`${catalogue.appliedIndex()}\n`);
}
