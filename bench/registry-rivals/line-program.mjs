/**
 * What both programs have in common. `serve STORE FILE` adds a file and prints one line, where and as what it is to be had;
 * `fetch STORE WHERE` connects, prints `ready`, and for the path on its stdin writes the file there and prints `done`.
 */
import { createInterface } from "node:readline";

// Node 20 has none.
Promise.withResolvers ??= function withResolvers() {
  let [resolve, reject] = [];
  const promise = new Promise((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
};

/** Runs the command that the arguments name, for as long as stdin is open. */
export async function runLineProgram({ serve, fetch }) {
  const [command, store, operand] = process.argv.slice(2);
  const lines = createInterface({ input: process.stdin });
  lines.once("close", () => process.exit());
  if (command === "serve") {
    process.stdout.write(`${await serve(store, operand)}\n`);
    return;
  }
  const write = await fetch(store, operand);
  process.stdout.write("ready\n");
  for await (const target of lines) {
    await write(target);
    process.stdout.write("done\n");
  }
}
