#!/usr/bin/env bash
# Measures how much slower well-behaved clients are while others attack the server.
# usage: tests/bench/hostile.sh [ROUNDS [FILTER]]
#
# Runs the scenarios of tests/hostile with a release build, ROUNDS times each (default: 10), and prints for each kind of request the
# 99th percentile before and under attack, and their ratio. FILTER is a part of the name of a scenario.
set -euo pipefail
cd "$(dirname "$0")/../.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
outcome=0
PBX_HOSTILE_ROUNDS=${1:-10} cargo test --release --locked -p hostile-tests -- --test-threads 1 ${2:+"$2"} 2>&1 | tee "$log" || outcome=$?
awk '
    /^[^ ].*, (Sqlite|Postgres)$/ { name = $0 }
    / ratio +[0-9.]+, of / {
        ratio = $0; sub(/.* ratio +/, "", ratio); sub(/,.*/, "", ratio)
        kind = $0; sub(/^ +/, "", kind); sub(/ +p99 .*/, "", kind)
        if (!(name in worst)) { names[++number] = name }
        if (ratio + 0 > worst[name] + 0) { worst[name] = ratio; of[name] = kind }
    }
    / FAILED: / { failed[name]++ }
    END {
        printf "\n%-62s %8s   %-18s %s\n", "", "ratio", "of", "failed"
        for (i = 1; i <= number; i++) {
            name = names[i]
            printf "%-62s %8.1f   %-18s %d\n", name, worst[name], of[name], failed[name]
        }
        print "(the largest ratio of the 99th percentiles of a kind of request; wanted: at most 5)"
    }' "$log"
exit "$outcome"
