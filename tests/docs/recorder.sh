#!/bin/sh
# Writes its name and its arguments, with separators that no argument has.
{
    printf '%s' "${0#./}"
    for argument in "$@"; do printf '\037%s' "$argument"; done
    printf '\036'
} >> "$RECORD"
