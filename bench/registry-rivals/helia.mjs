/** Helia, the IPFS of JavaScript: two nodes on loopback, with blocks in files and no other network. */
import { createReadStream, createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { withBitswap } from "@helia/bitswap";
import { withLibp2pLight } from "@helia/libp2p";
import { unixfs } from "@helia/unixfs";
import { identify } from "@libp2p/identify";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { FsBlockstore } from "blockstore-fs";
import { FsDatastore } from "datastore-fs";
import { createHeliaLight } from "helia";
import { CID } from "multiformats/cid";
import { runLineProgram } from "./line-program.mjs";

async function start(store) {
  const light = createHeliaLight({
    blockstore: new FsBlockstore(`${store}/blocks`),
    datastore: new FsDatastore(`${store}/data`),
  });
  const helia = withBitswap(
    withLibp2pLight(light, {
      addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() },
    }),
  );
  await helia.start();
  return helia;
}

await runLineProgram({
  serve: async (store, file) => {
    const helia = await start(store);
    const cid = await unixfs(helia).addByteStream(createReadStream(file));
    return [helia.libp2p.getMultiaddrs()[0], cid].join(" ");
  },
  fetch: async (store, where) => {
    const [address, cid] = where.split(" ");
    const helia = await start(store);
    await helia.libp2p.dial(multiaddr(address));
    return (target) => pipeline(Readable.from(unixfs(helia).cat(CID.parse(cid))), createWriteStream(target));
  },
});
