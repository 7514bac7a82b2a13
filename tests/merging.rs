//! The merge drivers under real git: every way in which git brings two versions of a file together, for a
//! `meta.json`, an event log, a note and the two matrices. Two edits that a merge by lines cannot bring together are each in the result,
//! and that is the bytes that the rules alone give.
//!
//! Hooks are switched off: what they add is tested elsewhere.

use git_mission::merge::Kind;

use crate::merging_support::{DIRECTORY, Subject, diverged, each, installed};
use crate::support::Repo;

#[test]
fn merge_rebase_cherry_pick_and_stash_end_in_the_same_bytes() {
    each(|world, _, subject| {
        let path = subject.path();
        let committed = |repo: &Repo<'_>| {
            assert_eq!(
                (repo.status(), repo.read(&path)),
                (String::new(), repo.show(&format!("HEAD:{path}")))
            );
            subject.assert_both(&repo.read(&path));
        };

        let repo = diverged(world, "merge", subject, &subject.edits);
        repo.ok(&["merge", "-q", "theirs"]);
        committed(&repo);

        // The sides are swapped.
        let repo = diverged(world, "rebase", subject, &subject.edits);
        repo.ok(&["rebase", "-q", "theirs"]);
        committed(&repo);
        assert_eq!(repo.rev("HEAD^"), repo.rev("theirs"));

        let repo = diverged(world, "apply", subject, &subject.edits);
        repo.ok(&["rebase", "-q", "--apply", "theirs"]);
        committed(&repo);

        let repo = diverged(world, "pick", subject, &subject.edits);
        repo.ok(&["cherry-pick", "theirs"]);
        committed(&repo);

        let repo = diverged(world, "stash", subject, &subject.edits);
        repo.ok(&["switch", "-q", "theirs"]);
        repo.ok(&["reset", "-q", "--hard", "HEAD^"]);
        repo.write(&path, &subject.edits[1]);
        repo.ok(&["stash", "-q"]);
        repo.ok(&["switch", "-q", "main"]);
        repo.ok(&["stash", "pop", "-q"]);
        subject.assert_both(&repo.read(&path));
        assert_eq!(repo.ok(&["stash", "list"]).stdout, "");

        let repo = diverged(world, "checkout", subject, &subject.edits);
        repo.ok(&["reset", "-q", "--hard", "HEAD^"]);
        repo.write(&path, &subject.edits[0]);
        repo.ok(&["checkout", "-q", "-m", "theirs"]);
        subject.assert_both(&repo.read(&path));
    });
}

#[test]
fn a_conflict_shows_both_sides_wherever_it_comes_from() {
    each(|world, _, subject| {
        let path = subject.path();
        let commands: [&[&str]; 4] = [
            &["merge", "-q", "theirs"],
            &["rebase", "-q", "theirs"],
            &["cherry-pick", "theirs"],
            &["stash", "pop", "-q"],
        ];
        for (position, command) in commands.iter().enumerate() {
            let repo = diverged(world, &format!("repo{position}"), subject, &subject.rivals);
            if command[0] == "stash" {
                repo.ok(&["reset", "-q", "--hard", "HEAD^"]);
                repo.write(&path, &subject.rivals[0]);
                repo.ok(&["stash", "-q"]);
                repo.ok(&["merge", "-q", "--ff-only", "theirs"]);
            }
            repo.git(command).exits(1);
            let text = repo.read(&path);
            assert_eq!(text.matches("<<<<<<<").count(), 1, "{command:?}: {text}");
            assert!(subject.rival_signs.iter().all(|sign| text.contains(sign)), "{command:?}: {text}");
            assert_eq!(repo.ok(&["ls-files", "-u"]).stdout.lines().count(), 3, "{command:?}");
            if command[0] == "stash" {
                assert_ne!(repo.ok(&["stash", "list"]).stdout, "", "kept until it is resolved");
            }
        }
    });
}

/// The blob at the subject's path of the tree that `merge-tree` wrote.
#[track_caller]
fn merged_tree(repo: &Repo<'_>, subject: &Subject, options: &[&str]) -> String {
    let args = [options, &["merge-tree", "--write-tree", "main", "theirs"]].concat();
    let tree = repo.ok(&args).line().to_owned();
    repo.show(&format!("{tree}:{}", subject.path()))
}

#[test]
fn merge_tree_uses_the_drivers() {
    each(|world, git, subject| {
        let repo = diverged(world, "repo", subject, &subject.edits);
        subject.assert_both(&merged_tree(&repo, subject, &[]));

        // In a bare repository: attributes of its own, or those of a tree.
        let bare = world.bare("bare.git");
        let url = bare.path().display().to_string();
        repo.ok(&["push", "-q", &url, "main", "theirs"]);
        for kind in Kind::ALL {
            let key = format!("merge.mission-{}.driver", kind.name());
            let command = repo.ok(&["config", &key]).line().to_owned();
            bare.ok(&["config", &key, &command]);
        }
        let attributes = repo.read(".git/info/attributes");
        bare.write("info/attributes", &attributes);
        subject.assert_both(&merged_tree(&bare, subject, &[]));
        std::fs::remove_file(bare.at("info/attributes")).expect("removed");
        bare.git(&["merge-tree", "--write-tree", "main", "theirs"]).exits(1);
        if git.is_at_least(2, 43) {
            repo.ok(&["switch", "-q", "-c", "attributes"]);
            repo.commit(".gitattributes", &attributes);
            repo.ok(&["push", "-q", &url, "attributes"]);
            subject.assert_both(&merged_tree(&bare, subject, &["--attr-source=attributes"]));
        }
    });
}

#[test]
fn a_criss_cross_merge_ends_in_the_same_bytes() {
    each(|world, _, subject| {
        let path = subject.path();
        // Both sides merge the other's first commit, so that there are two merge bases.
        let repo = diverged(world, "repo", subject, &subject.edits);
        let (ours, theirs) = (repo.head(), repo.rev("theirs"));
        repo.ok(&["merge", "-q", &theirs]);
        repo.commit("README.md", "ours\n");
        repo.ok(&["switch", "-q", "theirs"]);
        repo.ok(&["merge", "-q", &ours]);
        repo.commit("NOTES.md", "theirs\n");
        assert_eq!(repo.ok(&["merge-base", "--all", "main", "theirs"]).stdout.lines().count(), 2);
        repo.ok(&["switch", "-q", "main"]);
        repo.ok(&["merge", "-q", "theirs"]);
        subject.assert_both(&repo.show(&format!("HEAD:{path}")));

        // The merge bases themselves disagree, and each side has resolved that in its own way: the conflict inside
        // must not swallow either.
        let repo = diverged(world, "rivals", subject, &subject.rivals);
        let (ours, theirs) = (repo.head(), repo.rev("theirs"));
        repo.git(&["merge", "-q", &theirs]).exits(1);
        repo.commit(&path, &subject.rivals[0]);
        repo.ok(&["switch", "-q", "theirs"]);
        repo.git(&["merge", "-q", &ours]).exits(1);
        repo.commit(&path, &subject.rivals[1]);
        repo.ok(&["switch", "-q", "main"]);
        repo.git(&["merge", "-q", "theirs"]).exits(1);
        let text = repo.read(&path);
        assert!(subject.rival_signs.iter().all(|sign| text.contains(sign)), "{text}");
        assert_eq!((text.matches("<<<<<<<").count(), text.matches(">>>>>>>").count()), (1, 1), "{text}");

        // Resolved alike on both sides: nothing is left to decide.
        let repo = diverged(world, "alike", subject, &subject.rivals);
        let (ours, theirs) = (repo.head(), repo.rev("theirs"));
        repo.git(&["merge", "-q", &theirs]).exits(1);
        repo.commit(&path, &subject.rivals[0]);
        repo.ok(&["switch", "-q", "theirs"]);
        repo.git(&["merge", "-q", &ours]).exits(1);
        repo.commit(&path, &subject.rivals[0]);
        repo.commit("NOTES.md", "theirs\n");
        repo.ok(&["switch", "-q", "main"]);
        repo.ok(&["merge", "-q", "theirs"]);
        assert_eq!(repo.show(&format!("HEAD:{path}")), subject.rivals[0]);
    });
}

#[test]
fn a_renamed_directory_takes_the_edit_of_the_other_side_along() {
    each(|world, _, subject| {
        for renames in ["ours", "theirs"] {
            let repo = diverged(world, renames, subject, &subject.edits);
            if renames == "theirs" {
                repo.ok(&["switch", "-q", "theirs"]);
            }
            repo.ok(&["mv", DIRECTORY, "kitty-specs/sign-in"]);
            repo.ok(&["commit", "-q", "-m", "rename"]);
            repo.ok(&["switch", "-q", "main"]);
            repo.ok(&["merge", "-q", "theirs"]);
            let files = repo.ok(&["ls-files"]).stdout;
            assert_eq!(files, format!("kitty-specs/sign-in/{}\n", subject.name), "renamed by {renames}");
            subject.assert_both(&repo.show(&format!("HEAD:kitty-specs/sign-in/{}", subject.name)));
        }
    });
}

#[test]
fn a_file_that_both_sides_added_is_merged() {
    each(|world, _, subject| {
        let path = subject.path();
        let versions = match subject.name {
            "meta.json" => subject.edits.clone().map(|text| text.replace("  \"note_b\": \"\",\n", "")),
            _ => subject.edits.clone(),
        };
        let add = |name: &str, versions: &[String; 2]| {
            let repo = installed(world, name);
            repo.commit("README.md", "# Product\n");
            repo.ok(&["switch", "-q", "-c", "theirs"]);
            repo.commit(&path, &versions[1]);
            repo.ok(&["switch", "-q", "main"]);
            repo.commit(&path, &versions[0]);
            let merge = repo.git(&["merge", "-q", "theirs"]);
            (repo, merge)
        };
        let expected = subject.merged("", &versions[0], &versions[1]);
        let (repo, merge) = add("repo", &versions);
        // Without a base, two different notes are two different notes.
        let open = expected.contains("<<<<<<<");
        assert_eq!((merge.status, open), (i32::from(open), subject.is_document()), "{merge}");
        let text = repo.read(&path);
        assert!(subject.signs.iter().all(|sign| text.contains(sign)), "{text}");
        if !open {
            assert_eq!((text, repo.status()), (expected, String::new()));
        }

        let (repo, merge) = add("rivals", &subject.rivals);
        if subject.kind() == Kind::Traces {
            // Two entries of one day.
            subject.assert_rivals_stand(&repo.read(&path));
            return;
        }
        merge.exits(1);
        let text = repo.read(&path);
        assert!(subject.rival_signs.iter().all(|sign| text.contains(sign)), "{text}");
        assert!(text.contains("<<<<<<< "), "{text}");
    });
}

#[test]
fn line_endings_of_the_work_tree_are_not_committed() {
    each(|world, _, subject| {
        let path = subject.path();
        let repo = installed(world, "repo");
        repo.ok(&["config", "core.autocrlf", "true"]);
        let crlf = |text: &str| text.replace('\n', "\r\n");
        repo.commit(&path, crlf(&subject.base));
        repo.ok(&["switch", "-q", "-c", "theirs"]);
        repo.commit(&path, crlf(&subject.edits[1]));
        repo.ok(&["switch", "-q", "main"]);
        repo.commit(&path, crlf(&subject.edits[0]));
        assert_eq!(repo.show(&format!("HEAD:{path}")), subject.edits[0]);
        repo.ok(&["merge", "-q", "theirs"]);
        subject.assert_both(&repo.show(&format!("HEAD:{path}")));
        assert_eq!((repo.read(&path), repo.status()), (crlf(&subject.both()), String::new()));
    });
}

#[test]
fn a_file_that_a_sparse_checkout_hides_is_merged() {
    each(|world, _, subject| {
        let path = subject.path();
        let repo = diverged(world, "repo", subject, &subject.edits);
        repo.commit("src/lib.rs", "\n");
        repo.ok(&["sparse-checkout", "set", "src"]);
        assert!(!repo.at(&path).exists(), "hidden");
        repo.ok(&["merge", "-q", "theirs"]);
        subject.assert_both(&repo.show(&format!("HEAD:{path}")));
        assert_eq!((repo.at(&path).exists(), repo.status()), (false, String::new()));

        // A conflict comes to light.
        let repo = diverged(world, "rivals", subject, &subject.rivals);
        repo.commit("src/lib.rs", "\n");
        repo.ok(&["sparse-checkout", "set", "src"]);
        repo.git(&["merge", "-q", "theirs"]).exits(1);
        let text = repo.read(&path);
        assert!(subject.rival_signs.iter().all(|sign| text.contains(sign)), "{text}");
    });
}

#[test]
fn an_octopus_merge_loses_nothing() {
    each(|world, _, subject| {
        let path = subject.path();
        // git asks no driver here: it refuses, or merges lines that are far from each other.
        let repo = diverged(world, "repo", subject, &subject.edits);
        repo.ok(&["switch", "-q", "-c", "other", "main^"]);
        repo.commit("README.md", "# Product\n");
        repo.ok(&["switch", "-q", "main"]);
        let before = repo.head();
        let merge = repo.git(&["merge", "-q", "theirs", "other"]);
        assert_ne!(merge.status, 0, "{merge}");
        assert_eq!(repo.head(), before, "nothing was committed");
        assert_eq!((repo.read(&path), repo.status()), (subject.edits[0].clone(), String::new()));

        // Only one of the branches has the file changed.
        repo.ok(&["switch", "-q", "-c", "third", "theirs^"]);
        repo.commit("NOTES.md", "notes\n");
        repo.ok(&["switch", "-q", "main"]);
        repo.ok(&["merge", "-q", "third", "other"]);
        assert_eq!(repo.show(&format!("HEAD:{path}")), subject.edits[0]);
    });
}

#[test]
fn rerere_records_a_resolution_and_replays_it() {
    each(|world, _, subject| {
        let path = subject.path();
        let repo = diverged(world, "repo", subject, &subject.rivals);
        repo.ok(&["config", "rerere.enabled", "true"]);
        repo.git(&["merge", "-q", "theirs"]).exits(1);
        let resolution = &subject.resolution;
        repo.commit(&path, resolution);
        let replay = |args: &[&str]| {
            let merge = repo.git(args).exits(1);
            assert_eq!(repo.read(&path), *resolution, "{merge}");
            assert_eq!(repo.ok(&["rerere", "remaining"]).stdout, "", "{merge}");
            repo.ok(&["add", "-A"]);
        };

        repo.ok(&["reset", "-q", "--hard", "HEAD^"]);
        replay(&["merge", "-q", "theirs"]);
        repo.ok(&["commit", "-q", "--no-edit"]);

        // From the other side, where ours is theirs.
        repo.ok(&["reset", "-q", "--hard", "HEAD^"]);
        replay(&["rebase", "-q", "theirs"]);
        repo.ok(&["rebase", "--continue"]);

        // With something else merged into the same file besides.
        repo.ok(&["reset", "-q", "--hard", "ORIG_HEAD"]);
        assert_eq!(repo.read(&path), subject.rivals[0]);
        let [more, expected] = &subject.more;
        repo.commit(&path, more);
        repo.git(&["merge", "-q", "theirs"]).exits(1);
        assert_eq!(repo.read(&path), *expected);
    });
}
