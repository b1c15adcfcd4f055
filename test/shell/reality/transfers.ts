/** Files in and out of the network. */
import type { CaseTable } from "./case.ts";

export const transfers: CaseTable = {
  put: [
    {
      lines: "put notes.txt; ls -l notes.txt",
      pipe: {
        out: ["-rw-r--r--  2  1  11  2026-10-31 12:00  notes.txt"],
      },
      tty: {
        screen: ["1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies", "-rw-r--r--  2  1  11  2026-10-31 12:00  notes.txt"],
      },
    },
    {
      lines: "put notes.txt boat.jpg photos; ls photos",
      pipe: {
        out: ["2025", "boat.jpg", "cat.jpg", "notes.txt"],
      },
      tty: {
        screen: [
          "2 files, 2.0 KiB in 0 ms (2.0 MiB/s), 2 copies",
          "\u001b[1;34m2025\u001b[0m  boat.jpg  cat.jpg  notes.txt",
        ],
      },
    },
    {
      lines: "put notes.txt todo; cat todo",
      pipe: {
        out: ["milk", "bread"],
      },
      tty: {
        screen: ["1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies", "milk", "bread"],
      },
    },
    {
      lines: "put -R music; tree music",
      pipe: {
        out: ["music", "├── live", "│   └── two.ogg", "└── one.ogg", "", "1 directory, 2 files"],
      },
      tty: {
        screen: [
          "2 files, 6 B in 0 ms (5.9 KiB/s), 2 copies",
          "\u001b[1;34mmusic\u001b[0m",
          "├── \u001b[1;34mlive\u001b[0m",
          "│   └── two.ogg",
          "└── one.ogg",
          "",
          "1 directory, 2 files",
        ],
      },
    },
    {
      lines: "put -n notes.txt; ls",
      pipe: {
        out: ["would put /home/ann/notes.txt", "photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: [
          "would put /home/ann/notes.txt",
          "1 file, 11 B would be transferred",
          "\u001b[1;34mphotos\u001b[0m  plan.md  report.pdf",
        ],
      },
    },
    {
      lines: "put -f notes.txt plan.md; cat plan.md",
      pipe: {
        out: ["milk", "bread"],
      },
      tty: {
        screen: ["1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies", "milk", "bread"],
      },
    },
    {
      lines: "put -c notes.txt; put -c notes.txt",
      pipe: {},
      tty: {
        screen: [
          "1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies",
          "1 file, 11 B in 0 ms (10.7 KiB/s), 1 unchanged, 2 copies",
        ],
      },
    },
    {
      lines: "put -q notes.txt",
      pipe: {},
    },
    {
      lines: "put -q notes.txt; put --checksum notes.txt",
      pipe: {},
      tty: {
        screen: ["1 file, 11 B in 0 ms (10.7 KiB/s), 1 unchanged, 2 copies"],
      },
    },
    {
      lines: "put -P 2 notes.txt boat.jpg /",
      pipe: {},
      tty: {
        screen: ["2 files, 2.0 KiB in 0 ms (2.0 MiB/s), 2 copies"],
      },
    },
    {
      lines: "put -v notes.txt",
      pipe: {
        out: ["put: 1 files, 11 bytes; 1 chunks, 1 new (11 bytes), 1 sent (11 bytes); 2 copies"],
      },
    },
    {
      lines: "put --json notes.txt",
      pipe: {
        out: [
          '{"files":1,"bytes":11,"unchanged":0,"failed":0,"chunks":1,"newChunks":1,"newBytes":11,"directories":0,"sentChunks":1,"sentBytes":11,"copies":2,"copiesWanted":2,"elapsedMs":0}',
        ],
      },
    },
    {
      lines: "put --copies 1 -v notes.txt",
      pipe: {
        out: ["put: 1 files, 11 bytes; 1 chunks, 1 new (11 bytes), 1 sent (11 bytes); 1 copies"],
      },
    },
    {
      lines: "put --if-rev 2 notes.txt plan.md; stat plan.md",
      pipe: {
        out: [
          "path:       /plan.md",
          "kind:       file",
          "mode:       -rw-r--r-- (0644)",
          "modified:   2026-10-31T12:00:00.000Z",
          "committed:  2026-10-31T12:00:00.000Z",
          "size:       11 bytes",
          "revision:   3",
          "copies:     2",
          "added:      11 bytes",
          "history:    44 bytes",
          "file key:   bafyreifg7nk4ca5wt2yksl4iow6z6renp5jbakjzyrh6lrl5lajc4zgoru",
        ],
      },
      tty: {
        screen: [
          "1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies",
          "path:       /plan.md",
          "kind:       file",
          "mode:       -rw-r--r-- (0644)",
          "modified:   2026-10-31T12:00:00.000Z",
          "committed:  2026-10-31T12:00:00.000Z",
          "size:       11 bytes",
          "revision:   3",
          "copies:     2",
          "added:      11 bytes",
          "history:    44 bytes",
          "file key:   bafyreifg7nk4ca5wt2yksl4iow6z6renp5jbakjzyrh6lrl5lajc4zgoru",
        ],
      },
    },
    {
      lines: "put --expire 2h notes.txt; stat notes.txt",
      pipe: {
        out: [
          "path:       /notes.txt",
          "kind:       file",
          "mode:       -rw-r--r-- (0644)",
          "modified:   2026-10-31T12:00:00.000Z",
          "committed:  2026-10-31T12:00:00.000Z",
          "size:       11 bytes",
          "revision:   1",
          "copies:     2",
          "added:      11 bytes",
          "history:    0 bytes",
          "expires:    2026-11-01T14:00:00.000Z",
          "file key:   bafyreifg7nk4ca5wt2yksl4iow6z6renp5jbakjzyrh6lrl5lajc4zgoru",
        ],
      },
      tty: {
        screen: [
          "1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies",
          "path:       /notes.txt",
          "kind:       file",
          "mode:       -rw-r--r-- (0644)",
          "modified:   2026-10-31T12:00:00.000Z",
          "committed:  2026-10-31T12:00:00.000Z",
          "size:       11 bytes",
          "revision:   1",
          "copies:     2",
          "added:      11 bytes",
          "history:    0 bytes",
          "expires:    2026-11-01T14:00:00.000Z",
          "file key:   bafyreifg7nk4ca5wt2yksl4iow6z6renp5jbakjzyrh6lrl5lajc4zgoru",
        ],
      },
    },
    {
      lines: "put - notes.txt; cat notes.txt",
      stdin: "from a pipe\n",
      pipe: {
        out: ["from a pipe"],
      },
      tty: {
        screen: ["1 file, 12 B in 0 ms (11.7 KiB/s), 2 copies", "from a pipe"],
      },
    },
    {
      lines: "put -R music nope.txt /",
      pipe: {
        err: ["put: nope.txt: no such file or directory"],
        code: 3,
      },
      tty: {
        screen: ["put: nope.txt: no such file or directory", "2 files, 6 B in 0 ms (5.9 KiB/s), 2 copies"],
        code: 3,
      },
    },
    {
      lines: "cp plan.md notes.txt; put notes.txt boat.jpg /",
      pipe: {
        err: ["put: /home/ann/notes.txt: exists already (use -f)"],
        code: 1,
      },
      tty: {
        screen: [
          "put: /home/ann/notes.txt: exists already (use -f)",
          "1 file, 2.0 KiB in 0 ms (2.0 MiB/s), 1 failed, 2 copies",
        ],
        code: 1,
      },
    },
    {
      lines: "put notes.txt nope.txt /photos",
      pipe: {
        err: ["put: nope.txt: no such file or directory"],
        code: 3,
      },
      tty: {
        screen: ["put: nope.txt: no such file or directory", "1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies"],
        code: 3,
      },
    },
    {
      lines: "put --if-rev 1 notes.txt plan.md",
      pipe: {
        err: ["put: /home/ann/notes.txt: the file is at revision 2, not revision 1"],
        code: 4,
      },
      tty: {
        screen: [
          "put: /home/ann/notes.txt: the file is at revision 2, not revision 1",
          "0 files, 0 B in 0 ms (0 B/s), 1 failed",
        ],
        code: 4,
      },
    },
    {
      lines: "put --if-rev",
      pipe: {
        err: [
          "put: option '--if-rev <value>' argument missing",
          "usage: put [-Rnfcqv] [-P N] [--checksum] [--copies N] [--if-rev N] [--expire SPAN|TIME] [--json] LOCAL… [REMOTE]",
        ],
        code: 2,
      },
    },
    {
      lines: "put --copies 9 notes.txt",
      pipe: {
        err: [
          "put: --copies is at most 5",
          "usage: put [-Rnfcqv] [-P N] [--checksum] [--copies N] [--if-rev N] [--expire SPAN|TIME] [--json] LOCAL… [REMOTE]",
        ],
        code: 2,
      },
    },
    {
      lines: "put --expire soon notes.txt",
      pipe: {
        err: [
          'put: --expire needs a span as 30m, 2h or 7d, or a time as 2030-01-31T18:00, not "soon"',
          "usage: put [-Rnfcqv] [-P N] [--checksum] [--copies N] [--if-rev N] [--expire SPAN|TIME] [--json] LOCAL… [REMOTE]",
        ],
        code: 2,
      },
    },
    {
      lines: "put nope.txt",
      pipe: {
        err: ["put: nope.txt: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "put notes.txt nowhere/",
      pipe: {
        err: ["put: nowhere/: no such directory"],
        code: 3,
      },
    },
    {
      lines: "put notes.txt; put boat.jpg notes.txt",
      pipe: {
        err: ["put: /home/ann/boat.jpg: exists already (use -f)"],
        code: 4,
      },
      tty: {
        screen: [
          "1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies",
          "put: /home/ann/boat.jpg: exists already (use -f)",
          "0 files, 0 B in 0 ms (0 B/s), 1 failed",
        ],
        code: 4,
      },
    },
    {
      lines: "put music",
      pipe: {
        err: ["put: /home/ann/music: is a directory (use -R)"],
        code: 4,
      },
    },
    {
      lines: "put notes.txt",
      world: "no-quorum",
      pipe: {
        err: ["put: notes.txt: no majority of the coordinators answers"],
        code: 5,
      },
    },
    {
      lines: "put notes.txt; echo never",
      isInterrupted: true,
      pipe: {
        err: ["put: interrupted"],
        code: 130,
      },
    },
  ],
  get: [
    {
      lines: "get plan.md; !cat plan.md",
      pipe: {
        out: ["# Plan", "buy a boat", "sail it"],
      },
      tty: {
        screen: ["1 file, 26 B in 0 ms (25.4 KiB/s), 2 copies", "# Plan", "buy a boat", "sail it"],
      },
    },
    {
      lines: "get plan.md report.pdf music; lls music",
      pipe: {
        out: ["live", "one.ogg", "plan.md", "report.pdf"],
      },
      tty: {
        screen: [
          "2 files, 1.5 KiB in 0 ms (1.5 MiB/s), 2 copies",
          "\u001b[1;34mlive\u001b[0m  one.ogg  plan.md  report.pdf",
        ],
      },
    },
    {
      lines: "get plan.md old.md; lls",
      pipe: {
        out: [
          "ann.password",
          "boat.jpg",
          "broken.dfs",
          "music",
          "new.password",
          "nightly.dfs",
          "notes.txt",
          "old.md",
          "open.password",
          "wrong.password",
        ],
      },
      tty: {
        screen: [
          "1 file, 26 B in 0 ms (25.4 KiB/s), 2 copies",
          "ann.password  broken.dfs  new.password  notes.txt  open.password",
          "boat.jpg      \u001b[1;34mmusic\u001b[0m       nightly.dfs   old.md     wrong.password",
        ],
      },
    },
    {
      lines: "get -R photos; lls photos",
      pipe: {
        out: ["2025", "cat.jpg"],
      },
      tty: {
        screen: ["3 files, 2.9 KiB in 0 ms (2.9 MiB/s), 2 copies", "\u001b[1;34m2025\u001b[0m  cat.jpg"],
      },
    },
    {
      lines: "get -n plan.md; lls -1",
      pipe: {
        out: [
          "would get /plan.md",
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
          "would get /plan.md",
          "1 file, 26 B would be transferred",
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
      lines: "get -f plan.md notes.txt; !cat notes.txt",
      pipe: {
        out: ["# Plan", "buy a boat", "sail it"],
      },
      tty: {
        screen: ["1 file, 26 B in 0 ms (25.4 KiB/s), 2 copies", "# Plan", "buy a boat", "sail it"],
      },
    },
    {
      lines: "get -c plan.md; get -c plan.md",
      pipe: {},
      tty: {
        screen: [
          "1 file, 26 B in 0 ms (25.4 KiB/s), 2 copies",
          "1 file, 26 B in 0 ms (25.4 KiB/s), 1 unchanged, 2 copies",
        ],
      },
    },
    {
      lines: "get -q plan.md",
      pipe: {},
    },
    {
      lines: "get -P 2 plan.md report.pdf .",
      pipe: {},
      tty: {
        screen: ["2 files, 1.5 KiB in 0 ms (1.5 MiB/s), 2 copies"],
      },
    },
    {
      lines: "get --rev 1 plan.md -",
      pipe: {
        out: ["# Plan", "buy a boat"],
      },
    },
    {
      lines: "get -v plan.md",
      pipe: {
        out: ["get: 1 files, 26 bytes; 1 chunks, 1 new (26 bytes), 1 sent (26 bytes); 2 copies"],
      },
    },
    {
      lines: "get --json plan.md",
      pipe: {
        out: [
          '{"files":1,"bytes":26,"unchanged":0,"failed":0,"chunks":1,"newChunks":1,"newBytes":26,"directories":0,"sentChunks":1,"sentBytes":26,"copies":2,"elapsedMs":0}',
        ],
      },
    },
    {
      lines: "get --stale plan.md -",
      world: "no-quorum",
      pipe: {
        out: ["# Plan", "buy a boat", "sail it"],
        err: ["get: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "get: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "# Plan",
          "buy a boat",
          "sail it",
        ],
      },
    },
    {
      lines: "get plan.md -",
      pipe: {
        out: ["# Plan", "buy a boat", "sail it"],
      },
    },
    {
      lines: "get plan.md photos/cat.jpg music; get plan.md report.pdf music",
      pipe: {
        err: ["get: /plan.md: exists already (use -f)"],
        code: 1,
      },
      tty: {
        screen: [
          "2 files, 3.0 KiB in 0 ms (2.9 MiB/s), 2 copies",
          "get: /plan.md: exists already (use -f)",
          "1 file, 1.5 KiB in 0 ms (1.4 MiB/s), 1 failed, 2 copies",
        ],
        code: 1,
      },
    },
    {
      lines: "get",
      pipe: {
        err: [
          "get: an operand is missing",
          "usage: get [-Rnfcqv] [-P N] [--rev N] [--at WHEN] [--stale] [--json] REMOTE… [LOCAL|-]",
        ],
        code: 2,
      },
    },
    {
      lines: "get nope",
      pipe: {
        err: ["get: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "get --rev 9 plan.md",
      pipe: {
        err: ["get: plan.md: has no revision 9; kept: 1 to 2"],
        code: 3,
      },
    },
    {
      lines: "get plan.md; get plan.md",
      pipe: {
        err: ["get: /plan.md: exists already (use -f)"],
        code: 4,
      },
      tty: {
        screen: [
          "1 file, 26 B in 0 ms (25.4 KiB/s), 2 copies",
          "get: /plan.md: exists already (use -f)",
          "0 files, 0 B in 0 ms (0 B/s), 1 failed",
        ],
        code: 4,
      },
    },
    {
      lines: "get photos",
      pipe: {
        err: ["get: /photos: is a directory (use -R)"],
        code: 4,
      },
    },
    {
      lines: "get plan.md",
      world: "no-quorum",
      pipe: {
        err: ["get: plan.md: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
    {
      lines: "get plan.md; echo never",
      isInterrupted: true,
      pipe: {
        err: ["get: interrupted"],
        code: 130,
      },
    },
  ],
};
