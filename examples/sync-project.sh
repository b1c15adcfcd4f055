#!/bin/sh
# Makes a folder of the network the same as a local one: what is new or changed is put, what is gone is removed.
# All of it happens at once, or nothing does: nobody ever sees half of it.
#
# usage: sync-project.sh FOLDER REMOTE      (an absolute path; the project becomes REMOTE/NAME-OF-FOLDER)
# Needs: dfs-shell and node on the path.
set -eu
FOLDER=$(cd "$1" && pwd)
TARGET=${2%/}
PROJECT=$TARGET/$(basename "$FOLDER")
export FOLDER TARGET PROJECT
dfs-shell -c 'mkdir -p $PROJECT'

# A line "rm -rf PATH" for everything that is there and not here any more.
removals=$(dfs-shell -c 'find $PROJECT --json' | node -e '
  const fs = require("node:fs");
  const { FOLDER, PROJECT } = process.env;
  const quoted = (text) => "\x27" + text.replaceAll("\x27", "\x27\\\x27\x27") + "\x27";
  const gone = [];
  for (const line of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    const { path, kind } = JSON.parse(line);
    const local = FOLDER + path.slice(PROJECT.length);
    const stats = fs.lstatSync(local, { throwIfNoEntry: false });
    const isSame = stats !== undefined && stats.isDirectory() === (kind === "directory");
    if (!isSame && !gone.some((above) => path.startsWith(above + "/"))) gone.push(path);
  }
  for (const path of gone) console.log("rm -rf " + quoted(path));
')
dfs-shell --atomic - <<END
$removals
put -Rfq \$FOLDER \$TARGET/
END
