/** Aliases. */
import type { CaseTable } from "./case.ts";

export const aliases: CaseTable = {
  alias: [
    {
      lines: "alias l='ls -1'; l photos",
      pipe: {
        out: ["2025", "cat.jpg"],
      },
      tty: {
        screen: ["\u001b[1;34m2025\u001b[0m", "cat.jpg"],
      },
    },
    {
      lines: "alias l='ls -1' b=pwd; alias; alias l",
      pipe: {
        out: ["alias b=pwd", "alias l='ls -1'", "alias l='ls -1'"],
      },
    },
    {
      lines: "alias l='ls -1'; alias --json",
      pipe: {
        out: ['{"name":"l","text":"ls -1"}'],
      },
    },
    {
      lines: "alias ls='ls -1'; ls photos; \\ls photos",
      pipe: {
        out: ["2025", "cat.jpg", "2025", "cat.jpg"],
      },
      tty: {
        screen: ["\u001b[1;34m2025\u001b[0m", "cat.jpg", "\u001b[1;34m2025\u001b[0m  cat.jpg"],
      },
    },
    {
      lines: "alias l='ls; pwd'",
      pipe: {
        err: ["alias: l=ls; pwd: an alias stands for a command and its first words, without ; && || | > < or !"],
        code: 2,
      },
    },
    {
      lines: "alias 'a b=ls'",
      pipe: {
        err: ['alias: a b=ls: "a b" cannot be an alias: use letters, digits, _ . and -'],
        code: 2,
      },
    },
    {
      lines: "alias nope",
      pipe: {
        err: ["alias: nope: no such alias"],
        code: 3,
      },
    },
    {
      lines: "alias l='ls $NONE'; l",
      pipe: {
        err: ["alias l:1:4: the variable NONE is not set", "ls $NONE", "   ^"],
        code: 2,
      },
    },
  ],
  unalias: [
    {
      lines: "alias l=pwd; unalias l; l",
      pipe: {
        err: ['l: no such command; did you mean "ls"?'],
        code: 127,
      },
    },
    {
      lines: "alias l=pwd b=ls; unalias -a; alias",
      pipe: {},
    },
    {
      lines: "unalias nope",
      pipe: {
        err: ["unalias: nope: no such alias"],
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
