#!/bin/sh
# Lists what changed in a folder since a time: + new, - removed, M changed. With -d also what changed in the text of files.
#
# usage: changed-since.sh [-d] WHEN FOLDER      for example  changed-since.sh yesterday /projects/site
# Needs: dfs-shell and node on the path; a WHEN that is not longer ago than earlier revisions are kept (retain).
set -eu
diffs=no
if [ "$1" = -d ]; then
  diffs=yes
  shift
fi
WHEN=$1
FOLDER=$2
export WHEN FOLDER
{
  dfs-shell -c 'find $FOLDER -type f --json --at $WHEN' | sed 's/^/then /'
  dfs-shell -c 'find $FOLDER -type f --json' | sed 's/^/now /'
} | node -e '
  const { FOLDER } = process.env;
  const then = new Map();
  const now = new Map();
  for (const line of require("node:fs").readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    const { path, fileKey } = JSON.parse(line.slice(line.indexOf(" ")));
    // In the past a path begins with /@WHEN.
    (line.startsWith("then ") ? then : now).set(path.slice(path.indexOf(FOLDER)), fileKey);
  }
  for (const path of [...new Set([...then.keys(), ...now.keys()])].sort())
    if (!then.has(path)) console.log(`+ ${path}`);
    else if (!now.has(path)) console.log(`- ${path}`);
    else if (then.get(path) !== now.get(path)) console.log(`M ${path}`);
' | while IFS= read -r line; do
  printf '%s\n' "$line"
  case $diffs$line in
    # 1 says that they differ, which is known.
    yesM*) FILE=${line#M } dfs-shell -c '-diff $FILE --at $WHEN' </dev/null ;;
  esac
done
