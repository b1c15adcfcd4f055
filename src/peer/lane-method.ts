/** The RPC method by which a member asks another for a lane. */
import * as v from "valibot";
import { defineMethod } from "./wire/rpc-method.ts";

const key: v.GenericSchema<unknown, Uint8Array> = v.pipe(v.instance(Uint8Array), v.length(32));
const offer = v.object({
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  identity: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  key,
});

/** Where a lane can be opened, once, and the key that proves who may. */
export type LaneOffer = v.InferOutput<typeof offer>;

/** The result is null where no lane for this protocol is offered now: the asker uses libp2p streams. */
export const openLaneMethod = defineMethod({
  name: "lane.open",
  params: v.object({ protocol: v.pipe(v.string(), v.maxLength(64)) }),
  result: v.nullable(offer),
});
