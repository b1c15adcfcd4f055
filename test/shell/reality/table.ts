/** All cases. */
import { aliases } from "./aliases.ts";
import type { CaseTable } from "./case.ts";
import { changing } from "./changing.ts";
import { jobs } from "./jobs.ts";
import { listing } from "./listing.ts";
import { local } from "./local.ts";
import { network } from "./network.ts";
import { past } from "./past.ts";
import { people } from "./people.ts";
import { program } from "./program.ts";
import { scripting } from "./scripting.ts";
import { session } from "./session.ts";
import { transfers } from "./transfers.ts";

/** The tables by the files that they are in. */
export const tables: Readonly<Record<string, CaseTable>> = {
  listing,
  changing,
  transfers,
  past,
  local,
  people,
  network,
  session,
  scripting,
  aliases,
  program,
  jobs,
};
