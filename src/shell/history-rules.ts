/** What history never keeps. */

/** An option or a variable that carries a secret in its value. `--password-file` names a file, and may be kept. */
const secretOption = /(?:^|[\s'"])--?(?:new-)?pass(?:word|wd|phrase)?(?:[\s=:'"]|$)/i;
const secretVariable = /(?:^|[\s;&|'"])\w*(?:password|passwd|passphrase|secret|token)\w*=/i;

/** Whether history may keep a line: it is not blank, does not begin with a blank, and gives no password. */
export function mayBeKept(line: string): boolean {
  return line.trim() !== "" && !/^\s/.test(line) && !secretOption.test(line) && !secretVariable.test(line);
}
