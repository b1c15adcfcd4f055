/** The past: looking back with --at and by paths that begin with a time, revisions, and bringing back. */
import type { CaseTable } from "./case.ts";

export const past: CaseTable = {
  ls: [
    {
      lines: "ls; ls --at 2h",
      world: "past",
      pipe: {
        out: ["cat.jpg", "photos", "plan.md", "note.txt", "photos", "plan.md"],
      },
      tty: {
        screen: ["cat.jpg  \u001b[1;34mphotos\u001b[0m  plan.md", "note.txt  \u001b[1;34mphotos\u001b[0m  plan.md"],
      },
    },
    {
      lines: "ls -l --at 2026-11-01T10:00 plan.md",
      world: "past",
      pipe: {
        out: ["-rw-r--r--  2  1  18  2026-10-30 12:00  plan.md"],
      },
    },
    {
      lines: "ls /@2026-11-01T10:00/photos",
      world: "past",
      pipe: {
        out: ["2025", "cat.jpg"],
      },
      tty: {
        screen: ["\u001b[1;34m2025\u001b[0m  cat.jpg"],
      },
    },
    {
      lines: "ls --at soon",
      world: "past",
      pipe: {
        err: [
          'ls: --at needs a time as 2026-11-01 or 2026-11-01T18:00, or how long ago: 2h, 3d, not "soon"',
          "usage: ls [-1aldhrtSR] [--at WHEN] [--stale] [--json] [PATH…]",
        ],
        code: 2,
      },
    },
  ],
  cd: [
    {
      lines: "cd /@2026-11-01T10:00Z/photos; pwd; ls; rm cat.jpg",
      world: "past",
      pipe: {
        out: ["/@2026-11-01T10:00Z/photos", "2025", "cat.jpg"],
        err: ["rm: cat.jpg: the past cannot be changed; copy it to another place with cp"],
        code: 4,
      },
      tty: {
        screen: [
          "/@2026-11-01T10:00Z/photos",
          "\u001b[1;34m2025\u001b[0m  cat.jpg",
          "rm: cat.jpg: the past cannot be changed; copy it to another place with cp",
        ],
        code: 4,
      },
    },
  ],
  find: [
    {
      lines: "find photos --at 2h -name '*.jpg'",
      world: "past",
      pipe: {
        out: ["photos/cat.jpg", "photos/2025/dog.jpg"],
      },
    },
  ],
  du: [
    {
      lines: "du -a --at 2h photos",
      world: "past",
      pipe: {
        out: ["3\tphotos/cat.jpg", "1\tphotos/2025/dog.jpg", "1\tphotos/2025", "3\tphotos"],
      },
    },
  ],
  tree: [
    {
      lines: "tree --at 2h photos",
      world: "past",
      pipe: {
        out: ["photos", "├── 2025", "│   └── dog.jpg", "└── cat.jpg", "", "1 directory, 2 files"],
      },
      tty: {
        screen: [
          "\u001b[1;34mphotos\u001b[0m",
          "├── \u001b[1;34m2025\u001b[0m",
          "│   └── dog.jpg",
          "└── cat.jpg",
          "",
          "1 directory, 2 files",
        ],
      },
    },
  ],
  get: [
    {
      lines: "get --at 2h note.txt -",
      world: "past",
      pipe: {
        out: ["the key is under the mat"],
      },
    },
  ],
  cat: [
    {
      lines: "cat --at 2h plan.md",
      world: "past",
      pipe: {
        out: ["# Plan", "buy a boat"],
      },
    },
    {
      lines: "cat --at yesterday note.txt",
      world: "past",
      pipe: {
        out: ["the key is under the mat"],
      },
    },
  ],
  head: [
    {
      lines: "head -n 1 --at 2h *.txt",
      world: "past",
      pipe: {
        out: ["the key is under the mat"],
      },
    },
  ],
  stat: [
    {
      lines: "stat --at 2h note.txt",
      world: "past",
      pipe: {
        out: [
          "path:       /@2026-11-01T10:00:00.000Z/note.txt",
          "kind:       file",
          "mode:       -rw-r--r-- (0644)",
          "modified:   2026-10-30T12:00:00.000Z",
          "committed:  2026-10-30T12:00:00.000Z",
          "size:       25 bytes",
          "revision:   1",
          "copies:     2",
          "added:      25 bytes",
          "history:    0 bytes",
          "file key:   bafyreibj7my5hmfkp7dgxreds7lk7nmmev4fpd4rsboj52ngijjyku332q",
        ],
      },
    },
  ],
  cp: [
    {
      lines: "cp /@2026-11-01T10:00/note.txt .; cat note.txt",
      world: "past",
      pipe: {
        out: ["the key is under the mat"],
      },
    },
  ],
  revisions: [
    {
      lines: "revisions plan.md",
      world: "past",
      pipe: {
        out: [
          "REVISION  SIZE  COMMITTED         COPIES  KEPT",
          "       2    26  2026-11-01 11:00       2  current",
          "       1    18  2026-10-30 12:00       2  one of the newest",
        ],
      },
    },
    {
      lines: "revisions plan.md cat.jpg",
      world: "past",
      pipe: {
        out: [
          "plan.md:",
          "REVISION  SIZE  COMMITTED         COPIES  KEPT",
          "       2    26  2026-11-01 11:00       2  current",
          "       1    18  2026-10-30 12:00       2  one of the newest",
          "",
          "cat.jpg:",
          "REVISION  SIZE  COMMITTED         COPIES  KEPT",
          "       1  3000  2026-10-30 12:00       2  current",
        ],
      },
    },
    {
      lines: "revisions --at 2h note.txt",
      world: "past",
      pipe: {
        out: ["REVISION  SIZE  COMMITTED         COPIES  KEPT", "       1    25  2026-10-30 12:00       2  current"],
      },
    },
    {
      lines: "revisions --json --at 2h note.txt",
      world: "past",
      pipe: {
        out: [
          '{"path":"/@2026-11-01T10:00:00.000Z/note.txt","revision":1,"sizeBytes":25,"mode":420,"modified":"2026-10-30T12:00:00.000Z","committed":"2026-10-30T12:00:00.000Z","copies":2,"addedBytes":25,"fileKey":"bafyreibj7my5hmfkp7dgxreds7lk7nmmev4fpd4rsboj52ngijjyku332q","current":true}',
        ],
      },
    },
    {
      lines: "revisions --stale plan.md",
      world: "no-quorum",
      pipe: {
        out: [
          "REVISION  SIZE  COMMITTED         COPIES  KEPT",
          "       2    26  2026-10-29 12:00       2  current",
          "       1    18  2026-09-22 12:00       2  one of the newest",
        ],
        err: ["revisions: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "revisions: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "REVISION  SIZE  COMMITTED         COPIES  KEPT",
          "       2    26  2026-10-29 12:00       2  current",
          "       1    18  2026-09-22 12:00       2  one of the newest",
        ],
      },
    },
    {
      lines: "revisions",
      world: "past",
      pipe: {
        err: ["revisions: an operand is missing", "usage: revisions [--at WHEN] [--stale] [--json] FILE…"],
        code: 2,
      },
    },
    {
      lines: "revisions note.txt plan.md",
      world: "past",
      pipe: {
        out: [
          "plan.md:",
          "REVISION  SIZE  COMMITTED         COPIES  KEPT",
          "       2    26  2026-11-01 11:00       2  current",
          "       1    18  2026-10-30 12:00       2  one of the newest",
        ],
        err: ["revisions: note.txt: no such file or directory"],
        code: 3,
      },
      tty: {
        screen: [
          "revisions: note.txt: no such file or directory",
          "plan.md:",
          "REVISION  SIZE  COMMITTED         COPIES  KEPT",
          "       2    26  2026-11-01 11:00       2  current",
          "       1    18  2026-10-30 12:00       2  one of the newest",
        ],
        code: 3,
      },
    },
    {
      lines: "revisions photos",
      world: "past",
      pipe: {
        err: ["revisions: photos: is a directory"],
        code: 4,
      },
    },
    {
      lines: "revisions plan.md",
      world: "no-quorum",
      pipe: {
        err: ["revisions: plan.md: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  restore: [
    {
      lines: "restore --rev 1 plan.md; cat plan.md",
      world: "past",
      pipe: {
        out: ["plan.md: revision 3, as revision 1 was", "# Plan", "buy a boat"],
      },
    },
    {
      lines: "restore --at 2h note.txt",
      world: "past",
      pipe: {
        out: ["note.txt: is back"],
      },
    },
    {
      lines: "restore -r --at 2h photos",
      world: "past",
      pipe: {
        out: ["photos/2025: is back, with 1 entry", "photos/cat.jpg: is back"],
      },
    },
    {
      lines: "restore -q --at 2h plan.md; revisions plan.md",
      world: "past",
      pipe: {
        out: [
          "REVISION  SIZE  COMMITTED         COPIES  KEPT",
          "       3    18  2026-10-30 12:00       2  current",
          "       2    26  2026-11-01 11:00       2  one of the newest",
          "       1    18  2026-10-30 12:00       2  one of the newest",
        ],
      },
    },
    {
      lines: "restore plan.md",
      world: "past",
      pipe: {
        err: ["restore: give one of --rev and --at", "usage: restore [-rq] (--rev N | --at WHEN) PATH…"],
        code: 2,
      },
    },
    {
      lines: "restore --rev 7 plan.md",
      world: "past",
      pipe: {
        err: ["restore: plan.md: has no revision 7; kept: 1 to 2"],
        code: 3,
      },
    },
    {
      lines: "restore --at 2h cat.jpg",
      world: "past",
      pipe: {
        err: ["restore: cat.jpg: was not there on 2026-11-01 10:00"],
        code: 3,
      },
    },
    {
      lines: "restore --rev 2 plan.md",
      world: "past",
      pipe: {
        err: ["restore: plan.md: is at revision 2 already: it is the newest"],
        code: 4,
      },
    },
    {
      lines: "restore --at 2h photos",
      world: "past",
      pipe: {
        err: ["restore: photos: was a directory; use -r to bring back what was in it"],
        code: 4,
      },
    },
    {
      lines: "restore --rev 1 plan.md",
      world: "no-quorum",
      pipe: {
        err: ["restore: plan.md: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
};
