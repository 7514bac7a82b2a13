//! `git commit` of two new missions on main: the commit is made or not; index and files are the old or the new ones,
//! and the next try makes it, with a clean work tree.

use super::super::operation::Operation;
use super::super::strace::Traced;
use super::{git, old_or_new, versions};
use crate::support::{Output, Repo};

const PATHS: [&str; 2] = ["kitty-specs/one/meta.json", "kitty-specs/two/meta.json"];

/// The hook, as git runs it.
pub(super) struct PreCommit;

impl Operation for PreCommit {
    fn name(&self) -> &'static str {
        "pre-commit"
    }

    fn prepare(&self, scene: &Repo<'_>) {
        let repo = scene.world().init("scene/repo");
        repo.commit("README.md", "# App\n");
        let program = Traced::program(scene.world());
        repo.hook(
            "pre-commit",
            format!("#!/bin/sh\nexec '{}' hook pre-commit -- \"$@\"\n", program.display()),
        );
        // The one gets an id from the clock, which is later than the other's.
        for (path, slug, id) in
            [(PATHS[0], "one", ""), (PATHS[1], "two", "\"mission_id\": \"00000000000000000000000002\", ")]
        {
            repo.write(
                path,
                format!(
                    "{{{id}\"slug\": \"{slug}\", \"mission_slug\": \"{slug}\", \"friendly_name\": \"{slug}\", \
                     \"mission_type\": \"research\", \"target_branch\": \"main\", \"mission_number\": null,\n\
                     \"created_at\": \"2026-04-06T05:01:28+00:00\"}}\n"
                ),
            );
        }
        repo.ok(&["add", "-A"]);
    }

    fn command(&self, scene: &Repo<'_>) -> Vec<String> {
        git(scene, &["commit", "-qm", "two missions"])
    }

    fn look(&self, scene: &Repo<'_>) -> String {
        let repo = scene.cd("repo");
        format!(
            "{}\nstatus {}",
            versions(&repo, &PATHS).join("\n"),
            repo.git(&["status", "--porcelain"]).stdout
        )
    }

    fn judge(&self, scene: &Repo<'_>, ended: &Output, before: &str, after: &str) {
        let repo = scene.cd("repo");
        let there = versions(&repo, &PATHS);
        old_or_new(&there, ended, before, after);
        let is_new = |place: &str| -> Vec<bool> {
            there
                .iter()
                .filter(|line| line.starts_with(place))
                .map(|line| !before.lines().any(|l| l == line))
                .collect()
        };
        let (head, index) = (is_new("HEAD"), is_new("index"));
        assert!(
            head[0] == head[1] && index[0] == index[1],
            "one file, but not the other: {ended}\n{there:#?}"
        );
        assert!(!head[0] || index[0], "committed, and not in the index: {ended}\n{there:#?}");
    }
}
