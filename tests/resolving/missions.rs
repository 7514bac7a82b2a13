//! Two missions on one path: each is rebuilt from its commit and gets a path of its own.

use super::fixture::{ADA, BEN, BEN_MOVED, DIR, inside, make, moved, tree, two_clones};
use crate::support::{World, each_git};

/// Neither is published: the smaller id keeps the path, whoever merges whom, by merge or by rebase.
#[test]
fn both_are_whole_whoever_merges_whom() {
    each_git(|git| {
        let mut trees = Vec::new();
        for (side, command) in [
            ("ada", &["merge", "-q", "theirs"][..]),
            ("ben", &["merge", "-q", "theirs"]),
            ("ada", &["rebase", "-q", "theirs"]),
            ("ben", &["rebase", "-q", "theirs"]),
            ("ada", &["rebase", "-q", "--apply", "theirs"]),
            ("ben", &["cherry-pick", "theirs"]),
        ] {
            let world = World::new(git);
            let (_, ada, ben) = two_clones(&world);
            for (clone, id, who) in [(&ada, ADA, "ada"), (&ben, BEN, "ben")] {
                clone.ok(&["switch", "-qc", "work"]);
                make(clone, DIR, id, who);
            }
            let (here, there) = if side == "ada" { (&ada, &ben) } else { (&ben, &ada) };
            here.ok(&["fetch", "-q", &there.path().to_string_lossy(), "work:theirs"]);
            let case = format!("{side}: {command:?}");
            let output = here.git(command);
            assert_ne!(output.status, 0, "{case}: {output}");
            let output = here.mission(&["resolve"]).ok();
            assert!(output.stdout.contains("its id is the smaller one"), "{case}: {output}");
            assert!(
                output.stdout.contains(&format!("{BEN_MOVED}: {BEN} moved here from {DIR}")),
                "{case}: {output}"
            );

            let now = tree(here, ":");
            let of = |clone| inside(&tree(clone, "work"), clone_dir(clone));
            assert_eq!(inside(&now, DIR), of(&ada), "{case}");
            assert_eq!(inside(&now, BEN_MOVED), moved(&ben, "work", DIR, BEN_MOVED), "{case}");
            assert_eq!(
                here.ok(&["diff", "--name-only"]).stdout,
                "",
                "{case}: the work tree is as the index says"
            );
            match command[0] {
                "merge" => here.ok(&["commit", "-qm", "merged"]),
                other => here.ok(&[other, "--continue"]),
            };
            assert_eq!((here.status().as_str(), tree(here, "HEAD")), ("", now), "{case}");
            trees.push(here.rev("HEAD:kitty-specs"));
        }
        trees.dedup();
        assert_eq!(trees.len(), 1, "every way ends in the same tree");
    });
}

fn clone_dir<'a>(_: &crate::support::Repo<'_>) -> &'a str {
    DIR
}
