/** The shapes of parts of what `status` prints with `--json`; see json-shapes.ts. */
import { bytes, count, list, object, text } from "./json-schema.ts";

export const work = object({
  flushes: count("how often the disk was made to keep what was written"),
  chunksHashed: count("chunks that were hashed"),
  sent: list(
    object({
      protocol: text("what the frames were of"),
      frames: count("frames sent to other members"),
      bytes: bytes("those frames"),
    }),
    "what the peer sent",
  ),
  calls: list(object({ method: text("the method"), count: count("calls of other members") }), "what it asked others"),
});

export const store = object({
  chunks: count("chunks on this peer's disk"),
  records: count("file records on this peer's disk"),
  bytes: bytes("both"),
  freeBytes: bytes("free space of the disk"),
  quarantined: count("damaged chunks that were put aside"),
  missing: count("damaged or lost chunks that are not mended yet"),
});

export const safety = object({
  copies: count("disks that each file is to be on"),
  fewestCopies: count("the fewest disks that any file is on"),
  belowRevisions: count("revisions on too few disks"),
  belowBytes: bytes("those revisions, sealed"),
  unreadableRevisions: count("revisions of which no whole copy is up"),
  "halted?": list(text("the peer's name"), "who vanished at once, so that repair waits"),
});
