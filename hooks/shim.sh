#!/bin/sh
# git-mission shim @VERSION@: @HOOK@. Made by `git mission install`, removed by `git mission uninstall`.
program=@PROGRAM@
if [ -f "$program" ] && [ -x "$program" ]; then exec "$program" hook @HOOK@ --shim-version @VERSION@ -- "$@"; fi
printf '%s\n' "git-mission: $program is missing, so its @HOOK@ hook does nothing" >&2
chained=${0%/*}/@HOOK@.mission-chained
if [ -f "$chained" ] && [ -x "$chained" ]; then exec "$chained" "$@"; fi
exit 0
