//! A merge through the command line that `install` registers: it stopped and changed nothing, or both sides are there.

use super::super::operation::Operation;
use super::super::strace::Traced;
use super::git;
use crate::merging_support::{Subject, installed, subjects};
use crate::support::{Output, Repo, World};

/// The merge of the subject with this number, whose edits can be brought together.
pub(super) struct Driver(pub(super) &'static str, pub(super) usize);

impl Driver {
    fn subject(&self) -> Subject {
        let [meta, log, ..] = subjects();
        if self.1 == 0 { meta } else { log }
    }
}

impl Operation for Driver {
    fn name(&self) -> &'static str {
        self.0
    }

    fn prepare(&self, scene: &Repo<'_>) {
        let subject = self.subject();
        let repo = installed(scene.world(), "scene/repo");
        repo.commit(&subject.path(), &subject.base);
        repo.ok(&["switch", "-q", "-c", "theirs"]);
        repo.commit(&subject.path(), &subject.edits[1]);
        repo.ok(&["switch", "-q", "main"]);
        repo.commit(&subject.path(), &subject.edits[0]);
        repo.ok(&["tag", "ours"]);
        // What hooks do is not what this is about.
        repo.ok(&["config", "core.hooksPath", "/nowhere"]);
        let key = ["merge.mission-meta.driver", "merge.mission-event-log.driver"][self.1];
        let program = format!("'{}'", World::mission_program().display());
        let traced = format!("'{}'", Traced::program(scene.world()).display());
        let command = repo.ok(&["config", key]).line().replace(&program, &traced);
        assert!(command.contains(&traced), "{command}");
        repo.ok(&["config", key, &command]);
    }

    fn command(&self, scene: &Repo<'_>) -> Vec<String> {
        git(scene, &["merge", "-q", "theirs"])
    }

    fn look(&self, scene: &Repo<'_>) -> String {
        let repo = scene.cd("repo");
        let status = repo.git(&["status", "--porcelain"]).stdout;
        format!("{}\nstatus {status}", repo.read(&self.subject().path()))
    }

    fn judge(&self, scene: &Repo<'_>, merge: &Output, _: &str, _: &str) {
        let (repo, subject) = (scene.cd("repo"), self.subject());
        let path = subject.path();
        let (text, status) = (repo.read(&path), repo.status());
        let case = format!("{merge}\n{status}{text}");
        assert!(!status.contains("??"), "something was left behind: {case}");
        if merge.status == 0 {
            assert!(status.is_empty() && text == subject.both(), "{case}");
        } else if status.is_empty() {
            assert!(text == subject.edits[0] && !repo.at(".git/MERGE_HEAD").exists(), "{case}");
        } else {
            let stages = [2, 3].map(|stage| repo.show(&format!(":{stage}:{path}")));
            assert_eq!(stages, subject.edits, "{case}");
            assert!(subject.signs.iter().all(|sign| text.contains(sign)), "{case}");
            assert!(text.contains("<<<<<<< ") || text == subject.both(), "{case}");
        }
    }

    /// The merge is taken back, as git says how.
    fn recover(&self, scene: &Repo<'_>) {
        let repo = scene.cd("repo");
        if repo.at(".git/MERGE_HEAD").exists() {
            repo.ok(&["merge", "--abort"]);
        }
        repo.ok(&["reset", "-q", "--hard", "ours"]);
    }
}
