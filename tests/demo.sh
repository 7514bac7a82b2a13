#!/usr/bin/env bash
# Plays `install.sh --demo` twice and looks: both missions, their numbers, the bodies; the home and the checkout as before.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() { printf 'demo: %s\n' "$1" >&2; cat "$scratch/out" >&2; exit 1; }
before=$(git status --porcelain)
mkdir "$scratch/home"
export CARGO_HOME=${CARGO_HOME-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME-$HOME/.rustup}

for time in first second; do
    HOME="$scratch/home" ./install.sh --demo >"$scratch/out" 2>&1 || fail "the $time run failed"
    [ "$(grep -cE '^mission_id [0-9A-HJKMNP-TV-Z]{26}$' "$scratch/out")" -eq 2 ] || fail 'not two ids'
    [ "$(grep -E '^mission_id ' "$scratch/out" | sort -u | wc -l)" -eq 2 ] || fail 'the ids are not distinct'
    numbers=$(awk '$NF ~ /^kitty-specs\/login-page-/ && $1 ~ /^[0-9]+$/ {print $1}' "$scratch/out" | sort -n | tr '\n' ' ')
    [ "$numbers" = '1 2 ' ] || fail "the numbers are $numbers"
    [ "$(grep -cE '^[0-9a-f]{64}  spec.md$' "$scratch/out")" -eq 2 ] || fail 'not two bodies with hashes'
done
[ -z "$(ls -A "$scratch/home")" ] || fail 'something was left at home'
[ "$(git status --porcelain)" = "$before" ] || fail 'the checkout was changed'
printf 'demo: both runs as they should be\n'
