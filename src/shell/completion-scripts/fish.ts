import type { OptionSpec } from "../arguments.ts";
import { originOf, valueKind } from "./program.ts";
import type { Program } from "./program.ts";

/** A completion script for fish. */
export function fishScript(program: Program): string {
  const { name, options, words, commands } = program;
  const lines = options.map((option) => `complete -c ${name} ${optionPart(option, commands)}`);
  for (const [word, meaning] of Object.entries(words))
    lines.push(
      `complete -c ${name} -n 'not __fish_seen_subcommand_from ${word}' -a ${quoted(word)} -d ${quoted(meaning)}`,
      `complete -c ${name} -n '__fish_seen_subcommand_from ${word}' -f`,
    );
  return `# ${originOf(program, "fish")}
# Keep it as ~/.config/fish/completions/${name}.fish

${lines.join("\n")}
`;
}

function optionPart(option: OptionSpec, commands: Program["commands"]): string {
  const { long, short, summary } = option;
  const flags = short === undefined ? `-l ${long}` : `-s ${short} -l ${long}`;
  return `${flags}${valuePart(option, commands)} -d ${quoted(summary)}`;
}

/** `-r`: a value follows; `-x`: and it is none of the files. */
function valuePart(option: OptionSpec, commands: Program["commands"]): string {
  switch (valueKind(option)) {
    case undefined:
      return "";
    case "values":
      return ` -x -a ${list(Object.entries(option.values ?? {}))}`;
    case "commands":
      return ` -x -a ${list(commands.map((command) => [command.name, command.summary]))}`;
    case "directory":
      return " -x -a '(__fish_complete_directories)'";
    case "file":
      return " -r";
    default:
      return " -x";
  }
}

/** Words with what they mean; fish reads the list once more. */
function list(words: readonly (readonly [string, string])[]): string {
  return quoted(words.map(([word, meaning]) => `${word}\\t${quoted(meaning)}`).join(" "));
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
