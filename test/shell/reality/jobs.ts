/** Transfers that go on in the background, and jobs of the shell. */
import type { CaseTable } from "./case.ts";

export const jobs: CaseTable = {
  top: [
    {
      lines: "top",
      keys: "q",
      pipe: {
        err: ["top: this needs a terminal: jobs -l prints the transfers", "usage: top"],
        code: 2,
      },
      tty: {
        screen: "",
      },
    },
    {
      lines: "top",
      pipe: {
        err: ["top: this needs a terminal: jobs -l prints the transfers", "usage: top"],
        code: 2,
      },
    },
    {
      lines: "top %1",
      pipe: {
        err: ["top: too many operands", "usage: top"],
        code: 2,
      },
    },
    {
      lines: "top",
      keys: "q",
      world: "no-peer",
      pipe: {
        err: ["top: this needs a terminal: jobs -l prints the transfers", "usage: top"],
        code: 2,
      },
      tty: {
        screen: ["top: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
  jobs: [
    {
      lines: "put notes.txt & wait; jobs",
      pipe: {
        out: ["[1]  done  put notes.txt  1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies"],
      },
    },
    {
      lines: "put notes.txt & wait; jobs -l",
      pipe: {
        out: [
          "[1]  done  put notes.txt  1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies",
          "     began 2026-11-01 12:00, ended 2026-11-01 12:00",
        ],
      },
    },
    {
      lines: "put notes.txt & wait; jobs --json",
      pipe: {
        out: [
          '{"id":"1","kind":"put","command":"put notes.txt","state":"done","started":"2026-11-01T12:00:00.000Z","ended":"2026-11-01T12:00:00.000Z","activeMs":0,"foundFiles":1,"foundBytes":11,"endedFiles":1,"endedBytes":11,"failedFiles":0,"bytes":11,"running":[],"summary":{"files":1,"bytes":11,"unchanged":0,"failed":0,"chunks":1,"newChunks":1,"newBytes":11,"directories":0,"sentChunks":1,"sentBytes":11,"copies":2,"copiesWanted":2,"elapsedMs":0}}',
        ],
      },
    },
    {
      lines: "put -R music & jobs",
      world: "slow",
      pipe: {
        out: ["[1]  running  put -R music  begins"],
      },
    },
    {
      lines: "sleep 0.01 & wait; jobs",
      pipe: {
        out: ["[s1]  done  sleep 0.01  a job of this shell"],
      },
    },
    {
      lines: "jobs",
      pipe: {},
      tty: {
        screen: ["no jobs"],
      },
    },
    {
      lines: "jobs %1",
      pipe: {
        err: ["jobs: too many operands", "usage: jobs [-l] [--json]"],
        code: 2,
      },
    },
    {
      lines: "jobs",
      world: "no-peer",
      pipe: {
        err: ["jobs: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
  fg: [
    {
      lines: "put notes.txt & fg; wait; jobs",
      pipe: {
        out: ["put notes.txt"],
      },
      tty: {
        screen: ["put notes.txt", "1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies", "no jobs"],
      },
    },
    {
      lines: "put notes.txt & wait; fg %1",
      pipe: {},
      tty: {
        screen: ["1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies"],
      },
    },
    {
      lines: "put notes.txt & fg %1",
      pipe: {
        out: ["put notes.txt"],
      },
      tty: {
        screen: ["put notes.txt", "1 file, 11 B in 0 ms (10.7 KiB/s), 2 copies"],
      },
    },
    {
      lines: "cp plan.md notes.txt; put notes.txt boat.jpg / & fg",
      pipe: {
        out: ["put notes.txt boat.jpg /"],
        err: ["fg: /home/ann/notes.txt: exists already (use -f)"],
        code: 1,
      },
      tty: {
        screen: [
          "put notes.txt boat.jpg /",
          "fg: /home/ann/notes.txt: exists already (use -f)",
          "1 file, 2.0 KiB in 0 ms (2.0 MiB/s), 1 failed, 2 copies",
        ],
        code: 1,
      },
    },
    {
      lines: "fg",
      pipe: {
        err: ["fg: no transfer goes on: see jobs"],
        code: 3,
      },
    },
    {
      lines: "fg %7",
      pipe: {
        err: ["fg: %7: there is no such job: see jobs"],
        code: 3,
      },
    },
    {
      lines: "fg %1 %2",
      pipe: {
        err: ["fg: too many operands", "usage: fg [JOB]"],
        code: 2,
      },
    },
    {
      lines: "fg",
      world: "no-peer",
      pipe: {
        err: ["fg: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
  wait: [
    {
      lines: "put notes.txt & wait; ls",
      pipe: {
        out: ["notes.txt", "photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["notes.txt  \u001b[1;34mphotos\u001b[0m  plan.md  report.pdf"],
      },
    },
    {
      lines: "put notes.txt & put boat.jpg & wait %1 %2; ls",
      pipe: {
        out: ["boat.jpg", "notes.txt", "photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["boat.jpg  notes.txt  \u001b[1;34mphotos\u001b[0m  plan.md  report.pdf"],
      },
    },
    {
      lines: "cp plan.md notes.txt; put notes.txt boat.jpg / & wait",
      pipe: {
        err: [
          "[1] failed: put notes.txt boat.jpg /: 1 file, 2.0 KiB in 0 ms (2.0 MiB/s), 1 failed, 2 copies: /home/ann/notes.txt: exists already (use -f)",
        ],
        code: 1,
      },
    },
    {
      lines: "wait %7",
      pipe: {
        err: ["wait: %7: there is no such job: see jobs"],
        code: 3,
      },
    },
    {
      lines: "wait",
      pipe: {},
    },
    {
      lines: "wait one",
      pipe: {
        err: ['wait: one: a job is %N or %sN, as jobs lists them, not "one"'],
        code: 2,
      },
    },
    {
      lines: "put notes.txt & kill %1; wait %1",
      world: "slow",
      pipe: {
        err: ["[1] cancelled: put notes.txt: nothing is through"],
        code: 130,
      },
    },
    {
      lines: "wait %1",
      world: "no-peer",
      pipe: {
        err: ["wait: %1: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
  kill: [
    {
      lines: "put notes.txt & kill %1; -wait %1; jobs",
      world: "slow",
      pipe: {
        out: ["[1]  cancelled  put notes.txt  nothing is through"],
        err: ["[1] cancelled: put notes.txt: nothing is through"],
      },
      tty: {
        screen: [
          "[1] cancelled: put notes.txt: nothing is through",
          "[1]  cancelled  put notes.txt  nothing is through",
        ],
      },
    },
    {
      lines: "sleep 100 & kill %s1; -wait %s1; jobs",
      pipe: {
        out: ["[s1]  failed  sleep 100  a job of this shell: exit code 130"],
        err: ["sleep: interrupted"],
      },
      tty: {
        screen: ["sleep: interrupted", "[s1]  failed  sleep 100  a job of this shell: exit code 130"],
      },
    },
    {
      lines: "kill %7",
      pipe: {
        err: ["kill: %7: there is no such job: see jobs"],
        code: 3,
      },
    },
    {
      lines: "kill",
      pipe: {
        err: ["kill: an operand is missing", "usage: kill JOB…"],
        code: 2,
      },
    },
    {
      lines: "put notes.txt & wait; kill %1",
      pipe: {
        err: ["kill: %1: job 1 has ended already: it is done"],
        code: 2,
      },
    },
    {
      lines: "kill %1",
      world: "no-peer",
      pipe: {
        err: ["kill: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
  pause: [
    {
      lines: "put notes.txt & pause %1; jobs",
      world: "slow",
      pipe: {
        out: ["[1]  paused  put notes.txt  not begun"],
      },
    },
    {
      lines: "pause %7",
      pipe: {
        err: ["pause: %7: there is no such job: see jobs"],
        code: 3,
      },
    },
    {
      lines: "pause",
      pipe: {
        err: ["pause: an operand is missing", "usage: pause JOB…"],
        code: 2,
      },
    },
    {
      lines: "put notes.txt & wait; pause %1",
      pipe: {
        err: ["pause: %1: job 1 has ended already: it is done"],
        code: 2,
      },
    },
    {
      lines: "pause %1",
      world: "no-peer",
      pipe: {
        err: ["pause: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
  resume: [
    {
      lines: "put notes.txt & pause %1; resume %1; jobs",
      world: "slow",
      pipe: {
        out: ["[1]  running  put notes.txt  begins"],
      },
    },
    {
      lines: "resume %7",
      pipe: {
        err: ["resume: %7: there is no such job: see jobs"],
        code: 3,
      },
    },
    {
      lines: "resume",
      pipe: {
        err: ["resume: an operand is missing", "usage: resume JOB…"],
        code: 2,
      },
    },
    {
      lines: "put notes.txt & wait; resume %1",
      pipe: {
        err: ["resume: %1: job 1 has ended already: it is done"],
        code: 2,
      },
    },
    {
      lines: "resume %1",
      world: "no-peer",
      pipe: {
        err: ["resume: the peer does not answer at its control socket"],
        code: 5,
      },
    },
  ],
};
