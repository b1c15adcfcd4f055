/** The command line of the program: its options, scripts, and the grammar. */
import type { CaseTable } from "./case.ts";

export const program: CaseTable = {
  "dfs-shell": [
    {
      lines: "dfs-shell --help",
      argv: ["--help"],
      pipe: {
        out: [
          "usage: dfs-shell [options] [-c CMDS | FILE [PARAMETER…] | - [PARAMETER…]]",
          "       dfs-shell [--data DIR] join INVITE|-",
          "",
          "A private, encrypted, versioned file space across your own machines.",
          "",
          "options:",
          "  --data DIR          this machine's data folder",
          "  -c, --command CMDS  run these commands and end",
          "  -q, --quiet         no summaries and no bars",
          "  -v, --verbose       counters and details",
          "  -x, --trace         write each command to stderr before it runs",
          "  -n, --dry-run       parse only, run nothing",
          "  -k, --keep-going    go on after a failing command",
          "  --atomic            all changes of the script to the network happen at once,",
          "                      when it ends with 0; or none",
          "  --stale             show what any coordinator has, without asking the others;",
          "                      says how old it is",
          "  --json              NDJSON from every command that can",
          "  --color WHEN        colours and bold headings: auto (on a terminal), always",
          "                      (also in a pipe), never (nowhere)",
          "  --no-progress       no bars",
          "  --no-config         the prompt does not read its configuration file",
          "  --timeout SECONDS   the longest that one command may take",
          "  --help              this text",
          "  --version           the version",
          "",
          "commands:",
          "  the network's files  ls cd pwd tree find stat cat head du ncdu mkdir rmdir rm",
          "                       mv cp",
          "  transfers            put get jobs top fg wait kill pause resume",
          "  this machine's side  lcd lpwd lls lmkdir",
          "  the past             revisions restore diff undo",
          "  people               login logout whoami passwd share unshare shares users",
          "                       adduser userdel admin quota",
          "  the network          df why status doctor backup fsck policy retain peers peer",
          "                       coordinator fingers invite",
          "  the shell            alias unalias echo set unset source test [ ltest time",
          "                       sleep help completion exit",
          "",
          'more: dfs-shell -c help, -c "help put", -c "help grammar"; or help at the prompt',
          "exit codes: 0 ok, 1 failed or partly failed, 2 usage, 3 no such path, 4 refused, 5 temporary,",
          "  6 not logged in, 7 integrity, 127 unknown command, 130 interrupted",
        ],
      },
    },
    {
      lines: "dfs-shell --no-config -c pwd",
      argv: ["--no-config", "-c", "pwd"],
      pipe: {
        out: ["/"],
      },
    },
    {
      lines: "dfs-shell --version",
      argv: ["--version"],
      pipe: {
        out: ["dfs-shell 0.1.0"],
      },
    },
    {
      lines: "dfs-shell -c 'cd photos; ls'",
      argv: ["-c", "cd photos; ls"],
      pipe: {
        out: ["2025", "cat.jpg"],
      },
      tty: {
        screen: ["\u001b[1;34m2025\u001b[0m  cat.jpg"],
      },
    },
    {
      lines: "dfs-shell nightly.dfs",
      argv: ["nightly.dfs"],
      pipe: {
        out: ["notes.txt"],
      },
      tty: {
        screen: ["1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies", "notes.txt"],
      },
    },
    {
      lines: "echo 'ls photos' | dfs-shell",
      argv: [],
      stdin: "ls photos\n",
      pipe: {
        out: ["2025", "cat.jpg"],
      },
      tty: {
        screen: ["\u001b[1;34m2025\u001b[0m  cat.jpg"],
      },
    },
    {
      lines: "echo 'ls photos' | dfs-shell -",
      argv: ["-"],
      stdin: "ls photos\n",
      pipe: {
        out: ["2025", "cat.jpg"],
      },
      tty: {
        screen: ["\u001b[1;34m2025\u001b[0m  cat.jpg"],
      },
    },
    {
      lines: "dfs-shell join dfs1-qznq9rey",
      argv: ["join", "dfs1-qznq9rey"],
      pipe: {
        out: ["joined network 7f3a9c41 as ben"],
      },
    },
    {
      lines: "dfs-shell --json join - < invite.txt",
      argv: ["--json", "join", "-"],
      stdin: "dfs1-invite\n",
      pipe: {
        out: ['{"networkId":"7f3a9c41","peerName":"ben"}'],
      },
    },
    {
      lines: "dfs-shell --data /srv/dfs -c pwd",
      argv: ["--data", "/srv/dfs", "-c", "pwd"],
      pipe: {
        out: ["/"],
      },
    },
    {
      lines: "dfs-shell -q -c 'put notes.txt'",
      argv: ["-q", "-c", "put notes.txt"],
      pipe: {},
    },
    {
      lines: "dfs-shell -v -c 'put notes.txt'",
      argv: ["-v", "-c", "put notes.txt"],
      pipe: {
        out: ["put: 1 files, 11 bytes; 1 chunks, 1 new (11 bytes), 1 sent (11 bytes); 2 copies"],
      },
    },
    {
      lines: "dfs-shell -x nightly.dfs",
      argv: ["-x", "nightly.dfs"],
      pipe: {
        out: ["notes.txt"],
        err: ["+ mkdir -p /backup", "+ put -f notes.txt /backup", "+ ls /backup"],
      },
      tty: {
        screen: [
          "+ mkdir -p /backup",
          "+ put -f notes.txt /backup",
          "1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies",
          "+ ls /backup",
          "notes.txt",
        ],
      },
    },
    {
      lines: "dfs-shell -n nightly.dfs",
      argv: ["-n", "nightly.dfs"],
      pipe: {},
    },
    {
      lines: "dfs-shell -n broken.dfs",
      argv: ["-n", "broken.dfs"],
      pipe: {
        err: ["broken.dfs:2:4: the quote ' is never closed", "ls 'photos", "   ^"],
        code: 2,
      },
    },
    {
      lines: "dfs-shell -k -c 'cat nope; pwd'",
      argv: ["-k", "-c", "cat nope; pwd"],
      pipe: {
        out: ["/"],
        err: ["cat: nope: no such file or directory"],
        code: 3,
      },
      tty: {
        screen: ["cat: nope: no such file or directory", "/"],
        code: 3,
      },
    },
    {
      lines: "dfs-shell --keep-going -c 'mkdir photos; cat nope; pwd'",
      argv: ["--keep-going", "-c", "mkdir photos; cat nope; pwd"],
      pipe: {
        out: ["/"],
        err: ["mkdir: photos: exists already", "cat: nope: no such file or directory"],
        code: 4,
      },
      tty: {
        screen: ["mkdir: photos: exists already", "cat: nope: no such file or directory", "/"],
        code: 4,
      },
    },
    {
      lines: "dfs-shell --atomic -c 'mkdir a; mkdir b'",
      argv: ["--atomic", "-c", "mkdir a; mkdir b"],
      pipe: {},
    },
    {
      lines: "dfs-shell --atomic -v -c 'mkdir a; mkdir b; ls'",
      argv: ["--atomic", "-v", "-c", "mkdir a; mkdir b; ls"],
      pipe: {
        out: ["a", "b", "photos", "plan.md", "report.pdf"],
        err: ["dfs-shell: --atomic: 2 changes committed"],
      },
      tty: {
        screen: [
          "\u001b[1;34ma\u001b[0m  \u001b[1;34mb\u001b[0m  \u001b[1;34mphotos\u001b[0m  plan.md  report.pdf",
          "dfs-shell: --atomic: 2 changes committed",
        ],
      },
    },
    {
      lines: "dfs-shell --atomic -c 'mkdir a; mkdir photos'",
      argv: ["--atomic", "-c", "mkdir a; mkdir photos"],
      pipe: {
        err: ["mkdir: photos: exists already", "dfs-shell: --atomic: nothing was changed"],
        code: 4,
      },
    },
    {
      lines: "dfs-shell --stale -c 'ls photos'",
      argv: ["--stale", "-c", "ls photos"],
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
      lines: "dfs-shell --json -c 'ls; whoami'",
      argv: ["--json", "-c", "ls; whoami"],
      pipe: {
        out: [
          '{"path":"/photos","name":"photos","kind":"directory","sizeBytes":0,"mode":493,"modified":"2026-10-30T12:00:00.000Z","committed":"2026-10-30T12:00:00.000Z","revision":0,"copies":0,"addedBytes":0,"historyBytes":0}',
          '{"path":"/plan.md","name":"plan.md","kind":"file","sizeBytes":26,"mode":420,"modified":"2026-10-29T12:00:00.000Z","committed":"2026-10-29T12:00:00.000Z","revision":2,"copies":2,"addedBytes":26,"historyBytes":18,"fileKey":"bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu"}',
          '{"path":"/report.pdf","name":"report.pdf","kind":"file","sizeBytes":1500,"mode":420,"modified":"2026-10-31T12:00:00.000Z","committed":"2026-10-31T12:00:00.000Z","revision":1,"copies":2,"addedBytes":1500,"historyBytes":0,"fileKey":"bafyreibwgvevpojsadrhoohfsuqzw56xwm5bif4bvmmnlyzb5h63ido2ui"}',
          '{"name":"shared","id":"993c6ffde5f47a69ec25572946bba452","isAdmin":false,"usedBytes":4549,"quotaBytes":null,"fingerprint":"93d2b07e01dcbcd0","isShared":true}',
        ],
      },
    },
    {
      lines: "dfs-shell --color=always -c ls",
      argv: ["--color=always", "-c", "ls"],
      pipe: {
        out: ["\u001b[1;34mphotos\u001b[0m", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["\u001b[1;34mphotos\u001b[0m  plan.md  report.pdf"],
      },
    },
    {
      lines: "dfs-shell --color=never -c ls",
      argv: ["--color=never", "-c", "ls"],
      pipe: {
        out: ["photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["photos  plan.md  report.pdf"],
      },
    },
    {
      lines: "dfs-shell --color=red -c ls",
      argv: ["--color=red", "-c", "ls"],
      pipe: {
        err: [
          'dfs-shell: --color is auto, always or never, not "red"',
          "usage: dfs-shell [options] [-c CMDS | FILE [PARAMETER…] | - [PARAMETER…]]",
          "       dfs-shell [--data DIR] join INVITE|-",
        ],
        code: 2,
      },
    },
    {
      lines: "dfs-shell --no-progress -c 'put notes.txt'",
      argv: ["--no-progress", "-c", "put notes.txt"],
      pipe: {},
      tty: {
        screen: ["1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies"],
      },
    },
    {
      lines: "dfs-shell --timeout 0.02 -c 'ls; echo never'",
      argv: ["--timeout", "0.02", "-c", "ls; echo never"],
      world: "stuck",
      pipe: {
        err: ["ls: did not end within 0.02 s (--timeout)"],
        code: 5,
      },
    },
    {
      lines: "dfs-shell -c 'cat nope; echo never'",
      argv: ["-c", "cat nope; echo never"],
      pipe: {
        err: ["cat: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "dfs-shell -c 'mkdir photos'",
      argv: ["-c", "mkdir photos"],
      pipe: {
        err: ["mkdir: photos: exists already"],
        code: 4,
      },
    },
    {
      lines: "dfs-shell -c 'cp plan.md notes.txt; put notes.txt boat.jpg /'",
      argv: ["-c", "cp plan.md notes.txt; put notes.txt boat.jpg /"],
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
      lines: "dfs-shell -c 'passwd'",
      argv: ["-c", "passwd"],
      pipe: {
        err: ["passwd: nobody is logged in: see login"],
        code: 6,
      },
    },
    {
      lines: "dfs-shell -c fsck",
      argv: ["-c", "fsck"],
      world: "damaged",
      pipe: {
        out: [
          "PEER  CHUNKS  BYTES  DAMAGED  MENDED  CHECK",
          "anna       8   2.0M        0       0  done",
          "ben        8   2.0M        3       1  done",
        ],
        err: [
          "fsck: ben: 2 damaged chunks are not mended: no other peer has what is needed; start the peers that are away, then run fsck again",
        ],
        code: 7,
      },
    },
    {
      lines: "dfs-shell -c lss",
      argv: ["-c", "lss"],
      pipe: {
        err: ['lss: no such command; did you mean "ls"?'],
        code: 127,
      },
    },
    {
      lines: "dfs-shell -c 'get plan.md'",
      argv: ["-c", "get plan.md"],
      isInterrupted: true,
      pipe: {
        err: ["get: interrupted"],
        code: 130,
      },
    },
    {
      lines: "DFS_USER=bob DFS_PASSWORD_FILE=ann.password dfs-shell -c 'whoami; ls'",
      argv: ["-c", "whoami; ls"],
      world: "users",
      env: {
        DFS_USER: "bob",
        DFS_PASSWORD_FILE: "ann.password",
      },
      pipe: {
        out: ["bob"],
      },
      tty: {
        screen: ["bob", "uses 0 B of 10.0 MiB", "keys 01f5b72416c4809b"],
      },
    },
    {
      lines: "NO_COLOR=1 dfs-shell -c ls",
      argv: ["-c", "ls"],
      env: {
        NO_COLOR: "1",
      },
      pipe: {
        out: ["photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["photos  plan.md  report.pdf"],
      },
    },
    {
      lines: "dfs-shell --nope",
      argv: ["--nope"],
      pipe: {
        err: [
          "dfs-shell: unknown option '--nope'",
          "usage: dfs-shell [options] [-c CMDS | FILE [PARAMETER…] | - [PARAMETER…]]",
          "       dfs-shell [--data DIR] join INVITE|-",
        ],
        code: 2,
      },
    },
    {
      lines: "dfs-shell nope.dfs",
      argv: ["nope.dfs"],
      pipe: {
        err: ["dfs-shell: nope.dfs: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "dfs-shell ls photos",
      argv: ["ls", "photos"],
      pipe: {
        err: ['dfs-shell: ls: no such file or directory; to run the command: dfs-shell -c "ls …"'],
        code: 3,
      },
    },
    {
      lines: "dfs-shell -c 'mkdir a && echo made; mkdir photos || echo there'",
      argv: ["-c", "mkdir a && echo made; mkdir photos || echo there"],
      pipe: {
        out: ["made", "there"],
        err: ["mkdir: photos: exists already"],
      },
      tty: {
        screen: ["made", "mkdir: photos: exists already", "there"],
      },
    },
    {
      lines: "dfs-shell -c '-rm nope; echo on'",
      argv: ["-c", "-rm nope; echo on # a comment"],
      pipe: {
        out: ["on"],
        err: ["rm: nope: no such file or directory"],
      },
      tty: {
        screen: ["rm: nope: no such file or directory", "on"],
      },
    },
    {
      lines: "dfs-shell -c 'ls photos/*.jpg; ls **/*.jpg'",
      argv: ["-c", "ls photos/*.jpg; ls **/*.jpg"],
      pipe: {
        out: ["photos/cat.jpg", "photos/2025/dog.jpg", "photos/cat.jpg"],
      },
      tty: {
        screen: ["photos/cat.jpg", "photos/2025/dog.jpg  photos/cat.jpg"],
      },
    },
    {
      lines: "dfs-shell -c 'rm *.zip'",
      argv: ["-c", "rm *.zip"],
      pipe: {
        err: ["rm: *.zip: nothing matches this pattern"],
        code: 3,
      },
    },
    {
      lines: "dfs-shell -c 'rm -r $X/'",
      argv: ["-c", "rm -r $X/"],
      pipe: {
        err: ["-c:1:7: the variable X is not set", "rm -r $X/", "      ^"],
        code: 2,
      },
    },
    {
      lines: "dfs-shell -c 'D=photos; ls \"$D\" ${D}/2025'",
      argv: ["-c", 'D=photos; ls "$D" ${D}/2025'],
      pipe: {
        out: ["photos:", "2025", "cat.jpg", "", "photos/2025:", "dog.jpg"],
      },
      tty: {
        screen: ["photos:", "\u001b[1;34m2025\u001b[0m  cat.jpg", "", "photos/2025:", "dog.jpg"],
      },
    },
    {
      lines: "dfs-shell -c 'ls > list; ls photos >> list; !cat list'",
      argv: ["-c", "ls > list; ls photos >> list; !cat list"],
      pipe: {
        out: ["photos", "plan.md", "report.pdf", "2025", "cat.jpg"],
      },
    },
    {
      lines: "dfs-shell -c 'put - todo < notes.txt; cat todo'",
      argv: ["-c", "put - todo < notes.txt; cat todo"],
      pipe: {
        out: ["milk", "bread"],
      },
      tty: {
        screen: ["1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies", "milk", "bread"],
      },
    },
    {
      lines: "dfs-shell -c 'cat plan.md | tr a-z A-Z'",
      argv: ["-c", "cat plan.md | tr a-z A-Z"],
      pipe: {
        out: ["# PLAN", "BUY A BOAT", "SAIL IT"],
      },
    },
    {
      lines: "dfs-shell -c 'echo $(date)'",
      argv: ["-c", "echo $(date)"],
      pipe: {
        err: ["-c:1:6: $(…) is not supported", "echo $(date)", "     ^"],
        code: 2,
      },
    },
    {
      lines: "dfs-shell -c '(ls)'",
      argv: ["-c", "(ls)"],
      pipe: {
        err: ['(ls): no such command; did you mean "ls"?'],
        code: 127,
      },
    },
  ],
};
