#!/bin/sh
# Writes its name and its arguments, with separators that no argument has: at once, as the programs of a pipe run side by side.
unit=$(printf '\037')
line=${0#./}
for argument in "$@"; do line=$line$unit$argument; done
printf '%s\036' "$line" >> "$RECORD"
