"""What the neighbour derives from the same files: snapshots of logs and verdicts of acceptance matrices.

    derived.py PROGRAM      in a repository whose missions have event logs

Run by tests/neighbours.sh with the neighbour's own Python. Snapshots may differ where our format says so: the number
is a number, what is absent is null, names come from meta.json, and there is no key for the retrospective.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from specify_cli.acceptance.matrix import AcceptanceMatrix, SCAFFOLD_TODO_MARKER
from specify_cli.status.reducer import materialize_snapshot

PROGRAM = sys.argv[1]
FROM_LOG = ["event_count", "last_event_id", "summary", "work_packages"]


def snapshots():
    logs = sorted(pathlib.Path("kitty-specs").glob("*/status.events.jsonl"))
    subprocess.run([PROGRAM, "materialize"], check=True, stdout=subprocess.DEVNULL)
    for log in logs:
        ours = json.loads((log.parent / "status.json").read_text())
        theirs = materialize_snapshot(log.parent).to_dict()
        for key in FROM_LOG:
            assert ours[key] == theirs[key], (str(log), key, ours[key], theirs[key])
        assert (ours["materialized_at"] or "") == theirs["materialized_at"], str(log)
    print(f"neighbour's snapshots: {len(logs)} logs, all alike")


def rows(chance, key, name, results):
    for number in range(chance.randrange(4)):
        row = {name: f"{key}-{number}", "description": chance.choice(["It works", SCAFFOLD_TODO_MARKER])}
        if chance.random() < 0.9:
            row["pass_fail" if key == "C" else "result"] = chance.choice(results)
        row.update({"proof_type": "code_review"} if key == "C" else {"verification_method": "grep_absence"})
        yield row


def verdicts(count):
    chance = random.Random(7)
    met = {}
    with tempfile.TemporaryDirectory() as directory:
        base, ours, theirs = (pathlib.Path(directory, name) for name in ("base", "ours", "theirs"))
        for _ in range(count):
            table = {
                "mission_slug": "a",
                "overall_verdict": chance.choice(["pass", "fail", "nonsense"]),
                "criteria": list(rows(chance, "C", "criterion_id", ["pass", "pass", "pass", "pending", "fail", None, 1])),
                "negative_invariants": list(
                    rows(
                        chance,
                        "N",
                        "invariant_id",
                        ["confirmed_absent"] * 3
                        + ["pending", "still_present", "verification_error", "deferred_to_consolidation", "x"],
                    )
                ),
            }
            base.write_text(json.dumps(table))
            ours.write_text(json.dumps({**table, "ours": 1}))
            theirs.write_text(json.dumps({**table, "theirs": 1}))
            files = ["--base", base, "--ours", ours, "--theirs", theirs]
            subprocess.run([PROGRAM, "merge-driver", "acceptance-matrix", *files], check=True)
            found = json.loads(ours.read_text())
            wanted = AcceptanceMatrix.from_dict(found).overall_verdict
            assert found["overall_verdict"] == wanted, (table, found["overall_verdict"], wanted)
            met[wanted] = met.get(wanted, 0) + 1
    assert len(met) == 4, met
    print("neighbour's verdicts:", ", ".join(f"{verdict} {times}" for verdict, times in sorted(met.items())))


snapshots()
verdicts(300)
