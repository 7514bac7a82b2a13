"""Times programs against a floor, and prints lines that `benches/run` makes a table of.

A line has seven fields between tabs: what is measured (P1 to P8, MEM, PEER), the comparison, ours, the floor, the ratio
ours / floor, its limit (`<=1.4`, `>=0.8`, `-` if none was set) and the ratio's middle half. For memory the floor is what
is allowed. Everything else goes to stderr.

Machines are noisy, so floor and subject take turns within a round, in changing order, the ratio is that of the round, and
the median over all rounds counts. A program is started by vfork and waited for, with no shell between; what that costs
is the same on both sides.

Knows nothing about missions.
"""

import gc
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclass
class Command:
    """One program to run: its arguments, where, with what more in the environment, and what its stdin is."""

    argv: list
    cwd: str = "."
    env: dict = field(default_factory=dict)
    stdin: str = os.devnull
    statuses: tuple = (0,)


def command(*argv, **more):
    return Command([str(part) for part in argv], **more)


def fail(message, hint=None):
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    sys.exit(3)


def note(text):
    print(text, file=sys.stderr, flush=True)


def program():
    """The release binary, or what GIT_MISSION_PROGRAM names."""
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    path = os.environ.get("GIT_MISSION_PROGRAM", os.path.join(target, "release", "git-mission"))
    if not os.access(path, os.X_OK):
        fail(f"{path} is missing", "cargo build --release")
    return os.path.abspath(path)


class Bench:
    """A directory to work in, an environment that is the same everywhere, and the comparisons of one theme.

    Arguments of the script: `--rounds N` for all comparisons, and words; only comparisons that contain one are made.
    """

    def __init__(self):
        words = sys.argv[1:]
        self.rounds = None
        if "--rounds" in words:
            at = words.index("--rounds")
            self.rounds = int(words[at + 1])
            del words[at : at + 2]
        self.words = words
        self.program = program()
        self._held = tempfile.TemporaryDirectory(prefix="git-mission-bench-", ignore_cleanup_errors=True)
        self.work = self._held.name
        os.makedirs(self.at("bin"))
        os.symlink(self.program, self.at("bin/git-mission"))
        self.env = {
            "HOME": self.work,
            "PATH": self.at("bin") + os.pathsep + os.environ["PATH"],
            "LC_ALL": "C",
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": self.at("gitconfig"),
        }
        with open(self.at("gitconfig"), "w") as config:
            config.write(
                "[user]\n\tname = Bench\n\temail = bench@example.invalid\n"
                "[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
            )

    def at(self, *parts):
        """A path in the directory to work in."""
        return os.path.join(self.work, *map(str, parts))

    def wants(self, comparison):
        """Whether the comparison was asked for: scenes that nobody looks at need not be made."""
        return not self.words or any(word in comparison for word in self.words)

    def run(self, *argv, cwd=None, env=None, data=None, check=True):
        """Runs a program whose time does not count; returns its stdout as bytes."""
        done = subprocess.run(
            [str(part) for part in argv],
            cwd=cwd or self.work,
            env=self.env | (env or {}),
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if check and done.returncode != 0:
            fail(f"{' '.join(map(str, argv))} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def git(self, repository, *args, **more):
        """`git -C repository …`: its stdout as text, without the last newline."""
        return self.run("git", "-C", repository, *args, **more).decode().rstrip("\n")

    def static(self, name, source):
        """Builds a Rust program that is linked statically, the least that there is to start; returns its path."""
        path = self.at(name)
        with open(path + ".rs", "w") as file:
            file.write(source)
        flags = ["-O", "-C", "target-feature=+crt-static", "-C", "panic=abort"]
        subprocess.run(["rustc", *flags, "-o", path, path + ".rs"], check=True, cwd=ROOT)
        return path

    def pair(self, target, comparison, floor, ours, limit, rounds=41, warm=3, before=None, batch=1):
        """Compares two sides and prints the line. A side is a Command or a list of them, run one after another.

        `before(name)`, not timed, is called before every run of the side "floor" or "ours". A side that takes less
        than a few milliseconds is better run `batch` times in a row, which makes one measurement.
        """
        if not self.wants(comparison):
            return
        rounds = self.rounds or rounds
        sides = {"floor": self._resolved(floor), "ours": self._resolved(ours)}
        times = {"floor": [], "ours": []}
        gc.disable()
        for number in range(rounds + warm):
            for name in ("floor", "ours") if number % 2 else ("ours", "floor"):
                took = 0
                for _ in range(batch):
                    if before:
                        before(name)
                    took += sum(self._timed(one) for one in sides[name])
                if number >= warm:
                    times[name].append(took / batch)
        gc.enable()
        report(target, comparison, times["ours"], times["floor"], limit)

    def peak(self, one):
        """Bytes: the largest resident set of a command or of any process that it waits for."""
        timer = shutil.which("time")
        if timer is None:
            fail("GNU time is not installed", "apt-get install time")
        # A child's record starts with its parent's memory, so the parent has to be small.
        out = self.at("peak")
        wrapped = Command([timer, "-f", "%M", "-o", out, *one.argv], one.cwd, one.env, one.stdin, one.statuses)
        self._timed(self._resolved(wrapped)[0])
        with open(out) as file:
            return int(file.read().split()[-1]) * 1024

    def memory(self, what, one, allowed, before=None, times=3):
        """Prints the line of a command's peak memory: the largest of a few runs, against the bytes allowed."""
        if not self.wants(what):
            return
        peaks = []
        for _ in range(times):
            if before:
                before()
            peaks.append(self.peak(one))
        memory_line(what, max(peaks), allowed)

    def _resolved(self, side):
        side = side if isinstance(side, list) else [side]
        return [
            Command(
                [shutil.which(one.argv[0], path=self.env["PATH"]) or one.argv[0], *one.argv[1:]],
                os.path.join(self.work, one.cwd),
                self.env | {key: str(value) for key, value in one.env.items()},
                one.stdin,
                one.statuses,
            )
            for one in side
        ]

    def _timed(self, one):
        """Nanoseconds from the start of the program to its end."""
        os.chdir(one.cwd)
        errors = self.at("stderr")
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, one.stdin, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        ]
        start = time.perf_counter_ns()
        child = os.posix_spawn(one.argv[0], one.argv, one.env, file_actions=actions)
        _, status = os.waitpid(child, 0)
        took = time.perf_counter_ns() - start
        status = os.waitstatus_to_exitcode(status)
        if status not in one.statuses:
            with open(errors, errors="replace") as file:
                fail(f"{' '.join(one.argv)} ended with {status}: {file.read()}")
        return took


def restore(kept, path):
    """Puts a copy there as a new file, as git hands one to a driver. ext4 starts to write a file to the disk that is
    truncated and written again, and whoever removes it then waits.
    """
    if os.path.exists(path):
        os.remove(path)
    shutil.copy(kept, path)


def report(target, comparison, ours, floor, limit):
    """Prints the line of two series of nanoseconds, paired by their places."""
    ratios = sorted(one / other for one, other in zip(ours, floor))
    first, _, third = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    line(
        target,
        comparison,
        duration(statistics.median(ours)),
        duration(statistics.median(floor)),
        statistics.median(ratios),
        limit,
        f"{first:.2f}–{third:.2f}",
    )


def memory_line(what, peak, allowed):
    line("MEM", what, size(peak), size(allowed), peak / allowed, "<=1.0", "")


def line(target, comparison, ours, floor, ratio, limit, spread):
    print("\t".join([target, comparison, ours, floor, f"{ratio:.3f}", limit, spread]), flush=True)


def duration(nanoseconds):
    for unit, ns in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):  # noise can make a difference negative
        if abs(nanoseconds) >= ns:
            return f"{nanoseconds / ns:.2f} {unit}"
    return f"{nanoseconds:.0f} ns"


def size(count):
    return f"{count / (1 << 20):.1f} MiB"
