#!/bin/sh
# Reads everything on all disks, mends what is damaged, and writes the result as a mail.
#
# usage: weekly-check.sh ADDRESS | sendmail -t
# From cron, on Sundays:  30 3 * * 0  weekly-check.sh me@example.org | /usr/sbin/sendmail -t
# Needs: dfs-shell on the path. Ends with the worst code of the checks: 0 all is well, 5 a peer could not be asked,
# 7 something is damaged that no other disk has whole.
set -u
code=0
report=$(dfs-shell -k -c 'status; echo; fsck; echo; backup; echo; df -h' 2>&1) || code=$?
case $code in
  0) subject="all is well" ;;
  5) subject="not everything could be checked" ;;
  *) subject="SOMETHING IS WRONG" ;;
esac
cat <<END
To: $1
Subject: files of $(hostname): $subject
Content-Type: text/plain; charset=utf-8

$report
END
exit "$code"
