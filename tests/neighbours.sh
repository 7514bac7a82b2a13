#!/usr/bin/env bash
# The released client of the same family reads what we wrote: in a repository made (create, commit) and migrated (old
# fixtures) by us its identity audit reports no legacy and no orphan mission. What is derived from the same files
# (snapshots of logs, verdicts of acceptance matrices) is the same.
#
#   tests/neighbours.sh [PROGRAM]     PROGRAM is a built git-mission; else one is built
#
# The client is installed from the package index into a directory that is gone afterwards. Where that is not possible
# the script says `skipped` and succeeds, unless GIT_MISSION_NEIGHBOURS=required.
set -euo pipefail
client=spec-kitty-cli==3.2.7

skip() {
    echo "skipped: $1"
    [ "${GIT_MISSION_NEIGHBOURS:-}" != required ] || exit 1
    exit 0
}

root=$(cd "$(dirname "$0")/.." && pwd)
program=${1:-}
if [ -z "$program" ]; then
    cargo build --quiet --locked --manifest-path "$root/Cargo.toml"
    program=$root/target/debug/git-mission
fi
program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")
command -v python3 >/dev/null || skip 'no python3'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv" 2>/dev/null || skip 'python3 has no venv'
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "$client" 2>"$work/pip" ||
    skip "cannot install $client: $(tail -1 "$work/pip")"

export HOME=$work SPEC_KITTY_HOME=$work/home GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$work/gitconfig NO_COLOR=1
git config --global user.name neighbour
git config --global user.email neighbour@example.com
git config --global init.defaultBranch main
mkdir "$work/bin" "$work/repo"
ln -s "$program" "$work/bin/git-mission"
PATH=$work/bin:$PATH
cd "$work/repo"
git init -q

put() {
    mkdir -p "kitty-specs/$1"
    printf '%s' "$2" >"kitty-specs/$1/meta.json"
}
put 001-old-keys '{"feature_number":"001","slug":"001-old-keys","friendly_name":"Old keys","mission":"software-dev","created_at":"2025-11-16T15:23:25Z","feature_slug":"001-old-keys"}'
put 002-with-a-log '{"mission_number":"002","slug":"with-a-log","mission_slug":"002-with-a-log","friendly_name":"Öl","mission_type":"research","target_branch":"main","created_at":"2025-12-01T00:00:00+00:00"}'
printf '%s\n' '{"actor": "a", "at": "2025-12-02T00:00:00+00:00", "event_id": "01KBF5G0000000000000000000", "evidence": null, "execution_mode": "worktree", "force": false, "from_lane": "planned", "mission_slug": "002-with-a-log", "reason": null, "review_ref": null, "to_lane": "claimed", "wp_id": "WP01"}' \
    >kitty-specs/002-with-a-log/status.events.jsonl
put 003-hardly-anything '{"feature_number": "003"}'
# The real trees, if they are there.
for tree in "${GIT_MISSION_CORPUS:-$root/../shared/corpus}"/trees/v3.0.0; do
    if [ -d "$tree" ]; then cp -r "$tree/kitty-specs" .; fi
done
git add .
git commit -q -m 'old missions'
git mission migrate --stage | tail -1
git commit -q -m 'migrated'
git mission install >/dev/null
git mission create 'Made here' --add >/dev/null
git commit -q -m 'made here'
# One that pre-commit has to give its id.
put made-by-hand '{"slug":"made-by-hand","mission_slug":"made-by-hand","friendly_name":"By hand","mission_type":"software-dev","target_branch":"main","created_at":"2026-01-01T00:00:00+00:00"}'
git add .
git commit -q -m 'made by hand'

"$work/venv/bin/spec-kitty" doctor identity --json --fail-on legacy,orphan >"$work/audit.json" ||
    { cat "$work/audit.json"; echo 'the audit found legacy or orphan missions'; exit 1; }
python3 - "$work/audit.json" "$(git mission list --json | grep -c '"path"')" <<'PYTHON'
import json, sys

audit = json.load(open(sys.argv[1]))
summary = audit["summary"]
print("neighbour's audit:", ", ".join(f"{state} {count}" for state, count in summary.items()))
assert summary["legacy"] == 0 and summary["orphan"] == 0, summary
assert sum(summary.values()) == int(sys.argv[2]), "it sees as many missions as we do"
PYTHON

# The logs of the merges of the corpus, if they are there, each as a mission without a meta.json.
for log in "${GIT_MISSION_CORPUS:-$root/../shared/corpus}"/merge/events/*/ours; do
    [ -f "$log" ] || continue
    mkdir -p "kitty-specs/log-$(basename "$(dirname "$log")")"
    cp "$log" "kitty-specs/log-$(basename "$(dirname "$log")")/status.events.jsonl"
done
"$work/venv/bin/python" "$root/tests/neighbours/derived.py" "$program" 2>"$work/derived" ||
    { tail -3 "$work/derived"; echo 'the neighbour derives something else'; exit 1; }
