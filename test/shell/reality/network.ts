/** The network: its health, its peers, and what they keep. */
import type { CaseTable } from "./case.ts";

export const network: CaseTable = {
  df: [
    {
      lines: "df",
      pipe: {
        out: [
          "PEER   KIB  USED  FREE  USE%",
          "anna     4     1     3   25%",
          "ben      4     1     3   25%",
          "total    8     2     6   25%",
          "",
          "files now                   5",
          "one copy, with history      5",
          "own disk, live              5",
          "own disk, to be given back  1",
          "own disk, in all            6",
        ],
      },
    },
    {
      lines: "df -h",
      pipe: {
        out: [
          "PEER   SIZE  USED  FREE  USE%",
          "anna   4.0K  1.0K  3.0K   25%",
          "ben    4.0K  1.0K  3.0K   25%",
          "total  8.0K  2.0K  6.0K   25%",
          "",
          "files now                   4.5K",
          "one copy, with history      4.5K",
          "own disk, live              4.5K",
          "own disk, to be given back  1.0K",
          "own disk, in all            5.5K",
        ],
      },
    },
    {
      lines: "df --json",
      pipe: {
        out: [
          '{"id":"12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","name":"anna","state":"up","capacityBytes":4096,"usedBytes":1024,"freeBytes":3072}',
          '{"id":"12D3KooWBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB","name":"ben","state":"up","capacityBytes":4096,"usedBytes":1024,"freeBytes":3072}',
          '{"total":true,"logicalBytes":4531,"storedBytes":4549,"own":{"liveBytes":4549,"deadBytes":1024,"diskBytes":5573}}',
        ],
      },
    },
    {
      lines: "df -h",
      world: "users",
      pipe: {
        out: [
          "PEER   SIZE  USED  FREE  USE%",
          "anna   4.0K  1.0K  3.0K   25%",
          "ben    4.0K  1.0K  3.0K   25%",
          "total  8.0K  2.0K  6.0K   25%",
          "",
          "files now                   4.5K",
          "one copy, with history      4.5K",
          "own disk, live              4.5K",
          "own disk, to be given back  1.0K",
          "own disk, in all            5.5K",
          "files of ann, with history     5",
        ],
      },
    },
    {
      lines: "df here",
      pipe: {
        err: ["df: too many operands", "usage: df [-h] [--json]"],
        code: 2,
      },
    },
    {
      lines: "df",
      world: "no-peer",
      pipe: {
        err: ["df: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
  why: [
    {
      lines: "why plan.md",
      pipe: {
        out: [
          "path:          /plan.md",
          "revision:      2",
          "size:          26 bytes in 1 chunk, 26 bytes sealed",
          "file key:      bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu",
          "first chunks:  bafkreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu",
          "shelf:         00000000000000000000000000000000",
          "chain:         anna (owner) → ben (full)",
          "holders:       anna, ben",
          "found by:      finger-table",
          "verified:      ben 12 s ago",
          "safety:        2 of 2 wanted disks have it: any one of them may be lost",
        ],
      },
    },
    {
      lines: "why --json plan.md",
      pipe: {
        out: [
          '{"path":"/plan.md","revision":2,"sizeBytes":26,"fileKey":"bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu","shelf":"00000000000000000000000000000000","copiesWanted":2,"chain":[{"id":"12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","name":"anna","state":"up","standing":"owner"},{"id":"12D3KooWBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB","name":"ben","state":"up","standing":"full","verified":"2026-11-01T11:59:48.000Z"}],"holders":[{"id":"12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","name":"anna","answered":true,"complete":true},{"id":"12D3KooWBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB","name":"ben","answered":true,"complete":true}],"foundBy":"finger-table","chunks":1,"sealedBytes":26,"firstChunks":["bafkreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu"],"failuresToLoss":1}',
        ],
      },
    },
    {
      lines: "why report.pdf",
      world: "alone",
      pipe: {
        out: [
          "path:          /report.pdf",
          "revision:      1",
          "size:          1500 bytes in 1 chunk, 1500 bytes sealed",
          "file key:      bafyreibwgvevpojsadrhoohfsuqzw56xwm5bif4bvmmnlyzb5h63ido2ui",
          "first chunks:  bafkreibwgvevpojsadrhoohfsuqzw56xwm5bif4bvmmnlyzb5h63ido2ui",
          "shelf:         00000000000000000000000000000000",
          "chain:         anna (owner)",
          "holders:       anna",
          "found by:      finger-table",
          "safety:        1 disk has it: losing anna loses the file; see backup",
        ],
      },
    },
    {
      lines: "why --stale plan.md",
      world: "no-quorum",
      pipe: {
        out: [
          "path:          /plan.md",
          "revision:      2",
          "size:          26 bytes in 1 chunk, 26 bytes sealed",
          "file key:      bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu",
          "first chunks:  bafkreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu",
          "shelf:         00000000000000000000000000000000",
          "chain:         anna (owner) → ben (full)",
          "holders:       anna, ben",
          "found by:      finger-table",
          "verified:      ben 12 s ago",
          "safety:        2 of 2 wanted disks have it: any one of them may be lost",
        ],
        err: ["why: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "why: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "path:          /plan.md",
          "revision:      2",
          "size:          26 bytes in 1 chunk, 26 bytes sealed",
          "file key:      bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu",
          "first chunks:  bafkreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu",
          "shelf:         00000000000000000000000000000000",
          "chain:         anna (owner) → ben (full)",
          "holders:       anna, ben",
          "found by:      finger-table",
          "verified:      ben 12 s ago",
          "safety:        2 of 2 wanted disks have it: any one of them may be lost",
        ],
      },
    },
    {
      lines: "why",
      pipe: {
        err: ["why: an operand is missing", "usage: why [--stale] [--json] FILE…"],
        code: 2,
      },
    },
    {
      lines: "why nope",
      pipe: {
        err: ["why: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "why photos",
      pipe: {
        err: ["why: photos: is a directory"],
        code: 4,
      },
    },
    {
      lines: "why plan.md",
      world: "no-quorum",
      pipe: {
        err: ["why: plan.md: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  status: [
    {
      lines: "status",
      pipe: {
        out: [
          "healthy: every file has 2 copies",
          "peer:          anna",
          "peers:         2 up, 0 suspect, 0 down, 0 out",
          "coordinators:  anna, ben (learner, lacks 2 entries)",
          "log:           term 3, anna leads, committed 7, applied 7",
          "files:         3 in 1 directory",
          "size:          2.0 KiB logical, 4.0 KiB stored",
          "copies:        2 wanted, 2 at the least",
        ],
      },
    },
    {
      lines: "status",
      world: "alone",
      pipe: {
        out: [
          "degraded: one peer only: every file has one copy",
          'add a machine: "invite" makes an invite',
          "peer:          anna",
          "peers:         1 up, 0 suspect, 0 down, 0 out",
          "coordinators:  anna",
          "log:           term 3, anna leads, committed 7, applied 7",
          "files:         3 in 1 directory",
          "size:          2.0 KiB logical, 4.0 KiB stored",
          "copies:        2 wanted, 1 at the least; on too few: 6 revisions, 4.4 KiB; see backup",
        ],
      },
    },
    {
      lines: "status -v",
      pipe: {
        out: [
          "healthy: every file has 2 copies",
          "peer:          anna",
          "peers:         2 up, 0 suspect, 0 down, 0 out",
          "coordinators:  anna, ben (learner, lacks 2 entries)",
          "log:           term 3, anna leads, committed 7, applied 7",
          "files:         3 in 1 directory",
          "size:          2.0 KiB logical, 4.0 KiB stored",
          "copies:        2 wanted, 2 at the least",
          "network:       abababababababababababababababababababababababababababababababab",
          "peer id:       12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "addresses:     /ip4/127.0.0.1/tcp/4001",
          "own store:     3 chunks, 3 records, 2.0 KiB",
          "own disk:      1.0 GiB free",
          "quarantined:   0 chunks",
          "to announce:   0 file keys",
          "up for:        1 min 30 s",
          "version:       0.1.0",
        ],
      },
    },
    {
      lines: "status --json",
      pipe: {
        out: [
          '{"networkId":"abababababababababababababababababababababababababababababababab","self":{"id":"12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","name":"anna","zone":"home","addresses":["/ip4/127.0.0.1/tcp/4001"],"state":"up","self":true,"connected":true,"capacityBytes":4096,"usedBytes":1024,"freeBytes":3072,"coordinator":true,"silentMs":0},"health":"healthy","reason":"every file has 2 copies","peers":{"up":2,"suspect":0,"down":0,"out":0},"group":{"hasQuorum":true,"ageMs":0,"term":3,"commitIndex":7,"appliedIndex":7,"leader":"anna","members":[{"name":"anna","role":"voter","isLeader":true,"isActive":true,"matchIndex":7,"lagEntries":0},{"name":"ben","role":"learner","isLeader":false,"isActive":true,"matchIndex":5,"lagEntries":2}]},"files":3,"directories":1,"logicalBytes":2048,"storedBytes":4096,"store":{"chunks":3,"records":3,"bytes":2048,"freeBytes":1073741824,"quarantined":0,"missing":0},"safety":{"copies":2,"fewestCopies":2,"belowRevisions":0,"belowBytes":0,"unreadableRevisions":0},"announceQueue":0,"work":{"flushes":7,"chunksHashed":3,"sent":[{"protocol":"/dfs-shell/rpc/1","frames":20,"bytes":4000}],"calls":[{"method":"peers.beat","count":10}]},"uptimeMs":90000,"version":"0.1.0"}',
        ],
      },
    },
    {
      lines: "status",
      world: "no-quorum",
      pipe: {
        out: [
          "unavailable: no majority of the coordinators answers",
          "peer:          anna",
          "peers:         2 up, 0 suspect, 0 down, 0 out",
          "coordinators:  anna, ben (learner, silent)",
          "log:           term 3, no leader, committed 7, applied 7",
          "files:         3 in 1 directory, as of 1 min 30 s ago",
          "size:          2.0 KiB logical, 4.0 KiB stored",
          "copies:        2 wanted, 2 at the least",
        ],
      },
    },
    {
      lines: "status now",
      pipe: {
        err: ["status: too many operands", "usage: status [-v] [--json] [--watch [--interval SECONDS]]"],
        code: 2,
      },
    },
    {
      lines: "status",
      world: "no-peer",
      pipe: {
        err: ["status: the peer does not answer at its control socket"],
        code: 5,
      },
    },
    {
      lines: "status --watch --interval 0.2",
      isInterrupted: true,
      pipe: {
        out: [
          "2026-11-01 12:00:00",
          "healthy: every file has 2 copies",
          "peer:          anna",
          "peers:         2 up, 0 suspect, 0 down, 0 out",
          "coordinators:  anna, ben (learner, lacks 2 entries)",
          "log:           term 3, anna leads, committed 7, applied 7",
          "files:         3 in 1 directory",
          "size:          2.0 KiB logical, 4.0 KiB stored",
          "copies:        2 wanted, 2 at the least",
          "",
          "2026-11-01 12:00:00",
        ],
        err: ["status: interrupted"],
        code: 130,
      },
    },
    {
      lines: "status --interval 2",
      pipe: {
        err: ["status: --interval belongs to --watch", "usage: status [-v] [--json] [--watch [--interval SECONDS]]"],
        code: 2,
      },
    },
  ],
  backup: [
    {
      lines: "backup",
      pipe: {
        out: [
          "anna: 6 revisions, 4.4 KiB; on 2 of 2 disks; epoch 7",
          "  PEER  STATE  STANDING  SAVEPOINT  LACKS  BYTES  VERIFIED",
          "  anna  up     owner         7.431      0      0  -",
          "  ben   up     full          7.431      0      0  12 s ago",
          "",
          "ben: 0 revisions, 0 B; on 2 of 2 disks; epoch 7",
          "  PEER  STATE  STANDING  SAVEPOINT  LACKS  BYTES  VERIFIED",
          "  ben   up     owner         7.431      0      0  -",
          "  anna  up     full          7.431      0      0  12 s ago",
        ],
      },
    },
    {
      lines: "backup --json",
      pipe: {
        out: [
          '{"shelf":"00000000000000000000000000000000","home":"anna","epoch":7,"wanted":2,"revisions":6,"bytes":4549,"links":[{"id":"12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","name":"anna","state":"up","standing":"owner","epoch":7,"sequence":431,"lagChanges":0,"lagBytes":0},{"id":"12D3KooWBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB","name":"ben","state":"up","standing":"full","epoch":7,"sequence":431,"lagChanges":0,"lagBytes":0,"verified":"2026-11-01T11:59:48.000Z"}]}',
          '{"shelf":"11111111111111111111111111111111","home":"ben","epoch":7,"wanted":2,"revisions":0,"bytes":0,"links":[{"id":"12D3KooWBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB","name":"ben","state":"up","standing":"owner","epoch":7,"sequence":431,"lagChanges":0,"lagBytes":0},{"id":"12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","name":"anna","state":"up","standing":"full","epoch":7,"sequence":431,"lagChanges":0,"lagBytes":0,"verified":"2026-11-01T11:59:48.000Z"}]}',
        ],
      },
    },
    {
      lines: "backup now",
      pipe: {
        err: ["backup: too many operands", "usage: backup [--json]"],
        code: 2,
      },
    },
    {
      lines: "backup",
      world: "no-peer",
      pipe: {
        err: ["backup: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
  fsck: [
    {
      lines: "fsck",
      pipe: {
        out: [
          "PEER  CHUNKS  BYTES  DAMAGED  MENDED  CHECK",
          "anna       8   2.0M        0       0  done",
          "ben        8   2.0M        0       0  done",
        ],
      },
    },
    {
      lines: "fsck ben",
      pipe: {
        out: ["PEER  CHUNKS  BYTES  DAMAGED  MENDED  CHECK", "ben        8   2.0M        0       0  done"],
      },
    },
    {
      lines: "fsck --json ben",
      pipe: {
        out: ['{"peer":"ben","isDone":true,"chunks":8,"bytes":2097152,"totalBytes":2097152,"damaged":0,"mended":0}'],
      },
    },
    {
      lines: "fsck --quick",
      pipe: {
        err: ["fsck: unknown option '--quick'", "usage: fsck [--json] [PEER…]"],
        code: 2,
      },
    },
    {
      lines: "fsck zoe",
      pipe: {
        err: ["fsck: zoe: there is no such peer"],
        code: 3,
      },
    },
    {
      lines: "fsck",
      world: "away",
      pipe: {
        out: [
          "PEER  CHUNKS  BYTES  DAMAGED  MENDED  CHECK",
          "anna       8   2.0M        0       0  done",
          "ben        0      0        0       0  not done",
        ],
        err: ["fsck: ben: cannot connect to the peer"],
        code: 5,
      },
    },
    {
      lines: "fsck",
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
  ],
  policy: [
    {
      lines: "policy",
      pipe: {
        out: [
          "copies:      2 disks for each file",
          "min-copies:  2 disks at the least for a put to succeed, where there are so many",
          "revisions:   the newest 10 revisions of each file",
          "days:        30 days; so long are others kept, and removed files",
        ],
      },
    },
    {
      lines: "policy --json",
      pipe: {
        out: ['{"copies":2,"minCopies":2,"retainRevisions":10,"retainMs":2592000000}'],
      },
    },
    {
      lines: "policy copies 3",
      pipe: {},
      tty: {
        screen: [
          "copies:      3 disks for each file",
          "min-copies:  2 disks at the least for a put to succeed, where there are so many",
          "revisions:   the newest 10 revisions of each file",
          "days:        30 days; so long are others kept, and removed files",
        ],
      },
    },
    {
      lines: "policy min-copies 1; policy",
      pipe: {
        out: [
          "copies:      2 disks for each file",
          "min-copies:  1 disk at the least for a put to succeed, where there are so many",
          "revisions:   the newest 10 revisions of each file",
          "days:        30 days; so long are others kept, and removed files",
        ],
      },
      tty: {
        screen: [
          "copies:      2 disks for each file",
          "min-copies:  1 disk at the least for a put to succeed, where there are so many",
          "revisions:   the newest 10 revisions of each file",
          "days:        30 days; so long are others kept, and removed files",
          "copies:      2 disks for each file",
          "min-copies:  1 disk at the least for a put to succeed, where there are so many",
          "revisions:   the newest 10 revisions of each file",
          "days:        30 days; so long are others kept, and removed files",
        ],
      },
    },
    {
      lines: "policy revisions 20",
      pipe: {},
      tty: {
        screen: [
          "copies:      2 disks for each file",
          "min-copies:  2 disks at the least for a put to succeed, where there are so many",
          "revisions:   the newest 20 revisions of each file",
          "days:        30 days; so long are others kept, and removed files",
        ],
      },
    },
    {
      lines: "policy days 12h",
      pipe: {},
      tty: {
        screen: [
          "copies:      2 disks for each file",
          "min-copies:  2 disks at the least for a put to succeed, where there are so many",
          "revisions:   the newest 10 revisions of each file",
          "days:        12 h 0 min; so long are others kept, and removed files",
        ],
      },
    },
    {
      lines: "policy copies",
      pipe: {
        err: ["policy: copies needs a value", "usage: policy [--json] [copies|min-copies|revisions|days VALUE]"],
        code: 2,
      },
    },
    {
      lines: "policy copies 0",
      pipe: {
        err: [
          'policy: copies needs a whole number of at least 1, not "0"',
          "usage: policy [--json] [copies|min-copies|revisions|days VALUE]",
        ],
        code: 2,
      },
    },
    {
      lines: "policy size 3",
      pipe: {
        err: [
          'policy: the word is copies, min-copies, revisions, days, not "size"',
          "usage: policy [--json] [copies|min-copies|revisions|days VALUE]",
        ],
        code: 2,
      },
    },
    {
      lines: "policy copies 3",
      world: "bob",
      pipe: {
        err: ["policy: only an administrator may do this: ask ann"],
        code: 4,
      },
    },
    {
      lines: "policy copies 3",
      world: "no-quorum",
      pipe: {
        err: ["policy: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  retain: [
    {
      lines: "retain",
      pipe: {
        out: [
          "revisions:  the newest 10 revisions of each file",
          "days:       30 days; so long are others kept, and removed files",
        ],
      },
    },
    {
      lines: "retain --json",
      pipe: {
        out: ['{"copies":2,"minCopies":2,"retainRevisions":10,"retainMs":2592000000}'],
      },
    },
    {
      lines: "retain --revisions 20 --days 90; retain",
      pipe: {
        out: [
          "revisions:  the newest 20 revisions of each file",
          "days:       90 days; so long are others kept, and removed files",
        ],
      },
      tty: {
        screen: [
          "copies:      2 disks for each file",
          "min-copies:  2 disks at the least for a put to succeed, where there are so many",
          "revisions:   the newest 20 revisions of each file",
          "days:        90 days; so long are others kept, and removed files",
          "revisions:  the newest 20 revisions of each file",
          "days:       90 days; so long are others kept, and removed files",
        ],
      },
    },
    {
      lines: "retain --days long",
      pipe: {
        err: [
          'retain: --days needs a number of days as 30 or 0.5, or a span as 12h, not "long"',
          "usage: retain [--revisions N] [--days D] [--json]",
        ],
        code: 2,
      },
    },
    {
      lines: "retain --days 7",
      world: "bob",
      pipe: {
        err: ["retain: only an administrator may do this: ask ann"],
        code: 4,
      },
    },
    {
      lines: "retain --days 7",
      world: "no-quorum",
      pipe: {
        err: ["retain: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  peers: [
    {
      lines: "peers",
      pipe: {
        out: [
          "NAME  STATE  ROLE              USED  FREE  SEEN        ZONE  ID",
          "anna  up     coordinator,self  1.0K  3.0K  now         home  12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "ben   up     peer              1.0K  3.0K  400 ms ago  home  12D3KooWBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
        ],
      },
      tty: {
        screen: [
          "NAME  STATE  ROLE              USED  FREE  SEEN        ZONE  ID",
          "anna  up     coordinator,self  1.0K  3.0K  now         home  …AAAAAAAA",
          "ben   up     peer              1.0K  3.0K  400 ms ago  home  …BBBBBBBB",
        ],
      },
    },
    {
      lines: "peers",
      world: "away",
      pipe: {
        out: [
          "NAME  STATE  ROLE              USED  FREE  SEEN      ZONE  ID",
          "anna  up     coordinator,self  1.0K  3.0K  now       home  12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "ben   down   peer              1.0K  3.0K  40 s ago  home  12D3KooWBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
        ],
      },
      tty: {
        screen: [
          "NAME  STATE  ROLE              USED  FREE  SEEN      ZONE  ID",
          "anna  up     coordinator,self  1.0K  3.0K  now       home  …AAAAAAAA",
          "ben   down   peer              1.0K  3.0K  40 s ago  home  …BBBBBBBB",
        ],
      },
    },
    {
      lines: "peers --json",
      pipe: {
        out: [
          '{"id":"12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","name":"anna","zone":"home","addresses":["/ip4/127.0.0.1/tcp/4001"],"state":"up","self":true,"connected":true,"capacityBytes":4096,"usedBytes":1024,"freeBytes":3072,"coordinator":true,"silentMs":0}',
          '{"id":"12D3KooWBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB","name":"ben","zone":"home","addresses":["/ip4/127.0.0.1/tcp/4001"],"state":"up","self":false,"connected":true,"capacityBytes":4096,"usedBytes":1024,"freeBytes":3072,"coordinator":false,"silentMs":400}',
        ],
      },
    },
    {
      lines: "peers ben",
      pipe: {
        err: ["peers: too many operands", "usage: peers [--json]"],
        code: 2,
      },
    },
    {
      lines: "peers",
      world: "no-peer",
      pipe: {
        err: ["peers: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
  peer: [
    {
      lines: "peer",
      pipe: {
        out: ["no peer is to be drained or removed"],
      },
    },
    {
      lines: "peer drain --no-wait ben; peer",
      pipe: {
        out: ["NAME  ORDER  SHELVES  LEFT  WAITS FOR", "ben   drain        2  3.0K  other disks are being filled"],
      },
    },
    {
      lines: "peer drain --no-wait ben; peer undrain ben; peer",
      pipe: {
        out: ["no peer is to be drained or removed"],
      },
    },
    {
      lines: "peer drain --no-wait ben; peer --json",
      pipe: {
        out: [
          '{"name":"ben","order":"drain","isDone":false,"shelves":2,"bytes":3072,"reason":"other disks are being filled"}',
        ],
      },
    },
    {
      lines: "peer remove ben; peers",
      world: "three",
      answers: ["y"],
      pipe: {
        err: [
          "peer: remove asks first, and nobody can answer here: give --yes",
          "usage: peer [--no-wait] [--now] [--force] [-y] [--json] [drain|undrain|remove PEER]",
        ],
        code: 2,
      },
      tty: {
        screen: [
          "peer: remove ben from the network, once all its files are on other disks? [y/N] y",
          "ben is removed",
          "NAME  STATE  ROLE              USED  FREE  SEEN        ZONE  ID",
          "anna  up     coordinator,self  1.0K  3.0K  now         home  …AAAAAAAA",
          "cleo  up     peer              1.0K  3.0K  400 ms ago  home  …CCCCCCCC",
        ],
      },
    },
    {
      lines: "peer remove --yes ben; peers",
      world: "three",
      pipe: {
        out: [
          "NAME  STATE  ROLE              USED  FREE  SEEN        ZONE  ID",
          "anna  up     coordinator,self  1.0K  3.0K  now         home  12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "cleo  up     peer              1.0K  3.0K  400 ms ago  home  12D3KooWCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC",
        ],
      },
      tty: {
        screen: [
          "ben is removed",
          "NAME  STATE  ROLE              USED  FREE  SEEN        ZONE  ID",
          "anna  up     coordinator,self  1.0K  3.0K  now         home  …AAAAAAAA",
          "cleo  up     peer              1.0K  3.0K  400 ms ago  home  …CCCCCCCC",
        ],
      },
    },
    {
      lines: "peer remove ben",
      world: "three",
      answers: ["n"],
      pipe: {
        err: [
          "peer: remove asks first, and nobody can answer here: give --yes",
          "usage: peer [--no-wait] [--now] [--force] [-y] [--json] [drain|undrain|remove PEER]",
        ],
        code: 2,
      },
      tty: {
        screen: ["peer: remove ben from the network, once all its files are on other disks? [y/N] n"],
        code: 1,
      },
    },
    {
      lines: "peer remove --now --yes ben; peers",
      world: "three",
      pipe: {
        out: [
          "NAME  STATE  ROLE              USED  FREE  SEEN        ZONE  ID",
          "anna  up     coordinator,self  1.0K  3.0K  now         home  12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "cleo  up     peer              1.0K  3.0K  400 ms ago  home  12D3KooWCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC",
        ],
      },
      tty: {
        screen: [
          "ben is cut off; its files are copied again from other disks (see backup)",
          "NAME  STATE  ROLE              USED  FREE  SEEN        ZONE  ID",
          "anna  up     coordinator,self  1.0K  3.0K  now         home  …AAAAAAAA",
          "cleo  up     peer              1.0K  3.0K  400 ms ago  home  …CCCCCCCC",
        ],
      },
    },
    {
      lines: "peer remove --force --yes --no-wait ben; peer",
      world: "three",
      pipe: {
        out: ["NAME  ORDER    SHELVES  LEFT  WAITS FOR", "ben   abandon        2  3.0K  other disks are being filled"],
      },
    },
    {
      lines: "peer remove",
      pipe: {
        err: [
          "peer: remove needs the name of a peer",
          "usage: peer [--no-wait] [--now] [--force] [-y] [--json] [drain|undrain|remove PEER]",
        ],
        code: 2,
      },
    },
    {
      lines: "peer empty ben",
      pipe: {
        err: [
          'peer: the word is drain, undrain, remove, not "empty"',
          "usage: peer [--no-wait] [--now] [--force] [-y] [--json] [drain|undrain|remove PEER]",
        ],
        code: 2,
      },
    },
    {
      lines: "peer drain --now ben",
      pipe: {
        err: [
          "peer: --now goes with remove only",
          "usage: peer [--no-wait] [--now] [--force] [-y] [--json] [drain|undrain|remove PEER]",
        ],
        code: 2,
      },
    },
    {
      lines: "peer drain anna",
      world: "alone",
      pipe: {
        err: [
          "peer: anna is the only peer that stores files: add another first",
          "usage: peer [--no-wait] [--now] [--force] [-y] [--json] [drain|undrain|remove PEER]",
        ],
        code: 2,
      },
    },
    {
      lines: "peer drain zoe",
      pipe: {
        err: ["peer: zoe: there is no such peer"],
        code: 3,
      },
    },
    {
      lines: "peer drain ben",
      world: "bob",
      pipe: {
        err: ["peer: only an administrator may do this: ask ann"],
        code: 4,
      },
    },
    {
      lines: "peer drain ben",
      world: "no-quorum",
      pipe: {
        err: ["peer: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  coordinator: [
    {
      lines: "coordinator",
      pipe: {
        out: [
          "term 3, 7 entries committed, 7 applied",
          "NAME  ROLE     STATE   MATCH  LAG",
          "anna  leader   active      7    0",
          "ben   learner  active      5    2",
        ],
      },
    },
    {
      lines: "coordinator --json",
      pipe: {
        out: [
          '{"hasQuorum":true,"ageMs":0,"term":3,"commitIndex":7,"appliedIndex":7,"leader":"anna","members":[{"name":"anna","role":"voter","isLeader":true,"isActive":true,"matchIndex":7,"lagEntries":0},{"name":"ben","role":"learner","isLeader":false,"isActive":true,"matchIndex":5,"lagEntries":2}]}',
        ],
      },
    },
    {
      lines: "coordinator add ben; coordinator",
      pipe: {
        out: [
          "term 3, 7 entries committed, 7 applied",
          "NAME  ROLE    STATE   MATCH  LAG",
          "anna  leader  active      7    0",
          "ben   voter   active      5    2",
        ],
      },
    },
    {
      lines: "coordinator add ben; coordinator transfer ben; coordinator",
      pipe: {
        out: [
          "term 3, 7 entries committed, 7 applied",
          "NAME  ROLE    STATE   MATCH  LAG",
          "anna  voter   active      7    0",
          "ben   leader  active      5    2",
        ],
      },
    },
    {
      lines: "coordinator add ben; coordinator remove anna; coordinator",
      answers: ["y"],
      pipe: {
        out: [
          "term 3, 7 entries committed, 7 applied",
          "NAME  ROLE     STATE   MATCH  LAG",
          "anna  learner  active      7    0",
          "ben   leader   active      5    2",
        ],
      },
      tty: {
        screen: [
          "coordinator: remove anna from the coordinators? [y/N] y",
          "term 3, 7 entries committed, 7 applied",
          "NAME  ROLE     STATE   MATCH  LAG",
          "anna  learner  active      7    0",
          "ben   leader   active      5    2",
        ],
      },
    },
    {
      lines: "coordinator add ben; coordinator remove anna",
      answers: ["n"],
      pipe: {},
      tty: {
        screen: ["coordinator: remove anna from the coordinators? [y/N] n"],
        code: 1,
      },
    },
    {
      lines: "coordinator add ben; coordinator remove -f anna; coordinator",
      pipe: {
        out: [
          "term 3, 7 entries committed, 7 applied",
          "NAME  ROLE     STATE   MATCH  LAG",
          "anna  learner  active      7    0",
          "ben   leader   active      5    2",
        ],
      },
    },
    {
      lines: "coordinator remove -f anna",
      pipe: {
        err: [
          "coordinator: the last coordinator cannot be removed",
          "usage: coordinator [-f] [--json] [add|remove|transfer PEER]",
        ],
        code: 2,
      },
    },
    {
      lines: "coordinator transfer ben",
      pipe: {
        err: [
          "coordinator: ben is no coordinator: add it first",
          "usage: coordinator [-f] [--json] [add|remove|transfer PEER]",
        ],
        code: 2,
      },
    },
    {
      lines: "coordinator elect ben",
      pipe: {
        err: [
          'coordinator: the word is add, remove, transfer, not "elect"',
          "usage: coordinator [-f] [--json] [add|remove|transfer PEER]",
        ],
        code: 2,
      },
    },
    {
      lines: "coordinator add zoe",
      pipe: {
        err: ["coordinator: zoe: there is no such peer"],
        code: 3,
      },
    },
    {
      lines: "coordinator add ben",
      world: "bob",
      pipe: {
        err: ["coordinator: only an administrator may do this: ask ann"],
        code: 4,
      },
    },
    {
      lines: "coordinator add ben",
      world: "no-quorum",
      pipe: {
        err: ["coordinator: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  doctor: [
    {
      lines: "doctor",
      pipe: {
        out: [
          "machine",
          "  ok       node           all is well",
          "  ok       memory         all is well",
          "  ok       open-files     all is well",
          "  ok       data-folder    all is well",
          "  ok       file-system    all is well",
          "disk",
          "  ok       free-space     all is well",
          "  ok       write          all is well",
          "  ok       chunks         all is well",
          "ports",
          "  ok       port           all is well",
          "  ok       listening      all is well",
          "  ok       reachable      all is well",
          "clock",
          "  ok       jumps          all is well",
          "  ok       skew           all is well",
          "coordinators",
          "  ok       quorum         all is well",
          "  ok       leader         all is well",
          "  ok       lag            all is well",
          "  ok       round-trip     all is well",
          "finger table",
          "  ok       fingers        all is well",
          "  ok       own-record     all is well",
          "  ok       announcing     all is well",
          "backup",
          "  ok       copies         all is well",
          "  ok       lag            all is well",
          "  ok       verified       all is well",
          "users",
          "  ok       administrator  all is well",
          "versions",
          "  ok       versions       all is well",
          "25 checks: 25 ok, 0 warnings, 0 faults",
        ],
      },
      tty: {
        screen: [
          "machine",
          "  \u001b[32mok     \u001b[0m  node           all is well",
          "  \u001b[32mok     \u001b[0m  memory         all is well",
          "  \u001b[32mok     \u001b[0m  open-files     all is well",
          "  \u001b[32mok     \u001b[0m  data-folder    all is well",
          "  \u001b[32mok     \u001b[0m  file-system    all is well",
          "disk",
          "  \u001b[32mok     \u001b[0m  free-space     all is well",
          "  \u001b[32mok     \u001b[0m  write          all is well",
          "  \u001b[32mok     \u001b[0m  chunks         all is well",
          "ports",
          "  \u001b[32mok     \u001b[0m  port           all is well",
          "  \u001b[32mok     \u001b[0m  listening      all is well",
          "  \u001b[32mok     \u001b[0m  reachable      all is well",
          "clock",
          "  \u001b[32mok     \u001b[0m  jumps          all is well",
          "  \u001b[32mok     \u001b[0m  skew           all is well",
          "coordinators",
          "  \u001b[32mok     \u001b[0m  quorum         all is well",
          "  \u001b[32mok     \u001b[0m  leader         all is well",
          "  \u001b[32mok     \u001b[0m  lag            all is well",
          "  \u001b[32mok     \u001b[0m  round-trip     all is well",
          "finger table",
          "  \u001b[32mok     \u001b[0m  fingers        all is well",
          "  \u001b[32mok     \u001b[0m  own-record     all is well",
          "  \u001b[32mok     \u001b[0m  announcing     all is well",
          "backup",
          "  \u001b[32mok     \u001b[0m  copies         all is well",
          "  \u001b[32mok     \u001b[0m  lag            all is well",
          "  \u001b[32mok     \u001b[0m  verified       all is well",
          "users",
          "  \u001b[32mok     \u001b[0m  administrator  all is well",
          "versions",
          "  \u001b[32mok     \u001b[0m  versions       all is well",
          "25 checks: 25 ok, 0 warnings, 0 faults",
        ],
      },
    },
    {
      lines: "doctor --json",
      pipe: {
        out: [
          '{"area":"machine","name":"node","outcome":"ok","found":"all is well"}',
          '{"area":"machine","name":"memory","outcome":"ok","found":"all is well"}',
          '{"area":"machine","name":"open-files","outcome":"ok","found":"all is well"}',
          '{"area":"machine","name":"data-folder","outcome":"ok","found":"all is well"}',
          '{"area":"machine","name":"file-system","outcome":"ok","found":"all is well"}',
          '{"area":"disk","name":"free-space","outcome":"ok","found":"all is well"}',
          '{"area":"disk","name":"write","outcome":"ok","found":"all is well"}',
          '{"area":"disk","name":"chunks","outcome":"ok","found":"all is well"}',
          '{"area":"ports","name":"port","outcome":"ok","found":"all is well"}',
          '{"area":"ports","name":"listening","outcome":"ok","found":"all is well"}',
          '{"area":"ports","name":"reachable","outcome":"ok","found":"all is well"}',
          '{"area":"clock","name":"jumps","outcome":"ok","found":"all is well"}',
          '{"area":"clock","name":"skew","outcome":"ok","found":"all is well"}',
          '{"area":"coordinators","name":"quorum","outcome":"ok","found":"all is well"}',
          '{"area":"coordinators","name":"leader","outcome":"ok","found":"all is well"}',
          '{"area":"coordinators","name":"lag","outcome":"ok","found":"all is well"}',
          '{"area":"coordinators","name":"round-trip","outcome":"ok","found":"all is well"}',
          '{"area":"finger table","name":"fingers","outcome":"ok","found":"all is well"}',
          '{"area":"finger table","name":"own-record","outcome":"ok","found":"all is well"}',
          '{"area":"finger table","name":"announcing","outcome":"ok","found":"all is well"}',
          '{"area":"backup","name":"copies","outcome":"ok","found":"all is well"}',
          '{"area":"backup","name":"lag","outcome":"ok","found":"all is well"}',
          '{"area":"backup","name":"verified","outcome":"ok","found":"all is well"}',
          '{"area":"users","name":"administrator","outcome":"ok","found":"all is well"}',
          '{"area":"versions","name":"versions","outcome":"ok","found":"all is well"}',
        ],
      },
    },
    {
      lines: "doctor",
      world: "no-peer",
      pipe: {
        out: [
          "machine",
          "  fault    peer           no peer can be asked: the peer does not answer at its control socket",
          "                          → the peer runs and does not answer: end it (its process is in holder.json of the data folder) and start it anew",
          "1 check: 0 ok, 0 warnings, 1 fault",
        ],
        code: 1,
      },
      tty: {
        screen: [
          "machine",
          "  \u001b[31mfault  \u001b[0m  peer           no peer can be asked: the peer does not answer at its control socket",
          "                          → the peer runs and does not answer: end it (its process is in holder.json of the data folder) and start it anew",
          "1 check: 0 ok, 0 warnings, 1 fault",
        ],
        code: 1,
      },
    },
    {
      lines: "doctor ben",
      pipe: {
        err: ["doctor: too many operands", "usage: doctor [--json]"],
        code: 2,
      },
    },
  ],
  fingers: [
    {
      lines: "fingers",
      pipe: {
        out: [
          "1 finger, 5 holder records, 0 to announce, 1 cached",
          "BITS  NAME  ID                                                    ADDRESSES",
          "   3  ben   12D3KooWBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB  /ip4/10.0.0.2/tcp/4001",
        ],
      },
    },
    {
      lines: "fingers --json",
      pipe: {
        out: [
          '{"self":"12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","fingers":[{"id":"12D3KooWBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB","name":"ben","commonPrefixBits":3,"addresses":["/ip4/10.0.0.2/tcp/4001"]}],"records":5,"announceQueue":0,"cachedKeys":1,"sample":[]}',
        ],
      },
    },
    {
      lines: "fingers ben",
      pipe: {
        err: ["fingers: too many operands", "usage: fingers [--json]"],
        code: 2,
      },
    },
    {
      lines: "fingers",
      world: "no-peer",
      pipe: {
        err: ["fingers: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
  invite: [
    {
      lines: "invite",
      pipe: {
        out: ["dfs1-invite-text"],
      },
      tty: {
        screen: ["dfs1-invite-text", "valid until 2026-11-02T12:00:00.000Z; on the new machine: dfs-shell join INVITE"],
      },
    },
    {
      lines: "invite --json",
      pipe: {
        out: ['{"invite":"dfs1-invite-text","expires":"2026-11-02T12:00:00.000Z"}'],
      },
      tty: {
        screen: [
          '{"invite":"dfs1-invite-text","expires":"2026-11-02T12:00:00.000Z"}',
          "valid until 2026-11-02T12:00:00.000Z; on the new machine: dfs-shell join INVITE",
        ],
      },
    },
    {
      lines: "invite --uses 5 --expires 2h --role client; invite list",
      pipe: {
        out: [
          "dfs1-invite-text",
          "ID        ROLE    USES  EXPIRES           BY",
          "6cda69b4  client     5  2026-11-01 14:00  anna",
        ],
      },
      tty: {
        screen: [
          "dfs1-invite-text",
          "valid until 2026-11-01T14:00:00.000Z; on each of 5 new machines: dfs-shell join INVITE",
          "ID        ROLE    USES  EXPIRES           BY",
          "6cda69b4  client     5  2026-11-01 14:00  anna",
        ],
      },
    },
    {
      lines: "invite > invite.txt; !cat invite.txt",
      pipe: {
        out: ["dfs1-invite-text"],
      },
    },
    {
      lines: "invite; invite list --json",
      pipe: {
        out: [
          "dfs1-invite-text",
          '{"id":"6cda69b4","role":"storage","usesLeft":1,"createdBy":"anna","expires":"2026-11-02T12:00:00.000Z"}',
        ],
      },
      tty: {
        screen: [
          "dfs1-invite-text",
          "valid until 2026-11-02T12:00:00.000Z; on the new machine: dfs-shell join INVITE",
          '{"id":"6cda69b4","role":"storage","usesLeft":1,"createdBy":"anna","expires":"2026-11-02T12:00:00.000Z"}',
        ],
      },
    },
    {
      lines: "invite list",
      pipe: {},
      tty: {
        screen: ["no invite counts"],
      },
    },
    {
      lines: "invite --role king",
      pipe: {
        err: [
          'invite: --role is storage or client, not "king"',
          "usage: invite [--uses N] [--expires SPAN] [--role ROLE] [--json] [list | revoke ID]",
        ],
        code: 2,
      },
    },
    {
      lines: "invite --uses 0",
      pipe: {
        err: [
          'invite: --uses needs a whole number of at least 1, not "0"',
          "usage: invite [--uses N] [--expires SPAN] [--role ROLE] [--json] [list | revoke ID]",
        ],
        code: 2,
      },
    },
    {
      lines: "invite revoke",
      pipe: {
        err: [
          "invite: revoke, and only that, needs an id",
          "usage: invite [--uses N] [--expires SPAN] [--role ROLE] [--json] [list | revoke ID]",
        ],
        code: 2,
      },
    },
    {
      lines: "invite revoke 1f0a2b3c",
      pipe: {
        err: ["invite: 1f0a2b3c: there is no such invite"],
        code: 3,
      },
    },
    {
      lines: "invite",
      world: "bob",
      pipe: {
        err: ["invite: only an administrator may do this: ask ann"],
        code: 4,
      },
    },
    {
      lines: "invite",
      world: "no-quorum",
      pipe: {
        err: ["invite: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  ncdu: [
    {
      lines: "ncdu photos",
      keys: "q",
      pipe: {
        err: ["ncdu: this needs a terminal: du -ah prints all sizes, du -sh the sum", "usage: ncdu [--stale] [DIR]"],
        code: 2,
      },
      tty: {
        screen: "",
      },
    },
    {
      lines: "ncdu --stale",
      keys: "q",
      world: "no-quorum",
      pipe: {
        err: [
          "ncdu: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "ncdu: this needs a terminal: du -ah prints all sizes, du -sh the sum",
          "usage: ncdu [--stale] [DIR]",
        ],
        code: 2,
      },
      tty: {
        screen: ["ncdu: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators doe", "s not answer"],
      },
    },
    {
      lines: "ncdu",
      pipe: {
        err: ["ncdu: this needs a terminal: du -ah prints all sizes, du -sh the sum", "usage: ncdu [--stale] [DIR]"],
        code: 2,
      },
    },
    {
      lines: "ncdu nope",
      keys: "q",
      pipe: {
        err: ["ncdu: this needs a terminal: du -ah prints all sizes, du -sh the sum", "usage: ncdu [--stale] [DIR]"],
        code: 2,
      },
      tty: {
        screen: ["ncdu: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "ncdu plan.md",
      keys: "q",
      pipe: {
        err: ["ncdu: this needs a terminal: du -ah prints all sizes, du -sh the sum", "usage: ncdu [--stale] [DIR]"],
        code: 2,
      },
      tty: {
        screen: ["ncdu: plan.md: not a directory"],
        code: 4,
      },
    },
    {
      lines: "ncdu",
      keys: "q",
      world: "no-quorum",
      pipe: {
        err: ["ncdu: this needs a terminal: du -ah prints all sizes, du -sh the sum", "usage: ncdu [--stale] [DIR]"],
        code: 2,
      },
      tty: {
        screen: ["ncdu: .: no majority of the coordinators answers; use --stale to see what is kno", "wn"],
        code: 5,
      },
    },
  ],
};
