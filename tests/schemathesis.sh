#!/usr/bin/env bash
# Sends requests that the contract allows and requests that it forbids, and checks that it allows every response.
#
#     tests/schemathesis.sh [administrator|dealer|tenant|user] [arguments of `schemathesis run`]
#
# The first argument is the caller (tests/schemathesis.py signs each in). docs/conventions.md explains the output.
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

directory=$(mktemp -d)
PBX_ADMIN_PASSWORD=Corr3ct-Horse "$target/debug/pbx-server" serve --listen 127.0.0.1:0 --database "$directory/pbx.db" \
    --rate-limit 0 --sip off --log warn >"$directory/stdout" 2>"$directory/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$directory"' EXIT
until url=$(sed -n 's/^listening on //p' "$directory/stdout") && [ -n "$url" ]; do
    kill -0 "$server" 2>/dev/null || { cat "$directory/log" >&2 && exit 1; }
    sleep 0.1
done

status=0
PBX_URL=$url PBX_CALLER=$caller SCHEMATHESIS_HOOKS=$PWD/tests/schemathesis.py \
    "$python/bin/schemathesis" --config-file tests/schemathesis.toml run specs/generated/openapi.yaml --url "$url" --checks all "$@" || status=$?
if grep -q ERROR "$directory/log"; then
    printf '\nThe server logged:\n' && grep ERROR "$directory/log" | tail -20
fi
exit "$status"
