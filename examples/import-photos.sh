#!/bin/sh
# Imports pictures and films of a camera's card into /photos/YEAR/MONTH, by the time at which they were taken.
#
# usage: import-photos.sh FOLDER
# Needs: dfs-shell and node on the path. Run it as often as you like: what is there already is not sent again, and a
# different picture of the same name is refused, told, and left on the card.
set -eu
FOLDER=$(cd "$1" && pwd) node -e '
  const fs = require("node:fs");
  const path = require("node:path");
  const quoted = (text) => "\x27" + text.replaceAll("\x27", "\x27\\\x27\x27") + "\x27";
  const months = new Map();
  for (const entry of fs.readdirSync(process.env.FOLDER, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(jpe?g|png|heic|raw|dng|mp4|mov)$/i.test(entry.name)) continue;
    const file = path.join(entry.parentPath, entry.name);
    const taken = fs.statSync(file).mtime;
    const month = `/photos/${taken.getFullYear()}/${String(taken.getMonth() + 1).padStart(2, "0")}`;
    months.set(month, [...(months.get(month) ?? []), file]);
  }
  for (const [month, files] of [...months].sort())
    console.log(`mkdir -p ${month}\nput -q ${files.map(quoted).join(" ")} ${month}/`);
' | dfs-shell -k -
