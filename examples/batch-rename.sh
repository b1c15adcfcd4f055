#!/bin/sh
# Renames many files by a sed expression, all at once or none (so that a name that is taken stops everything).
#
# usage: batch-rename.sh [-n] FOLDER EXPRESSION      (-n only shows what would be renamed)
# For example:  batch-rename.sh /photos 's/\.JPE*G$/.jpg/'
# Needs: dfs-shell on the path.
set -eu
program="dfs-shell --atomic -"
if [ "$1" = -n ]; then
  program=cat
  shift
fi
FOLDER=$1
expression=$2
export FOLDER

quoted() {
  printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"
}

dfs-shell -c 'find $FOLDER -type f' | while IFS= read -r path; do
  name=${path##*/}
  new=$(printf %s "$name" | sed "$expression")
  [ "$new" = "$name" ] || printf 'mv %s %s\n' "$(quoted "$path")" "$(quoted "${path%/*}/$new")"
done | $program
