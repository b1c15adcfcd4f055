/** What `help` tells beside the commands: topics, each a manual of its own. */
import { exitCodes } from "./manual.ts";
import { paragraph, terms } from "./manual-page.ts";
import type { Section, Term } from "./manual-page.ts";

export interface Topic {
  readonly name: string;
  /** In a list of all topics: a few words without a full stop. */
  readonly summary: string;
  readonly sections: readonly Section[];
}

const grammar: Topic = {
  name: "grammar",
  summary: "what lines and scripts can say: quotes, globs, variables, redirections",
  sections: [
    {
      heading: "COMMANDS AND LISTS",
      blocks: [
        paragraph("A line is a command with its options and operands, or several:"),
        terms(
          ["A ; B", "A, then B"],
          ["A && B", "B only if A gave 0"],
          ["A || B", "B only if A gave something else"],
          ["A &", "A in the background: see help jobs"],
          ["-A", "A, and whatever it gives counts as 0"],
          ["# text", "a comment, where a word begins"],
          ["!COMMAND", "a command of this machine, by its own shell"],
        ),
      ],
    },
    {
      heading: "WORDS",
      blocks: [
        terms(
          ["'text'", "as it stands"],
          ['"text"', "as it stands, but for $, \\ and variables"],
          ["\\x", "the character x, whatever it would mean"],
          ["* ? [a-z]", "names that match; never a name that starts with a dot, unless the pattern does"],
          ["**", "any directories below"],
          ["NAME=value", "sets a variable of the shell"],
          ["$NAME ${NAME}", "its value, which is never split into words"],
          ["$1 to $9", "what followed the script's name, its parameters; $# is their number"],
          ["$?", "the exit code of the last command"],
          ["--", "ends the options of a command"],
        ),
        paragraph(
          "Variables begin with those of the environment, but for DFS_PASSWORD. A glob that matches nothing is an error, and so is a variable that is not set: rm -r $X/ cannot remove everything.",
        ),
      ],
    },
    {
      heading: "OUTPUT AND INPUT",
      blocks: [
        terms(
          ["> FILE", "output into a local file, which is replaced"],
          [">> FILE", "output behind what is in a local file"],
          ["< FILE", "input from a local file"],
          ["| COMMAND", "output into a command of this machine, which gets the variables and parameters"],
        ),
      ],
    },
    {
      heading: "NOT SUPPORTED",
      blocks: [
        paragraph(
          "There are no functions, no loops and no $(…): write those in a shell of this machine around -c. What other shells do with 2>, $0, $@, $* and $$ is a syntax error here.",
        ),
      ],
    },
    { heading: "SEE ALSO", blocks: [paragraph("scripts, paths, exit-codes")] },
  ],
};

const exitCodesTopic: Topic = {
  name: "exit-codes",
  summary: "what the exit codes of commands and scripts mean",
  sections: [
    {
      heading: "EXIT CODES",
      blocks: [terms(...Object.entries(exitCodes).map(([code, meaning]): Term => [code, meaning]))],
    },
    {
      heading: "HOW THEY COME ABOUT",
      blocks: [
        paragraph(
          "A command with several operands does what it can, tells of each that failed on stderr, and gives the worst code. put and get of several files give 1 where some of them failed.",
        ),
        paragraph(
          "A script ends with the code of the command that stopped it, or with 0; with --keep-going with the worst one. Code 5 says that the same may work later, all others that something has to change first.",
        ),
      ],
    },
    { heading: "SEE ALSO", blocks: [paragraph("scripts, grammar, exit")] },
  ],
};

const keys: Topic = {
  name: "keys",
  summary: "the keys of the prompt",
  sections: [
    {
      heading: "RUNNING AND LEAVING",
      blocks: [
        terms(
          ["Enter", "run the line"],
          ["Ctrl-C", "stop the running command, or drop the line; the shell stays"],
          ["Ctrl-Z", "send the running transfer to the background; fg brings it back"],
          ["Ctrl-D", "leave, on an empty line; delete under the cursor in any other"],
          ["Ctrl-L", "clear the screen"],
          ["Alt-Enter", "a new line in the text; Enter makes one too behind an open quote, a backslash, && or ||"],
        ),
      ],
    },
    {
      heading: "COMPLETING",
      blocks: [
        terms(
          ["Tab", "complete what has one end; where there is a choice, open the menu, and in it go on"],
          ["arrows, Shift-Tab", "go about in the menu"],
          ["Enter", "take what is chosen in the menu; typing narrows it, Escape closes it"],
          ["Right, Ctrl-F, End", "take the grey suggestion, at the end of the line"],
          ["Alt-F, Ctrl-Right", "take a word of it"],
        ),
      ],
    },
    {
      heading: "HISTORY",
      blocks: [
        terms(
          ["Up, Ctrl-P", "the line before that has the typed text in it"],
          ["Down, Ctrl-N", "the one after"],
          ["Ctrl-R", "search, with a list of what is found; again or Up: further back; Escape or Ctrl-G: give up"],
        ),
      ],
    },
    {
      heading: "MOVING AND EDITING",
      blocks: [
        terms(
          ["Left, Ctrl-B", "back by a character"],
          ["Right, Ctrl-F", "on by a character"],
          ["Ctrl-Left, Alt-Left, Alt-B", "back by a word"],
          ["Ctrl-Right, Alt-Right, Alt-F", "on by a word"],
          ["Home, Ctrl-A", "the start of the line"],
          ["End, Ctrl-E", "the end of the line"],
          ["Backspace, Ctrl-H", "delete before the cursor"],
          ["Delete", "delete under the cursor"],
          ["Ctrl-W, Alt-Backspace", "cut the word before the cursor"],
          ["Alt-D", "cut the word behind the cursor"],
          ["Ctrl-U", "cut what is before the cursor"],
          ["Ctrl-K", "cut what is behind the cursor"],
          ["Ctrl-Y", "insert what was cut last"],
          ["Alt-E, Ctrl-X Ctrl-E", "change the line in VISUAL or EDITOR"],
        ),
        paragraph(
          "Pasted lines are not run before Enter. History keeps no line that begins with a blank or gives a password.",
        ),
      ],
    },
  ],
};

const config: Topic = {
  name: "config",
  summary: "the prompt's configuration file",
  sections: [
    {
      heading: "THE FILE",
      blocks: [
        paragraph(
          "Before the first line the prompt runs the commands in config, in the platform's place for settings: on Linux $XDG_CONFIG_HOME/dfs-shell/config, or ~/.config/dfs-shell/config. DFS_CONFIG names another file, and --no-config leaves it out. It is a script as any other, for aliases, variables and set:",
        ),
        { kind: "lines", lines: ["alias ll='ls -lh'", "alias pull='get -R'", "PHOTOS=/photos/2026", "set -v"] },
        paragraph(
          "All of it runs, whatever fails in it; errors are told with file, line and column. Scripts do not read it, so that they do the same for everybody.",
        ),
      ],
    },
    { heading: "SEE ALSO", blocks: [paragraph("alias, set, grammar, keys")] },
  ],
};

const paths: Topic = {
  name: "paths",
  summary: "how files of the network, of other users and of this machine are named",
  sections: [
    {
      heading: "PATHS OF THE NETWORK",
      blocks: [
        paragraph(
          "A path with a leading / begins at your root, any other one where the shell stands (cd, pwd). . is the directory itself, .. the one above. Names are case-sensitive, have no control characters, and can be in any script.",
        ),
        terms(
          ["/", "your own files; while nobody is logged in, what all members share"],
          ["/shared", "what all members share, for whoever is logged in"],
          ["/from/ANN", "what ann shares with you"],
          ["shared:", "with cd: what all members share, whoever is logged in"],
          ["/@2026-11-01T18:00", "your root as it was then; /@2026-11-01T18:00/shared is what all members shared"],
        ),
        paragraph(
          "/shared and /from are doors: ls -a / shows them, and find, du, globs and rm -r never go through them.",
        ),
        paragraph(
          "So is a time behind a /@, into the past: a date, or a date and a time, in the zone of this machine unless it names one (Z, +02:00). Every command that reads works there, and nothing can be changed; cp brings things back. --at of a command looks at a time as well, and takes 2h, 3d and yesterday too. The past is complete as far back as retain says.",
        ),
      ],
    },
    {
      heading: "PATHS OF THIS MACHINE",
      blocks: [
        paragraph(
          "put reads and get writes local files. Their paths begin in the local directory (lcd, lpwd). A lone - is stdin or stdout. Put ./ before a name that begins with a dash.",
        ),
      ],
    },
    { heading: "SEE ALSO", blocks: [paragraph("cd, lcd, share, revisions, restore, grammar")] },
  ],
};

const scripts: Topic = {
  name: "scripts",
  summary: "how scripts run, stop, and are read by programs",
  sections: [
    {
      heading: "RUNNING A SCRIPT",
      blocks: [
        {
          kind: "lines",
          lines: [
            "dfs-shell -c 'mkdir -p /backup; put -R photos /backup'",
            "dfs-shell nightly.dfs PARAMETER…",
            "dfs-shell - < nightly.dfs",
          ],
        },
        paragraph("A file that begins with #!/usr/bin/env dfs-shell and is executable runs by its name."),
        paragraph(
          "Options of dfs-shell stand before the file's name. What stands behind it is the script's own: $1, $2 and so on.",
        ),
        paragraph(
          "The whole script is parsed before anything runs: a syntax error runs nothing, and names file, line and column.",
        ),
      ],
    },
    {
      heading: "STOPPING",
      blocks: [
        paragraph(
          "A script stops at its first failing command, so that put a; rm a cannot lose data. -k goes on; a leading - forgives one command. --timeout SECONDS bounds every command.",
        ),
        paragraph(
          "test, [ and ltest ask whether something is so. Before && an answer of 1 stops nothing: test -e a && rm a goes on where there is no a, and put a && rm a stops where put fails.",
        ),
        paragraph(
          "With --atomic all changes of the script to the network happen at once when it ends with 0, and none of them otherwise.",
        ),
      ],
    },
    {
      heading: "READING WHAT IT PRINTS",
      blocks: [
        paragraph(
          "--json gives one JSON object a line from every command that prints data: sizes are integers in bytes, times are RFC 3339. Errors go to stderr as command: operand: reason, in a script file behind file:line:column. Without a terminal there are no colours, columns, bars or questions.",
        ),
        paragraph(
          "-n only parses, -x writes each command to stderr before it runs, -q leaves out summaries, -v adds counters.",
        ),
      ],
    },
    {
      heading: "ENVIRONMENT",
      blocks: [
        terms(
          ["DFS_USER", "the user to act for"],
          ["DFS_PASSWORD_FILE", "a file with that user's password in its first line, which only you may read"],
          ["DFS_PASSWORD", "the password itself"],
          ["DFS_CONFIG", "the configuration file of the prompt"],
          ["NO_COLOR", "no colours, where it is set"],
        ),
      ],
    },
    { heading: "SEE ALSO", blocks: [paragraph("grammar, exit-codes, set, source, test, login")] },
  ],
};

/** All topics, in the order in which help lists them. */
export const topics: readonly Topic[] = [grammar, exitCodesTopic, keys, config, paths, scripts];
