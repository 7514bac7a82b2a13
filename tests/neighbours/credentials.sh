#!/usr/bin/env bash
# The credentials file is shared: the released clients read what we wrote, and we read what they wrote.
# Usage: tests/neighbours/credentials.sh [PATH OF git-mission]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=${1:-$here/../../target/debug/git-mission}
program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install() { # NAME REQUIREMENT…
    local name=$1
    shift
    python3 -m venv "$work/$name" >/dev/null 2>&1 &&
        "$work/$name/bin/pip" install --quiet --disable-pip-version-check "$@" >/dev/null 2>&1
}
# 3.0 kept its session in this file (and does not say that it needs click); 3.2 keeps the keys of trackers in it.
if ! install newer spec-kitty-cli==3.2.7 || ! install older spec-kitty-cli==3.0.3 click; then
    echo "skipped: neighbours/credentials.sh, because pip cannot install spec-kitty-cli"
    exit 0
fi

# Nothing of the machine's user gets in.
export HOME="$work/home" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null LC_ALL=C
unset SPEC_KITTY_HOME GIT_MISSION_TOKEN
mkdir "$work/home" "$work/repo"
cd "$work/repo"
git init -q -b main .
git config mission.server https://good.example

older() { "$work/older/bin/python" -c "from specify_cli.sync.auth import CredentialStore; s = CredentialStore()
$1"; }
newer() { "$work/newer/bin/python" -c "from specify_cli.tracker.credentials import TrackerCredentialStore; s = TrackerCredentialStore()
$1"; }
logged_in() {
    [ "$("$program" sync status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["logged_in"])')" = "$1" ] ||
        { echo "logged_in is not $1: $2"; exit 1; }
}
save() { # DAYS
    older "
from datetime import datetime, timedelta, timezone
end = datetime.now(timezone.utc) + timedelta(days=$1)
s.save('theirs', 'again', end, end, 'ada', 'https://good.example', 'team')"
}

# Ours, read by them: one that says when it expires, and one that does not, which they do not use.
jwt=eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjMyNTAzNjgwMDAwfQ.c2ln
"$program" sync login <<<"$jwt" >/dev/null
logged_in True 'after our login'
older "assert s.get_access_token() == '$jwt', s.load()
assert s.get_server_url() == 'https://good.example' and s.get_refresh_token() is None"
"$program" sync login <<<opaque >/dev/null
older "assert s.load()['tokens'] == {'access': 'opaque'} and s.get_access_token() is None"

# Theirs, read by us.
save 1
logged_in True 'after their login'
save -1
logged_in False 'their token has expired'

# Both in one file.
save 1
newer "s.set_provider('jira', {'api_key': 'k'})"
logged_in True 'after they added a tracker'
"$program" sync login <<<ours >/dev/null
newer "assert s.get_provider('jira') == {'api_key': 'k'}
assert s.load()['tokens'] == {'access': 'ours'} and s.load()['user']['username'] == 'ada'"
"$program" sync logout >/dev/null
logged_in False 'after our logout'
older 'assert s.get_access_token() is None and s.get_username() == "ada"'
newer "assert s.get_provider('jira') == {'api_key': 'k'}"
[ "$(stat -c %a "$work/home/.spec-kitty/credentials" 2>/dev/null || echo 600)" = 600 ]
echo "credentials: shared with 3.0.3 and 3.2.7"
