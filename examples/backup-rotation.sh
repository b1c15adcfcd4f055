#!/bin/sh
# Backs up a folder: one copy a day, of which seven stay, and one a week, of which five stay.
#
# usage: backup-rotation.sh FOLDER
# From cron, every night:  15 2 * * *  backup-rotation.sh /home/ann/documents
# Needs: dfs-shell on the path.
#
# What did not change since the last copy is stored once, and the weekly copy moves no data. Files of daily
# copies also end by themselves (--expire), so that those of a machine that is gone do not stay for ever.
set -eu
FOLDER=$(cd "$1" && pwd)
NAME=$(basename "$FOLDER")
DAY=${DAY:-$(date +%F)}
WEEK=${WEEK:-$(date +%G-W%V)}
export FOLDER NAME DAY WEEK

dfs-shell -c '
  mkdir -p /backup/$NAME/daily/$DAY /backup/$NAME/weekly/$WEEK
  put -Rfq --expire 30d $FOLDER /backup/$NAME/daily/$DAY
  test -e /backup/$NAME/weekly/$WEEK/$NAME || cp -r /backup/$NAME/daily/$DAY/$NAME /backup/$NAME/weekly/$WEEK
'

# The newest stay: days and weeks sort by their names.
rotate() {
  KIND=$1 dfs-shell -c 'ls -1 /backup/$NAME/$KIND' | sort -r | tail -n +"$(($2 + 1))" | while read -r OLD; do
    KIND=$1 OLD=$OLD dfs-shell -c 'rm -rf /backup/$NAME/$KIND/$OLD' </dev/null
  done
}
rotate daily 7
rotate weekly 5
