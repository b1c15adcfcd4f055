/** The order of names: by their code points, whatever the locale. */

const surrogateMin = 0xd800;
const surrogateMax = 0xdfff;

/** Compares names as their UTF-8 compares byte by byte. */
export function compareNames(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const leftUnit = left.charCodeAt(at);
    const rightUnit = right.charCodeAt(at);
    if (leftUnit !== rightUnit) return codePointRank(leftUnit) - codePointRank(rightUnit);
  }
  return left.length - right.length;
}

/** UTF-16 puts surrogates below U+E000 to U+FFFF; what they encode stands above. */
function codePointRank(unit: number): number {
  return unit >= surrogateMin && unit <= surrogateMax ? unit + 0x10000 : unit;
}

/** The first of many names in their order, each once, as many as wanted; memory is bounded by that. */
export class FirstNames<Item extends { readonly name: string }> {
  readonly #namesMax: number;
  #kept: Item[] = [];

  constructor(namesMax: number) {
    this.#namesMax = namesMax;
  }

  add(item: Item): void {
    this.#kept.push(item);
    if (this.#kept.length >= 2 * this.#namesMax) this.#kept = this.#first();
  }

  get items(): readonly Item[] {
    return this.#first();
  }

  #first(): Item[] {
    return eachNameOnce(this.#kept).slice(0, this.#namesMax);
  }
}

/** Items in the order of their names; of several with one name, one. */
function eachNameOnce<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  const sorted = items.toSorted((left, right) => compareNames(left.name, right.name));
  return sorted.filter(({ name }, place) => name !== sorted[place - 1]?.name);
}
