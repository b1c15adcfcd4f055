/** Hyperdrive: two processes on loopback that replicate over one TCP connection. */
import { createReadStream, createWriteStream } from "node:fs";
import { connect, createServer } from "node:net";
import { pipeline } from "node:stream/promises";
import Corestore from "corestore";
import Hyperdrive from "hyperdrive";
import { runLineProgram } from "./line-program.mjs";

const path = "/big";
const replicate = (store, socket, isInitiator) =>
  socket
    .pipe(store.replicate(isInitiator))
    .pipe(socket)
    .on("error", () => socket.destroy());

await runLineProgram({
  serve: async (folder, file) => {
    const store = new Corestore(folder);
    const drive = new Hyperdrive(store);
    await drive.ready();
    await pipeline(createReadStream(file), drive.createWriteStream(path));
    const server = createServer((socket) => replicate(store, socket, false));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `${server.address().port} ${drive.key.toString("hex")}`;
  },
  fetch: async (folder, where) => {
    const [port, key] = where.split(" ");
    const store = new Corestore(folder);
    const drive = new Hyperdrive(store, Buffer.from(key, "hex"));
    await drive.ready();
    replicate(store, connect(Number(port), "127.0.0.1"), true);
    await drive.update({ wait: true });
    return (target) => pipeline(drive.createReadStream(path, { wait: true }), createWriteStream(target));
  },
});
