#!/usr/bin/env bash
# Runs install.sh for a user who has no cargo (what stands for rustup's server hands over the one that is here), then
# looks: program, man pages that `git mission --help` shows, completions, a repository that is set up. Then links with what
# `install.sh --flags` says.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { printf 'installer: %s\n' "$1" >&2; cat "$scratch/out" >&2; exit 1; }

cargo=$(command -v cargo)
rustc=$(command -v rustc)
real_home=${CARGO_HOME-$HOME/.cargo}
mkdir -p "$scratch/home" "$scratch/bin"
export RUSTUP_HOME=${RUSTUP_HOME-$HOME/.rustup}
# Everything but cargo.
for tool in git cc sh env bash cat cp mv rm mkdir mktemp chmod dirname sed tr uname ld ar as gcc install ln ls man manpath \
    groff nroff troff preconv tbl less zsoelim grep gzip head; do
    path=$(command -v "$tool" || true)
    [ -z "$path" ] || ln -s "$path" "$scratch/bin/$tool"
done
cat >"$scratch/bin/curl" <<CURL
#!/bin/sh
case "\$*" in *'=https'*https://sh.rustup.rs) ;; *) echo "unexpected: \$*" >&2; exit 1 ;; esac
cat <<'RUSTUP'
mkdir -p "\$HOME/.cargo/bin"
printf '#!/bin/sh\nCARGO_HOME=%s exec %s "\$@"\n' '$real_home' '$cargo' >"\$HOME/.cargo/bin/cargo"
printf '#!/bin/sh\nCARGO_HOME=%s exec %s "\$@"\n' '$real_home' '$rustc' >"\$HOME/.cargo/bin/rustc"
chmod +x "\$HOME/.cargo/bin/cargo" "\$HOME/.cargo/bin/rustc"
RUSTUP
CURL
chmod +x "$scratch/bin/curl"
git init -q "$scratch/repo"

run() { env -u CARGO_HOME HOME="$scratch/home" PATH="$scratch/bin" PREFIX="$scratch/prefix" LC_ALL=C "$@"; }
for time in first second; do
    run ./install.sh "$scratch/repo" >"$scratch/out" 2>&1 || fail "the $time run failed"
    if [ "$time" = first ]; then grep -q '^cargo is missing; rustup' "$scratch/out" || fail 'rustup was not asked'; fi
done
for file in bin/git-mission share/man/man1/git-mission.1 share/man/man1/git-mission-install.1 \
    share/bash-completion/completions/git-mission share/zsh/site-functions/_git-mission \
    share/fish/vendor_completions.d/git-mission.fish; do
    [ -s "$scratch/prefix/$file" ] || fail "there is no $file"
done
[ -x "$scratch/repo/.git/hooks/pre-commit" ] || fail 'the repository is not set up'
if command -v man >/dev/null && man -w ls >/dev/null 2>&1; then
    PATH="$scratch/prefix/bin:$PATH" MANPAGER=cat git mission --help >"$scratch/out" 2>&1 || fail 'git mission --help fails'
    grep -q 'settle' "$scratch/out" || fail 'git mission --help does not show the page'
else
    printf 'installer: skipped git mission --help, because man shows no page here\n'
fi
# What cargo is told holds wherever its directory is, and writes nowhere else.
tiny="$scratch/tiny pack, age"
mkdir -p "$tiny/src"
cp -R install.sh rust-toolchain.toml build "$tiny"
printf '[package]\nname = "tiny"\nversion = "0.1.0"\nedition = "2024"\n' >"$tiny/Cargo.toml"
printf 'version = 4\n\n[[package]]\nname = "tiny"\nversion = "0.1.0"\n' >"$tiny/Cargo.lock"
printf 'fn main() {}\n' >"$tiny/src/main.rs"
mapfile -t told < <("$tiny/install.sh" --flags)
(cd "$tiny" && CARGO_TARGET_DIR="$scratch/elsewhere" cargo build --quiet "${told[@]}") >"$scratch/out" 2>&1 ||
    fail 'what cargo is told does not hold in another directory'
[ ! -e "$tiny/target" ] || fail 'what cargo is told writes beside the sources'
[ "$(TMPDIR=$tiny ./install.sh --flags)" = "$(./install.sh --flags)" ] || fail 'a path with spaces is told other things'
printf 'installer: as it should be\n'
