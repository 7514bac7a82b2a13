"""Every event that was derived, through the models of the installed version of the library."""

import collections
import importlib.metadata
import json
import sys

from spec_kitty_events.conformance import validators
from spec_kitty_events.models import Event
from spec_kitty_events.status import Lane

KINDS = {
    "MissionCreated", "MissionClosed", "WPCreated", "WPStatusChanged", "WPAssigned",
    "MissionDossierArtifactIndexed", "MissionDossierArtifactMissing", "MissionDossierSnapshotComputed",
}
version = importlib.metadata.version("spec-kitty-events")
events = json.load(open(sys.argv[1]))
diagnosed = json.load(open(sys.argv[2]))["events"]
lanes = {lane.value for lane in Lane}
checked, skipped, wrong = collections.Counter(), collections.Counter(), []

for event in events:
    kind, payload = event["event_type"], event["payload"]
    try:
        Event.model_validate(event)
    except ValueError as error:
        wrong.append(f"{kind} {event['event_id']}: envelope: {error}")
        continue
    model = validators._EVENT_TYPE_TO_MODEL.get(kind)
    if model is None:
        skipped[f"{kind}: no such model"] += 1
        continue
    if kind == "WPStatusChanged" and not {payload["from_lane"] or "planned", payload["to_lane"]} <= lanes:
        skipped[f"{kind}: no such lane"] += 1
        continue
    try:
        model.model_validate(payload)
        checked[kind] += 1
    except ValueError as error:
        wrong.append(f"{kind} {event['event_id']}: {error}")
        continue
    verdict = validators.validate_event(payload, kind)
    if not verdict.valid:
        wrong.append(f"{kind} {event['event_id']}: {verdict.model_violations} {verdict.schema_violations}")

# What we do not say for want of a repository in the evidence, the model refuses indeed.
model = validators._EVENT_TYPE_TO_MODEL["WPStatusChanged"]
review = {"reviewer": "r", "verdict": "approved", "reference": "x"}
repo = {"repo": "r", "branch": "b", "commit": "c"}
for evidence in [None, {"review": review}, {"review": review, "repos": []}, {"review": review, "repos": [repo]}]:
    row = {"mission_slug": "m", "wp_id": "WP01", "from_lane": "for_review", "to_lane": "done", "actor": "a",
           "execution_mode": "worktree", "evidence": evidence}
    try:
        accepted = bool(model.model_validate(row))
    except ValueError:
        accepted = False
    assert accepted == bool(evidence and evidence.get("repos")), f"{evidence}: {accepted}"

unsaid = [row for row in diagnosed if not row["valid"]]
print(f"models of {version}: {sum(checked.values())} of {len(events)} derived events valid: {dict(checked)}")
for reason, count in sorted(skipped.items()):
    print(f"  not asked, {reason}: {count}")
for row in unsaid:
    print(f"  not derived: {row['event_type']} {row['place']}: {'; '.join(row['errors'])}")
assert not wrong, "\n".join(wrong)
missing = KINDS - {event["event_type"] for event in events}
assert not missing, f"never derived: {missing}"
assert len(unsaid) >= 4, "what the models refuse is named"
