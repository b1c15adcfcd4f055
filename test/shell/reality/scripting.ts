/** What scripts are made of: variables, conditions, other scripts. */
import type { CaseTable } from "./case.ts";

export const scripting: CaseTable = {
  set: [
    {
      lines: "set DAY monday; echo $DAY",
      pipe: {
        out: ["monday"],
      },
    },
    {
      lines: "A=1; set B 'two words'; set",
      pipe: {
        out: ["A=1", "B='two words'"],
      },
    },
    {
      lines: "set A 1; set --json",
      pipe: {
        out: ['{"name":"A","value":"1"}'],
      },
    },
    {
      lines: "set -o",
      pipe: {
        out: [
          "set -o errexit",
          "set +o json",
          "set +o keep-going",
          "set -o nounset",
          "set -o pipefail",
          "set +o quiet",
          "set +o stale",
          "set +o trace",
          "set +o verbose",
        ],
      },
    },
    {
      lines: "set -e; set +e; -cat nope; cat nope; echo on",
      pipe: {
        out: ["on"],
        err: ["cat: nope: no such file or directory", "cat: nope: no such file or directory"],
        code: 3,
      },
      tty: {
        screen: ["cat: nope: no such file or directory", "cat: nope: no such file or directory", "on"],
        code: 3,
      },
    },
    {
      lines: "set -k; cat nope; echo on",
      pipe: {
        out: ["on"],
        err: ["cat: nope: no such file or directory"],
        code: 3,
      },
      tty: {
        screen: ["cat: nope: no such file or directory", "on"],
        code: 3,
      },
    },
    {
      lines: "set -q; put notes.txt",
      pipe: {},
    },
    {
      lines: "set -u",
      pipe: {},
    },
    {
      lines: "set +u",
      pipe: {
        err: [
          "set: nounset cannot be switched off",
          "usage: set [--json] [NAME VALUE | -ekquvx | +ekqvx | -o [OPTION] | +o OPTION]",
        ],
        code: 2,
      },
    },
    {
      lines: "set -v; put notes.txt",
      pipe: {
        out: ["put: 1 files, 11 bytes; 1 chunks, 1 new (11 bytes), 1 sent (11 bytes); 2 copies"],
      },
    },
    {
      lines: "set -x; pwd; set +x; pwd",
      pipe: {
        out: ["/", "/"],
        err: ["+ pwd", "+ set +x"],
      },
      tty: {
        screen: ["+ pwd", "/", "+ set +x", "/"],
      },
    },
    {
      lines: "set -o json; ls photos",
      pipe: {
        out: [
          '{"path":"/photos/2025","name":"2025","kind":"directory","sizeBytes":0,"mode":493,"modified":"2026-01-05T12:00:00.000Z","committed":"2026-01-05T12:00:00.000Z","revision":0,"copies":0,"addedBytes":0,"historyBytes":0}',
          '{"path":"/photos/cat.jpg","name":"cat.jpg","kind":"file","sizeBytes":3000,"mode":420,"modified":"2026-10-30T12:00:00.000Z","committed":"2026-10-30T12:00:00.000Z","revision":1,"copies":2,"addedBytes":3000,"historyBytes":0,"fileKey":"bafyreiaifa2x7rgylxtwgscjf3m2px4t5hibulswdrpsqddivdbvp7lomu"}',
        ],
      },
    },
    {
      lines: "set 1A b",
      pipe: {
        err: [
          'set: a variable\'s name has letters, digits and _, and begins with no digit; not "1A"',
          "usage: set [--json] [NAME VALUE | -ekquvx | +ekqvx | -o [OPTION] | +o OPTION]",
        ],
        code: 2,
      },
    },
    {
      lines: "set A",
      pipe: {
        err: [
          "set: a name and a value are needed; a value of several words goes in quotes",
          "usage: set [--json] [NAME VALUE | -ekquvx | +ekqvx | -o [OPTION] | +o OPTION]",
        ],
        code: 2,
      },
    },
    {
      lines: "set -z",
      pipe: {
        err: [
          "set: unknown option '-z'",
          "usage: set [--json] [NAME VALUE | -ekquvx | +ekqvx | -o [OPTION] | +o OPTION]",
        ],
        code: 2,
      },
    },
  ],
  unset: [
    {
      lines: "A=1; unset A; echo $A",
      pipe: {
        err: ["-c:1:20: the variable A is not set", "A=1; unset A; echo $A", "                   ^"],
        code: 2,
      },
    },
    {
      lines: "unset A B",
      pipe: {},
    },
    {
      lines: "unset",
      pipe: {
        err: ["unset: an operand is missing", "usage: unset NAME…"],
        code: 2,
      },
    },
    {
      lines: "unset 1A",
      pipe: {
        err: [
          'unset: a variable\'s name has letters, digits and _, and begins with no digit; not "1A"',
          "usage: unset NAME…",
        ],
        code: 2,
      },
    },
  ],
  source: [
    {
      lines: "source nightly.dfs",
      pipe: {
        out: ["notes.txt"],
      },
      tty: {
        screen: ["1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies", "notes.txt"],
      },
    },
    {
      lines: "source",
      pipe: {
        err: ["source: an operand is missing", "usage: source FILE [PARAMETER…]"],
        code: 2,
      },
    },
    {
      lines: "source nope.dfs",
      pipe: {
        err: ["source: nope.dfs: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "source broken.dfs",
      pipe: {
        err: ["broken.dfs:2:4: the quote ' is never closed", "ls 'photos", "   ^"],
        code: 2,
      },
    },
  ],
  test: [
    {
      lines: "test -e plan.md && echo there",
      pipe: {
        out: ["there"],
      },
    },
    {
      lines: "test -f photos || echo 'no file'",
      pipe: {
        out: ["no file"],
      },
    },
    {
      lines: "test -d photos && echo directory",
      pipe: {
        out: ["directory"],
      },
    },
    {
      lines: "test -s plan.md && echo 'not empty'",
      pipe: {
        out: ["not empty"],
      },
    },
    {
      lines: "test -n '' || echo empty; test -z '' && echo empty",
      pipe: {
        out: ["empty", "empty"],
      },
    },
    {
      lines: "test 3 -gt 2 -a ! -e nope && echo both",
      pipe: {
        out: ["both"],
      },
    },
    {
      lines: "test a = b",
      pipe: {
        code: 1,
      },
    },
    {
      lines: "test 1 -lt",
      pipe: {
        err: ['test: "-lt" is not expected here', "usage: test [--stale] [EXPR]"],
        code: 2,
      },
    },
    {
      lines: "test --stale -e plan.md && echo there",
      world: "no-quorum",
      pipe: {
        out: ["there"],
        err: ["test: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: [
          "test: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer",
          "there",
        ],
      },
    },
    {
      lines: "test -e plan.md",
      world: "no-quorum",
      pipe: {
        err: ["test: plan.md: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  "[": [
    {
      lines: "[ -e plan.md ] && echo there",
      pipe: {
        out: ["there"],
      },
    },
    {
      lines: "[ -f photos ] || [ -d photos ] && echo directory",
      pipe: {
        out: ["directory"],
      },
    },
    {
      lines: "[ -s plan.md ] && echo 'not empty'",
      pipe: {
        out: ["not empty"],
      },
    },
    {
      lines: "[ -n '' ] || [ -z '' ] && echo empty",
      pipe: {
        out: ["empty"],
      },
    },
    {
      lines: "[ a = b ]",
      pipe: {
        code: 1,
      },
    },
    {
      lines: "[ -e plan.md",
      pipe: {
        err: ["[: a ] is missing at the end", "usage: [ [--stale] [EXPR] ]"],
        code: 2,
      },
    },
    {
      lines: "[ --stale -e plan.md ] && echo there",
      world: "no-quorum",
      pipe: {
        out: ["there"],
        err: ["[: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer"],
      },
      tty: {
        screen: ["[: stale: as of 1 min 30 s ago, from anna; a majority of the coordinators does not answer", "there"],
      },
    },
    {
      lines: "[ -e plan.md ]",
      world: "no-quorum",
      pipe: {
        err: ["[: plan.md: no majority of the coordinators answers; use --stale to see what is known"],
        code: 5,
      },
    },
  ],
  ltest: [
    {
      lines: "ltest -e notes.txt && echo there",
      pipe: {
        out: ["there"],
      },
    },
    {
      lines: "ltest -f music || echo 'no file'",
      pipe: {
        out: ["no file"],
      },
    },
    {
      lines: "ltest -d music && echo directory",
      pipe: {
        out: ["directory"],
      },
    },
    {
      lines: "ltest -s notes.txt && echo 'not empty'",
      pipe: {
        out: ["not empty"],
      },
    },
    {
      lines: "ltest -n '' || echo empty; ltest -z '' && echo empty",
      pipe: {
        out: ["empty", "empty"],
      },
    },
    {
      lines: "ltest -e nope",
      pipe: {
        code: 1,
      },
    },
    {
      lines: "ltest -d",
      pipe: {},
    },
    {
      lines: "ltest 1 -lt",
      pipe: {
        err: ['ltest: "-lt" is not expected here', "usage: ltest [EXPR]"],
        code: 2,
      },
    },
  ],
  time: [
    {
      lines: "time ls",
      pipe: {
        out: ["photos", "plan.md", "report.pdf"],
        err: ["real 0.000 s"],
      },
      tty: {
        screen: ["\u001b[1;34mphotos\u001b[0m  plan.md  report.pdf", "real 0.000 s"],
      },
    },
    {
      lines: "time",
      pipe: {
        err: ["time: an operand is missing", "usage: time COMMAND [ARGUMENT…]"],
        code: 2,
      },
    },
    {
      lines: "time !true",
      pipe: {
        err: ['!true: no such command; did you mean "!time COMMAND"?'],
        code: 127,
      },
    },
    {
      lines: "time lss",
      pipe: {
        err: ['lss: no such command; did you mean "ls"?'],
        code: 127,
      },
    },
  ],
  sleep: [
    {
      lines: "sleep 0.01; echo awake",
      pipe: {
        out: ["awake"],
      },
    },
    {
      lines: "sleep soon",
      pipe: {
        err: ['sleep: a time as 5, 1.5m or 2h is needed, at most 24 days, not "soon"', "usage: sleep N[s|m|h]"],
        code: 2,
      },
    },
  ],
};
