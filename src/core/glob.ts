/**
 * Glob patterns of one name: `*`, `?`, `[a-z]`, `[!a-z]`, and `\` before a character that stands for itself.
 *
 * Matching is linear in the name for each `*`, so that no pattern can hang the shell, as regular expressions can.
 */

type GlobToken =
  | { readonly kind: "character"; readonly text: string }
  | { readonly kind: "any" }
  | { readonly kind: "star" }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

export interface GlobOptions {
  readonly ignoreCase?: boolean | undefined;
  /** `*` and `?` also match a leading dot, as in `find -name`. */
  readonly matchHidden?: boolean | undefined;
}

/** `text` as a pattern that matches exactly this text. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, "\\$&");
}

/** The text that a pattern without wildcards stands for: backslashes are taken away. */
export function unescapeGlob(pattern: string): string {
  return pattern.replace(/\\(.)/gsu, "$1");
}

/** Whether `pattern` has a wildcard: an unescaped `*`, `?`, or a `[` that is closed. */
export function hasGlob(pattern: string): boolean {
  return globTokens(pattern).some((token) => token.kind !== "character");
}

/** A function that says whether a name matches `pattern` as a whole. */
export function compileGlob(pattern: string, options: GlobOptions = {}): (name: string) => boolean {
  const fold = (text: string): string => (options.ignoreCase === true ? text.toLowerCase() : text);
  const tokens = globTokens(fold(pattern));
  const first = tokens[0];
  const namesDot = first?.kind === "character" && first.text === ".";
  return (name) => {
    if (name.startsWith(".") && !namesDot && options.matchHidden !== true) return false;
    return matches(tokens, Array.from(fold(name)));
  };
}

/**
 * The texts that every name has in it, in this order, that matches `pattern`: what stands between its wildcards. Where
 * case is ignored they are lower-case ASCII, without the letters that others become in lower case.
 */
export function literalParts(pattern: string, { ignoreCase }: Pick<GlobOptions, "ignoreCase"> = {}): readonly string[] {
  const parts = [""];
  for (const token of globTokens(ignoreCase === true ? pattern.toLowerCase() : pattern)) {
    const isFixed = token.kind === "character" && (ignoreCase !== true || caseless.test(token.text));
    if (isFixed) parts.push((parts.pop() ?? "") + token.text);
    else if (parts.at(-1) !== "") parts.push("");
  }
  return parts.filter((part) => part !== "");
}

/** The text that every name begins with that matches `pattern`: what stands before its first wildcard. */
export function literalPrefix(pattern: string): string {
  const tokens = globTokens(pattern);
  const end = tokens.findIndex(({ kind }) => kind !== "character");
  return (end < 0 ? tokens : tokens.slice(0, end))
    .map((token) => (token.kind === "character" ? token.text : ""))
    .join("");
}

/** ASCII without i and k, which a dotted capital I and the sign for Kelvin become. */
const caseless = /^[\u0000-hjl-\u007f]$/u;

function globTokens(pattern: string): readonly GlobToken[] {
  const characters = Array.from(pattern);
  const tokens: GlobToken[] = [];
  /** A bracket that nothing closes is the last that could be: looking again for each would take for ever. */
  let mayClose = true;
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string;
    if (character === "*") tokens.push({ kind: "star" });
    else if (character === "?") tokens.push({ kind: "any" });
    else if (character === "\\" && at + 1 < characters.length)
      tokens.push({ kind: "character", text: characters[(at += 1)] as string });
    else {
      const classEnd: number = character === "[" && mayClose ? closingBracket(characters, at) : -1;
      mayClose &&= character !== "[" || classEnd >= 0;
      if (classEnd < 0) tokens.push({ kind: "character", text: character });
      else {
        tokens.push(classToken(characters.slice(at + 1, classEnd)));
        at = classEnd;
      }
    }
  }
  return tokens;
}

/** Index of the `]` that closes the class opened at `open`; a `]` that comes first belongs to the class. -1 when there is none. */
function closingBracket(characters: readonly string[], open: number): number {
  let at = open + 1;
  if (characters[at] === "!" || characters[at] === "^") at += 1;
  if (characters[at] === "]") at += 1;
  for (; at < characters.length; at += 1) {
    if (characters[at] === "\\") at += 1;
    else if (characters[at] === "]") return at;
  }
  return -1;
}

function classToken(inside: readonly string[]): GlobToken {
  const negated = inside[0] === "!" || inside[0] === "^";
  const members = unescapedMembers(negated ? inside.slice(1) : inside);
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < members.length; at += 1) {
    const low = members[at] as string;
    const high = members[at + 2];
    if (members[at + 1] === "-" && high !== undefined) {
      ranges.push([low, high]);
      at += 2;
    } else ranges.push([low, low]);
  }
  return { kind: "class", negated, ranges };
}

function unescapedMembers(members: readonly string[]): readonly string[] {
  return members.filter((member, index) => member !== "\\" || members[index - 1] === "\\");
}

/** Matches with one point of return: the last star, which takes one character more each time what follows it fails. */
function matches(tokens: readonly GlobToken[], name: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current?.kind === "star") {
      starToken = token;
      starAt = at;
      token += 1;
    } else if (current !== undefined && matchesOne(current, name[at] as string)) {
      token += 1;
      at += 1;
    } else if (starToken >= 0) {
      starAt += 1;
      at = starAt;
      token = starToken + 1;
    } else return false;
  }
  return tokens.slice(token).every((rest) => rest.kind === "star");
}

function matchesOne(token: GlobToken, character: string): boolean {
  if (token.kind === "character") return token.text === character;
  if (token.kind !== "class") return true;
  const inside = token.ranges.some(([low, high]) => low <= character && character <= high);
  return inside !== token.negated;
}
