/** A process that applies a fixed log to the catalogue at the path given, tells each batch that is committed, and waits to be killed. */
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { applyNextBatch, fixedLog } from "./fixed-log.ts";

const catalogue = Catalogue.open(process.argv[2] ?? "");
const entries = fixedLog();
while (catalogue.appliedIndex() < entries.length) {
  applyNextBatch(catalogue, entries);
  process.stdout.write(`${catalogue.appliedIndex()}\n`);
}
