#!/usr/bin/env bash
# Sends a server what the contract allows and what it forbids, and looks whether every answer is one that the contract allows.
#
#     tests/schemathesis.sh [administrator|dealer|tenant|user] [arguments of `schemathesis run`]
#
# The first argument says who calls (tests/schemathesis.py knows how each signs in). How to read what it prints is said in
# docs/conventions.md.
set -euo pipefail
cd "$(dirname "$0")/.."

caller=administrator
case "${1-}" in '' | -*) ;; *) caller=$1 && shift ;; esac

target=${CARGO_TARGET_DIR:-target}
python=$target/schemathesis
[ -x "$python/bin/schemathesis" ] || {
    python3 -m venv "$python"
    "$python/bin/pip" install --quiet schemathesis==4.32.5
}
cargo build --quiet --locked -p pbx-server

folder=$(mktemp -d)
PBX_ADMIN_PASSWORD=Corr3ct-Horse "$target/debug/pbx-server" serve --listen 127.0.0.1:0 --database "$folder/pbx.db" \
    --rate-limit 0 --sip off --log warn >"$folder/stdout" 2>"$folder/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
until url=$(sed -n 's/^listening on //p' "$folder/stdout") && [ -n "$url" ]; do
    kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2 && exit 1; }
    sleep 0.1
done

status=0
PBX_URL=$url PBX_CALLER=$caller SCHEMATHESIS_HOOKS=$PWD/tests/schemathesis.py \
    "$python/bin/schemathesis" --config-file tests/schemathesis.toml run specs/generated/openapi.yaml --url "$url" --checks all "$@" || status=$?
if grep -q ERROR "$folder/log"; then
    printf '\nThe server logged:\n' && grep ERROR "$folder/log" | tail -20
fi
exit "$status"
