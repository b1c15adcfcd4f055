/** Users, logins and shares. */
import type { CaseTable } from "./case.ts";

export const people: CaseTable = {
  login: [
    {
      lines: "login bob; whoami",
      world: "users",
      answers: ["correct horse battery"],
      pipe: {
        err: [
          "login: a password is needed, and nobody can be asked here: give --password-file, DFS_PASSWORD or DFS_PASSWORD_FILE",
          "usage: login [--password-file FILE] [--remember[=SPAN]] [[-u] USER]",
        ],
        code: 2,
      },
      tty: {
        screen: [
          "\u001b[?2004hpassword of bob: \u001b[?2004l",
          "logged in as bob",
          "bob",
          "uses 0 B of 10.0 MiB",
          "keys 01f5b72416c4809b",
        ],
      },
    },
    {
      lines: "login -u bob --password-file ann.password; whoami",
      world: "users",
      pipe: {
        out: ["bob"],
      },
      tty: {
        screen: ["logged in as bob", "bob", "uses 0 B of 10.0 MiB", "keys 01f5b72416c4809b"],
      },
    },
    {
      lines: "login --remember=7d --password-file ann.password bob; whoami",
      world: "users",
      pipe: {
        out: ["bob"],
      },
      tty: {
        screen: [
          "logged in as bob, remembered here until 2026-11-08 12:00",
          "bob, remembered here until 2026-11-08 12:00",
          "uses 0 B of 10.0 MiB",
          "keys 01f5b72416c4809b",
        ],
      },
    },
    {
      lines: "login; whoami",
      world: "users",
      env: {
        DFS_USER: "bob",
        DFS_PASSWORD_FILE: "ann.password",
      },
      pipe: {
        out: ["bob"],
      },
      tty: {
        screen: ["logged in as bob", "bob", "uses 0 B of 10.0 MiB", "keys 01f5b72416c4809b"],
      },
    },
    {
      lines: "login bob",
      world: "users",
      env: {
        DFS_PASSWORD: "correct horse battery",
        DFS_USER: "bob",
      },
      pipe: {},
      tty: {
        screen: ["logged in as bob"],
      },
    },
    {
      lines: "login a b",
      world: "users",
      pipe: {
        err: ["login: too many operands", "usage: login [--password-file FILE] [--remember[=SPAN]] [[-u] USER]"],
        code: 2,
      },
    },
    {
      lines: "login bob",
      world: "users",
      answers: ["wrong wrong wrong"],
      pipe: {
        err: [
          "login: a password is needed, and nobody can be asked here: give --password-file, DFS_PASSWORD or DFS_PASSWORD_FILE",
          "usage: login [--password-file FILE] [--remember[=SPAN]] [[-u] USER]",
        ],
        code: 2,
      },
      tty: {
        screen: ["\u001b[?2004hpassword of bob: \u001b[?2004l", "login: wrong user or password"],
        code: 4,
      },
    },
    {
      lines: "login --password-file nope bob",
      world: "users",
      pipe: {
        err: ["login: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "login --password-file wrong.password bob",
      world: "users",
      pipe: {
        err: ["login: wrong user or password"],
        code: 4,
      },
    },
    {
      lines: "login --password-file open.password bob",
      world: "users",
      pipe: {
        err: ['login: open.password: others can read this password file: run "chmod 600" on it, and try again'],
        code: 4,
      },
    },
    {
      lines: "login --password-file ann.password bob",
      world: "no-quorum",
      pipe: {
        err: ["login: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  logout: [
    {
      lines: "logout; whoami",
      world: "users",
      pipe: {
        out: ["shared"],
      },
      tty: {
        screen: ["logged out: / is what all members share", "shared: nobody is logged in; / is what all members share"],
      },
    },
    {
      lines: "logout now",
      world: "users",
      pipe: {
        err: ["logout: too many operands", "usage: logout"],
        code: 2,
      },
    },
    {
      lines: "logout",
      world: "no-peer",
      pipe: {
        err: ["logout: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
  whoami: [
    {
      lines: "whoami",
      world: "users",
      pipe: {
        out: ["ann"],
      },
      tty: {
        screen: ["ann (administrator)", "uses 5 B, without a quota", "keys 81ff7a62a8a2cb1a"],
      },
    },
    {
      lines: "whoami",
      pipe: {
        out: ["shared"],
      },
      tty: {
        screen: ["shared: nobody is logged in; / is what all members share"],
      },
    },
    {
      lines: "whoami --json",
      world: "users",
      pipe: {
        out: [
          '{"name":"ann","id":"a3bdfe083ab510713decc183624b0d36","isAdmin":true,"usedBytes":5,"quotaBytes":null,"fingerprint":"81ff7a62a8a2cb1a","isShared":false}',
        ],
      },
    },
    {
      lines: "whoami --stale",
      world: "no-quorum",
      pipe: {
        out: ["shared"],
        err: ["whoami: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "whoami: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "shared: nobody is logged in; / is what all members share",
        ],
      },
    },
    {
      lines: "whoami bob",
      world: "users",
      pipe: {
        err: ["whoami: too many operands", "usage: whoami [--stale] [--json]"],
        code: 2,
      },
    },
    {
      lines: "whoami",
      world: "no-quorum",
      pipe: {
        err: ["whoami: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  passwd: [
    {
      lines: "passwd",
      world: "users",
      answers: ["correct horse battery", "a much longer one", "a much longer one"],
      pipe: {
        err: [
          "passwd: a password is needed, and nobody can be asked here: give --password-file, DFS_PASSWORD or DFS_PASSWORD_FILE",
          "usage: passwd [--password-file FILE] [--new-password-file FILE]",
        ],
        code: 2,
      },
      tty: {
        screen: [
          "\u001b[?2004hpassword of ann: \u001b[?2004l",
          "\u001b[?2004hnew password of ann: \u001b[?2004l",
          "\u001b[?2004hthe same again: \u001b[?2004l",
          "the new password counts from now on",
        ],
      },
    },
    {
      lines: "passwd --password-file ann.password --new-password-file new.password; echo changed",
      world: "users",
      pipe: {
        out: ["changed"],
      },
      tty: {
        screen: ["the new password counts from now on", "changed"],
      },
    },
    {
      lines: "passwd now",
      world: "users",
      pipe: {
        err: ["passwd: too many operands", "usage: passwd [--password-file FILE] [--new-password-file FILE]"],
        code: 2,
      },
    },
    {
      lines: "passwd --password-file nope",
      world: "users",
      pipe: {
        err: ["passwd: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "passwd --password-file wrong.password --new-password-file new.password",
      world: "users",
      pipe: {
        err: ["passwd: the old password is wrong"],
        code: 4,
      },
    },
    {
      lines: "passwd --password-file ann.password",
      world: "users",
      answers: ["short", "short"],
      pipe: {
        err: [
          "passwd: a password is needed, and nobody can be asked here: give --new-password-file",
          "usage: passwd [--password-file FILE] [--new-password-file FILE]",
        ],
        code: 2,
      },
      tty: {
        screen: [
          "\u001b[?2004hnew password of ann: \u001b[?2004l",
          "\u001b[?2004hthe same again: \u001b[?2004l",
          "passwd: a password has 10 to 256 characters",
          "usage: passwd [--password-file FILE] [--new-password-file FILE]",
        ],
        code: 2,
      },
    },
    {
      lines: "passwd",
      world: "no-peer",
      pipe: {
        err: ["passwd: the peer does not answer at its control socket"],
        code: 5,
      },
    },
    {
      lines: "passwd",
      pipe: {
        err: ["passwd: nobody is logged in: see login"],
        code: 6,
      },
    },
  ],
  share: [
    {
      lines: "share /docs bob; shares",
      world: "users",
      pipe: {
        out: ["OWNER  USER  MAY   SINCE             PATH", "ann    bob   read  2026-11-01 12:00  /docs"],
      },
      tty: {
        screen: [
          "bob can read it, and finds it in /from/ann",
          "OWNER  USER  MAY   SINCE             PATH",
          "ann    bob   read  2026-11-01 12:00  \u001b[1;34m/docs\u001b[0m",
        ],
      },
    },
    {
      lines: "share --write /docs bob; shares",
      world: "users",
      pipe: {
        out: ["OWNER  USER  MAY    SINCE             PATH", "ann    bob   write  2026-11-01 12:00  /docs"],
      },
      tty: {
        screen: [
          "bob can read and change it, and finds it in /from/ann",
          "OWNER  USER  MAY    SINCE             PATH",
          "ann    bob   write  2026-11-01 12:00  \u001b[1;34m/docs\u001b[0m",
        ],
      },
    },
    {
      lines: "share / bob",
      world: "users",
      pipe: {
        err: ["share: /: the root cannot be shared: share a directory in it", "usage: share [--write] PATH USER"],
        code: 2,
      },
    },
    {
      lines: "share /docs",
      world: "users",
      pipe: {
        err: ["share: an operand is missing", "usage: share [--write] PATH USER"],
        code: 2,
      },
    },
    {
      lines: "share /docs carol",
      world: "users",
      pipe: {
        err: ["share: carol: there is no such user"],
        code: 3,
      },
    },
    {
      lines: "share /nope bob",
      world: "users",
      pipe: {
        err: ["share: /nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "share /docs bob",
      world: "no-peer",
      pipe: {
        err: ["share: the peer does not answer at its control socket"],
        code: 5,
      },
    },
    {
      lines: "share photos bob",
      pipe: {
        err: ["share: nobody is logged in: see login"],
        code: 6,
      },
    },
  ],
  unshare: [
    {
      lines: "share /docs bob; unshare /docs bob; shares",
      world: "users",
      pipe: {},
      tty: {
        screen: [
          "bob can read it, and finds it in /from/ann",
          "bob cannot reach it any more; whatever bob has read or copied stays with bob",
          "nothing is shared",
        ],
      },
    },
    {
      lines: "unshare /docs",
      world: "users",
      pipe: {
        err: ["unshare: an operand is missing", "usage: unshare PATH USER"],
        code: 2,
      },
    },
    {
      lines: "unshare /docs bob",
      world: "users",
      pipe: {
        err: ["unshare: /docs: it is not shared with bob"],
        code: 3,
      },
    },
    {
      lines: "unshare /docs bob",
      world: "no-peer",
      pipe: {
        err: ["unshare: the peer does not answer at its control socket"],
        code: 5,
      },
    },
    {
      lines: "unshare photos bob",
      pipe: {
        err: ["unshare: nobody is logged in: see login"],
        code: 6,
      },
    },
  ],
  shares: [
    {
      lines: "share /docs bob; shares",
      world: "users",
      pipe: {
        out: ["OWNER  USER  MAY   SINCE             PATH", "ann    bob   read  2026-11-01 12:00  /docs"],
      },
      tty: {
        screen: [
          "bob can read it, and finds it in /from/ann",
          "OWNER  USER  MAY   SINCE             PATH",
          "ann    bob   read  2026-11-01 12:00  \u001b[1;34m/docs\u001b[0m",
        ],
      },
    },
    {
      lines: "share /docs bob; shares --by",
      world: "users",
      pipe: {
        out: ["OWNER  USER  MAY   SINCE             PATH", "ann    bob   read  2026-11-01 12:00  /docs"],
      },
      tty: {
        screen: [
          "bob can read it, and finds it in /from/ann",
          "OWNER  USER  MAY   SINCE             PATH",
          "ann    bob   read  2026-11-01 12:00  \u001b[1;34m/docs\u001b[0m",
        ],
      },
    },
    {
      lines: "shares",
      world: "users",
      pipe: {},
      tty: {
        screen: ["nothing is shared"],
      },
    },
    {
      lines: "shares --to",
      world: "bob",
      pipe: {},
      tty: {
        screen: ["nothing is shared"],
      },
    },
    {
      lines: "share /song.txt ann; shares --json",
      world: "bob",
      pipe: {
        out: [
          '{"owner":"bob","grantee":"ann","path":"/song.txt","kind":"file","mayWrite":false,"since":"2026-11-01T12:00:00.000Z"}',
        ],
      },
      tty: {
        screen: [
          "ann can read it, and finds it in /from/bob",
          '{"owner":"bob","grantee":"ann","path":"/song.txt","kind":"file","mayWrite":false,"since":"2026-11-01T12:00:00.000Z"}',
        ],
      },
    },
    {
      lines: "shares --stale",
      world: "no-quorum",
      pipe: {
        err: ["shares: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "shares: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "nothing is shared",
        ],
      },
    },
    {
      lines: "shares all",
      world: "users",
      pipe: {
        err: ["shares: too many operands", "usage: shares [--by|--to] [--stale] [--json]"],
        code: 2,
      },
    },
    {
      lines: "shares",
      world: "no-quorum",
      pipe: {
        err: ["shares: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  users: [
    {
      lines: "users",
      world: "users",
      pipe: {
        out: [
          "NAME    ROLE           USED  QUOTA  KEYS",
          "ann     administrator     5      -  81ff7a62a8a2cb1a",
          "bob     user              0    10M  01f5b72416c4809b",
          "shared  everybody      4.5K      -  93d2b07e01dcbcd0",
        ],
      },
    },
    {
      lines: "users --json",
      world: "users",
      pipe: {
        out: [
          '{"name":"ann","id":"a3bdfe083ab510713decc183624b0d36","isAdmin":true,"usedBytes":5,"quotaBytes":null,"fingerprint":"81ff7a62a8a2cb1a"}',
          '{"name":"bob","id":"f2131cab58fd38a2a2f4befecbe0125d","isAdmin":false,"usedBytes":0,"quotaBytes":10485760,"fingerprint":"01f5b72416c4809b"}',
          '{"name":"shared","id":"993c6ffde5f47a69ec25572946bba452","isAdmin":false,"usedBytes":4549,"quotaBytes":null,"fingerprint":"93d2b07e01dcbcd0"}',
        ],
      },
    },
    {
      lines: "users --stale",
      world: "no-quorum",
      pipe: {
        out: ["NAME    ROLE       USED  QUOTA  KEYS", "shared  everybody  4.5K      -  93d2b07e01dcbcd0"],
        err: ["users: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "users: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "NAME    ROLE       USED  QUOTA  KEYS",
          "shared  everybody  4.5K      -  93d2b07e01dcbcd0",
        ],
      },
    },
    {
      lines: "users all",
      world: "users",
      pipe: {
        err: ["users: too many operands", "usage: users [--stale] [--json]"],
        code: 2,
      },
    },
    {
      lines: "users",
      world: "no-quorum",
      pipe: {
        err: ["users: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  adduser: [
    {
      lines: "adduser carol",
      world: "users",
      answers: ["long enough, this", "long enough, this"],
      pipe: {
        err: [
          "adduser: a password is needed, and nobody can be asked here: give --password-file",
          "usage: adduser [--password-file FILE] [--quota SIZE] USER",
        ],
        code: 2,
      },
      tty: {
        screen: [
          "\u001b[?2004hnew password of carol: \u001b[?2004l",
          "\u001b[?2004hthe same again: \u001b[?2004l",
          'carol is a user now: "login carol" acts for carol; a lost password cannot be replaced',
        ],
      },
    },
    {
      lines: "adduser --password-file new.password --quota 20G carol; users",
      world: "users",
      pipe: {
        out: [
          "NAME    ROLE           USED  QUOTA  KEYS",
          "ann     administrator     5      -  81ff7a62a8a2cb1a",
          "bob     user              0    10M  01f5b72416c4809b",
          "carol   user              0    20G  d3605ec4a8f8f85a",
          "shared  everybody      4.5K      -  93d2b07e01dcbcd0",
        ],
      },
      tty: {
        screen: [
          'carol is a user now: "login carol" acts for carol; a lost password cannot be replaced',
          "NAME    ROLE           USED  QUOTA  KEYS",
          "ann     administrator     5      -  81ff7a62a8a2cb1a",
          "bob     user              0    10M  01f5b72416c4809b",
          "carol   user              0    20G  d3605ec4a8f8f85a",
          "shared  everybody      4.5K      -  93d2b07e01dcbcd0",
        ],
      },
    },
    {
      lines: "adduser --password-file new.password ann",
      pipe: {},
      tty: {
        screen: ['ann is a user and administrator now: "login ann" acts for ann; a lost password cannot be replaced'],
      },
    },
    {
      lines: "adduser --password-file nope carol",
      world: "users",
      pipe: {
        err: ["adduser: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "adduser carol",
      world: "users",
      answers: [
        "one two three four",
        "another one",
        "one two three four",
        "another one",
        "one two three four",
        "another one",
      ],
      pipe: {
        err: [
          "adduser: a password is needed, and nobody can be asked here: give --password-file",
          "usage: adduser [--password-file FILE] [--quota SIZE] USER",
        ],
        code: 2,
      },
      tty: {
        screen: [
          "\u001b[?2004hnew password of carol: \u001b[?2004l",
          "\u001b[?2004hthe same again: \u001b[?2004l",
          "the two passwords differ: once more",
          "\u001b[?2004hnew password of carol: \u001b[?2004l",
          "\u001b[?2004hthe same again: \u001b[?2004l",
          "the two passwords differ: once more",
          "\u001b[?2004hnew password of carol: \u001b[?2004l",
          "\u001b[?2004hthe same again: \u001b[?2004l",
          "adduser: the two passwords differ: nothing was changed",
          "usage: adduser [--password-file FILE] [--quota SIZE] USER",
        ],
        code: 2,
      },
    },
    {
      lines: "adduser --password-file new.password Carol!",
      world: "users",
      pipe: {
        err: [
          'adduser: not a user name (1 to 32 lower-case letters, digits, dots, dashes and underscores, the first a letter): "Carol!"',
          "usage: adduser [--password-file FILE] [--quota SIZE] USER",
        ],
        code: 2,
      },
    },
    {
      lines: "adduser --password-file new.password bob",
      world: "users",
      pipe: {
        err: ["adduser: bob: there is a user of this name already"],
        code: 4,
      },
    },
    {
      lines: "adduser --password-file new.password carol",
      world: "bob",
      pipe: {
        err: ["adduser: only an administrator may do this: ask ann"],
        code: 4,
      },
    },
    {
      lines: "adduser --password-file new.password carol",
      world: "no-quorum",
      pipe: {
        err: ["adduser: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  userdel: [
    {
      lines: "userdel bob; users",
      world: "users",
      answers: ["y"],
      pipe: {
        err: ["userdel: it asks first, and nobody can answer here: give --force", "usage: userdel [-f] USER"],
        code: 2,
      },
      tty: {
        screen: [
          "userdel: end bob for good, with shares given and received, and all files? [y/N] y",
          "bob is no user any more",
          "NAME    ROLE           USED  QUOTA  KEYS",
          "ann     administrator     5      -  81ff7a62a8a2cb1a",
          "shared  everybody      4.5K      -  93d2b07e01dcbcd0",
        ],
      },
    },
    {
      lines: "userdel bob",
      world: "users",
      answers: ["n"],
      pipe: {
        err: ["userdel: it asks first, and nobody can answer here: give --force", "usage: userdel [-f] USER"],
        code: 2,
      },
      tty: {
        screen: ["userdel: end bob for good, with shares given and received, and all files? [y/N] n"],
        code: 1,
      },
    },
    {
      lines: "userdel -f bob; users",
      world: "users",
      pipe: {
        out: [
          "NAME    ROLE           USED  QUOTA  KEYS",
          "ann     administrator     5      -  81ff7a62a8a2cb1a",
          "shared  everybody      4.5K      -  93d2b07e01dcbcd0",
        ],
      },
      tty: {
        screen: [
          "bob is no user any more",
          "NAME    ROLE           USED  QUOTA  KEYS",
          "ann     administrator     5      -  81ff7a62a8a2cb1a",
          "shared  everybody      4.5K      -  93d2b07e01dcbcd0",
        ],
      },
    },
    {
      lines: "userdel -f ann",
      world: "users",
      pipe: {
        err: ["userdel: ann is the last administrator: make another one first", "usage: userdel [-f] USER"],
        code: 2,
      },
    },
    {
      lines: "userdel",
      world: "users",
      pipe: {
        err: ["userdel: an operand is missing", "usage: userdel [-f] USER"],
        code: 2,
      },
    },
    {
      lines: "userdel -f carol",
      world: "users",
      pipe: {
        err: ["userdel: carol: there is no such user"],
        code: 3,
      },
    },
    {
      lines: "userdel -f ann",
      world: "bob",
      pipe: {
        err: ["userdel: only an administrator may do this: ask ann"],
        code: 4,
      },
    },
    {
      lines: "userdel -f ann",
      world: "no-quorum",
      pipe: {
        err: ["userdel: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  admin: [
    {
      lines: "admin add bob; users",
      world: "users",
      pipe: {
        out: [
          "NAME    ROLE           USED  QUOTA  KEYS",
          "ann     administrator     5      -  81ff7a62a8a2cb1a",
          "bob     administrator     0    10M  01f5b72416c4809b",
          "shared  everybody      4.5K      -  93d2b07e01dcbcd0",
        ],
      },
      tty: {
        screen: [
          "bob is administrator now",
          "NAME    ROLE           USED  QUOTA  KEYS",
          "ann     administrator     5      -  81ff7a62a8a2cb1a",
          "bob     administrator     0    10M  01f5b72416c4809b",
          "shared  everybody      4.5K      -  93d2b07e01dcbcd0",
        ],
      },
    },
    {
      lines: "admin add bob; admin remove bob",
      world: "users",
      pipe: {},
      tty: {
        screen: ["bob is administrator now", "bob is no administrator now"],
      },
    },
    {
      lines: "admin bob",
      world: "users",
      pipe: {
        err: ["admin: an operand is missing", "usage: admin add|remove USER"],
        code: 2,
      },
    },
    {
      lines: "admin make bob",
      world: "users",
      pipe: {
        err: ['admin: the word is add or remove, not "make"', "usage: admin add|remove USER"],
        code: 2,
      },
    },
    {
      lines: "admin remove ann",
      world: "users",
      pipe: {
        err: ["admin: ann is the last administrator: make another one first", "usage: admin add|remove USER"],
        code: 2,
      },
    },
    {
      lines: "admin add carol",
      world: "users",
      pipe: {
        err: ["admin: carol: there is no such user"],
        code: 3,
      },
    },
    {
      lines: "admin add bob",
      world: "bob",
      pipe: {
        err: ["admin: only an administrator may do this: ask ann"],
        code: 4,
      },
    },
    {
      lines: "admin add ann",
      world: "no-quorum",
      pipe: {
        err: ["admin: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  quota: [
    {
      lines: "quota bob",
      world: "users",
      pipe: {
        out: ["bob: 0 B of 10.0 MiB"],
      },
    },
    {
      lines: "quota --json bob",
      world: "users",
      pipe: {
        out: [
          '{"name":"bob","id":"f2131cab58fd38a2a2f4befecbe0125d","isAdmin":false,"usedBytes":0,"quotaBytes":10485760,"fingerprint":"01f5b72416c4809b"}',
        ],
      },
    },
    {
      lines: "quota bob 20G; quota bob",
      world: "users",
      pipe: {
        out: ["bob: 0 B of 20.0 GiB"],
      },
    },
    {
      lines: "quota bob none; quota bob",
      world: "users",
      pipe: {
        out: ["bob: 0 B, without a quota"],
      },
    },
    {
      lines: "quota bob much",
      world: "users",
      pipe: {
        err: [
          'quota: the quota needs a size as 500M, 1.5G or a number of bytes, not "much"',
          "usage: quota [--json] USER [SIZE|none]",
        ],
        code: 2,
      },
    },
    {
      lines: "quota carol",
      world: "users",
      pipe: {
        err: ["quota: carol: there is no such user"],
        code: 3,
      },
    },
    {
      lines: "quota ann 1G",
      world: "bob",
      pipe: {
        err: ["quota: only an administrator may do this: ask ann"],
        code: 4,
      },
    },
    {
      lines: "quota ann",
      world: "no-quorum",
      pipe: {
        err: ["quota: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
};
