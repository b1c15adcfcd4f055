#!/bin/sh
# Runs a command on one machine of the network at a time: a lock that the whole group sees.
#
# usage: deploy-lock.sh NAME COMMAND…      ends with the command's code, or with 4 when another machine has the lock
# For example:  deploy-lock.sh site ./deploy.sh
# Needs: dfs-shell on the path; HOST in the environment names the machine otherwise than hostname does. The lock ends by itself after an hour, should this machine die with it.
set -u
NAME=$1
HOLDER=${HOST:-$(hostname)}
export NAME HOLDER
shift
# Revision 0 means: only if there is no such file. Of two machines at the same moment one gets it.
dfs-shell -c 'mkdir -p /locks' || exit
printf '%s\n' "$HOLDER" | dfs-shell -c 'put -q --if-rev 0 --expire 1h - /locks/$NAME' 2>/dev/null
code=$?
if [ "$code" -ne 0 ]; then
  echo "deploy-lock.sh: $NAME: $(dfs-shell -c 'cat /locks/$NAME' 2>&1) has the lock" >&2
  exit "$code"
fi
trap 'dfs-shell -c "rm -f /locks/\$NAME"' EXIT
"$@"
