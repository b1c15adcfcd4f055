#!/bin/sh
# Stores a dump of a PostgreSQL database without writing it to the local disk first. It is encrypted before it leaves
# this machine, and only what changed since the last dump travels. A dump that breaks off is not stored.
#
# usage: database-dump.sh DATABASE
# From cron:  0 3 * * *  database-dump.sh shop      Earlier dumps are revisions: dfs-shell -c 'get --rev N /dumps/shop.sql'
# Needs: pg_dump and dfs-shell on the path.
set -eu
DATABASE=$1
export DATABASE
# Plain text and no compression: equal parts of two dumps are stored once. pg_dump ends with a line that says so; with
# --atomic a dump without it is never committed, and the one before stays.
pg_dump --no-password "$DATABASE" | dfs-shell --atomic -c '
  mkdir -p /dumps
  put -fq - /dumps/$DATABASE.sql
  cat /dumps/$DATABASE.sql | tail -n 5 | grep -q "PostgreSQL database dump complete"
'
