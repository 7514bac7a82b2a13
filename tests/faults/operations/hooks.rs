//! The hooks that git does not wait for, through real git: what they are called for stands whatever becomes of them,
//! and what they did not do is caught up.

use std::collections::BTreeSet;

use super::super::operation::{Operation, remove_locks};
use super::super::strace::Traced;
use super::{enqueue, flush, git, old_or_new, versions};
use crate::support::{Output, Repo};

fn hook(repo: &Repo<'_>, name: &str) {
    let program = Traced::program(repo.world());
    repo.hook(name, format!("#!/bin/sh\nexec '{}' hook {name} -- \"$@\"\n", program.display()));
}

/// A commit with something to be queued: it stands, and its rows come by the next one at the latest.
pub(super) struct PostCommit;

impl Operation for PostCommit {
    fn name(&self) -> &'static str {
        "post-commit"
    }

    fn is_open(&self) -> bool {
        true
    }

    fn is_exhaustive(&self) -> bool {
        false
    }

    fn prepare(&self, scene: &Repo<'_>) {
        enqueue::started(scene, 2);
        hook(&scene.cd("repo"), "post-commit");
    }

    fn command(&self, scene: &Repo<'_>) -> Vec<String> {
        git(scene, &["commit", "-q", "--allow-empty", "-m", "next"])
    }

    fn look(&self, scene: &Repo<'_>) -> String {
        enqueue::rows(scene).into_iter().collect::<Vec<_>>().join("\n")
    }

    fn judge(&self, scene: &Repo<'_>, ended: &Output, _: &str, after: &str) {
        let subject = scene.cd("repo").ok(&["show", "-s", "--format=%s"]);
        // git alone may refuse, for want of a disk.
        assert!(ended.status != 0 || subject.line() == "next", "the commit stands: {ended}");
        let after: BTreeSet<String> = after.lines().map(str::to_owned).collect();
        let rows = enqueue::rows(scene);
        assert!(rows.is_subset(&after), "{rows:?} is not of {after:?}");
    }
}

/// A push with something to be delivered: every row is in the queue or on the server, whatever becomes of the push.
pub(super) struct PrePush;

impl Operation for PrePush {
    fn name(&self) -> &'static str {
        "pre-push"
    }

    fn is_open(&self) -> bool {
        true
    }

    fn is_exhaustive(&self) -> bool {
        false
    }

    fn prepare(&self, scene: &Repo<'_>) {
        enqueue::started(scene, 2);
        let repo = scene.cd("repo");
        // Numbers are settled, so that main may be pushed.
        repo.mission(&["settle"]).ok();
        repo.mission(&["sync", "enqueue"]).ok();
        hook(&repo, "pre-push");
    }

    fn command(&self, _: &Repo<'_>) -> Vec<String> {
        let both = "git commit -q --allow-empty -m next && git push -q origin main";
        ["sh", "-c", both].map(str::to_owned).to_vec()
    }

    fn look(&self, scene: &Repo<'_>) -> String {
        flush::look(scene)
    }

    fn judge(&self, scene: &Repo<'_>, _: &Output, before: &str, _: &str) {
        flush::everything_is_somewhere(scene, before);
    }

    fn recover(&self, scene: &Repo<'_>) {
        flush::let_time_pass(scene);
    }
}

/// A merge on main that brings missions without numbers: merged or settled, never two numbers, and `settle` finishes.
pub(super) struct PostMerge;

const PATHS: [&str; 2] = ["kitty-specs/a/meta.json", "kitty-specs/b/meta.json"];

impl Operation for PostMerge {
    fn name(&self) -> &'static str {
        "post-merge"
    }

    fn is_open(&self) -> bool {
        true
    }

    fn is_exhaustive(&self) -> bool {
        false
    }

    fn prepare(&self, scene: &Repo<'_>) {
        let repo = scene.world().init("scene/repo");
        repo.commit("README.md", "# App\n");
        repo.ok(&["switch", "-q", "-c", "topic"]);
        for (path, slug) in PATHS.into_iter().zip(["a", "b"]) {
            let text = format!(
                "{{\n  \"created_at\": \"2026-01-01T00:00:00+00:00\",\n  \"friendly_name\": \"{slug}\",\n  \
                 \"mission_id\": \"01KQ000000000000000000000{}\",\n  \"mission_number\": null,\n  \
                 \"mission_slug\": \"{slug}\",\n  \"mission_type\": \"software-dev\",\n  \"slug\": \"{slug}\",\n  \
                 \"target_branch\": \"main\"\n}}\n",
                slug.to_uppercase()
            );
            repo.commit(path, text);
        }
        repo.ok(&["switch", "-q", "main"]);
        repo.commit("LICENSE", "free\n");
        hook(&repo, "post-merge");
    }

    fn command(&self, scene: &Repo<'_>) -> Vec<String> {
        // Equal dates make equal commits.
        let dates = ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"].map(|name| format!("{name}=1767225600 +0000"));
        let merge = git(scene, &["merge", "-q", "--no-edit", "topic"]);
        ["env".to_owned()].into_iter().chain(dates).chain(merge).collect()
    }

    fn again(&self, scene: &Repo<'_>) -> Output {
        self.run(scene);
        scene.cd("repo").mission(&["settle"])
    }

    fn look(&self, scene: &Repo<'_>) -> String {
        let repo = scene.cd("repo");
        let status = repo.git(&["status", "--porcelain"]).stdout;
        format!("at {}\n{}\nstatus {status}", repo.head(), versions(&repo, &PATHS).join("\n"))
    }

    fn judge(&self, scene: &Repo<'_>, ended: &Output, _: &str, after: &str) {
        let repo = scene.cd("repo");
        let unnumbered = PATHS.map(|path| {
            let text = super::without_id(&repo.show(&format!("topic:{path}")));
            ["HEAD", "index", "work"].map(|place| format!("{place} {path} {text}"))
        });
        let nothing = PATHS.map(|path| ["HEAD", "index", "work"].map(|place| format!("{place} {path} ")));
        let before = [unnumbered.concat(), nothing.concat()].concat().join("\n");
        old_or_new(&versions(&repo, &PATHS), ended, &before, after);
        let settled = after.lines().any(|line| line == format!("at {}", repo.head()));
        let merged = repo.git(&["rev-parse", "-q", "--verify", "HEAD^2"]).status == 0;
        // git alone may refuse, for want of a disk.
        assert!(
            ended.status != 0 || settled || merged,
            "main is at the merge or at what settles it: {ended}"
        );
    }

    fn recover(&self, scene: &Repo<'_>) {
        remove_locks(scene);
        let repo = scene.cd("repo");
        if repo.at(".git/MERGE_HEAD").exists() {
            repo.git(&["reset", "-q", "--hard"]);
        }
    }
}
