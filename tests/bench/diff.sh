#!/usr/bin/env bash
# Measures `cargo xtask diff` of two large contracts, as a maintainer runs it, and another program in the same run.
# usage: [BASELINE=COMMAND] tests/bench/diff.sh [OPERATIONS [ROUNDS]]
#
# BASELINE  a command that takes the two files; default: a pinned version of `redocly diff` where npm is installed
#
# The rounds alternate. The figures are medians in seconds; builds are not measured.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
operations=${1:-570} rounds=${2:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
cargo build --quiet --locked -p xtask --bins --examples
cargo run --quiet --locked -p xtask --example synthetic -- "$work" "$operations"

baseline=${BASELINE:-}
if [ -z "$baseline" ] && command -v npm >/dev/null; then
    tools=${CARGO_TARGET_DIR:-$root/target}/ci-tools
    [ -x "$tools/node_modules/.bin/redocly" ] || npm install --silent --no-audit --no-fund --prefix "$tools" @redocly/cli@2.77.0
    baseline="$tools/node_modules/.bin/redocly diff"
fi

# Appends the seconds that a command takes. Its exit code is the severity of the changes; above 2 it has failed.
clock() {
    local name=$1 begin end code=0
    shift
    begin=$(date +%s%N)
    "$@" >"$work/out" 2>&1 || code=$?
    end=$(date +%s%N)
    [ "$code" -le 2 ] || { cat "$work/out" >&2; exit 1; }
    awk -v n=$((end - begin)) 'BEGIN { printf "%.3f\n", n / 1e9 }' >>"$work/$name"
}

for _ in $(seq "$rounds"); do
    clock files cargo xtask diff "$work/old.yaml" "$work/new.yaml"
    clock same cargo xtask diff "$work/old.yaml" "$work/old.yaml"
    clock directories cargo xtask diff "$work/old" "$work/new"
    # shellcheck disable=SC2086 # a command with its arguments
    [ -z "$baseline" ] || clock baseline $baseline "$work/old.yaml" "$work/new.yaml"
done

median() { sort -n "$work/$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
printf '%s operations beside as many, medians of %s rounds\n' "$operations" "$rounds"
printf '%-42s %6s s   wanted: at most 0.5\n' 'cargo xtask diff, two files' "$(median files)"
printf '%-42s %6s s\n' 'the same file twice' "$(median same)"
printf '%-42s %6s s\n' 'two directories of pages, through the pipeline' "$(median directories)"
if [ -n "$baseline" ]; then
    printf '%-42s %6s s   %s times ours\n' "${BASELINE:-redocly diff, two files}" "$(median baseline)" \
        "$(awk -v a="$(median baseline)" -v b="$(median files)" 'BEGIN { printf "%.1f", a / b }')"
fi
