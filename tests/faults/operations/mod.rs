//! The operations that are interrupted.
//!
//! One more is one more file here and one more line in [`all`]; a flush over the network, say, differs from the one
//! into a directory only in what it asks the server.

mod driver;
mod enqueue;
mod flush;
mod hooks;
mod migrate;
mod pre_commit;
mod schema;
mod settle;

use super::operation::Operation;
use crate::support::{Output, Repo};

/// Every one of them.
pub(crate) fn all() -> Vec<Box<dyn Operation>> {
    vec![
        Box::new(pre_commit::PreCommit),
        Box::new(driver::Driver("driver-meta", 0)),
        Box::new(driver::Driver("driver-event-log", 1)),
        Box::new(hooks::PostCommit),
        Box::new(hooks::PrePush),
        Box::new(hooks::PostMerge),
        Box::new(settle::Settle),
        Box::new(migrate::Migrate),
        Box::new(enqueue::Enqueue),
        Box::new(enqueue::AtCommit),
        Box::new(flush::Flush),
        Box::new(schema::Migration("schema-migration-1", 0)),
        Box::new(schema::Migration("schema-migration-2", 1)),
        Box::new(schema::Migration("schema-migration-3", 2)),
        Box::new(schema::Migration("schema-migration-4", 3)),
    ]
}

/// Those that change nothing but the store and a server in a directory.
pub(crate) fn of_the_store() -> Vec<Box<dyn Operation>> {
    let of_the_store =
        |name: &str| matches!(name, "enqueue" | "enqueue-at-commit" | "flush") || name.starts_with("schema");
    all().into_iter().filter(|operation| of_the_store(operation.name())).collect()
}

pub(crate) use enqueue::started;
pub(crate) use flush::stored;

/// A git command of the world.
fn git(scene: &Repo<'_>, args: &[&str]) -> Vec<String> {
    let git = scene.world().path("bin/git").to_string_lossy().into_owned();
    [git].into_iter().chain(args.iter().map(|arg| (*arg).to_owned())).collect()
}

/// The files of `repo` as they are in HEAD, in the index and in the work tree, one line each, with what git says of
/// them. Ids of missions that were made just now differ from run to run: they are left out.
fn versions(repo: &Repo<'_>, paths: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for path in paths {
        let shown = |revision: &str| repo.git(&["cat-file", "blob", &format!("{revision}:{path}")]).stdout;
        let work = std::fs::read_to_string(repo.at(path)).unwrap_or_default();
        for (place, text) in [("HEAD", shown("HEAD")), ("index", shown("")), ("work", work)] {
            lines.push(format!("{place} {path} {}", without_id(&text)));
        }
    }
    lines
}

/// A text on one line, any id of a mission in it as `<id>`.
fn without_id(text: &str) -> String {
    let line = text.replace('\n', "\\n");
    let Some((before, rest)) = line.split_once("\"mission_id\": \"") else { return line };
    let Some((id, after)) = rest.split_once('"') else { return line };
    assert_eq!(id.len(), 26, "an id in {text}");
    format!("{before}\"mission_id\": \"<id>\"{after}")
}

/// Every line of what is there is a line of before or of after: nothing is torn, nothing came from elsewhere.
#[track_caller]
fn old_or_new(there: &[String], ended: &Output, before: &str, after: &str) {
    for line in there {
        // A git that is killed while it checks a file out leaves it empty or away; what it says is in the index.
        let is_away = line.starts_with("work ") && line.ends_with(".json ");
        let known = is_away || before.lines().chain(after.lines()).any(|old| old == line);
        assert!(known, "neither old nor new: {line}\nafter {ended}");
    }
}
