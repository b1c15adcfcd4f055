/** Items of a call, many in a message. */
import { walkPageEntries } from "../../core/limits.ts";
import type { RpcCall } from "../wire/rpc-method.ts";

export async function emitPages<Item>(items: AsyncIterable<Item>, call: RpcCall<Item[]>): Promise<null> {
  let page: Item[] = [];
  for await (const item of items) {
    page.push(item);
    if (page.length < walkPageEntries) continue;
    await call.emit(page);
    page = [];
  }
  if (page.length > 0) await call.emit(page);
  return null;
}
