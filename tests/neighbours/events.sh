#!/usr/bin/env bash
# The published events library as a peer: its fixtures through our gate, our events through its models.
# Usage: tests/neighbours/events.sh [PATH OF git-mission]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=${1:-$here/../../target/debug/git-mission}
program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install() { # NAME REQUIREMENT
    python3 -m venv "$work/$1" >/dev/null 2>&1 &&
        "$work/$1/bin/pip" install --quiet --disable-pip-version-check "$2" >/dev/null 2>&1
}
if ! install newest spec-kitty-events || ! install older spec-kitty-events==3.3.0; then
    echo "skipped: neighbours/events.sh, because pip cannot install spec-kitty-events"
    exit 0
fi

# Nothing of the machine's user gets in.
export HOME="$work/home" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null LC_ALL=C
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
mkdir "$work/home"
python3 "$here/sample.py" "$work/sample"
(
    cd "$work/sample"
    git init -q -b main .
    git add -A && git commit -qm "a rich sample"
    "$program" sync enable --server "file://$work/server" >/dev/null
    "$program" sync diagnose --json >"$work/diagnosed.json"
)
python3 "$here/queued.py" "$work/sample/.git/mission/queue.db" >"$work/events.json"

"$work/newest/bin/python" "$here/fixtures.py" "$program"
"$work/newest/bin/python" "$here/models.py" "$work/events.json" "$work/diagnosed.json"
"$work/older/bin/python" "$here/models.py" "$work/events.json" "$work/diagnosed.json"
