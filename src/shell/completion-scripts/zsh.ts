import type { OptionSpec } from "../arguments.ts";
import { originOf, valueKind } from "./program.ts";
import type { Program } from "./program.ts";

/** A completion script for zsh: for a folder of `fpath`, or to be sourced. */
export function zshScript(program: Program): string {
  const { name, options, words, commands } = program;
  const called = `_${name.replaceAll("-", "_")}`;
  const specs = options.map((option) => `    ${optionSpec(option, called)} \\\n`).join("");
  const listed = (list: readonly (readonly [string, string])[]): string =>
    list.map(([word, meaning]) => `    ${quoted(`${word.replaceAll(":", "\\:")}:${meaning}`)}\n`).join("");
  return `#compdef ${name}
# ${originOf(program, "zsh")}
# Read it in ~/.zshrc, behind compinit:  source <(${name} -c 'completion zsh')

${called}_commands() {
  local -a commands
  commands=(
${listed(commands.map((command) => [command.name, command.summary]))}  )
  _describe -t commands 'command' commands
}

${called}_scripts() {
  local -a words
  words=(
${listed(Object.entries(words))}  )
  _describe -t words 'word' words
  _files
}

${called}() {
  _arguments -s -S \\
${specs}    '1:script:${called}_scripts' \\
    '*:file:_files'
}

if [[ "\${funcstack[1]}" == "_${name}" ]]; then
  ${called} "$@"
else
  compdef ${called} ${name}
fi
`;
}

/** An option as `_arguments` reads it; one with a short form excludes itself, commands exclude a script. */
function optionSpec(option: OptionSpec, called: string): string {
  const { long, short, value, summary } = option;
  const meaning = `[${summary.replaceAll(/[[\]\\]/g, "\\$&")}]`;
  const argument = value === undefined ? "" : `:${value}:${action(option, called)}`;
  const longFlag = `--${long}${value === undefined ? "" : "="}`;
  if (short === undefined) return quoted(longFlag + meaning + argument);
  const shortFlag = `-${short}${value === undefined ? "" : "+"}`;
  const others = valueKind(option) === "commands" ? " : *" : "";
  return `${quoted(`(-${short} --${long}${others})`)}{${shortFlag},${longFlag}}${quoted(meaning + argument)}`;
}

function action(option: OptionSpec, called: string): string {
  switch (valueKind(option)) {
    case "values": {
      const values = Object.entries(option.values ?? {}).map(
        ([value, meaning]) => `${value}\\:${quotedTwice(meaning)}`,
      );
      return `((${values.join(" ")}))`;
    }
    case "commands":
      return `${called}_commands`;
    case "directory":
      return "_directories";
    case "file":
      return "_files";
    default:
      return " ";
  }
}

/** A text within a list that is within quotes. */
function quotedTwice(text: string): string {
  return text.replaceAll(/[\s'"()\\]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
