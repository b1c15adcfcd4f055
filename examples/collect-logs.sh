#!/bin/sh
# Collects the logs of several machines: each sends its own, and any of them can read all in the order of time.
#
# usage: collect-logs.sh send FOLDER      on every machine, for example from cron every hour
#        collect-logs.sh read [DAYS]      lines of logs that changed within DAYS (1), as HOST: LINE, sorted
# Needs: dfs-shell on the path; lines that begin with a time that sorts, such as 2026-11-20T10:00:00Z.
set -eu
HOST=${HOST:-$(hostname)}
export HOST

case $1 in
  send)
    FOLDER=$(cd "$2" && pwd)
    export FOLDER
    # A changed log costs its last lines; a file that did not change is not even read (-c).
    dfs-shell -c 'mkdir -p /logs/$HOST; put -Rcfq $FOLDER /logs/$HOST'
    ;;
  read)
    DAYS=${2:-1} dfs-shell -c "find /logs -type f -name '*.log' -mtime -\$DAYS" | while IFS= read -r LOG; do
      host=${LOG#/logs/}
      LOG=$LOG dfs-shell -c 'cat $LOG' </dev/null | awk -v host="${host%%/*}" '{ print $1 "\t" host ": " $0 }'
    done | sort -s -k1,1 | cut -f2-
    ;;
  *)
    echo "usage: collect-logs.sh send FOLDER | read [DAYS]" >&2
    exit 2
    ;;
esac
