"""What the benches work on: missions, event logs, repositories of any size, made fast and the same every time.

Knows nothing about what is measured.
"""

import datetime
import os

BEGINNING = datetime.datetime(2026, 4, 6, 5, 1, 28, 874035, datetime.timezone.utc)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def mission_id(serial):
    """A ULID that says its serial number."""
    text = ""
    for _ in range(6):
        serial, digit = divmod(serial, 32)
        text = ALPHABET[digit] + text
    return "01KQ47E8" + text + "JG8GTVGDCV67"


def meta(serial, number="null", name=None):
    """A canonical `meta.json` of about 700 bytes."""
    return (
        "{\n"
        '  "created_at": "2026-04-06T05:01:28.874035+00:00",\n'
        f'  "friendly_name": "{name or f"Mission {serial}"}",\n'
        f'  "mission_id": "{mission_id(serial)}",\n'
        f'  "mission_number": {number},\n'
        f'  "mission_slug": "mission-{serial}",\n'
        '  "mission_type": "software-dev",\n'
        '  "purpose_context": "What this one is for, said in a sentence or two, as real files have it, so that '
        'reading it costs what it costs there.",\n'
        '  "purpose_tldr": "What this mission is for, in one sentence that is about as long as they are.",\n'
        f'  "slug": "mission-{serial}",\n'
        '  "target_branch": "main"\n'
        "}\n"
    ).encode()


def row(number, tag="X"):
    """A row of an event log, about 270 bytes; `tag`, one digit of a ULID, says who wrote it. A minute passes per row."""
    at = BEGINNING + datetime.timedelta(minutes=number)
    return (
        '{"actor": "ada", '
        f'"at": "{at.isoformat()}", "event_id": "01KQ47E8{tag}{number:017}", "evidence": null, '
        '"execution_mode": "worktree", "force": false, "from_lane": "planned", "mission_slug": "mission-7", '
        '"reason": null, "review_ref": null, "to_lane": "claimed", "wp_id": "WP01"}\n'
    ).encode()


def log(rows, tag="X", first=0):
    return b"".join(row(number, tag) for number in range(first, first + rows))


class Stream:
    """A stream for `git fast-import`: commits with the files that change in them."""

    def __init__(self):
        self.parts = []

    def commit(self, ref, parent=None, message="past"):
        self.parts.append(f"commit {ref}\ncommitter Bench <bench@example.invalid> 1767225600 +0000\n".encode())
        self.parts.append(b"data %d\n%s\n" % (len(message), message.encode()))
        if parent:
            self.parts.append(f"from {parent}\n".encode())
        return self

    def file(self, path, data, mode="100644"):
        self.parts.append(f"M {mode} inline {path}\n".encode() + b"data %d\n%s\n" % (len(data), data))
        return self

    def missions(self, serials, extra=None):
        """Numbered missions; `extra(serial)` gives more files of each as a dictionary of names and bytes."""
        for serial in serials:
            place = f"kitty-specs/mission-{serial:05}"
            self.file(f"{place}/meta.json", meta(serial, serial))
            for name, data in (extra(serial) if extra else {}).items():
                self.file(f"{place}/{name}", data)
        return self

    def others(self, count, directory="src"):
        """Files that are no mission's, 100 to a directory."""
        for number in range(count):
            self.file(f"{directory}/{number // 100:03}/file-{number:05}.txt", b"file %d\n" % number)
        return self

    def into(self, bench, path, bare=False):
        """Makes the repository: packed, checked out unless bare, its index fresh."""
        bench.run("git", "init", "-q", *(["--bare"] if bare else []), path)
        bench.git(path, "fast-import", "--quiet", data=b"".join(self.parts))
        bench.git(path, "repack", "-qad")
        if not bare:
            bench.git(path, "reset", "-q", "--hard")
        return path


def publish(bench, repository):
    """Says that main is on the remote as it is, without a remote that could be reached."""
    bench.git(repository, "config", "remote.origin.url", bench.at("nowhere"))
    bench.git(repository, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    bench.git(repository, "config", "branch.main.remote", "origin")
    bench.git(repository, "config", "branch.main.merge", "refs/heads/main")
    bench.git(repository, "update-ref", "refs/remotes/origin/main", "main")


def hook(repository, name, text):
    """Writes a hook of the repository's own."""
    path = os.path.join(repository, ".git", "hooks", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o755)


NO_OP_HOOK = "#!/bin/sh\nexit 0\n"
