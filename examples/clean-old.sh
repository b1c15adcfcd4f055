#!/bin/sh
# Removes files that nobody changed for some days, and the directories that are empty then: all at once.
#
# usage: clean-old.sh [-n] FOLDER DAYS      (-n only shows what would be removed)
# Needs: dfs-shell and node on the path. What is removed can be brought back as long as retain says.
set -eu
program="dfs-shell --atomic -"
if [ "$1" = -n ]; then
  program=cat
  shift
fi
FOLDER=$1
DAYS=$2
export FOLDER DAYS
dfs-shell -c 'find $FOLDER --json' | node -e '
  const { FOLDER, DAYS } = process.env;
  const quoted = (text) => "\x27" + text.replaceAll("\x27", "\x27\\\x27\x27") + "\x27";
  const all = require("node:fs").readFileSync(0, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const oldest = Date.now() - DAYS * 24 * 3_600_000;
  const gone = new Set(all.filter((entry) => entry.kind === "file" && Date.parse(entry.modified) < oldest).map(({ path }) => path));
  for (const path of gone) console.log("rm " + quoted(path));
  // The deepest first: a directory goes when all that was in it goes.
  const directories = all.filter(({ kind, path }) => kind === "directory" && path !== FOLDER).map(({ path }) => path);
  for (const directory of directories.sort((one, other) => other.length - one.length)) {
    const inside = all.filter(({ path }) => path.startsWith(directory + "/"));
    if (inside.length === 0 || !inside.every(({ path }) => gone.has(path))) continue;
    gone.add(directory);
    console.log("rmdir " + quoted(directory));
  }' | $program
