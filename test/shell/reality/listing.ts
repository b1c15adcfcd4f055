/** Looking at files: names, trees, contents and sums. */
import type { CaseTable } from "./case.ts";

export const listing: CaseTable = {
  ls: [
    {
      lines: "ls",
      pipe: {
        out: ["photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["\u001b[1;34mphotos\u001b[0m  plan.md  report.pdf"],
      },
    },
    {
      lines: "ls photos plan.md",
      pipe: {
        out: ["plan.md", "", "photos:", "2025", "cat.jpg"],
      },
      tty: {
        screen: ["plan.md", "", "photos:", "\u001b[1;34m2025\u001b[0m  cat.jpg"],
      },
    },
    {
      lines: "ls -1",
      pipe: {
        out: ["photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["\u001b[1;34mphotos\u001b[0m", "plan.md", "report.pdf"],
      },
    },
    {
      lines: "ls -a photos",
      pipe: {
        out: [".thumbs", "2025", "cat.jpg"],
      },
      tty: {
        screen: [".thumbs  \u001b[1;34m2025\u001b[0m  cat.jpg"],
      },
    },
    {
      lines: "ls -l",
      pipe: {
        out: [
          "drwxr-xr-x  -  -     -  2026-10-30 12:00  photos",
          "-rw-r--r--  2  2    26  2026-10-29 12:00  plan.md",
          "-rw-r--r--  2  1  1500  2026-10-31 12:00  report.pdf",
        ],
      },
      tty: {
        screen: [
          "drwxr-xr-x  -  -     -  2026-10-30 12:00  \u001b[1;34mphotos\u001b[0m",
          "-rw-r--r--  2  2    26  2026-10-29 12:00  plan.md",
          "-rw-r--r--  2  1  1500  2026-10-31 12:00  report.pdf",
        ],
      },
    },
    {
      lines: "ls -lh report.pdf",
      pipe: {
        out: ["-rw-r--r--  2  1  1.5K  2026-10-31 12:00  report.pdf"],
      },
    },
    {
      lines: "ls -ld photos",
      pipe: {
        out: ["drwxr-xr-x  -  -  -  2026-10-30 12:00  photos"],
      },
      tty: {
        screen: ["drwxr-xr-x  -  -  -  2026-10-30 12:00  \u001b[1;34mphotos\u001b[0m"],
      },
    },
    {
      lines: "ls -r",
      pipe: {
        out: ["report.pdf", "plan.md", "photos"],
      },
      tty: {
        screen: ["report.pdf  plan.md  \u001b[1;34mphotos\u001b[0m"],
      },
    },
    {
      lines: "ls -t",
      pipe: {
        out: ["report.pdf", "photos", "plan.md"],
      },
      tty: {
        screen: ["report.pdf  \u001b[1;34mphotos\u001b[0m  plan.md"],
      },
    },
    {
      lines: "ls -S",
      pipe: {
        out: ["report.pdf", "plan.md", "photos"],
      },
      tty: {
        screen: ["report.pdf  plan.md  \u001b[1;34mphotos\u001b[0m"],
      },
    },
    {
      lines: "ls -R photos",
      pipe: {
        out: ["photos:", "2025", "cat.jpg", "", "photos/2025:", "dog.jpg"],
      },
      tty: {
        screen: ["photos:", "\u001b[1;34m2025\u001b[0m  cat.jpg", "", "photos/2025:", "dog.jpg"],
      },
    },
    {
      lines: "ls --json plan.md",
      pipe: {
        out: [
          '{"path":"/plan.md","name":"plan.md","kind":"file","sizeBytes":26,"mode":420,"modified":"2026-10-29T12:00:00.000Z","committed":"2026-10-29T12:00:00.000Z","revision":2,"copies":2,"addedBytes":26,"historyBytes":18,"fileKey":"bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu"}',
        ],
      },
    },
    {
      lines: "ls --stale photos",
      world: "no-quorum",
      pipe: {
        out: ["2025", "cat.jpg"],
        err: ["ls: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "ls: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "\u001b[1;34m2025\u001b[0m  cat.jpg",
        ],
      },
    },
    {
      lines: "ls -a /",
      world: "users",
      pipe: {
        out: ["docs", "from", "shared"],
      },
      tty: {
        screen: ["\u001b[1;34mdocs\u001b[0m  \u001b[1;34mfrom\u001b[0m  \u001b[1;34mshared\u001b[0m"],
      },
    },
    {
      lines: "ls --long --nope",
      pipe: {
        err: ["ls: unknown option '--nope'", "usage: ls [-1aldhrtSR] [--at WHEN] [--stale] [--json] [PATH…]"],
        code: 2,
      },
    },
    {
      lines: "ls nope plan.md",
      pipe: {
        out: ["plan.md"],
        err: ["ls: nope: no such file or directory"],
        code: 3,
      },
      tty: {
        screen: ["ls: nope: no such file or directory", "plan.md"],
        code: 3,
      },
    },
    {
      lines: "ls plan.md/x",
      pipe: {
        err: ["ls: plan.md/x: not a directory"],
        code: 4,
      },
    },
    {
      lines: "ls",
      world: "no-quorum",
      pipe: {
        err: ["ls: .: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  cd: [
    {
      lines: "cd photos; pwd",
      pipe: {
        out: ["/photos"],
      },
    },
    {
      lines: "cd photos; cd; pwd",
      pipe: {
        out: ["/"],
      },
    },
    {
      lines: "cd photos; cd -",
      pipe: {
        out: ["/"],
      },
    },
    {
      lines: "cd shared:photos; pwd",
      world: "users",
      pipe: {
        out: ["/shared/photos"],
      },
    },
    {
      lines: "cd --stale photos; pwd",
      world: "no-quorum",
      pipe: {
        out: ["/photos"],
        err: ["cd: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "cd: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "/photos",
        ],
      },
    },
    {
      lines: "cd photos 2025",
      pipe: {
        err: ["cd: too many operands", "usage: cd [--stale] [DIR|-]"],
        code: 2,
      },
    },
    {
      lines: "cd -",
      pipe: {
        err: ["cd: there is no directory to go back to", "usage: cd [--stale] [DIR|-]"],
        code: 2,
      },
    },
    {
      lines: "cd nope",
      pipe: {
        err: ["cd: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "cd plan.md",
      pipe: {
        err: ["cd: plan.md: not a directory"],
        code: 4,
      },
    },
    {
      lines: "cd photos",
      world: "no-quorum",
      pipe: {
        err: ["cd: photos: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  pwd: [
    {
      lines: "cd photos; pwd --json",
      pipe: {
        out: ['{"path":"/photos"}'],
      },
    },
    {
      lines: "pwd",
      pipe: {
        out: ["/"],
      },
    },
    {
      lines: "cd photos/2025; pwd",
      pipe: {
        out: ["/photos/2025"],
      },
    },
    {
      lines: "pwd -P",
      pipe: {
        err: ["pwd: unknown option '-P'", "usage: pwd [--json]"],
        code: 2,
      },
    },
  ],
  tree: [
    {
      lines: "tree -d --json photos",
      pipe: {
        out: [
          '{"path":"/photos","name":"photos","kind":"directory","sizeBytes":0,"mode":493,"modified":"2026-10-30T12:00:00.000Z","committed":"2026-10-30T12:00:00.000Z","revision":0,"copies":0,"addedBytes":0,"historyBytes":0}',
          '{"path":"/photos/2025","name":"2025","kind":"directory","sizeBytes":0,"mode":493,"modified":"2026-01-05T12:00:00.000Z","committed":"2026-01-05T12:00:00.000Z","revision":0,"copies":0,"addedBytes":0,"historyBytes":0}',
        ],
      },
    },
    {
      lines: "tree photos",
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
    {
      lines: "tree -a photos",
      pipe: {
        out: ["photos", "├── .thumbs", "├── 2025", "│   └── dog.jpg", "└── cat.jpg", "", "1 directory, 3 files"],
      },
      tty: {
        screen: [
          "\u001b[1;34mphotos\u001b[0m",
          "├── .thumbs",
          "├── \u001b[1;34m2025\u001b[0m",
          "│   └── dog.jpg",
          "└── cat.jpg",
          "",
          "1 directory, 3 files",
        ],
      },
    },
    {
      lines: "tree -d",
      pipe: {
        out: [".", "└── photos", "    └── 2025", "", "2 directories"],
      },
      tty: {
        screen: [
          "\u001b[1;34m.\u001b[0m",
          "└── \u001b[1;34mphotos\u001b[0m",
          "    └── \u001b[1;34m2025\u001b[0m",
          "",
          "2 directories",
        ],
      },
    },
    {
      lines: "tree -h photos",
      pipe: {
        out: [
          "photos",
          "├── [    0]  2025",
          "│   └── [    4]  dog.jpg",
          "└── [ 3.0K]  cat.jpg",
          "",
          "1 directory, 2 files",
        ],
      },
      tty: {
        screen: [
          "\u001b[1;34mphotos\u001b[0m",
          "├── [    0]  \u001b[1;34m2025\u001b[0m",
          "│   └── [    4]  dog.jpg",
          "└── [ 3.0K]  cat.jpg",
          "",
          "1 directory, 2 files",
        ],
      },
    },
    {
      lines: "tree -L 1",
      pipe: {
        out: [".", "├── photos", "├── plan.md", "└── report.pdf", "", "1 directory, 2 files"],
      },
      tty: {
        screen: [
          "\u001b[1;34m.\u001b[0m",
          "├── \u001b[1;34mphotos\u001b[0m",
          "├── plan.md",
          "└── report.pdf",
          "",
          "1 directory, 2 files",
        ],
      },
    },
    {
      lines: "tree --stale photos",
      world: "no-quorum",
      pipe: {
        out: ["photos", "├── 2025", "│   └── dog.jpg", "└── cat.jpg", "", "1 directory, 2 files"],
        err: ["tree: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "tree: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "\u001b[1;34mphotos\u001b[0m",
          "├── \u001b[1;34m2025\u001b[0m",
          "│   └── dog.jpg",
          "└── cat.jpg",
          "",
          "1 directory, 2 files",
        ],
      },
    },
    {
      lines: "tree -L 0",
      pipe: {
        err: [
          'tree: --level needs a whole number of at least 1, not "0"',
          "usage: tree [-adh] [-L N] [--at WHEN] [--stale] [--json] [DIR…]",
        ],
        code: 2,
      },
    },
    {
      lines: "tree nope",
      pipe: {
        err: ["tree: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "tree",
      world: "no-quorum",
      pipe: {
        err: ["tree: .: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  find: [
    {
      lines: "find",
      pipe: {
        out: [
          ".",
          "./plan.md",
          "./report.pdf",
          "./photos",
          "./photos/cat.jpg",
          "./photos/2025",
          "./photos/2025/dog.jpg",
          "./photos/.thumbs",
        ],
      },
    },
    {
      lines: "find photos -name '*.jpg'",
      pipe: {
        out: ["photos/cat.jpg", "photos/2025/dog.jpg"],
      },
    },
    {
      lines: "find -iname 'PLAN*'",
      pipe: {
        out: ["./plan.md"],
      },
    },
    {
      lines: "find -type d",
      pipe: {
        out: [".", "./photos", "./photos/2025"],
      },
    },
    {
      lines: "find -size +1k",
      pipe: {
        out: ["./report.pdf", "./photos/cat.jpg"],
      },
    },
    {
      lines: "find -mtime -2",
      pipe: {
        out: ["./report.pdf"],
      },
    },
    {
      lines: "find -mtime +100",
      pipe: {
        out: [".", "./photos/2025", "./photos/2025/dog.jpg"],
      },
    },
    {
      lines: "find -newer plan.md -type f",
      pipe: {
        out: ["./report.pdf", "./photos/cat.jpg", "./photos/.thumbs"],
      },
    },
    {
      lines: "find photos -mindepth 2",
      pipe: {
        out: ["photos/2025/dog.jpg"],
      },
    },
    {
      lines: "find -maxdepth 1",
      pipe: {
        out: [".", "./plan.md", "./report.pdf", "./photos"],
      },
    },
    {
      lines: "find photos -name cat.jpg -print0",
      pipe: {
        out: "photos/cat.jpg\u0000",
      },
    },
    {
      lines: "find -name plan.md --json",
      pipe: {
        out: [
          '{"path":"/plan.md","name":"plan.md","kind":"file","sizeBytes":26,"mode":420,"modified":"2026-10-29T12:00:00.000Z","committed":"2026-10-29T12:00:00.000Z","revision":2,"copies":2,"addedBytes":26,"historyBytes":18,"fileKey":"bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu"}',
        ],
      },
    },
    {
      lines: "find photos --stale -type d",
      world: "no-quorum",
      pipe: {
        out: ["photos", "photos/2025"],
        err: ["find: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "find: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "photos",
          "photos/2025",
        ],
      },
    },
    {
      lines: "find -size big",
      pipe: {
        err: [
          'find: -size needs a number, with +, -, c, k, M or G, not "big"',
          "usage: find [PATH…] [-name G] [-iname G] [-type f|d] [-size ±N[ckMG]] [-mtime ±N] [-newer F] [-mindepth N] [-maxdepth N] [-print0] [--at WHEN] [--stale] [--json]",
        ],
        code: 2,
      },
    },
    {
      lines: "find nope",
      pipe: {
        err: ["find: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "find -name x",
      world: "no-quorum",
      pipe: {
        err: ["find: .: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  stat: [
    {
      lines: "stat plan.md",
      pipe: {
        out: [
          "path:       /plan.md",
          "kind:       file",
          "mode:       -rw-r--r-- (0644)",
          "modified:   2026-10-29T12:00:00.000Z",
          "committed:  2026-10-29T12:00:00.000Z",
          "size:       26 bytes",
          "revision:   2",
          "copies:     2",
          "added:      26 bytes",
          "history:    18 bytes",
          "file key:   bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu",
        ],
      },
    },
    {
      lines: "stat photos",
      pipe: {
        out: [
          "path:       /photos",
          "kind:       directory",
          "mode:       drwxr-xr-x (0755)",
          "modified:   2026-10-30T12:00:00.000Z",
          "committed:  2026-10-30T12:00:00.000Z",
        ],
      },
    },
    {
      lines: "stat --json report.pdf",
      pipe: {
        out: [
          '{"path":"/report.pdf","name":"report.pdf","kind":"file","sizeBytes":1500,"mode":420,"modified":"2026-10-31T12:00:00.000Z","committed":"2026-10-31T12:00:00.000Z","revision":1,"copies":2,"addedBytes":1500,"historyBytes":0,"fileKey":"bafyreibwgvevpojsadrhoohfsuqzw56xwm5bif4bvmmnlyzb5h63ido2ui"}',
        ],
      },
    },
    {
      lines: "stat --stale photos",
      world: "no-quorum",
      pipe: {
        out: [
          "path:       /photos",
          "kind:       directory",
          "mode:       drwxr-xr-x (0755)",
          "modified:   2026-10-30T12:00:00.000Z",
          "committed:  2026-10-30T12:00:00.000Z",
        ],
        err: ["stat: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "stat: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "path:       /photos",
          "kind:       directory",
          "mode:       drwxr-xr-x (0755)",
          "modified:   2026-10-30T12:00:00.000Z",
          "committed:  2026-10-30T12:00:00.000Z",
        ],
      },
    },
    {
      lines: "stat",
      pipe: {
        err: ["stat: an operand is missing", "usage: stat [--at WHEN] [--stale] [--json] PATH…"],
        code: 2,
      },
    },
    {
      lines: "stat nope plan.md",
      pipe: {
        out: [
          "path:       /plan.md",
          "kind:       file",
          "mode:       -rw-r--r-- (0644)",
          "modified:   2026-10-29T12:00:00.000Z",
          "committed:  2026-10-29T12:00:00.000Z",
          "size:       26 bytes",
          "revision:   2",
          "copies:     2",
          "added:      26 bytes",
          "history:    18 bytes",
          "file key:   bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu",
        ],
        err: ["stat: nope: no such file or directory"],
        code: 3,
      },
      tty: {
        screen: [
          "stat: nope: no such file or directory",
          "path:       /plan.md",
          "kind:       file",
          "mode:       -rw-r--r-- (0644)",
          "modified:   2026-10-29T12:00:00.000Z",
          "committed:  2026-10-29T12:00:00.000Z",
          "size:       26 bytes",
          "revision:   2",
          "copies:     2",
          "added:      26 bytes",
          "history:    18 bytes",
          "file key:   bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu",
        ],
        code: 3,
      },
    },
    {
      lines: "stat plan.md",
      world: "no-quorum",
      pipe: {
        err: ["stat: plan.md: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  cat: [
    {
      lines: "cat plan.md",
      pipe: {
        out: ["# Plan", "buy a boat", "sail it"],
      },
    },
    {
      lines: "cat --rev 1 plan.md",
      pipe: {
        out: ["# Plan", "buy a boat"],
      },
    },
    {
      lines: "cat -r 7:10 plan.md",
      pipe: {
        out: "buy a boat",
      },
    },
    {
      lines: "cat -r -8 plan.md",
      pipe: {
        out: ["sail it"],
      },
    },
    {
      lines: "cat --stale plan.md",
      world: "no-quorum",
      pipe: {
        out: ["# Plan", "buy a boat", "sail it"],
        err: ["cat: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "cat: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "# Plan",
          "buy a boat",
          "sail it",
        ],
      },
    },
    {
      lines: "cat -r x plan.md",
      pipe: {
        err: [
          'cat: --range needs OFFSET:LENGTH in bytes, not "x"',
          "usage: cat [-r OFFSET:LENGTH] [--rev N] [--at WHEN] [--stale] FILE…",
        ],
        code: 2,
      },
    },
    {
      lines: "cat --rev 7 plan.md",
      pipe: {
        err: ["cat: plan.md: has no revision 7; kept: 1 to 2"],
        code: 3,
      },
    },
    {
      lines: "cat photos plan.md",
      pipe: {
        out: ["# Plan", "buy a boat", "sail it"],
        err: ["cat: photos: is a directory"],
        code: 4,
      },
      tty: {
        screen: ["cat: photos: is a directory", "# Plan", "buy a boat", "sail it"],
        code: 4,
      },
    },
    {
      lines: "cat plan.md",
      world: "no-quorum",
      pipe: {
        err: ["cat: plan.md: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  head: [
    {
      lines: "head -n 1 plan.md",
      pipe: {
        out: ["# Plan"],
      },
    },
    {
      lines: "head -c 6 plan.md",
      pipe: {
        out: "# Plan",
      },
    },
    {
      lines: "head -n 1 plan.md photos/2025/dog.jpg",
      pipe: {
        out: "==> plan.md <==\n# Plan\n\n==> photos/2025/dog.jpg <==\nwoof",
      },
    },
    {
      lines: "head --stale -n 2 plan.md",
      world: "no-quorum",
      pipe: {
        out: ["# Plan", "buy a boat"],
        err: ["head: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "head: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "# Plan",
          "buy a boat",
        ],
      },
    },
    {
      lines: "head -n many plan.md",
      pipe: {
        err: [
          'head: --lines needs a whole number of at least 0, not "many"',
          "usage: head [-n LINES | -c BYTES] [--at WHEN] [--stale] FILE…",
        ],
        code: 2,
      },
    },
    {
      lines: "head nope",
      pipe: {
        err: ["head: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "head photos",
      pipe: {
        err: ["head: photos: is a directory"],
        code: 4,
      },
    },
    {
      lines: "head plan.md",
      world: "no-quorum",
      pipe: {
        err: ["head: plan.md: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  du: [
    {
      lines: "du",
      pipe: {
        out: ["1\t./photos/2025", "3\t./photos", "5\t."],
      },
    },
    {
      lines: "du -h photos",
      pipe: {
        out: ["4\tphotos/2025", "3.0K\tphotos"],
      },
    },
    {
      lines: "du -s",
      pipe: {
        out: ["5\t."],
      },
    },
    {
      lines: "du -a photos",
      pipe: {
        out: ["3\tphotos/cat.jpg", "1\tphotos/2025/dog.jpg", "1\tphotos/2025", "1\tphotos/.thumbs", "3\tphotos"],
      },
    },
    {
      lines: "du -c photos plan.md",
      pipe: {
        out: ["1\tphotos/2025", "3\tphotos", "1\tplan.md", "3\ttotal"],
      },
    },
    {
      lines: "du -d 1",
      pipe: {
        out: ["3\t./photos", "5\t."],
      },
    },
    {
      lines: "du -lh",
      pipe: {
        out: [
          "LOGICAL\tUNIQUE\tHISTORY\tREPLICATED\tPATH",
          "4\t4\t0\t8\t./photos/2025",
          "3.0K\t3.0K\t0\t5.9K\t./photos",
          "4.5K\t4.5K\t18\t8.9K\t.",
        ],
      },
    },
    {
      lines: "du -s --json",
      pipe: {
        out: ['{"path":"/","logicalBytes":4531,"uniqueBytes":4531,"historyBytes":18,"replicatedBytes":9098}'],
      },
    },
    {
      lines: "du -s --stale",
      world: "no-quorum",
      pipe: {
        out: ["5\t."],
        err: ["du: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: ["du: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer", "5\t."],
      },
    },
    {
      lines: "du -s -d 1",
      pipe: {
        err: ["du: -s and -d exclude each other", "usage: du [-hsacl] [-d N] [--at WHEN] [--stale] [--json] [PATH…]"],
        code: 2,
      },
    },
    {
      lines: "du nope",
      pipe: {
        err: ["du: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "du",
      world: "no-quorum",
      pipe: {
        err: ["du: .: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
};
