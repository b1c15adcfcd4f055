/** The local side: this machine's files and commands. */
import type { CaseTable } from "./case.ts";

export const local: CaseTable = {
  lcd: [
    {
      lines: "lcd music; lpwd",
      pipe: {
        out: ["/home/ann/music"],
      },
    },
    {
      lines: "lcd music; lcd; lpwd",
      pipe: {
        out: ["/home/ann"],
      },
    },
    {
      lines: "lcd music live",
      pipe: {
        err: ["lcd: too many operands", "usage: lcd [DIR]"],
        code: 2,
      },
    },
    {
      lines: "lcd nope",
      pipe: {
        err: ["lcd: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "lcd notes.txt",
      pipe: {
        err: ["lcd: notes.txt: not a directory"],
        code: 4,
      },
    },
  ],
  lpwd: [
    {
      lines: "lpwd --json",
      pipe: {
        out: ['{"path":"/home/ann"}'],
      },
    },
    {
      lines: "lpwd",
      pipe: {
        out: ["/home/ann"],
      },
    },
    {
      lines: "lpwd here",
      pipe: {
        err: ["lpwd: too many operands", "usage: lpwd [--json]"],
        code: 2,
      },
    },
  ],
  lls: [
    {
      lines: "lls --json notes.txt music/one.ogg",
      pipe: {
        out: [
          '{"path":"/home/ann/notes.txt","name":"notes.txt","kind":"file","sizeBytes":11,"mode":420,"modified":"2026-10-31T12:00:00.000Z"}',
          '{"path":"/home/ann/music/one.ogg","name":"one.ogg","kind":"file","sizeBytes":2,"mode":420,"modified":"2026-10-31T12:00:00.000Z"}',
        ],
      },
    },
    {
      lines: "lls",
      pipe: {
        out: [
          "ann.password",
          "boat.jpg",
          "broken.dfs",
          "music",
          "new.password",
          "nightly.dfs",
          "notes.txt",
          "open.password",
          "wrong.password",
        ],
      },
      tty: {
        screen: [
          "ann.password  broken.dfs  new.password  notes.txt      wrong.password",
          "boat.jpg      \u001b[1;34mmusic\u001b[0m       nightly.dfs   open.password",
        ],
      },
    },
    {
      lines: "lls -1",
      pipe: {
        out: [
          "ann.password",
          "boat.jpg",
          "broken.dfs",
          "music",
          "new.password",
          "nightly.dfs",
          "notes.txt",
          "open.password",
          "wrong.password",
        ],
      },
      tty: {
        screen: [
          "ann.password",
          "boat.jpg",
          "broken.dfs",
          "\u001b[1;34mmusic\u001b[0m",
          "new.password",
          "nightly.dfs",
          "notes.txt",
          "open.password",
          "wrong.password",
        ],
      },
    },
    {
      lines: "lls -a",
      pipe: {
        out: [
          ".profile",
          "ann.password",
          "boat.jpg",
          "broken.dfs",
          "music",
          "new.password",
          "nightly.dfs",
          "notes.txt",
          "open.password",
          "wrong.password",
        ],
      },
      tty: {
        screen: [
          ".profile      boat.jpg    \u001b[1;34mmusic\u001b[0m         nightly.dfs  open.password",
          "ann.password  broken.dfs  new.password  notes.txt    wrong.password",
        ],
      },
    },
    {
      lines: "lls -l notes.txt boat.jpg",
      pipe: {
        out: ["-rw-r--r--    11  2026-10-31 12:00  notes.txt", "-rw-r--r--  2048  2026-10-31 12:00  boat.jpg"],
      },
    },
    {
      lines: "lls -lh boat.jpg",
      pipe: {
        out: ["-rw-r--r--  2.0K  2026-10-31 12:00  boat.jpg"],
      },
    },
    {
      lines: "lls music notes.txt",
      pipe: {
        out: ["notes.txt", "", "music:", "live", "one.ogg"],
      },
      tty: {
        screen: ["notes.txt", "", "music:", "\u001b[1;34mlive\u001b[0m  one.ogg"],
      },
    },
    {
      lines: "lls -x",
      pipe: {
        err: ["lls: unknown option '-x'", "usage: lls [-1alh] [--json] [PATH…]"],
        code: 2,
      },
    },
    {
      lines: "lls nope",
      pipe: {
        err: ["lls: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "lls notes.txt/x",
      pipe: {
        err: ["lls: notes.txt/x: not a directory"],
        code: 4,
      },
    },
  ],
  lmkdir: [
    {
      lines: "lmkdir new; lls",
      pipe: {
        out: [
          "ann.password",
          "boat.jpg",
          "broken.dfs",
          "music",
          "new",
          "new.password",
          "nightly.dfs",
          "notes.txt",
          "open.password",
          "wrong.password",
        ],
      },
      tty: {
        screen: [
          "ann.password  broken.dfs  \u001b[1;34mnew\u001b[0m           nightly.dfs  open.password",
          "boat.jpg      \u001b[1;34mmusic\u001b[0m       new.password  notes.txt    wrong.password",
        ],
      },
    },
    {
      lines: "lmkdir -p new/er; lls new",
      pipe: {
        out: ["er"],
      },
      tty: {
        screen: ["\u001b[1;34mer\u001b[0m"],
      },
    },
    {
      lines: "lmkdir",
      pipe: {
        err: ["lmkdir: an operand is missing", "usage: lmkdir [-p] DIR…"],
        code: 2,
      },
    },
    {
      lines: "lmkdir new/er",
      pipe: {
        err: ["lmkdir: new/er: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "lmkdir music",
      pipe: {
        err: ["lmkdir: music: exists already"],
        code: 4,
      },
    },
  ],
};
