"""Writes a repository's files in which every kind of event has something to be derived from."""

import json
import pathlib
import sys

root = pathlib.Path(sys.argv[1])
review = {"reviewer": "rev", "verdict": "approved", "reference": "review-cycle://1"}
whole = {"review": review, "repos": [{"repo": "app", "branch": "main", "commit": "0123abcd"}], "verification": []}


def write(path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


def meta(slug, mission_id, **more):
    value = {
        "slug": slug, "mission_slug": f"{slug}-{mission_id[:8]}", "friendly_name": f"Größe {slug}",
        "mission_type": "software-dev", "target_branch": "main", "mission_number": None,
        "mission_id": mission_id, "created_at": "2026-04-06T05:01:28.874035+00:00", **more,
    }
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


number = 0


def row(source, target, **more):
    global number
    number += 1
    value = {
        "event_id": f"01KQ47E80QJG8GTVGDCV67R{number:03}", "mission_slug": "one-01KQ47E8", "wp_id": "WP01",
        "from_lane": source, "to_lane": target, "at": f"2026-04-06T06:{number:02}:00+00:00", "actor": "claude",
        "force": False, "execution_mode": "worktree", "reason": None, "review_ref": None, "evidence": None, **more,
    }
    return json.dumps(value, sort_keys=True) + "\n"


one = "kitty-specs/one-01KQ47E8"
write(f"{one}/meta.json", meta("one", "01KQ47E80QJG8GTVGDCV67RW7M", mission_number="064",
                               accepted_at="2026-04-07T00:00:00+00:00", purpose_tldr="to log in"))
write(f"{one}/spec.md", "# One\n")
write(f"{one}/research/data.csv", "a,b\n1,2\n")
write(f"{one}/checklists/done.yaml", "- yes\n")
write(f"{one}/tasks/WP01-first.md", "---\ndependencies: [WP02]\n---\n# First\n")
write(f"{one}/tasks/WP02.md", "no heading\n")
write(f"{one}/status.events.jsonl", "".join([
    row("genesis", "planned"),
    row("planned", "claimed", actor={"role": "implementer", "tool": "claude"}),
    row("claimed", "doing"),
    row("in_progress", "for_review", execution_mode="direct_repo"),
    row("for_review", "in_review"),
    row("in_review", "in_progress", review_ref="review-cycle://1"),
    row("in_progress", "blocked", reason="waits"),
    row("blocked", "in_progress"),
    row("in_progress", "planned", force=True, reason="backward rewind: in_progress -> planned"),
    row(None, "planned", wp_id="WP02"),
    row("planned", "claimed", wp_id="WP02"),
    row("in_progress", "approved", evidence=whole),
    row("approved", "done", evidence=whole),
    row("planned", "canceled", wp_id="WP02"),
    # What the models refuse: named by diagnose, never queued.
    row("approved", "done", evidence={"review": review}),
    row("in_review", "approved"),
    row("planned", "claimed", execution_mode="code_change"),
    row("in_review", "planned", reason="back"),
    json.dumps({"event_id": "01KQ47E80QJG8GTVGDCV67RX99", "kind": "annotation", "delta": {}, "wp_id": "WP01"}) + "\n",
]))
write("kitty-specs/two-01KQ47E9/meta.json", meta("two", "01KQ47E90QJG8GTVGDCV67RW7M"))
write("kitty-specs/two-01KQ47E9/plan.md", "# Plan\n")
write("software-dev/expected-artifacts.yaml",
      "manifest_version: '2'\nrequired_always:\n  - {path_pattern: spec.md, artifact_class: input}\n"
      "required_by_step:\n  plan:\n    - {path_pattern: plan.md, artifact_class: workflow}\n")
