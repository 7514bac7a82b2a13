"""What git calls all day, as programs and arguments: a pre-commit hook that has nothing to do, the meta driver, and the
event-log driver. Valgrind runs them, for those who count instructions and for those who ask what is run at all.
"""

import os
import re
import shutil

from measure import fail
from scene import Stream, log, meta, publish


def callgrind(bench, call):
    """Runs a call, and nothing that it starts, below callgrind; returns what callgrind wrote."""
    out = bench.at("callgrind")
    valgrind(bench, call, "--tool=callgrind", f"--callgrind-out-file={out}")
    with open(out, errors="replace") as file:
        return file.read()


def touched(bench, call):
    """The addresses that a call runs, reads or writes, or has the kernel read, in the order in which it does; some more than
    once."""
    valgrind(bench, call, "--tool=lackey", "--trace-mem=yes", "--trace-syscalls=yes")
    previous = None
    with open(bench.at("valgrind"), errors="replace") as file:
        for line in file:
            # ` L 0e4d010,8`, and for instructions `I  0045cdc0,4`.
            found = re.match(r"[I ][ LSM] +([0-9a-f]+),\d+$", line)
            if found and found[1] != previous:
                previous = found[1]
                yield int(previous, 16)
            elif line.startswith("SYSCALL["):
                yield from (int(address, 16) for address in re.findall(r"\b0x([0-9a-f]+)", line))


def valgrind(bench, call, *options):
    if shutil.which("valgrind") is None:
        fail("valgrind is not installed", "apt-get install valgrind")
    place, words, env = call
    bench.run(
        "valgrind", f"--log-file={bench.at('valgrind')}", "--trace-children=no", *options,
        bench.at("bin/git-mission"), *words,
        cwd=place, env=env, check=words[0] == "hook",
    )  # fmt: skip


def hook(bench, name="pre-commit"):
    """A hook that has nothing to do, because a commit touches no mission."""
    place = bench.at(name)
    stream = Stream().commit("refs/heads/main").missions(range(1, 401)).others(10)
    stream.into(bench, place)
    publish(bench, place)
    bench.run(bench.program, "install", cwd=place)
    with open(os.path.join(place, "src/000/file-00000.txt"), "a") as file:
        file.write("more\n")
    bench.git(place, "add", "src")
    if name != "pre-commit":
        bench.git(place, "-c", "core.hooksPath=/dev/null", "commit", "-qm", "more")
    with open(os.path.join(place, ".git/hooks", name)) as file:
        version = re.search(r"--shim-version (\d+)", file.read()).group(1)
    words = ("hook", name, "--shim-version", version, "--")
    env = {"GIT_INDEX_FILE": os.path.join(place, ".git/index")}
    # The second run finds the settings that the first one kept, once they are old enough to be trusted.
    bench.run(bench.program, *words, cwd=place, env=env)
    bench.run("sleep", "0.5")
    bench.run(bench.program, *words, cwd=place, env=env)
    return place, words, env


def meta_driver(bench, name="meta"):
    """Both sides changed one key."""
    return driver(bench, name, "meta", meta(7, 7), meta(7, 7, "Ours"), meta(7, 7, "Theirs"))


def log_driver(bench, rows, added=100):
    """Both sides added as many rows."""
    base = log(rows)
    sides = (base + log(added, name, rows) for name in "AB")
    return driver(bench, f"log-{added}", "event-log", base, *sides)


def driver(bench, name, kind, base, ours, theirs):
    place = bench.at(name)
    os.makedirs(place)
    for file, data in (("base", base), ("ours", ours), ("theirs", theirs)):
        with open(os.path.join(place, file), "wb") as out:
            out.write(data)
    files = ("--base", "base", "--ours", "ours", "--theirs", "theirs")
    return place, ("merge-driver", kind, *files), {}
