import type { OptionSpec } from "../arguments.ts";
import { flagsOf, originOf, valueKind } from "./program.ts";
import type { Program } from "./program.ts";

/** A completion script for bash, from version 3.2 on. */
export function bashScript(program: Program): string {
  const { name, options, words, commands } = program;
  const called = `_${name.replaceAll("-", "_")}`;
  const valued = options.filter((option) => valueKind(option) !== undefined);
  const flags = options.flatMap((option) => flagsOf(option)).join(" ");
  return `# ${originOf(program, "bash")}
# Read it in ~/.bashrc:  source <(${name} -c 'completion bash')

${called}_add() {
  local candidate
  while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen "$@" -- "$cur")
}

${called}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=1 subject= taken=
  COMPREPLY=()
  # --option=value comes as three words.
  [[ $cur == = ]] && cur=
  [[ $prev == = ]] && prev=\${COMP_WORDS[COMP_CWORD-2]}
  case $prev in
${valued.map((option) => `    ${patternsOf(option).join("|")}) ${valueCommand(option, called, commands)}return ;;\n`).join("")}  esac
  while ((at < COMP_CWORD)); do
    case \${COMP_WORDS[at]} in
      --*) [[ \${COMP_WORDS[at+1]} == = ]] && ((at += 2)) && ((at += 1)) && continue ;;
    esac
    case \${COMP_WORDS[at]} in
${valued.map((option) => `      ${patternsOf(option).join("|")}) ${valueKind(option) === "commands" ? "taken=1 && " : ""}((at += 1)) ;;\n`).join("")}      -?*) ;;
      *) subject=\${COMP_WORDS[at]} && break ;;
    esac
    ((at += 1))
  done
  case $subject in
    "")
      if [[ $cur == -* ]]; then
        ${called}_add -W "${flags}"
      elif [[ -z $taken ]]; then
        ${called}_add -W "${Object.keys(words).join(" ")}"
        ${called}_add -f
      fi
      ;;
${Object.keys(words)
  .map((word) => `    ${word}) [[ $cur == -* ]] && ${called}_add -W "${flags}" ;;\n`)
  .join("")}    *) ${called}_add -f ;;
  esac
}

complete -o filenames -F ${called} ${name}
`;
}

/** How an option with a value is typed; a short one may stand behind others. */
function patternsOf({ long, short }: OptionSpec): readonly string[] {
  return short === undefined ? [`--${long}`] : [`--${long}`, `-${short}`, `-[!-]*${short}`];
}

function valueCommand(option: OptionSpec, called: string, commands: Program["commands"]): string {
  switch (valueKind(option)) {
    case "values":
      return `${called}_add -W "${Object.keys(option.values ?? {}).join(" ")}"; `;
    case "commands":
      return `${called}_add -W "${commands.map(({ name }) => name).join(" ")}"; `;
    case "directory":
      return `${called}_add -d; `;
    case "file":
      return `${called}_add -f; `;
    default:
      return "";
  }
}
