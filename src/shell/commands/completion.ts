import { DfsError } from "../../core/errors.ts";
import { printable } from "../../core/names.ts";
import type { Command } from "../command.ts";
import { bashScript } from "../completion-scripts/bash.ts";
import { fishScript } from "../completion-scripts/fish.ts";
import type { Program } from "../completion-scripts/program.ts";
import { zshScript } from "../completion-scripts/zsh.ts";
import { programName, programOptions, programWords } from "../launch.ts";

const scripts: Readonly<Record<string, (program: Program) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** `completion`: what another shell needs to complete this program's command line. */
export const completion: Command = {
  name: "completion",
  purpose: "shell",
  summary: "print a completion script of this program for bash, zsh or fish",
  usage: "SHELL",
  description: [
    "Prints a script by which another shell completes the command line of dfs-shell: its options and their values, join, script files, and behind -c the names of commands. At the prompt of dfs-shell itself Tab needs no script.",
  ],
  options: [],
  side: () => "word",
  words: Object.keys(scripts),
  operandsMin: 1,
  operandsMax: 1,
  operands: {
    SHELL: "whose script it shall be",
    bash: "to be sourced: source <(dfs-shell -c 'completion bash')",
    zsh: "to be sourced behind compinit, or kept as _dfs-shell in a folder of fpath",
    fish: "to be kept as ~/.config/fish/completions/dfs-shell.fish",
  },
  exitCodes: {},
  examples: [
    ["completion bash > dfs-shell.bash", "Write the script for bash to a local file."],
    ["completion fish > ~/.config/fish/completions/dfs-shell.fish", "Put the one for fish in its place."],
  ],
  seeAlso: ["help", "keys"],
  async run({ operands: [shell = ""] }, { commands, stdout }) {
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
    if (script === undefined)
      throw new DfsError("usage", `the shell is ${Object.keys(scripts).join(", ")}, not "${printable(shell)}"`);
    await stdout.write(script({ name: programName, options: programOptions, words: programWords, commands }));
    return 0;
  },
};
