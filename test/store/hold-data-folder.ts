/** Holds the data folder named by its first argument until it is killed: the other process of data-folder.test.ts. */
import { openDataFolder } from "../../src/store/data-folder.ts";

await openDataFolder(process.argv[2] ?? "", { program: "dfs-peer 9.9.9" });
process.stdout.write("held\n");
setInterval(() => undefined, 60_000);
