#!/bin/sh
# Shares a folder with several users, each of whom may change what is in it, and shows who has it.
#
# usage: share-with-team.sh FOLDER USER…
# Needs: dfs-shell on the path; DFS_USER and DFS_PASSWORD_FILE for the owner of the folder (or a remembered login).
set -eu
FOLDER=$1
export FOLDER
shift
for user in "$@"; do
  # Sharing again is no error, so that a team can grow: run it with the new names too.
  TEAMMATE=$user dfs-shell -c 'share --write $FOLDER $TEAMMATE'
done
dfs-shell -c 'shares --by'
