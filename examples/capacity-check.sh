#!/bin/sh
# Says in one line how full the network is, for cron and for monitors that understand Nagios' exit codes.
#
# usage: capacity-check.sh [WARNING [CRITICAL]]      per cent, 80 and 90 without them
# Ends with 0 (OK), 1 (WARNING), 2 (CRITICAL) or 3 (UNKNOWN: the network could not be asked).
# Needs: dfs-shell and node on the path.
set -u
report=$(dfs-shell --timeout 30 -c 'df --json' 2>&1) || {
  echo "UNKNOWN: $report"
  exit 3
}
printf '%s\n' "$report" | WARNING=${1:-80} CRITICAL=${2:-90} node -e '
  const lines = require("node:fs").readFileSync(0, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const disks = lines.filter(({ capacityBytes }) => capacityBytes > 0).sort((one, other) => (one.name < other.name ? -1 : 1));
  const fullness = ({ usedBytes, freeBytes }) => Math.ceil((100 * usedBytes) / Math.max(1, usedBytes + freeBytes));
  const fullest = Math.max(0, ...disks.map(fullness));
  const { WARNING, CRITICAL } = process.env;
  const level = fullest >= CRITICAL ? 2 : fullest >= WARNING ? 1 : 0;
  const each = disks.map((disk) => `${disk.name} ${fullness(disk)} %`).join(", ");
  console.log(`${["OK", "WARNING", "CRITICAL"][level]}: ${each}`);
  process.exitCode = level;'
