//! `git mission migrate` of six legacy files: each is the old or the new one, byte for byte, and the next run finishes.

use super::super::operation::Operation;
use super::super::strace::Traced;
use super::{old_or_new, versions};
use crate::support::{Output, Repo};

const PATHS: [&str; 6] = [
    "kitty-specs/001-a/meta.json",
    "kitty-specs/002-b/meta.json",
    "kitty-specs/003-c/meta.json",
    "kitty-specs/004-d/meta.json",
    "kitty-specs/005-e/meta.json",
    "kitty-specs/006-f/meta.json",
];

/// The files of the work tree, and the index.
pub(super) struct Migrate;

impl Operation for Migrate {
    fn name(&self) -> &'static str {
        "migrate"
    }

    fn prepare(&self, scene: &Repo<'_>) {
        let repo = scene.world().init("scene/repo");
        for (path, number) in PATHS.into_iter().zip(1..) {
            repo.write(
                path,
                format!(
                    "{{\"feature_number\": \"00{number}\", \"slug\": \"s{number}\", \"friendly_name\": \"Größe\", \
                     \"created_at\": \"2025-10-29T12:28:29Z\", \"target_branch\": \"main\", \"weight\": 1.10, \
                     \"feature_slug\": \"s{number}\", \"mission\": \"software-dev\"}}"
                ),
            );
        }
        repo.ok(&["add", "-A"]);
        repo.ok(&["commit", "-qm", "six missions"]);
    }

    fn command(&self, scene: &Repo<'_>) -> Vec<String> {
        Traced::command(scene.world(), &["migrate", "--stage"])
    }

    fn look(&self, scene: &Repo<'_>) -> String {
        let repo = scene.cd("repo");
        let status = repo.git(&["status", "--porcelain"]).stdout;
        format!("{}\nstatus {status}", versions(&repo, &PATHS).join("\n"))
    }

    fn judge(&self, scene: &Repo<'_>, ended: &Output, before: &str, after: &str) {
        old_or_new(&versions(&scene.cd("repo"), &PATHS), ended, before, after);
    }
}
