/** The shell itself. */
import type { CaseTable } from "./case.ts";

export const session: CaseTable = {
  echo: [
    {
      lines: "echo hello 'two  blanks'",
      pipe: {
        out: ["hello two  blanks"],
      },
    },
    {
      lines: "-cat nope; echo $?",
      pipe: {
        out: ["3"],
        err: ["cat: nope: no such file or directory"],
      },
      tty: {
        screen: ["cat: nope: no such file or directory", "3"],
      },
    },
    {
      lines: "echo *.md",
      pipe: {
        out: ["plan.md"],
      },
    },
    {
      lines: "A=1; echo $A ${A}2",
      pipe: {
        out: ["1 12"],
      },
    },
    {
      lines: "echo -n x",
      pipe: {
        out: ["-n x"],
      },
    },
    {
      lines: "echo $NOPE",
      pipe: {
        err: ["-c:1:6: the variable NOPE is not set", "echo $NOPE", "     ^"],
        code: 2,
      },
    },
  ],
  help: [
    {
      lines: "help pwd",
      pipe: {
        out: [
          "NAME",
          "    pwd - print the directory",
          "",
          "SYNOPSIS",
          "    pwd [--json]",
          "",
          "DESCRIPTION",
          "    Prints the directory of the network in which the shell stands.",
          "",
          "OPTIONS",
          "    --json  one JSON object a line",
          "",
          "EXIT CODES",
          "    0  done",
          "    2  wrong usage",
          "",
          "EXAMPLES",
          "    pwd",
          "        Print where relative paths begin.",
          "",
          "SEE ALSO",
          "    cd, lpwd",
        ],
      },
      tty: {
        screen: [
          "\u001b[1mNAME\u001b[0m",
          "    pwd - print the directory",
          "",
          "\u001b[1mSYNOPSIS\u001b[0m",
          "    pwd [--json]",
          "",
          "\u001b[1mDESCRIPTION\u001b[0m",
          "    Prints the directory of the network in which the shell stands.",
          "",
          "\u001b[1mOPTIONS\u001b[0m",
          "    --json  one JSON object a line",
          "",
          "\u001b[1mEXIT CODES\u001b[0m",
          "    0  done",
          "    2  wrong usage",
          "",
          "\u001b[1mEXAMPLES\u001b[0m",
          "    pwd",
          "        Print where relative paths begin.",
          "",
          "\u001b[1mSEE ALSO\u001b[0m",
          "    cd, lpwd",
        ],
      },
    },
    {
      lines: "help exit-codes",
      pipe: {
        out: [
          "EXIT CODES",
          "    0    done",
          "    1    failed, or failed for some of several files",
          "    2    wrong usage or syntax",
          "    3    no such path, revision, user or peer",
          "    4    refused: exists, not empty, wrong type, not allowed, quota, no room,",
          "         bad invite",
          "    5    temporary: unreachable, too few disks, no majority of the coordinators,",
          "         busy, timed out, changed while it was read",
          "    6    not logged in",
          "    7    bytes are not what their hash says, a peer broke the protocol, or",
          "         damage that nothing could mend",
          "    127  no such command",
          "    130  interrupted",
          "",
          "HOW THEY COME ABOUT",
          "    A command with several operands does what it can, tells of each that failed",
          "    on stderr, and gives the worst code. put and get of several files give 1",
          "    where some of them failed.",
          "",
          "    A script ends with the code of the command that stopped it, or with 0; with",
          "    --keep-going with the worst one. Code 5 says that the same may work later,",
          "    all others that something has to change first.",
          "",
          "SEE ALSO",
          "    scripts, grammar, exit",
        ],
      },
      tty: {
        screen: [
          "\u001b[1mEXIT CODES\u001b[0m",
          "    0    done",
          "    1    failed, or failed for some of several files",
          "    2    wrong usage or syntax",
          "    3    no such path, revision, user or peer",
          "    4    refused: exists, not empty, wrong type, not allowed, quota, no room,",
          "         bad invite",
          "    5    temporary: unreachable, too few disks, no majority of the coordinators,",
          "         busy, timed out, changed while it was read",
          "    6    not logged in",
          "    7    bytes are not what their hash says, a peer broke the protocol, or",
          "         damage that nothing could mend",
          "    127  no such command",
          "    130  interrupted",
          "",
          "\u001b[1mHOW THEY COME ABOUT\u001b[0m",
          "    A command with several operands does what it can, tells of each that failed",
          "    on stderr, and gives the worst code. put and get of several files give 1",
          "    where some of them failed.",
          "",
          "    A script ends with the code of the command that stopped it, or with 0; with",
          "    --keep-going with the worst one. Code 5 says that the same may work later,",
          "    all others that something has to change first.",
          "",
          "\u001b[1mSEE ALSO\u001b[0m",
          "    scripts, grammar, exit",
        ],
      },
    },
    {
      lines: "help -k fingerprint",
      pipe: {
        out: ["whoami  for whom the shell acts", "users   the users of the network"],
      },
    },
    {
      lines: "help grammar",
      pipe: {
        out: [
          "COMMANDS AND LISTS",
          "    A line is a command with its options and operands, or several:",
          "",
          "    A ; B     A, then B",
          "    A && B    B only if A gave 0",
          "    A || B    B only if A gave something else",
          "    -A        A, and whatever it gives counts as 0",
          "    # text    a comment, where a word begins",
          "    !COMMAND  a command of this machine, by its own shell",
          "",
          "WORDS",
          "    'text'         as it stands",
          '    "text"         as it stands, but for $, \\ and variables',
          "    \\x             the character x, whatever it would mean",
          "    * ? [a-z]      names that match; never a name that starts with a dot, unless",
          "                   the pattern does",
          "    **             any directories below",
          "    NAME=value     sets a variable of the shell",
          "    $NAME ${NAME}  its value, which is never split into words",
          "    $1 to $9       what followed the script's name, its parameters; $# is their",
          "                   number",
          "    $?             the exit code of the last command",
          "    --             ends the options of a command",
          "",
          "    Variables begin with those of the environment, but for DFS_PASSWORD. A glob",
          "    that matches nothing is an error, and so is a variable that is not set: rm",
          "    -r $X/ cannot remove everything.",
          "",
          "OUTPUT AND INPUT",
          "    > FILE     output into a local file, which is replaced",
          "    >> FILE    output behind what is in a local file",
          "    < FILE     input from a local file",
          "    | COMMAND  output into a command of this machine, which gets the variables",
          "               and parameters",
          "",
          "NOT SUPPORTED",
          "    There are no functions, no loops and no $(…): write those in a shell of this",
          "    machine around -c. What other shells do with 2>, $0, $@, $* and $$ is a",
          "    syntax error here.",
          "",
          "SEE ALSO",
          "    scripts, paths, exit-codes",
        ],
      },
      tty: {
        screen: [
          "\u001b[1mCOMMANDS AND LISTS\u001b[0m",
          "    A line is a command with its options and operands, or several:",
          "",
          "    A ; B     A, then B",
          "    A && B    B only if A gave 0",
          "    A || B    B only if A gave something else",
          "    -A        A, and whatever it gives counts as 0",
          "    # text    a comment, where a word begins",
          "    !COMMAND  a command of this machine, by its own shell",
          "",
          "\u001b[1mWORDS\u001b[0m",
          "    'text'         as it stands",
          '    "text"         as it stands, but for $, \\ and variables',
          "    \\x             the character x, whatever it would mean",
          "    * ? [a-z]      names that match; never a name that starts with a dot, unless",
          "                   the pattern does",
          "    **             any directories below",
          "    NAME=value     sets a variable of the shell",
          "    $NAME ${NAME}  its value, which is never split into words",
          "    $1 to $9       what followed the script's name, its parameters; $# is their",
          "                   number",
          "    $?             the exit code of the last command",
          "    --             ends the options of a command",
          "",
          "    Variables begin with those of the environment, but for DFS_PASSWORD. A glob",
          "    that matches nothing is an error, and so is a variable that is not set: rm",
          "    -r $X/ cannot remove everything.",
          "",
          "\u001b[1mOUTPUT AND INPUT\u001b[0m",
          "    > FILE     output into a local file, which is replaced",
          "    >> FILE    output behind what is in a local file",
          "    < FILE     input from a local file",
          "    | COMMAND  output into a command of this machine, which gets the variables",
          "               and parameters",
          "",
          "\u001b[1mNOT SUPPORTED\u001b[0m",
          "    There are no functions, no loops and no $(…): write those in a shell of this",
          "    machine around -c. What other shells do with 2>, $0, $@, $* and $$ is a",
          "    syntax error here.",
          "",
          "\u001b[1mSEE ALSO\u001b[0m",
          "    scripts, paths, exit-codes",
        ],
      },
    },
    {
      lines: "help nonesuch",
      pipe: {
        err: ['help: nonesuch: no such command or topic; "help" lists them'],
        code: 3,
      },
    },
    {
      lines: "help putt",
      pipe: {
        err: ['help: putt: no such command or topic; did you mean "put"?'],
        code: 3,
      },
    },
    {
      lines: "help -k xylophone",
      pipe: {
        err: ["help: xylophone: nothing mentions it"],
        code: 3,
      },
    },
    {
      lines: "help --all",
      pipe: {
        err: ["help: unknown option '--all'", "usage: help [-k WORD] [COMMAND|TOPIC…]"],
        code: 2,
      },
    },
  ],
  exit: [
    {
      lines: "exit 3",
      pipe: {
        code: 3,
      },
    },
    {
      lines: "-cat nope; exit",
      pipe: {
        err: ["cat: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "exit; echo never",
      pipe: {},
    },
    {
      lines: "exit now",
      pipe: {
        err: ['exit: the code needs a whole number of at least 0, not "now"', "usage: exit [CODE]"],
        code: 2,
      },
    },
    {
      lines: "exit 256",
      pipe: {
        err: ["exit: an exit code is at most 255", "usage: exit [CODE]"],
        code: 2,
      },
    },
  ],
  completion: [
    {
      lines: "completion fish | head -n 2",
      pipe: {
        out: [
          "# fish completion for dfs-shell, made by: dfs-shell -c 'completion fish'",
          "# Keep it as ~/.config/fish/completions/dfs-shell.fish",
        ],
      },
    },
    {
      lines: "completion bash | tail -n 1",
      pipe: {
        out: ["complete -o filenames -F _dfs_shell dfs-shell"],
      },
    },
    {
      lines: "completion tcsh",
      pipe: {
        err: ['completion: the shell is bash, zsh, fish, not "tcsh"', "usage: completion SHELL"],
        code: 2,
      },
    },
  ],
  alias: [
    {
      lines: "alias ll='ls -lh'; ll photos",
      pipe: {
        out: ["drwxr-xr-x  -  -     -  2026-01-05 12:00  2025", "-rw-r--r--  2  1  3.0K  2026-10-30 12:00  cat.jpg"],
      },
      tty: {
        screen: [
          "drwxr-xr-x  -  -     -  2026-01-05 12:00  \u001b[1;34m2025\u001b[0m",
          "-rw-r--r--  2  1  3.0K  2026-10-30 12:00  cat.jpg",
        ],
      },
    },
    {
      lines: "alias ll='ls -l' la='ls -a'; alias; alias ll",
      pipe: {
        out: ["alias la='ls -a'", "alias ll='ls -l'", "alias ll='ls -l'"],
      },
    },
    {
      lines: "alias ll='ls -l'; alias --json",
      pipe: {
        out: ['{"name":"ll","text":"ls -l"}'],
      },
    },
    {
      lines: "alias ll",
      pipe: {
        err: ["alias: ll: no such alias"],
        code: 3,
      },
    },
    {
      lines: "alias ll='ls | wc'",
      pipe: {
        err: ["alias: ll=ls | wc: an alias stands for a command and its first words, without ; && || | > < or !"],
        code: 2,
      },
    },
  ],
  unalias: [
    {
      lines: "alias ll='ls -l'; unalias ll; alias",
      pipe: {},
    },
    {
      lines: "alias a=ls b=ls; unalias -a; alias",
      pipe: {},
    },
    {
      lines: "unalias ll",
      pipe: {
        err: ["unalias: ll: no such alias"],
        code: 3,
      },
    },
    {
      lines: "unalias",
      pipe: {
        err: ["unalias: give the names, or -a for all of them", "usage: unalias -a | NAME…"],
        code: 2,
      },
    },
  ],
};
