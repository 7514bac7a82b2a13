#!/bin/sh
# git-mission shim @VERSION@: @HOOK@. Made by `git mission install`, removed by `git mission uninstall`.
program=@PROGRAM@
if [ "${GIT_MISSION_WITHIN-}" = @HOOK@ ] && [ "${0##*/}" != @HOOK@ ]; then exit 0; fi
chained=${0%/*}/mission-chained/@HOOK@
if [ ! -f "$chained" ] || [ ! -x "$chained" ]; then chained=; fi
export GIT_MISSION_CHAINED="$chained" GIT_MISSION_SHIM="$0"
if [ -f "$program" ] && [ -x "$program" ]; then exec "$program" hook @HOOK@ --shim-version @VERSION@ -- "$@"; fi
printf '%s\n' "git-mission: $program is missing, so its @HOOK@ hook does nothing" >&2
if [ -n "$chained" ]; then export GIT_MISSION_WITHIN=@HOOK@; exec "$chained" "$@"; fi
exit 0
