#!/bin/sh
# git-mission shim @VERSION@: @HOOK@. Made by `git mission install`, removed by `git mission uninstall`.
program=@PROGRAM@
chained=${0%/*}/@HOOK@.mission-chained
if [ ! -f "$chained" ] || [ ! -x "$chained" ]; then chained=; fi
export GIT_MISSION_CHAINED="$chained"
if [ -f "$program" ] && [ -x "$program" ]; then exec "$program" hook @HOOK@ --shim-version @VERSION@ -- "$@"; fi
printf '%s\n' "git-mission: $program is missing, so its @HOOK@ hook does nothing" >&2
if [ -n "$chained" ]; then unset GIT_MISSION_CHAINED; exec "$chained" "$@"; fi
exit 0
