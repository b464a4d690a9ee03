#!/usr/bin/env bash
# Measures requests per second and memory of pbx-server, and of bare programs on the same machine in the same run.
# usage: [BASELINE=.../run.sh] [DATABASE=URL] tests/bench/run.sh [SECONDS [ROUNDS]]
#
# BASELINE  the script of the bare programs (docs/benchmarks.md describes its output); without it, only pbx-server is measured
# DATABASE  an empty PostgreSQL database instead of a fresh SQLite file; the bare program then uses PGURL, another database
# PROGRAM   a pbx-server that is already built
#
# Each program runs under one wrk thread with 64 connections (apt-get install wrk). The figures are medians over the rounds.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-10} rounds=${2:-3}
baseline=${BASELINE:+$(realpath "$BASELINE")} database=${DATABASE:-}
for tool in wrk curl; do
    command -v "$tool" >/dev/null || { echo "$0: $tool is not installed: apt-get install $tool" >&2; exit 1; }
done
[ -z "$baseline" ] || [ -x "$baseline" ] || { echo "$0: BASELINE=$baseline is not a program" >&2; exit 1; }

target=${CARGO_TARGET_DIR:-$root/target}
if [ -z "${PROGRAM:-}" ]; then
    cargo build --release --locked --manifest-path "$root/Cargo.toml" -p pbx-server
    PROGRAM=$target/release/pbx-server
fi

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; wait; rm -rf "$work"' EXIT

# Starts a server and signs in to it.
# Random passwords may violate the policy. This one protects a database that is gone when the script ends.
password=Scale-benchm4rk
PBX_ADMIN_PASSWORD=$password "$PROGRAM" serve --listen 127.0.0.1:0 --database "${database:-$work/pbx.db}" \
    --key-file "$work/key" --rate-limit 0 --sip off --log warn >"$work/stdout" 2>"$work/stderr" &
server=$!
until url=$(sed -n 's/^listening on //p' "$work/stdout") && [ -n "$url" ]; do
    kill -0 "$server" 2>/dev/null || { cat "$work/stderr" >&2; exit 1; }
    sleep 0.05
done
token=$(curl -sf "$url/auth/sign_in" -H 'Content-Type: application/json' \
    -d "{\"username\":\"admin\",\"password\":\"$password\"}" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
export AUTHORIZATION="Bearer $token"
curl -sf "$url/admin/settings" -H "Authorization: $AUTHORIZATION" >"$work/settings.json"

# load NAME ARGUMENTS_OF_WRK: appends a line "NAME<tab>requests per second" to the results; fails on a status other than 2XX.
load() {
    local name=$1
    shift
    wrk -t1 -c64 -d"${seconds}s" --latency "$@" >"$work/wrk"
    if grep -q 'Non-2xx' "$work/wrk"; then
        cat "$work/wrk" "$work/stderr" >&2
        exit 1
    fi
    awk -v name="$name" '/50%/{p50=$2} /99%/{p99=$2} /Requests\/sec/{rate=$2}
        END{printf "%s\t%.0f\t%s\t%s\n", name, rate, p50, p99}' "$work/wrk" | tee -a "$work/results"
}

# bare GROUP: appends the lines of the bare programs. Their script exits with the status of the program that it killed.
bare() {
    [ -n "$baseline" ] || return 0
    local directory=${BASELINE_TARGET_DIR:-$target/bench-baseline}
    { (cd "$work" && CARGO_TARGET_DIR=$directory "$baseline" "$seconds" "$@" 2>"$work/bare") || true; } >"$work/lines"
    grep -q 'req/s' "$work/lines" || { cat "$work/bare" >&2; exit 1; }
    sed -nE 's/^(.*[^ ]) +([0-9]+) req\/s +p50 ([^ ]+) +p99 ([^ ]+).*/\1\t\2\t\3\t\4/p' "$work/lines" | tee -a "$work/results"
}

echo "name	req/s	p50	p99"
for _ in $(seq "$rounds"); do
    case $database in
    postgres*)
        bare pg
        load "ours GET" -H "Authorization: $AUTHORIZATION" "$url/admin/settings"
        load "ours POST" -s "$root/tests/bench/update.lua" "$url/admin/settings" -- "$work/settings.json"
        ;;
    *)
        bare web
        load "ours GET" -H "Authorization: $AUTHORIZATION" "$url/admin/settings"
        bare rusqlite-full
        load "ours POST" -s "$root/tests/bench/update.lua" "$url/admin/settings" -- "$work/settings.json"
        bare sqlx-full
        ;;
    esac
done

median() {
    awk -F'\t' -v name="$1" '$1 == name { print $2 }' "$work/results" | sort -n |
        awk '{ a[NR] = $1 } END { if (NR) printf "%.0f", NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'
}

# compare OURS BARE WANTED: prints a line of the table.
compare() {
    local ours bare
    ours=$(median "$1") bare=$(median "$2")
    awk -v name="$1" -v ours="$ours" -v bare_name="$2" -v bare="$bare" -v wanted="$3" 'BEGIN {
        printf "%-10s %8d   %-32s %8s   %6s   %s\n", name, ours, bare_name, bare == "" ? "-" : bare,
            bare == "" ? "-" : sprintf("%.2f", ours / bare), wanted }'
}

printf '\n%-10s %8s   %-32s %8s   %6s   %s\n' "" "req/s" "beside" "req/s" "ratio" "wanted"
case $database in
postgres*)
    compare "ours GET" "pg GET" ""
    compare "ours POST" "pg UPDATE" ""
    ;;
*)
    compare "ours GET" "settings GET" ">= 0.7"
    compare "ours POST" "rusqlite-full UPDATE, group commit" ">= 0.5"
    compare "ours POST" "sqlx-full UPDATE, one commit each" ">= 4"
    ;;
esac
awk '/VmHWM/ { printf "%-10s %5d MB %65s\n", "memory", $2 / 1024, "<= 80 MB" }' "/proc/$server/status"
[ -n "$baseline" ] || echo "(no BASELINE given: nothing to compare with)"
