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
      lines: "cd /@yesterday/photos",
      world: "past",
      pipe: {
        err: [
          "cd: /@yesterday/photos: no such file or directory; a path takes a time as /@2026-11-01T18:00, and only --at one as 2h or yesterday",
        ],
        code: 3,
      },
    },
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
  undo: [
    {
      lines: "rm -rf photos; undo; ls",
      pipe: {
        out: ["photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["taken back: rm of 2026-11-01 12:00, 5 entries", "\u001b[1;34mphotos\u001b[0m  plan.md  report.pdf"],
      },
    },
    {
      lines: "mv plan.md next.md; undo -n",
      pipe: {
        out: ["would move back /plan.md from /next.md"],
      },
    },
    {
      lines: "put -f notes.txt plan.md; undo -v; cat plan.md",
      pipe: {
        out: ["changed back /plan.md to revision 2", "# Plan", "buy a boat", "sail it"],
      },
      tty: {
        screen: [
          "1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies",
          "changed back /plan.md to revision 2",
          "taken back: put of 2026-11-01 12:00, 1 entry",
          "# Plan",
          "buy a boat",
          "sail it",
        ],
      },
    },
    {
      lines: "rm plan.md; undo; undo --redo; ls",
      pipe: {
        out: ["photos", "report.pdf"],
      },
      tty: {
        screen: [
          "taken back: rm of 2026-11-01 12:00, 1 entry",
          "made again: rm of 2026-11-01 12:00, 1 entry",
          "\u001b[1;34mphotos\u001b[0m  report.pdf",
        ],
      },
    },
    {
      lines: "mkdir a; rm report.pdf; undo --list",
      pipe: {
        out: ["2026-11-01 12:00  rm     1 entry", "2026-11-01 12:00  mkdir  1 entry"],
      },
    },
    {
      lines: "mkdir a; undo --list --json",
      pipe: {
        out: ['{"command":"mkdir","started":"2026-11-01T12:00:00.000Z","entries":1,"state":"done","isWhole":true}'],
      },
    },
    {
      lines: "mkdir a; undo --json",
      pipe: {
        out: [
          '{"change":{"command":"mkdir","started":"2026-11-01T12:00:00.000Z","entries":1,"state":"undone","isWhole":true},"steps":1,"shown":[{"action":"remove","kind":"directory","path":"/a"}]}',
        ],
      },
    },
    {
      lines: "undo",
      pipe: {
        err: ["undo: no change of yours from this machine is left to take back"],
        code: 3,
      },
    },
    {
      lines: "undo --skip; undo",
      world: "contested",
      pipe: {
        err: ["undo: no change of yours from this machine is left to take back"],
        code: 3,
      },
      tty: {
        screen: [
          "left as it is: mv of 2026-11-01 12:00",
          "undo: no change of yours from this machine is left to take back",
        ],
        code: 3,
      },
    },
    {
      lines: "undo --list --redo",
      pipe: {
        err: [
          "undo: --list goes with no other option but --json",
          "usage: undo [-nv] [--redo | --skip | --list] [--json]",
        ],
        code: 2,
      },
    },
    {
      lines: "undo",
      world: "contested",
      pipe: {
        err: ["undo: /last.md: was moved since; undo --skip leaves that change as it is"],
        code: 4,
      },
    },
    {
      lines: "undo",
      world: "no-quorum",
      pipe: {
        err: ["undo: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  diff: [
    {
      lines: "diff plan.md --rev 1",
      pipe: {
        out: [
          "--- plan.md (revision 1, 2026-09-22 12:00)",
          "+++ plan.md (revision 2, 2026-10-29 12:00)",
          "@@ -1,2 +1,3 @@",
          " # Plan",
          " buy a boat",
          "+sail it",
        ],
        code: 1,
      },
      tty: {
        screen: [
          "\u001b[1m--- plan.md (revision 1, 2026-09-22 12:00)\u001b[0m",
          "\u001b[1m+++ plan.md (revision 2, 2026-10-29 12:00)\u001b[0m",
          "\u001b[36m@@ -1,2 +1,3 @@\u001b[0m",
          " # Plan",
          " buy a boat",
          "\u001b[32m+sail it\u001b[0m",
        ],
        code: 1,
      },
    },
    {
      lines: "diff plan.md --rev 1 --rev 2",
      pipe: {
        out: [
          "--- plan.md (revision 1, 2026-09-22 12:00)",
          "+++ plan.md (revision 2, 2026-10-29 12:00)",
          "@@ -1,2 +1,3 @@",
          " # Plan",
          " buy a boat",
          "+sail it",
        ],
        code: 1,
      },
      tty: {
        screen: [
          "\u001b[1m--- plan.md (revision 1, 2026-09-22 12:00)\u001b[0m",
          "\u001b[1m+++ plan.md (revision 2, 2026-10-29 12:00)\u001b[0m",
          "\u001b[36m@@ -1,2 +1,3 @@\u001b[0m",
          " # Plan",
          " buy a boat",
          "\u001b[32m+sail it\u001b[0m",
        ],
        code: 1,
      },
    },
    {
      lines: "diff -U 0 plan.md --rev 1",
      pipe: {
        out: [
          "--- plan.md (revision 1, 2026-09-22 12:00)",
          "+++ plan.md (revision 2, 2026-10-29 12:00)",
          "@@ -2,0 +3 @@",
          "+sail it",
        ],
        code: 1,
      },
      tty: {
        screen: [
          "\u001b[1m--- plan.md (revision 1, 2026-09-22 12:00)\u001b[0m",
          "\u001b[1m+++ plan.md (revision 2, 2026-10-29 12:00)\u001b[0m",
          "\u001b[36m@@ -2,0 +3 @@\u001b[0m",
          "\u001b[32m+sail it\u001b[0m",
        ],
        code: 1,
      },
    },
    {
      lines: "diff plan.md --at 2h",
      world: "past",
      pipe: {
        out: [
          "--- plan.md (revision 1, 2026-10-30 12:00)",
          "+++ plan.md (revision 2, 2026-11-01 11:00)",
          "@@ -1,2 +1,3 @@",
          " # Plan",
          " buy a boat",
          "+sail it",
        ],
        code: 1,
      },
      tty: {
        screen: [
          "\u001b[1m--- plan.md (revision 1, 2026-10-30 12:00)\u001b[0m",
          "\u001b[1m+++ plan.md (revision 2, 2026-11-01 11:00)\u001b[0m",
          "\u001b[36m@@ -1,2 +1,3 @@\u001b[0m",
          " # Plan",
          " buy a boat",
          "\u001b[32m+sail it\u001b[0m",
        ],
        code: 1,
      },
    },
    {
      lines: "diff plan.md --rev 2 && echo same",
      pipe: {
        out: ["same"],
      },
    },
    {
      lines: "diff plan.md photos/2025/dog.jpg",
      pipe: {
        out: [
          "--- plan.md (revision 2, 2026-10-29 12:00)",
          "+++ photos/2025/dog.jpg (revision 1, 2026-01-05 12:00)",
          "@@ -1,3 +1 @@",
          "-# Plan",
          "-buy a boat",
          "-sail it",
          "+woof",
          "\\ No newline at end of file",
        ],
        code: 1,
      },
      tty: {
        screen: [
          "\u001b[1m--- plan.md (revision 2, 2026-10-29 12:00)\u001b[0m",
          "\u001b[1m+++ photos/2025/dog.jpg (revision 1, 2026-01-05 12:00)\u001b[0m",
          "\u001b[36m@@ -1,3 +1 @@\u001b[0m",
          "\u001b[31m-# Plan\u001b[0m",
          "\u001b[31m-buy a boat\u001b[0m",
          "\u001b[31m-sail it\u001b[0m",
          "\u001b[32m+woof\u001b[0m",
          "\\ No newline at end of file",
        ],
        code: 1,
      },
    },
    {
      lines: "diff --json plan.md --rev 1",
      pipe: {
        out: [
          '{"old":{"path":"/plan.md","revision":1,"committed":"2026-09-22T12:00:00.000Z","sizeBytes":18},"new":{"path":"/plan.md","revision":2,"committed":"2026-10-29T12:00:00.000Z","sizeBytes":26},"isSame":false,"hunks":[{"oldStart":1,"oldLines":2,"newStart":1,"newLines":3,"lines":[" # Plan"," buy a boat","+sail it"]}]}',
        ],
        code: 1,
      },
    },
    {
      lines: "diff --stale plan.md --rev 2",
      world: "no-quorum",
      pipe: {
        err: ["diff: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
    },
    {
      lines: "diff",
      pipe: {
        err: ["diff: an operand is missing", "usage: diff [-U N] [--rev N] [--at WHEN] [--stale] [--json] FILE [FILE]"],
        code: 2,
      },
    },
    {
      lines: "diff plan.md --rev 9",
      pipe: {
        err: ["diff: plan.md: has no revision 9 that is kept: see revisions"],
        code: 3,
      },
    },
    {
      lines: "diff photos plan.md",
      pipe: {
        err: ["diff: photos: is a directory"],
        code: 4,
      },
    },
    {
      lines: "diff plan.md --rev 1",
      world: "no-quorum",
      pipe: {
        err: ["diff: plan.md: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
};
