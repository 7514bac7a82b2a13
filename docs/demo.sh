#!/bin/sh
# The journey of two missions, played in throwaway clones below $1. Started by `install.sh --demo`.
set -eu
cd "$1"
mkdir -p "$HOME" server
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL="$HOME/.gitconfig" GIT_TERMINAL_PROMPT=0
git config --global init.defaultBranch main
git config --global pull.rebase false
git config --global advice.diverging false

step() { printf '\n== %s\n' "$1"; }
run() {
    printf '$ %s\n' "$*"
    "$@" 2>&1 | sed "s#$demo#~#g"
}
demo=$1
in_clone() { cd "$demo/$1"; }
# Sets a key of a meta.json to a text. $1 file, $2 key, $3 text
set_text() {
    sed "s/^  \"$2\": .*/  \"$2\": \"$3\",/" "$1" >"$1.new"
    mv "$1.new" "$1"
}

step 'One bare repository, two clones, each with our hooks and a directory that plays the server'
git init --quiet --bare origin.git
git clone --quiet origin.git ada 2>/dev/null
in_clone ada
git config user.name Ada && git config user.email ada@example.invalid
echo '# Product' >README.md
git add README.md && git commit --quiet -m 'Start' && git push --quiet origin main
cd .. && git clone --quiet origin.git ben
in_clone ben
git config user.name Ben && git config user.email ben@example.invalid
for clone in ada ben; do
    in_clone "$clone"
    git mission install >/dev/null
    git mission sync enable --server "file://$demo/server" >/dev/null
    printf '%s: ' "$clone" && git mission status | head -n 1
done

step 'Offline, both create a mission of the same name; each takes number 1'
for clone in ada ben; do
    in_clone "$clone"
    git mission create 'Login page' >/dev/null
    dir=$(echo kitty-specs/login-page-*)
    printf '# Login page\n\nAs %s sees it.\n' "$clone" >"$dir/spec.md"
    git add kitty-specs
    printf '%s: ' "$clone"
    git commit --quiet -m "Login page, by $clone" 2>&1
    sleep 2
done

step 'Ada pushes first: her number is final, her specification is delivered'
in_clone ada
run git push --quiet origin main

step 'Ben pulls: his mission gives way, in a commit of its own, then he pushes'
in_clone ben
run git pull --quiet --no-edit origin main
run git push --quiet origin main
in_clone ada
git pull --quiet origin main

step 'Both now change the same meta.json in different keys: nobody is asked'
dir=$(git -C "$demo/ada" ls-files 'kitty-specs/*/meta.json' | head -n 1)
in_clone ada
set_text "$dir" friendly_name 'Login page for customers'
git commit --quiet -am 'A better name' 2>&1 && git push --quiet origin main
in_clone ben
awk '{ print } NR == 1 { print "  \"purpose_tldr\": \"To let people in\"," }' "$dir" >"$dir.new" && mv "$dir.new" "$dir"
git commit --quiet -am 'What it is for' 2>&1
run git pull --no-edit origin main
run git push --quiet origin main

step 'Then both change the same key: the conflict is that key and nothing else'
in_clone ada
git pull --quiet origin main
set_text "$dir" friendly_name 'Sign in'
git commit --quiet -am 'Shorter' 2>&1 && git push --quiet origin main
in_clone ben
set_text "$dir" friendly_name 'Log in'
git commit --quiet -am 'Shorter, too' 2>&1
run git pull --no-edit origin main || true
run cat "$dir"
echo 'Ben takes theirs, and the merge is done:'
awk '/^<<<<<<< /{skip=1; next} /^=======$/{skip=0; next} /^>>>>>>> /{next} !skip' "$dir" >"$dir.new" && mv "$dir.new" "$dir"
git add "$dir" && git commit --quiet --no-edit
run git push --quiet origin main
in_clone ada
git pull --quiet origin main

step 'Two missions, two ids, numbers 1 and 2, the same in both clones'
run git mission list
[ "$(git rev-parse 'HEAD^{tree}')" = "$(git -C "$demo/ben" rev-parse 'HEAD^{tree}')" ]
for clone in ada ben; do
    [ -z "$(git -C "$demo/$clone" status --porcelain)" ] || { echo "$clone is not clean"; exit 1; }
done
git ls-files -z 'kitty-specs/*/meta.json' | xargs -0 sed -n 's/^  "mission_id": "\(.*\)",/\1/p' |
    while read -r id; do echo "mission_id $id"; done

step 'What the server holds: each body under the SHA-256 of its text'
(cd "$demo/server/bodies" && for body in */*.json; do
    printf '%s  %s\n' "${body%%/*}" "$(sed -n 's/^  "artifact_path": "\(.*\)",/\1/p' "$body")"
done)
[ "$(ls "$demo/server/bodies" | wc -l)" -eq 2 ]
printf '\nThat is all; nothing of it is left behind.\n'
