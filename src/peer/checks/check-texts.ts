/** Numbers, sizes, spans and names in the sentences of findings. */

/** `1 chunk`, `12 chunks`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The first few of many names, for a sentence. */
export function named(names: readonly string[], most = 5): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}

const kibibyte = 1024;
const sizeUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `512 B`, `12.3 MiB`. */
export function sizeText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= kibibyte && unit < sizeUnits.length - 1) {
    size /= kibibyte;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(size) : size.toFixed(1)} ${sizeUnits[unit]}`;
}

/** A span of milliseconds, rounded: `12 ms`, `3.2 s`, `5 min`, `2 h`. */
export function spanText(milliseconds: number): string {
  const span = Math.abs(milliseconds);
  if (span < 1_000) return `${Math.round(span)} ms`;
  if (span < 120_000) return `${(span / 1_000).toFixed(1)} s`;
  if (span < 120 * 60_000) return `${Math.round(span / 60_000)} min`;
  return `${Math.round(span / 3_600_000)} h`;
}
