"""The library's own fixtures through `gate check --kind event`: no disagreement, every exclusion with its reason.

A fixture that is a payload is put into an envelope; one that is an envelope gets the fields that the library
does not have (`aggregate_type`, `git_branch`, `head_commit_sha`) and the one that it fills in by itself (`data_tier`).
"""

import collections
import importlib.metadata
import json
import pathlib
import subprocess
import sys

import spec_kitty_events

AGGREGATES = {
    "MissionCreated": "Mission", "MissionClosed": "Mission", "WPCreated": "WorkPackage",
    "WPStatusChanged": "WorkPackage", "WPAssigned": "WorkPackage", "Event": "Build", "TestEvent": "Build",
}
PAYLOAD, FAMILY, TIMELINE = "payload-only rule", "other event family", "timeline file"
# What only the model of one payload demands or fills in; the contract of envelopes does not.
PAYLOAD_ONLY = {
    "events/invalid/wp_created_missing_title.json": "a required key of one payload",
    "class_taxonomy/envelope_invalid_payload_schema/missing_required_friendly_name.json": "a required key of one payload",
    "edge_cases/valid/alias_doing_normalized.json": "the model spells an alias out",
    "edge_cases/valid/optional_fields_omitted.json": "the model fills in `force`",
}
for how in ("forced", "unforced"):
    for lane in ("for_review", "in_review", "approved"):
        name = f"edge_cases/invalid/wp_status_changed_{how}_{lane}_to_in_progress_missing_review_ref.json"
        PAYLOAD_ONLY[name] = "a move that needs review_ref"
OTHER_FAMILY = {
    "events/valid/event_lamport_clock_absent.json": "envelopes without a clock, which are newer than shape 3.0.0",
}
SAMPLE = {
    "event_id": "01KQ47E80QJG8GTVGDCV67RW7M", "aggregate_id": "mission/01KQ47E80QJG8GTVGDCV67RW7M",
    "schema_version": "3.0.0", "build_id": "b", "node_id": "n", "lamport_clock": 1, "causation_id": None,
    "correlation_id": "01KQ47E80QJG8GTVGDCV67RW7M", "timestamp": "2026-04-06T05:01:28+00:00", "team_slug": None,
    "project_uuid": "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "project_slug": None, "repo_slug": None,
}
OURS = {"git_branch": "main", "head_commit_sha": "0" * 39 + "1", "data_tier": 0}
CHOSEN = ("events/", "edge_cases/", "class_taxonomy/envelope_")

program = sys.argv[1]
root = pathlib.Path(spec_kitty_events.__file__).parent / "conformance" / "fixtures"
fixtures = [f for f in json.load(open(root / "manifest.json"))["fixtures"] if f["path"].startswith(CHOSEN)]
compared, excluded, disagreements = 0, collections.defaultdict(list), []


def event_of(fixture, value):
    """The fixture as one of our events; None if it is of no family that we derive or carry."""
    if isinstance(value, dict) and "input" in value and "class" in value:
        value = value["input"]
    if not isinstance(value, dict):
        return value
    if fixture["event_type"] in ("<missing>", "<wrapper-array>") or {"event_id", "aggregate_id"} <= value.keys():
        kind = value.get("event_type", "Event")
        if kind not in AGGREGATES and kind != "":
            return None
        return {"aggregate_type": AGGREGATES.get(kind, "Build"), **OURS, **value}
    kind = fixture["event_type"]
    if kind not in AGGREGATES:
        return None
    return {**SAMPLE, **OURS, "event_type": kind, "aggregate_type": AGGREGATES[kind], "payload": value}


for fixture in fixtures:
    path = fixture["path"]
    if path.endswith(".jsonl"):
        excluded[TIMELINE].append(path)
        continue
    event = event_of(fixture, json.loads((root / path).read_text(encoding="utf-8")))
    if event is None or path in OTHER_FAMILY:
        excluded[FAMILY].append(path)
    elif path in PAYLOAD_ONLY:
        excluded[PAYLOAD].append(path)
    else:
        compared += 1
        command = [program, "gate", "check", "--kind", "event", "--json", "-"]
        answer = subprocess.run(command, input=json.dumps(event), capture_output=True, text=True, check=False)
        verdict = json.loads(answer.stdout)
        if verdict["valid"] != (fixture["expected_result"] == "valid"):
            disagreements.append(f"{path}: the library says {fixture['expected_result']}, we say {verdict}")

version = importlib.metadata.version("spec-kitty-events")
print(f"fixtures of {version}: {len(fixtures)} looked at, {compared} compared, {len(disagreements)} disagreements")
for reason, paths in sorted(excluded.items()):
    print(f"  excluded, {reason}: {len(paths)}")
    for path in paths:
        note = PAYLOAD_ONLY.get(path) or OTHER_FAMILY.get(path)
        print(f"    {path}" + (f" ({note})" if note else ""))
assert not disagreements, "\n".join(disagreements)
assert compared >= 25, compared
assert compared + sum(map(len, excluded.values())) == len(fixtures)
