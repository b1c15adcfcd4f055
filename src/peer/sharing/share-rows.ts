/** Shares as the catalogue lists them, page by page. */
import type { ShareRow } from "../../catalogue/rows.ts";
import type { ShareQuery } from "../../catalogue/share-reader.ts";
import { sharesListedMax } from "../../core/limits.ts";
import type { CatalogueReader, ReadCallOptions } from "../coordination/catalogue-access.ts";

/** All shares of a query, in the order in which they were given, up to `sharesListedMax`. */
export async function shareRows(
  catalogue: Pick<CatalogueReader, "shares">,
  query: ShareQuery,
  options: ReadCallOptions,
): Promise<readonly ShareRow[]> {
  const found: ShareRow[] = [];
  let after: Parameters<CatalogueReader["shares"]>[1] = null;
  do {
    const { rows, next } = await catalogue.shares(query, after, options);
    found.push(...rows);
    after = next;
  } while (after !== null && found.length < sharesListedMax);
  return found.sort((one, other) => one.createdIndex - other.createdIndex || (one.node < other.node ? -1 : 1));
}
