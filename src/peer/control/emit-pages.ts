/** Items of a call, many in a message. */
import { walkPageEntries } from "../../core/limits.ts";
import type { RpcCall } from "../wire/rpc-method.ts";

export async function emitPages<Item>(items: AsyncIterable<Item>, call: RpcCall<Item[]>): Promise<null> {
  for await (const page of pagesOf(items)) await call.emit(page);
  return null;
}

/** As many items as go into one message, in turn. */
export async function* pagesOf<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item[]> {
  let page: Item[] = [];
  for await (const item of items) {
    page.push(item);
    if (page.length < walkPageEntries) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
