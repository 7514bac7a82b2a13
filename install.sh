#!/bin/sh
# Builds git-mission and sets it up.
#
#   ./install.sh [REPO]   build, put the binary under $PREFIX (default ~/.local), set up REPO
#   ./install.sh --demo   build, then play the whole journey in throwaway clones; touches nothing of yours
#   ./install.sh --build  build, and say where the binary is
#   ./install.sh --flags  say what cargo is told for that, one argument a line
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

fail() {
    printf 'error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
    exit 3
}

# cargo, by rustup where it is missing: for this user alone, and no profile is changed.
toolchain() {
    command -v cargo >/dev/null 2>&1 && return
    PATH=${CARGO_HOME-$HOME/.cargo}/bin:$PATH
    command -v cargo >/dev/null 2>&1 && return
    command -v curl >/dev/null 2>&1 ||
        fail 'neither cargo nor curl is installed' 'https://rustup.rs says how to get cargo; then run this again'
    printf 'cargo is missing; rustup installs it into %s\n' "${CARGO_HOME-$HOME/.cargo}"
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
        sh -s -- -y --quiet --profile minimal --no-modify-path ||
        fail 'rustup could not install cargo' 'https://rustup.rs says how to get cargo; then run this again'
    command -v cargo >/dev/null 2>&1 || fail 'rustup ran, and there is no cargo'
}

host() { rustc -vV 2>/dev/null | sed -n 's/^host: //p'; }

# Whether the linker lays a program out as it is told, and the program is whole. Nobody's own linker is asked to, and no
# other than LLVM's, which writes its name down.
lays_out() {
    [ -n "$layout" ] || return 1
    [ -z "${CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER+set}" ] || return 1
    ! cat "${CARGO_HOME-$HOME/.cargo}"/config "${CARGO_HOME-$HOME/.cargo}"/config.toml 2>/dev/null |
        grep -Eq '^[[:space:]]*linker[[:space:]]*=|fuse-ld' || return 1
    tried=$(mktemp -d) || return 1
    (
        cd "$here"
        printf 'fn main() { assert!(std::panic::catch_unwind(|| panic!()).is_err()) }\n' |
            rustc -C target-feature=+crt-static -C relocation-model=static \
                $(laid_out | sed "s/^/-C /") -o "$tried/tried" - &&
            grep -q 'Linker: LLD' "$tried/tried" && "$tried/tried"
    ) >/dev/null 2>&1 && taken=0 || taken=1
    rm -rf "$tried"
    return $taken
}

layout=build/layout.ld

# As it is told; strings stay where the files have them that they are from.
laid_out() { printf 'link-arg=%s\n' -Wl,-O0 "$layout"; }

# What cargo is told. A binary that has nothing to load starts in three quarters of the time, and hooks are started all
# day; it can be made where the C library is there for linking. What cargo itself starts cannot be linked so: --target
# keeps the two apart.
flags() {
    printf '%s\n' --release --locked
    host=$(host)
    case $host in
    *-linux-gnu)
        if [ -z "${RUSTFLAGS+set}" ] && [ -f "$(cc -print-file-name=libc.a)" ]; then
            flags="'-C','target-feature=+crt-static','-C','relocation-model=static'"
            ! lays_out || flags=$flags$(laid_out | sed "s/.*/,'-C','&'/" | tr -d '\n')
            printf '%s\n' --target "$host" --config env.LIBZ_SYS_STATIC=\'1\' --config \
                "target.$host.rustflags=[$flags]"
        fi
        ;;
    esac
}

# Sets `binary`.
build() {
    command -v git >/dev/null 2>&1 || fail 'git is not installed'
    command -v cc >/dev/null 2>&1 || fail 'there is no C compiler' 'install gcc or clang, then run this again'
    toolchain
    told=$(flags)
    into=$here/target
    case $told in *--target*) into=$into/$(host) ;; esac
    binary=$into/release/git-mission
    # Into this directory whatever the environment says, because the binary is taken from there.
    (
        cd "$here"
        IFS='
'
        # shellcheck disable=SC2086 # one argument a line
        cargo build $told --quiet --target-dir "$here/target" || {
            # A linker that some configuration of cargo's names may know no layout; nothing else depends on one.
            case $told in *"$layout"*) ;; *) exit 1 ;; esac
            printf "once more, laid out as the linker does\n" >&2
            layout=
            told=$(flags)
            cargo build $told --quiet --target-dir "$here/target"
        }
    ) || fail 'the build failed; nothing was installed'
}

# A running binary may be replaced only by a rename.
put_binary() {
    mkdir -p "$1/bin"
    cp "$binary" "$1/bin/.git-mission.new"
    chmod 755 "$1/bin/.git-mission.new"
    mv -f "$1/bin/.git-mission.new" "$1/bin/git-mission"
}

# Man pages and completions, where programs of this prefix are looked up.
put_manual() {
    "$1/bin/git-mission" man "$1/share/man/man1" >/dev/null
    for file in bash:bash-completion/completions/git-mission zsh:zsh/site-functions/_git-mission \
        fish:fish/vendor_completions.d/git-mission.fish; do
        target=$1/share/${file#*:}
        mkdir -p "${target%/*}"
        "$1/bin/git-mission" completions "${file%%:*}" >"$target.new"
        mv -f "$target.new" "$target"
    done
}

case ${1-} in
--demo)
    build
    demo=$(mktemp -d)
    trap 'rm -rf "$demo"' EXIT
    put_binary "$demo/prefix"
    # Nothing of the environment but PATH and the terminal: the demo has a home and a configuration of its own.
    env -i PATH="$demo/prefix/bin:$PATH" HOME="$demo/home" TERM="${TERM-dumb}" LC_ALL=C \
        sh "$here/docs/demo.sh" "$demo"
    ;;
--build)
    build
    printf '%s\n' "$binary"
    ;;
--flags)
    toolchain
    flags
    ;;
-*)
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    case $1 in -h | --help) exit 0 ;; esac
    exit 2
    ;;
*)
    if [ $# -ge 1 ]; then
        repository=$(CDPATH='' cd -- "$1" && pwd) || fail "there is no directory $1; nothing was installed"
    fi
    build
    prefix=${PREFIX-$HOME/.local}
    put_binary "$prefix"
    prefix=$(CDPATH='' cd -- "$prefix" && pwd)
    put_manual "$prefix"
    printf 'installed %s/bin/git-mission, its man pages and completions\n' "$prefix"
    case :$PATH: in
    *":$prefix/bin:"*) ;;
    *) printf 'hint: export PATH="%s/bin:$PATH"\n' "$prefix" ;;
    esac
    if [ $# -ge 1 ]; then
        cd -- "$repository"
        "$prefix/bin/git-mission" install
    else
        printf 'set a repository up with: git mission install\n'
    fi
    ;;
esac
