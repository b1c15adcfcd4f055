#!/bin/sh
# Keeps the configuration files of a machine, so that a new disk gets them back.
#
# usage: machine-config.sh save FILE…           stores them under /machines/HOST, with their whole paths
#        machine-config.sh restore [FOLDER]     fetches all of them below FOLDER (/ without it)
# For example:  machine-config.sh save ~/.bashrc ~/.config/git /etc/fstab
# Needs: dfs-shell on the path. HOST in the environment names another machine than this one.
set -eu
HOST=${HOST:-$(hostname)}
export HOST
action=$1
shift
case $action in
  save)
    for file in "$@"; do
      FILE=$(cd "$(dirname "$file")" && pwd)/$(basename "$file")
      PARENT=$(dirname "$FILE")
      export FILE PARENT
      dfs-shell -c 'mkdir -p /machines/$HOST$PARENT; put -Rfq $FILE /machines/$HOST$PARENT'
    done
    ;;
  restore)
    TARGET=${1:-/}
    export TARGET
    dfs-shell -c 'lcd $TARGET; get -Rfq /machines/$HOST/* .'
    ;;
  *)
    echo "usage: machine-config.sh save FILE… | restore [FOLDER]" >&2
    exit 2
    ;;
esac
