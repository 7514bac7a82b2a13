#!/usr/bin/env bash
# Lives with the hook managers that people have: husky, lefthook, prek and pre-commit, the real ones from their
# registries. Their hooks and ours run on a commit and on a push, whoever came first and whoever goes first; and each
# can be told to call us by itself. Without the network it says so and ends well.
#
#   tests/managers.sh [BINARY]     (default: target/debug/git-mission)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
binary=$(realpath "${1:-$root/target/debug/git-mission}")
tools=${GIT_MISSION_MANAGERS:-$root/target/managers}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() { printf 'managers: skipped %s\n' "$1"; }
mkdir -p "$tools"
if [ ! -x "$tools/venv/bin/prek" ] || [ ! -x "$tools/venv/bin/pre-commit" ]; then
    { python3 -m venv "$tools/venv" && "$tools/venv/bin/pip" -q install pre-commit prek; } >"$tools/log" 2>&1 || true
fi
if [ ! -x "$tools/node_modules/.bin/lefthook" ] || [ ! -x "$tools/node_modules/.bin/husky" ]; then
    { command -v npm && (cd "$tools" && npm install --no-save --no-audit --no-fund husky@9 lefthook@2); } \
        >>"$tools/log" 2>&1 || true
fi

mkdir "$work/bin" "$work/home"
ln -s "$binary" "$work/bin/git-mission"
# What a manager keeps is kept here; nothing of the user's is seen or touched.
export HOME="$work/home" XDG_CONFIG_HOME="$work/home/.config" XDG_CACHE_HOME="$work/home/.cache" GIT_CONFIG_NOSYSTEM=1
export PATH="$work/bin:$tools/venv/bin:$tools/node_modules/.bin:$PATH" LC_ALL=C NO_COLOR=1 CI=
unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE
git config --global user.name 'A U Thor'
git config --global user.email author@example.com
git config --global init.defaultBranch main
git config --global protocol.file.allow always

fail() { printf 'managers: %s: %s\n' "$case" "$1" >&2; exit 1; }
kinds='pre-commit post-commit pre-push'

# A repository with an origin, and a file that tells who ran.
start() {
    case=$1
    rm -rf "$work/repo" "$work/origin.git"
    git init -q --bare "$work/origin.git"
    git init -q "$work/repo"
    cd "$work/repo"
    git remote add origin "$work/origin.git"
    export THEIRS="$work/theirs"
    count=0
}

# A commit and a push: both ran, ours once each. `nobody` in place of `theirs` or `ours` says who must not.
both() {
    rm -rf "$THEIRS" .git/mission/traces
    count=$((count + 1))
    git mission create "Mission $case $count" --add >/dev/null
    git add -A
    git commit -qm "commit $count" >"$work/out" 2>&1 || { cat "$work/out"; fail 'the commit was refused'; }
    git push -q origin HEAD:main >>"$work/out" 2>&1 || { cat "$work/out"; fail 'the push was refused'; }
    for kind in pre-commit pre-push; do
        if [ "$1" = theirs ]; then
            grep -qx "$kind" "$THEIRS" || { cat "$work/out"; fail "their $kind did not run"; }
        elif [ -e "$THEIRS" ]; then fail "their $kind ran"; fi
    done
    for kind in $kinds; do
        if [ "$2" = ours ]; then
            [ -e ".git/mission/traces/$kind" ] || { cat "$work/out"; fail "our $kind did not run"; }
        elif [ -e ".git/mission/traces/$kind" ]; then fail "our $kind ran"; fi
    done
    if [ "$2" = ours ]; then
        git show HEAD:"$(git ls-files 'kitty-specs/*/meta.json' | tail -1)" | grep -q '"mission_number": [0-9]' ||
            fail 'the mission has no number'
        [ -z "$(git status --porcelain)" ] || fail 'something is left to commit'
    fi
}

ours_in() { git mission install >"$work/out" 2>&1 || { cat "$work/out"; fail 'install was refused'; }; }
in_order() {
    git mission doctor >"$work/out" || { cat "$work/out"; fail 'doctor finds fault'; }
    ! grep -q '^wrong' <(git mission status) || fail 'status finds fault'
    [ -z "$(git mission install --dry-run | grep '^would')" ] || { git mission install --dry-run; fail 'install would change something'; }
}
# Nothing of ours is left among the hooks.
clean() { ! grep -rlq mission .git/hooks 2>/dev/null || { grep -rl mission .git/hooks; fail 'something of ours is left'; }; }

# What lefthook, pre-commit and prek have in common: install, uninstall, and a configuration of their own.
config_lefthook() {
    printf '%s:\n  jobs:\n    - run: echo %s >>"$THEIRS"\n' pre-commit pre-commit pre-push pre-push >lefthook.yml
}
config_pre_commit() {
    printf 'repos:\n- repo: local\n  hooks:\n' >.pre-commit-config.yaml
    for kind in pre-commit pre-push; do
        printf '  - {id: %s, name: %s, entry: sh -c "echo %s >>$THEIRS", language: system, always_run: true, pass_filenames: false, stages: [%s]}\n' \
            "$kind" "$kind" "$kind" "$kind" >>.pre-commit-config.yaml
    done
}
config_prek() { config_pre_commit; }
in_lefthook() { lefthook install >"$work/out" 2>&1; }
in_pre_commit() { pre-commit install -t pre-commit -t pre-push "$@" >"$work/out" 2>&1; }
in_prek() { prek install -t pre-commit -t pre-push "$@" >"$work/out" 2>&1; }
out_lefthook() { lefthook uninstall >"$work/out" 2>&1; }
out_pre_commit() { pre-commit uninstall -t pre-commit -t pre-push >"$work/out" 2>&1; }
out_prek() { prek uninstall -t pre-commit -t pre-push >"$work/out" 2>&1; }

try() {
    local tool=$1
    start "$tool, then ours; ours goes first"
    "config_$tool" && "in_$tool" && ours_in && both theirs ours && in_order
    git mission uninstall >/dev/null && both theirs nobody && clean

    start "$tool, then ours; $tool goes first"
    "config_$tool" && "in_$tool" && ours_in
    "out_$tool" && both nobody ours && in_order
    git mission uninstall >/dev/null && clean

    start "ours, then $tool"
    ours_in && "config_$tool" && "in_$tool"
    # lefthook moves what it finds out of the way and does not run it; that is seen and mended.
    if [ "$tool" = lefthook ]; then
        ! git mission doctor >"$work/out" || fail 'doctor finds nothing'
        grep -q HOOK_FOREIGN "$work/out" || fail 'doctor does not name the hook'
        git mission doctor --fix >/dev/null || fail 'doctor does not mend'
    fi
    both theirs ours && in_order
    git mission uninstall >/dev/null && both theirs nobody && clean
    "out_$tool" && both nobody nobody
    printf 'managers: %s lives well with us\n' "$tool"
}

# The managers' own configuration calls us, as docs/hook-managers.md says.
snippet() {
    local tool=$1
    start "$tool calls us"
    "config_$tool"
    shift
    "$@"
    "in_$tool" -t pre-merge-commit -t post-commit -t post-merge -t post-rewrite
    ours_in
    ! grep -q 'git-mission shim' .git/hooks/pre-commit .git/hooks/pre-push || fail 'a shim calls us a second time'
    both theirs ours && in_order
    git mission uninstall >/dev/null
    printf 'managers: %s calls us\n' "$tool"
}
snippet_lefthook() { sed -n '/^```yaml lefthook/,/^```$/p' "$root/docs/hook-managers.md" | sed '1d;$d' >lefthook-local.yml; }
snippet_pre_commit() {
    # The repository as it is here, committed or not, stands for the published one.
    rm -rf "$work/published" && git init -q "$work/published" && cp "$root/.pre-commit-hooks.yaml" "$work/published"
    git -C "$work/published" add . && git -C "$work/published" commit -qm published
    sed -n '/^```yaml pre-commit/,/^```$/p' "$root/docs/hook-managers.md" | sed '1,2d;$d' |
        sed "s|repo: .*|repo: $work/published|; s|rev: .*|rev: $(git -C "$work/published" rev-parse HEAD)|" >>.pre-commit-config.yaml
}

if command -v lefthook >/dev/null; then try lefthook && snippet lefthook snippet_lefthook; else skip lefthook; fi
if [ -x "$tools/venv/bin/pre-commit" ]; then try pre_commit && snippet pre_commit snippet_pre_commit; else skip pre-commit; fi
if [ -x "$tools/venv/bin/prek" ]; then try prek && snippet prek snippet_pre_commit; else skip prek; fi

if command -v husky >/dev/null; then
    start husky
    printf '{"name": "x"}\n' >package.json
    husky >/dev/null
    for kind in pre-commit pre-push; do printf 'echo %s >>"$THEIRS"\n' $kind >.husky/$kind; done
    before=$(find .husky .git/hooks .git/config -type f -exec sha256sum {} + | sort)
    if git mission install --mode shim >"$work/out" 2>&1; then fail 'its directory was taken over'; fi
    # The lines that the hint names, added as it says.
    grep -q "/.husky/pre-push: " "$work/out" || { cat "$work/out"; fail 'no line to add'; }
    sed -n 's/^ *\(.*\/\.husky\/[a-z-]*\): \(! command.*\)$/\1\t\2/p' "$work/out" |
        while IFS=$'\t' read -r file line; do printf '%s\n' "$line" >>"$file"; done
    ours_in && both theirs ours && in_order
    lines=$(cat .husky/pre-commit)
    git mission uninstall >/dev/null
    [ "$(cat .husky/pre-commit)" = "$lines" ] || fail 'what its owner wrote was changed'
    for kind in pre-commit pre-merge-commit post-commit post-merge post-rewrite pre-push; do
        sed -i '/git-mission/d' ".husky/$kind" && { [ -s ".husky/$kind" ] || rm ".husky/$kind"; }
    done
    [ "$(find .husky .git/hooks .git/config -type f -exec sha256sum {} + | sort)" = "$before" ] || fail 'not as it was'
    both theirs nobody
    # husky goes first: git looks into its own directory again.
    git config --unset core.hooksPath && ours_in && rm -rf .husky && both nobody ours && in_order
    printf 'managers: husky lives well with us\n'
else skip husky; fi
