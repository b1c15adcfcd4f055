/**
 * Which names of the file space a local file system takes as they are, and which of them it takes for one and the same.
 *
 * The file space takes any name that names.ts allows. Windows gives some of these another meaning (a drive, a stream of
 * a file, a device, a path), or drops their ends; there they are refused, never rewritten.
 */
import { DfsError } from "./errors.ts";
import { checkName, nameFault, printable } from "./names.ts";

/** What the name of a file ends in that get has not completed. */
export const partSuffix = ".dfs-part";

/** Devices of Windows, with and without an ending, and with the superscript digits that it takes for 1 to 3. */
const windowsDevices = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(?:\..*)?$/iu;
const windowsSigns = /[<>:"|?*\\]/u;

/** Why get cannot write a file or directory called `name` on `platform` (as Node names it), as the end of a sentence; `undefined` when it can. */
function localNameFault(name: string, platform: string): string | undefined {
  const fault = nameFault(name);
  if (fault !== undefined) return fault;
  if (foldedName(name).endsWith(partSuffix))
    return `get keeps what is not complete yet under names that end in "${partSuffix}"; rename it with mv`;
  return platform === "win32" ? windowsFault(name) : undefined;
}

function windowsFault(name: string): string | undefined {
  const sign = windowsSigns.exec(name)?.[0];
  if (sign !== undefined) return `a name on Windows cannot contain ${sign}; rename it with mv`;
  if (/[. ]$/u.test(name)) return "a name on Windows cannot end in a dot or a space; rename it with mv";
  if (windowsDevices.test(name)) return "it is the name of a device on Windows; rename it with mv";
  return undefined;
}

/** Returns `name` when get can write it on `platform`; fails with `invalid-name` and the reason when not. */
export function checkLocalName(name: string, platform: string): string {
  const fault = localNameFault(checkName(name), platform);
  if (fault !== undefined) throw new DfsError("invalid-name", fault, { path: printable(name) });
  return name;
}

/**
 * What names have in common that a file system may take for one: it may disregard case, the form in which letters with
 * marks are written, and signs that cannot be seen.
 */
export function foldedName(name: string): string {
  return name
    .normalize("NFD")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .toUpperCase()
    .toLowerCase()
    .normalize("NFC");
}
