//! Which repository a hook works in, and by which settings: where both are found without asking git, git's answer counts.

use super::fixture::{META, Meta, alpha, furnish, on_branch, on_main};
use crate::support::{Repo, World, each_git};

fn edited() -> Meta {
    alpha().with("purpose_tldr", "edited")
}

#[cfg(unix)]
#[test]
fn settings_are_asked_for_again_when_anything_changed() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        let rest = || std::thread::sleep(std::time::Duration::from_millis(200));
        let commit = |repo: &Repo<'_>, number: u32| {
            repo.write(META, edited().with("mission_number", number).rough());
            repo.ok(&["commit", "-qam", "numbered"]);
            repo.show(&format!("HEAD:{META}")).contains(&format!("\"mission_number\": {number}"))
        };
        rest();
        assert!(!commit(&repo, 7), "off main a number is cleared");
        assert!(repo.read(".git/mission/settings").contains("git-mission settings 1"));
        // The repository's own file, at once; the user's own; a variable.
        for (at, global) in [(10, "--local"), (20, "--global")] {
            repo.ok(&["config", global, "mission.mainBranch", "work"]);
            assert!(commit(&repo, at), "on main a claim stands");
            rest();
            assert!(commit(&repo, at + 1) && commit(&repo, at + 2), "remembered");
            repo.ok(&["config", global, "--unset", "mission.mainBranch"]);
            assert!(!commit(&repo, at + 3));
            rest();
            assert!(!commit(&repo, at + 4));
        }
        let told = repo.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "mission.mainBranch");
        assert!(!commit(&told.env("GIT_CONFIG_VALUE_0", "nobody"), 30));
        assert!(commit(&told.env("GIT_CONFIG_VALUE_0", "work"), 31));
        assert!(!commit(&repo, 32));
        // A file that is included may change unseen: nothing is kept.
        repo.ok(&["config", "include.path", &world.path("settings").to_string_lossy()]);
        rest();
        assert!(!commit(&repo, 40));
        world.directory("").write("settings", "[mission]\n\tmainBranch = work\n");
        assert!(commit(&repo, 41));
    });
}

#[cfg(unix)]
#[test]
fn an_empty_variable_names_no_directory_of_settings() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        std::fs::copy(world.path("gitconfig"), world.path("home/.gitconfig")).expect("the user's settings");
        std::thread::sleep(std::time::Duration::from_millis(200));
        let commit = |number: u32| {
            repo.write(META, edited().with("mission_number", number).rough());
            let git = ["-u", "GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME=", "git", "commit", "-qam", "numbered"];
            repo.run("env", &git).ok();
            repo.show(&format!("HEAD:{META}")).contains(&format!("\"mission_number\": {number}"))
        };
        assert!(!commit(7));
        assert!(repo.at(".git/mission/settings").exists());
        world.directory("home").write(".config/git/config", "[mission]\n\tmainBranch = work\n");
        assert!(commit(8), "the new file counts");
    });
}

#[cfg(unix)]
#[test]
fn a_git_directory_may_end_in_a_blank() {
    each_git(|git| {
        let world = World::new(git);
        for (name, git_dir) in [("one", "git"), ("two", "git ")] {
            world.directory("").ok(&["init", "-q", "--separate-git-dir", git_dir, name]);
        }
        let repo = world.directory("two");
        repo.mission(&["install"]).ok();
        assert!(world.path("git /hooks/pre-commit").exists());
        assert!(!world.path("git/hooks/pre-commit").exists());
        furnish(&repo);
    });
}

#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::print_stdout, reason = "tells that nothing was tried")]
fn beyond_the_file_system_there_is_no_repository() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_main(&world);
        std::fs::create_dir(repo.at("mounted")).expect("a directory");
        let script = "unshare -rm sh -c 'mount -t tmpfs none mounted || exit 77; cd mounted; \
            git rev-parse --git-dir && exit 78; git-mission status && exit 79; exit 0'";
        let output = repo.run("sh", &["-c", script]);
        match output.status {
            0 | 78 | 79 => assert!(output.ok().stderr.contains("error: "), "git and we agree"),
            _ => println!("no mounts here: {output}"),
        }
    });
}

#[cfg(unix)]
#[test]
fn what_holds_for_one_command_is_not_kept() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        std::thread::sleep(std::time::Duration::from_millis(200));
        repo.write(META, edited().rough());
        repo.ok(&["-c", "http.extraHeader=Authorization: secret", "commit", "-qam", "one"]);
        for entry in std::fs::read_dir(repo.at(".git/mission")).expect("the directory") {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            assert!(!bytes.windows(6).any(|word| word == b"secret"), "{}", path.display());
        }
    });
}
