/** Changing files within the network. */
import type { CaseTable } from "./case.ts";

export const changing: CaseTable = {
  mkdir: [
    {
      lines: "mkdir docs; ls",
      pipe: {
        out: ["docs", "photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["\u001b[1;34mdocs\u001b[0m  \u001b[1;34mphotos\u001b[0m  plan.md  report.pdf"],
      },
    },
    {
      lines: "mkdir -p photos/2026/may; ls photos",
      pipe: {
        out: ["2025", "2026", "cat.jpg"],
      },
      tty: {
        screen: ["\u001b[1;34m2025\u001b[0m  \u001b[1;34m2026\u001b[0m  cat.jpg"],
      },
    },
    {
      lines: "mkdir",
      pipe: {
        err: ["mkdir: an operand is missing", "usage: mkdir [-p] DIR…"],
        code: 2,
      },
    },
    {
      lines: "mkdir a/b",
      pipe: {
        err: ["mkdir: a/b: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "mkdir photos",
      pipe: {
        err: ["mkdir: photos: exists already"],
        code: 4,
      },
    },
    {
      lines: "mkdir docs",
      world: "no-quorum",
      pipe: {
        err: ["mkdir: docs: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  rmdir: [
    {
      lines: "mkdir docs; rmdir docs; ls",
      pipe: {
        out: ["photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["\u001b[1;34mphotos\u001b[0m  plan.md  report.pdf"],
      },
    },
    {
      lines: "rmdir",
      pipe: {
        err: ["rmdir: an operand is missing", "usage: rmdir DIR…"],
        code: 2,
      },
    },
    {
      lines: "rmdir nope",
      pipe: {
        err: ["rmdir: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "rmdir photos",
      pipe: {
        err: ["rmdir: photos: directory is not empty"],
        code: 4,
      },
    },
    {
      lines: "rmdir photos/2025",
      world: "no-quorum",
      pipe: {
        err: ["rmdir: photos/2025: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  rm: [
    {
      lines: "rm plan.md; ls",
      pipe: {
        out: ["photos", "report.pdf"],
      },
      tty: {
        screen: ["\u001b[1;34mphotos\u001b[0m  report.pdf"],
      },
    },
    {
      lines: "rm -r photos; ls",
      answers: ["y"],
      pipe: {
        out: ["plan.md", "report.pdf"],
      },
      tty: {
        screen: ["rm: remove photos with all that is in it? [y/N] y", "plan.md  report.pdf"],
      },
    },
    {
      lines: "rm -r photos; ls",
      answers: ["n"],
      pipe: {
        out: ["plan.md", "report.pdf"],
      },
      tty: {
        screen: ["rm: remove photos with all that is in it? [y/N] n"],
        code: 1,
      },
    },
    {
      lines: "rm -rf photos nope; ls",
      pipe: {
        out: ["plan.md", "report.pdf"],
      },
      tty: {
        screen: ["plan.md  report.pdf"],
      },
    },
    {
      lines: "rm -i plan.md report.pdf; ls",
      answers: ["y", "n"],
      pipe: {
        err: ["rm: plan.md: -i needs a terminal to ask on", "rm: report.pdf: -i needs a terminal to ask on"],
        code: 2,
      },
      tty: {
        screen: [
          "rm: remove plan.md? [y/N] y",
          "rm: remove report.pdf? [y/N] n",
          "\u001b[1;34mphotos\u001b[0m  report.pdf",
        ],
      },
    },
    {
      lines: "rm plan.md report.pdf photos/cat.jpg photos/.thumbs; ls",
      answers: ["y"],
      pipe: {
        out: ["photos"],
      },
      tty: {
        screen: ["rm: remove 4 targets? [y/N] y", "\u001b[1;34mphotos\u001b[0m"],
      },
    },
    {
      lines: "rm",
      pipe: {
        err: ["rm: an operand is missing", "usage: rm [-rfi] PATH…"],
        code: 2,
      },
    },
    {
      lines: "rm nope plan.md; ls",
      pipe: {
        err: ["rm: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "rm photos",
      pipe: {
        err: ["rm: photos: is a directory (use -r)"],
        code: 4,
      },
    },
    {
      lines: "rm -rf /",
      pipe: {
        err: ["rm: /: the root cannot be removed; name what is in it"],
        code: 4,
      },
    },
    {
      lines: "rm plan.md",
      world: "no-quorum",
      pipe: {
        err: ["rm: plan.md: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  mv: [
    {
      lines: "mv plan.md next.md; ls",
      pipe: {
        out: ["next.md", "photos", "report.pdf"],
      },
      tty: {
        screen: ["next.md  \u001b[1;34mphotos\u001b[0m  report.pdf"],
      },
    },
    {
      lines: "mv plan.md report.pdf photos; ls photos",
      pipe: {
        out: ["2025", "cat.jpg", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["\u001b[1;34m2025\u001b[0m  cat.jpg  plan.md  report.pdf"],
      },
    },
    {
      lines: "mv -f plan.md report.pdf; cat report.pdf",
      pipe: {
        out: ["# Plan", "buy a boat", "sail it"],
      },
    },
    {
      lines: "mv -i plan.md report.pdf; ls",
      answers: ["y"],
      pipe: {
        err: ["mv: plan.md: -i needs a terminal to ask on"],
        code: 2,
      },
      tty: {
        screen: ["replace /report.pdf? [y/N] y", "\u001b[1;34mphotos\u001b[0m  report.pdf"],
      },
    },
    {
      lines: "mv -n plan.md report.pdf; ls",
      pipe: {
        out: ["photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["\u001b[1;34mphotos\u001b[0m  plan.md  report.pdf"],
      },
    },
    {
      lines: "mv plan.md",
      pipe: {
        err: ["mv: an operand is missing", "usage: mv [-fin] SOURCE… TARGET"],
        code: 2,
      },
    },
    {
      lines: "mv photos photos/2025",
      pipe: {
        err: ["mv: photos: a directory cannot move into itself"],
        code: 2,
      },
    },
    {
      lines: "mv nope next.md",
      pipe: {
        err: ["mv: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "mv plan.md report.pdf",
      pipe: {
        err: ["mv: plan.md: /report.pdf exists already (use -f)"],
        code: 4,
      },
    },
    {
      lines: "mv -v plan.md next.md",
      pipe: {
        err: ["mv: unknown option '-v'", "usage: mv [-fin] SOURCE… TARGET"],
        code: 2,
      },
    },
    {
      lines: "mv plan.md next.md",
      world: "no-quorum",
      pipe: {
        err: ["mv: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
  cp: [
    {
      lines: "cp plan.md copy.md; ls; stat copy.md",
      pipe: {
        out: [
          "copy.md",
          "photos",
          "plan.md",
          "report.pdf",
          "path:       /copy.md",
          "kind:       file",
          "mode:       -rw-r--r-- (0644)",
          "modified:   2026-10-29T12:00:00.000Z",
          "committed:  2026-10-29T12:00:00.000Z",
          "size:       26 bytes",
          "revision:   1",
          "copies:     2",
          "added:      0 bytes",
          "history:    0 bytes",
          "file key:   bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu",
        ],
      },
      tty: {
        screen: [
          "copy.md  \u001b[1;34mphotos\u001b[0m  plan.md  report.pdf",
          "path:       /copy.md",
          "kind:       file",
          "mode:       -rw-r--r-- (0644)",
          "modified:   2026-10-29T12:00:00.000Z",
          "committed:  2026-10-29T12:00:00.000Z",
          "size:       26 bytes",
          "revision:   1",
          "copies:     2",
          "added:      0 bytes",
          "history:    0 bytes",
          "file key:   bafyreib36qymslcxvpv674nj5pqzk5hei6s3bs7lk5aebwthsylqjeupyu",
        ],
      },
    },
    {
      lines: "cp -r photos album; ls album",
      pipe: {
        out: ["2025", "cat.jpg"],
      },
      tty: {
        screen: ["\u001b[1;34m2025\u001b[0m  cat.jpg"],
      },
    },
    {
      lines: "cp -f plan.md report.pdf; cat report.pdf",
      pipe: {
        out: ["# Plan", "buy a boat", "sail it"],
      },
    },
    {
      lines: "cp -i plan.md report.pdf; ls -l report.pdf",
      answers: ["n"],
      pipe: {
        err: ["cp: plan.md: -i needs a terminal to ask on"],
        code: 2,
      },
      tty: {
        screen: ["replace /report.pdf? [y/N] n", "-rw-r--r--  2  1  1500  2026-10-31 12:00  report.pdf"],
      },
    },
    {
      lines: "cp -n plan.md report.pdf; ls",
      pipe: {
        out: ["photos", "plan.md", "report.pdf"],
      },
      tty: {
        screen: ["\u001b[1;34mphotos\u001b[0m  plan.md  report.pdf"],
      },
    },
    {
      lines: "cp -r photos photos/2025",
      pipe: {
        err: ["cp: photos: a path cannot be copied into itself"],
        code: 2,
      },
    },
    {
      lines: "cp",
      pipe: {
        err: ["cp: an operand is missing", "usage: cp [-rfin] SOURCE… TARGET"],
        code: 2,
      },
    },
    {
      lines: "cp nope copy.md",
      pipe: {
        err: ["cp: nope: no such file or directory"],
        code: 3,
      },
    },
    {
      lines: "cp photos album",
      pipe: {
        err: ["cp: photos: is a directory (use -r)"],
        code: 4,
      },
    },
    {
      lines: "cp plan.md report.pdf",
      pipe: {
        err: ["cp: plan.md: /report.pdf exists already (use -f)"],
        code: 4,
      },
    },
    {
      lines: "cp plan.md copy.md",
      world: "no-quorum",
      pipe: {
        err: ["cp: no majority of the coordinators answers"],
        code: 5,
      },
    },
  ],
};
