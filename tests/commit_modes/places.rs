//! Odd names, entries and work trees: what the index and the file system may hold besides ordinary files.

use git_mission::clock::Stopwatch;

use super::fixture::{
    ALPHA, BETA, META, Meta, alpha, empty, furnish, on_branch, on_main, path, said, standing,
};
use crate::support::{Repo, World, each_git};

fn edited() -> Meta {
    alpha().with("purpose_tldr", "edited")
}

/// HEAD, index and work tree hold the edited mission in canonical form, and nothing is left to do.
#[track_caller]
fn is_committed(repo: &Repo<'_>, work_tree: &str) {
    assert_eq!(repo.show(&format!("HEAD:{META}")), edited().canonical());
    assert_eq!(repo.show(&format!(":{META}")), edited().canonical());
    assert_eq!((repo.read(META).as_str(), repo.status().as_str()), (work_tree, ""));
}

#[test]
fn intent_to_add_is_not_staged() {
    each_git(|git| {
        let world = World::new(git);
        // Before the first commit, and after it.
        let repo = empty(&world, "repo");
        repo.write(&path("beta"), Meta::new("beta", BETA).rough());
        repo.ok(&["add", "-N", &path("beta")]);
        furnish_only_staged(&repo);
        repo.write("other", "two\n");
        assert_eq!(said(&repo.ok(&["commit", "-qm", "other", "other"])), Vec::<String>::new());
        assert_eq!(repo.read(&path("beta")), Meta::new("beta", BETA).rough());
        assert_eq!(repo.status(), format!(" A {}\n", path("beta")));

        // Committed by name it is a new mission like any other.
        repo.ok(&["commit", "-qm", "beta", &path("beta")]);
        let beta = Meta::new("beta", BETA).with("mission_number", 2).canonical();
        assert_eq!(repo.show(&format!("HEAD:{}", path("beta"))), beta);
        assert_eq!((repo.read(&path("beta")), repo.status()), (beta, String::new()));
    });
}

#[track_caller]
fn furnish_only_staged(repo: &Repo<'_>) {
    repo.write("other", "one\n");
    repo.write(META, Meta::new("alpha", ALPHA).rough());
    repo.ok(&["add", "other", META]);
    repo.ok(&["commit", "-qm", "first"]);
    assert_eq!(repo.show(&format!("HEAD:{META}")), alpha().canonical());
}

#[test]
fn an_executable_stays_one() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        // A change of mode alone is committed as it is.
        repo.chmod(META, 0o755);
        assert_eq!(said(&repo.ok(&["commit", "-qam", "mode"])), Vec::<String>::new());
        repo.write(META, edited().rough());
        repo.ok(&["commit", "-qam", "text"]);
        assert!(repo.ok(&["ls-tree", "HEAD", META]).stdout.starts_with("100755 "));
        is_committed(&repo, &edited().canonical());
    });
}

#[test]
fn names_of_every_kind() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        for name in
            ["with space", "new\nline", "it's", "-dash", "a*b", "[x]", ":!x", "tab\there", "\"quoted\""]
        {
            repo.write(&path(name), Meta::new("x", "").rough());
            repo.ok(&["add", "kitty-specs"]);
            let output = repo.ok(&["commit", "-qm", name]);
            assert_eq!(said(&output).len(), 1, "{name:?}: {output}");
            let object = format!("HEAD:{}", path(name));
            let committed = Meta::at(&repo, &object);
            assert_eq!(repo.show(&object), committed.canonical(), "{name:?}");
            assert_eq!(
                (repo.read(&path(name)), repo.status()),
                (committed.canonical(), String::new()),
                "{name:?}"
            );
            // By name too.
            repo.write(&path(name), committed.clone().with("purpose_tldr", "x").rough());
            repo.env("GIT_LITERAL_PATHSPECS", "1").ok(&["commit", "-qm", "by name", "--", &path(name)]);
            assert_eq!(repo.status(), "", "{name:?}");
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8() {
    use std::os::unix::ffi::OsStrExt as _;
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        let directory = repo.at("kitty-specs").join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
        std::fs::create_dir(&directory).expect("a directory");
        std::fs::write(directory.join("meta.json"), Meta::new("x", BETA).rough()).expect("a file");
        repo.ok(&["add", "kitty-specs"]);
        let output = repo.ok(&["commit", "-qm", "not UTF-8"]);
        assert_eq!(said(&output), ["git-mission: kitty-specs/caf\u{fffd}/meta.json: canonical form"]);
        let text = std::fs::read_to_string(directory.join("meta.json")).expect("the file");
        assert_eq!((text, repo.status()), (Meta::new("x", BETA).canonical(), String::new()));
    });
}

#[test]
fn line_endings_of_the_attributes() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_main(&world);
        repo.commit(".gitattributes", "meta.json text eol=crlf\n");
        repo.write(META, edited().canonical().replace('\n', "\r\n").replace("  ", "\t"));
        repo.ok(&["commit", "-qam", "one"]);
        is_committed(&repo, &edited().canonical().replace('\n', "\r\n"));
    });
}

#[test]
fn a_filter_of_the_user_is_applied_on_the_way_out() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_main(&world);
        repo.ok(&["config", "filter.loud.clean", "sed s/LOUD/quiet/"]);
        repo.ok(&["config", "filter.loud.smudge", "sed s/quiet/LOUD/"]);
        repo.ok(&["config", "filter.loud.required", "true"]);
        repo.commit(".gitattributes", "meta.json filter=loud\n");
        let meta = |word: &str| alpha().with("purpose_tldr", word);
        for args in [&["commit", "-qam", "all"][..], &["commit", "-qm", "path", META]] {
            repo.write(META, meta("LOUD").rough());
            repo.ok(args);
            assert_eq!(repo.show(&format!("HEAD:{META}")), meta("quiet").canonical());
            assert_eq!((repo.read(META), repo.status()), (meta("LOUD").canonical(), String::new()));
            repo.write(META, meta("other").rough());
            repo.ok(&["commit", "-qam", "between"]);
        }
    });
}

#[test]
fn a_filter_that_fails_costs_no_file() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.commit(&path("beta"), Meta::new("beta", BETA).canonical());
        repo.ok(&["config", "filter.bad.clean", "cat"]);
        repo.ok(&["config", "filter.bad.smudge", "false"]);
        repo.ok(&["config", "filter.bad.required", "true"]);
        repo.commit(".gitattributes", "kitty-specs/beta/meta.json filter=bad\n");
        for (name, id) in [("alpha", ALPHA), ("beta", BETA)] {
            repo.write(&path(name), Meta::new(name, id).with("purpose_tldr", "new").rough());
        }
        repo.ok(&["add", "kitty-specs"]);
        let paths = [path("alpha"), path("beta")];
        let before = standing(&repo, &[&paths[0], &paths[1]]);
        for args in [&["commit", "-qm", "staged"][..], &["commit", "-qam", "all"]] {
            let output = repo.git(args);
            assert!(output.status != 0 && output.stderr.contains("smudge filter bad failed"), "{output}");
            assert_eq!(standing(&repo, &[&paths[0], &paths[1]]), before, "{args:?}");
        }
        // An edit that only a commit by path would have staged.
        repo.write(&paths[1], Meta::new("beta", BETA).with("purpose_tldr", "newer").rough());
        let before = standing(&repo, &[&paths[1]]);
        let output = repo.git(&["commit", "-qm", "path", &paths[1]]);
        assert!(output.status != 0 && output.stderr.contains("smudge filter bad failed"), "{output}");
        assert_eq!(standing(&repo, &[&paths[1]]), before);
        repo.ok(&["add", "kitty-specs"]);
        repo.ok(&["config", "filter.bad.smudge", "cat"]);
        repo.ok(&["commit", "-qm", "mended"]);
        assert_eq!(repo.status(), "");
    });
}

#[test]
fn what_is_outside_a_sparse_checkout_stays_outside() {
    each_git(|git| {
        let world = World::new(git);
        for cone in ["--cone", "--no-cone"] {
            let repo = empty(&world, cone.trim_start_matches('-'));
            furnish(&repo);
            repo.ok(&["switch", "-qc", "work"]);
            repo.ok(&["sparse-checkout", "set", cone, "elsewhere"]);
            assert!(!repo.at(META).exists());
            repo.write("blob", edited().rough());
            let blob = repo.ok(&["hash-object", "-w", "blob"]).line().to_owned();
            std::fs::remove_file(repo.at("blob")).expect("removed");
            repo.ok(&["update-index", "--cacheinfo", &format!("100644,{blob},{META}")]);
            repo.ok(&["update-index", "--skip-worktree", META]);
            repo.ok(&["commit", "-qm", "one"]);
            assert_eq!(repo.show(&format!("HEAD:{META}")), edited().canonical(), "{cone}");
            assert_eq!(repo.show(&format!(":{META}")), edited().canonical(), "{cone}");
            assert!(!repo.at(META).exists(), "{cone}: still outside");
            assert_eq!(repo.status(), "", "{cone}");
            assert_eq!(repo.ok(&["ls-files", "-v", META]).stdout, format!("S {META}\n"), "{cone}");
        }
    });
}

#[test]
fn files_that_git_was_told_not_to_look_at_are_not_touched() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.write(META, edited().rough());
        repo.ok(&["add", META]);
        repo.ok(&["update-index", "--assume-unchanged", META]);
        repo.write(META, "mine alone");
        repo.ok(&["commit", "-qm", "one"]);
        assert_eq!(repo.show(&format!("HEAD:{META}")), edited().canonical());
        assert_eq!(repo.read(META), "mine alone");
        assert_eq!(repo.ok(&["ls-files", "-v", META]).stdout, format!("h {META}\n"));
    });
}

#[test]
fn a_file_that_was_only_touched_counts_as_unmodified() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.ok(&["config", "diff.autoRefreshIndex", "false"]);
        repo.write(META, edited().rough());
        repo.ok(&["add", META]);
        repo.ok(&["commit", "-q", "--allow-empty", "-om", "lets the index grow old"]);
        std::fs::write(repo.at(META), edited().rough()).expect("touched");
        repo.ok(&["commit", "-qm", "one"]);
        is_committed(&repo, &edited().canonical());
    });
}

#[cfg(unix)]
#[test]
fn a_work_tree_file_that_is_gone_or_a_link_is_not_put_back() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.write(META, edited().rough());
        repo.ok(&["add", META]);
        std::fs::remove_file(repo.at(META)).expect("removed");
        repo.ok(&["commit", "-qm", "gone"]);
        assert_eq!(repo.show(&format!("HEAD:{META}")), edited().canonical());
        assert_eq!((repo.at(META).exists(), repo.status()), (false, format!(" D {META}\n")));

        repo.ok(&["checkout", "-q", META]);
        repo.write(META, edited().with("purpose_tldr", "again").rough());
        repo.ok(&["add", META]);
        // Nothing is written through a directory that became a link.
        std::fs::rename(repo.at("kitty-specs/alpha"), repo.at("elsewhere")).expect("renamed");
        std::os::unix::fs::symlink("../elsewhere", repo.at("kitty-specs/alpha")).expect("a link");
        repo.ok(&["commit", "-qm", "behind a link"]);
        assert_eq!(repo.read("elsewhere/meta.json"), edited().with("purpose_tldr", "again").rough());
        assert!(repo.at("kitty-specs/alpha").is_symlink());
    });
}

#[test]
fn a_partial_clone_needs_nothing_that_it_has_not_fetched() {
    each_git(|git| {
        let world = World::new(git);
        let origin = world.bare("origin.git");
        origin.ok(&["config", "uploadpack.allowFilter", "true"]);
        let ada = world.clone(&origin, "ada");
        ada.mission(&["install"]).ok();
        furnish(&ada);
        ada.ok(&["push", "-q", "origin", "main"]);
        let url = format!("file://{}", origin.path().display());
        world.directory("").ok(&["clone", "-q", "--filter=blob:none", &url, "ben"]);
        let ben = world.directory("ben");
        ben.mission(&["install"]).ok();
        ada.commit(&path("beta"), Meta::new("beta", BETA).rough());
        ada.ok(&["push", "-q", "origin", "main"]);
        ben.ok(&["fetch", "-q", "origin"]);
        for branch in ["main", "work"] {
            ben.ok(&["switch", "-qC", branch]);
            ben.write(META, edited().with("change_mode", branch).rough());
            ben.ok(&["commit", "-qam", branch]);
            assert_eq!(ben.show(&format!("HEAD:{META}")), edited().with("change_mode", branch).canonical());
            assert_eq!(ben.status(), "");
        }
    });
}

#[test]
fn pre_commit_without_a_mission_starts_no_git() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        let log = world.path("trace");
        repo.write("other", "two\n");
        repo.env("GIT_TRACE", &log).ok(&["commit", "-qam", "other"]);
        let trace = std::fs::read_to_string(&log).expect("a trace");
        let lines = trace.lines().filter_map(|line| line.split_once("trace: ")).map(|(_, words)| words);
        let hook = |line: &&str| line.starts_with("run_command: ") && line.contains("/pre-commit");
        let started: Vec<String> = lines
            .skip_while(|line| !hook(line))
            .skip(1)
            .take_while(|line| !line.starts_with("run_command: "))
            .filter_map(|line| line.strip_prefix("built-in: git "))
            .map(str::to_owned)
            .collect();
        assert_eq!(started, Vec::<String>::new());
    });
}

/// The git processes that hooks start in one commit, in order; none of git's own.
fn started_by_hooks(repo: &Repo<'_>, args: &[&str]) -> Vec<String> {
    let log = repo.world().path("trace");
    let _ = std::fs::remove_file(&log);
    repo.env("GIT_TRACE", &log).ok(args);
    let trace = std::fs::read_to_string(&log).expect("a trace");
    let words = trace.lines().filter_map(|line| line.split_once("trace: ")).map(|(_, words)| words);
    let started = words.filter_map(|line| line.strip_prefix("built-in: git "));
    let own = |line: &&str| !["commit ", "maintenance ", "gc "].iter().any(|name| line.starts_with(name));
    started.filter(own).map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
}

#[cfg(unix)]
#[test]
fn an_ordinary_commit_starts_hardly_any_git() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        // What was configured a moment ago is asked for again.
        std::thread::sleep(std::time::Duration::from_millis(200));
        repo.commit("other", "two\n");
        repo.write("other", "three\n");
        assert_eq!(started_by_hooks(&repo, &["commit", "-qam", "no mission"]), Vec::<String>::new());
        repo.write(META, edited().rough());
        assert_eq!(started_by_hooks(&repo, &["commit", "-qam", "a mission"]), ["apply"]);
        is_committed(&repo, &edited().canonical());
        assert_eq!(repo.status(), "");
        // `diff-files` trusts what the index noted, `status` looks again.
        repo.ok(&["diff-files", "--quiet"]);
    });
}

#[test]
fn only_the_second_level_holds_missions() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        for file in [
            "kitty-specs/meta.json",
            "kitty-specs/alpha/deep/meta.json",
            "meta.json",
            "x/kitty-specs/a/meta.json",
        ] {
            repo.write(file, "{");
        }
        repo.ok(&["add", "."]);
        assert_eq!(said(&repo.ok(&["commit", "-qm", "not ours"])), Vec::<String>::new());
        assert_eq!(repo.show("HEAD:kitty-specs/alpha/deep/meta.json"), "{");
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "the time that it took")]
fn a_thousand_missions_in_one_commit() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_main(&world);
        for number in 0..1000 {
            let meta = Meta::new(&format!("mission-{number:04}"), "");
            repo.write(&path(&format!("mission-{number:04}")), meta.rough());
        }
        repo.ok(&["add", "kitty-specs"]);
        for (what, args) in
            [("plain", &["commit", "-qm", "all"][..]), ("path", &["commit", "-qm", "all", "kitty-specs"])]
        {
            let start = Stopwatch::start();
            let output = repo.ok(args);
            let took = start.elapsed();
            println!("git {}, {what}: 1,000 missions in {} ms", repo.world().git().version, took.as_millis());
            assert_eq!(said(&output).len(), 1000);
            assert!(took < std::time::Duration::from_secs(30), "{took:?}");
            assert_eq!((repo.status(), repo.ok(&["diff-files"]).stdout), (String::new(), String::new()));
            let last = Meta::at(&repo, "HEAD:kitty-specs/mission-0999/meta.json");
            assert!(last.number().is_some(), "{last:?}");
            for number in 0..1000 {
                let name = path(&format!("mission-{number:04}"));
                repo.write(&name, repo.read(&name).replace("{\n", "{"));
            }
        }
    });
}
