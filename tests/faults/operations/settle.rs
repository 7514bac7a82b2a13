//! `git mission settle` on main: main is at the old commit or at the settled one, and the next run leaves everything
//! clean.

use super::super::operation::Operation;
use super::super::strace::Traced;
use super::{old_or_new, versions};
use crate::support::{Output, Repo};

const PATHS: [&str; 3] = ["kitty-specs/a/meta.json", "kitty-specs/b/meta.json", "kitty-specs/c/meta.json"];

/// Three missions without a number.
pub(super) struct Settle;

impl Operation for Settle {
    fn name(&self) -> &'static str {
        "settle"
    }

    fn prepare(&self, scene: &Repo<'_>) {
        let repo = scene.world().init("scene/repo");
        repo.commit("README.md", "# App\n");
        for (path, slug) in PATHS.into_iter().zip(["a", "b", "c"]) {
            repo.write(
                path,
                format!(
                    "{{\n  \"created_at\": \"2026-01-01T00:00:00+00:00\",\n  \"friendly_name\": \"{slug}\",\n  \
                     \"mission_id\": \"01KQ000000000000000000000{}\",\n  \"mission_number\": null,\n  \
                     \"mission_slug\": \"{slug}\",\n  \"mission_type\": \"software-dev\",\n  \"slug\": \"{slug}\",\n  \
                     \"target_branch\": \"main\"\n}}\n",
                    slug.to_uppercase()
                ),
            );
        }
        repo.ok(&["add", "-A"]);
        repo.ok(&["commit", "-qm", "three missions"]);
    }

    fn command(&self, scene: &Repo<'_>) -> Vec<String> {
        Traced::command(scene.world(), &["settle"])
    }

    fn look(&self, scene: &Repo<'_>) -> String {
        let repo = scene.cd("repo");
        let status = repo.git(&["status", "--porcelain"]).stdout;
        format!("at {}\n{}\nstatus {status}", repo.head(), versions(&repo, &PATHS).join("\n"))
    }

    fn judge(&self, scene: &Repo<'_>, ended: &Output, before: &str, after: &str) {
        let repo = scene.cd("repo");
        let mut there = versions(&repo, &PATHS);
        there.push(format!("at {}", repo.head()));
        old_or_new(&there, ended, before, after);
    }
}
