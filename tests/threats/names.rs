//! Names that lead elsewhere for somebody: on the command line, in trees that no git would make, in what a push says.
//! Nothing is written but below `kitty-specs/` and into the git directory.

use std::collections::BTreeMap;

use super::{files, repository, sound};
use crate::support::{Repo, World, any_git, each_git};

const META: &str = "{\"slug\": \"x\", \"feature_number\": \"003\", \"friendly_name\": \"x\"}\n";

/// Names that mean something else to a file system, a shell, a terminal, git or a program.
#[expect(clippy::too_many_lines, reason = "a list")]
fn names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        "..",
        ".",
        "...",
        ".. ",
        "../x",
        "../../x",
        "a/../../x",
        "/x",
        "//x",
        "/etc/x",
        "..\\x",
        "C:\\x",
        "C:x",
        "\\\\host\\x",
        ".git",
        ".GIT",
        ".Git",
        "git~1",
        "GIT~1",
        ".git ",
        ".git.",
        ".git...",
        ".g\u{200c}it",
        ".gi\u{200d}t",
        "\u{feff}.git",
        ".git::$INDEX_ALLOCATION",
        ".git::$DATA",
        ".gitmodules",
        ".gitmodules:x",
        "gitmod~1",
        ".git\\config",
        ".git/config",
        "~",
        "~root",
        "$HOME",
        "${HOME}",
        "$(id)",
        "`id`",
        "%HOME%",
        "*",
        "?",
        "[a]",
        ":(top)x",
        ":/",
        ":!x",
        "-",
        "--",
        "-rf",
        "--help",
        "--upload-pack=x",
        "-oProxyCommand=x",
        "@",
        "@{0}",
        "HEAD",
        "FETCH_HEAD",
        "a\nb",
        "a\rb",
        "a\r\nb",
        "\r",
        "\n",
        "a\tb",
        " ",
        "a ",
        " a",
        "a\u{0}b",
        "\u{1b}[2J",
        "\u{7f}",
        "\u{202e}cod",
        "CON",
        "NUL",
        "COM1",
        "aux.json",
        "a:b",
        "a|b",
        "a\"b",
        "a'b",
        "a;b",
        "a&b",
        "\u{e9}",
        "e\u{301}",
        "K",
        "\u{212a}",
        "\u{fb01}x",
        "x.",
        ".new-x",
        ".x.new",
        "mission",
    ]
    .iter()
    .map(|name| name.as_bytes().to_vec())
    .collect();
    for bytes in [&b"\xff"[..], b"\xc0\xae\xc0\xae", b"\xe2\x80", b"..\xc0\xafx", b"\xed\xa0\x80", b"a\x80b"]
    {
        names.push(bytes.to_vec());
    }
    for length in [64, 65, 255, 256, 1024, 4095, 4096, 70_000] {
        names.push(vec![b'n'; length]);
        names.push("../".repeat(length / 3 + 1).into_bytes());
    }
    names
}

/// Everything but the repository's git directory and `kitty-specs`, byte for byte.
fn rest(repo: &Repo<'_>) -> BTreeMap<String, Vec<u8>> {
    let world = repo.world().path("");
    let tmp = repo.world().path("tmp");
    files(&world, &[&repo.at(".git"), &repo.at("kitty-specs"), &tmp])
}

/// What of git's own nobody else may change.
fn own(repo: &Repo<'_>) -> BTreeMap<String, Vec<u8>> {
    let of = |name: &str| files(&repo.at(".git").join(name), &[]);
    let mut all = of("hooks");
    all.extend(of("info"));
    all.insert("config".to_owned(), repo.read(".git/config").into_bytes());
    all
}

#[test]
fn on_the_command_line() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    let (before, git) = (rest(&repo), own(&repo));
    for (number, name) in names().into_iter().enumerate() {
        // No argument holds a NUL, and none is longer than the system lets it be.
        let Ok(name) = String::from_utf8(name) else { continue };
        if name.contains('\0') {
            continue;
        }
        sound(&repo.mission(&["create", "--", name.as_str()]));
        let others: [&[&str]; 7] = [
            &["create", "x", "--friendly-name", &name],
            &["create", "x", "--type", &name],
            &["show", "--", &name],
            &["materialize", "--", &name],
            &["resolve", "--", &name],
            &["explain", "--", &name],
            &["sync", "purge", "--", &name],
        ];
        for at in [number, number + 3] {
            sound(&repo.mission(others[at % others.len()]));
        }
    }
    assert_eq!(rest(&repo), before);
    assert_eq!(own(&repo), git);
    let missions = std::fs::read_dir(repo.at("kitty-specs")).expect("missions").flatten();
    let strange: Vec<_> = missions
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| {
            !name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b.is_ascii_uppercase())
        })
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

/// A tree with entries that are all the same, whatever they are called.
fn tree(repo: &Repo<'_>, mode: &str, names: &[&[u8]], oid: &str) -> String {
    let oid: Vec<u8> =
        (0..oid.len()).step_by(2).map(|at| u8::from_str_radix(&oid[at..at + 2], 16).expect("hex")).collect();
    let bytes: Vec<u8> =
        names.iter().flat_map(|name| [mode.as_bytes(), b" ", name, b"\0", &oid].concat()).collect();
    repo.stdin(bytes).ok(&["hash-object", "-t", "tree", "-w", "--stdin", "--literally"]).line().to_owned()
}

#[test]
fn in_trees_that_no_git_makes() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    repo.mission(&["sync", "enable", "--server", &format!("file://{}", world.path("served").display())]).ok();
    let (before, git) = (rest(&repo), own(&repo));
    let meta = repo.stdin(META).ok(&["hash-object", "-w", "--stdin"]).line().to_owned();
    let file = tree(&repo, "100644", &[b"meta.json"], &meta);
    let linked = tree(&repo, "120000", &[b"meta.json"], &meta);
    for names in names().chunks(8) {
        let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let specs = [
            tree(&repo, "40000", &names, &file),
            tree(&repo, "40000", &names, &linked),
            tree(&repo, "40000", &[b"one"], &tree(&repo, "100644", &names, &meta)),
            tree(&repo, "40000", &[b"one"], &tree(&repo, "40000", &names, &file)),
        ];
        for specs in specs {
            let root = tree(&repo, "40000", &[b"kitty-specs"], &specs);
            let commit = repo.ok(&["commit-tree", &root, "-p", "HEAD", "-m", "x"]).line().to_owned();
            for args in [
                &["list", "--rev", &commit][..],
                &["doctor", "--rev", &commit],
                &["check", "--head", &commit, "--json"],
                &["migrate", "--rev", &commit],
                &["settle", "--rev", &commit],
            ] {
                sound(&repo.mission(args));
            }
        }
    }
    assert_eq!(rest(&repo), before);
    assert_eq!(own(&repo), git);
}

#[test]
fn in_a_branch_that_is_checked_out_merged_and_mended() {
    each_git(|git| {
        let world = World::new(git);
        let repo = repository(&world, "repo");
        repo.mission(&["sync", "enable", "--server", &format!("file://{}", world.path("served").display())])
            .ok();
        repo.ok(&["switch", "-qc", "side"]);
        let mut index = Vec::new();
        let meta = repo.stdin(META).ok(&["hash-object", "-w", "--stdin"]).line().to_owned();
        for name in names() {
            // What git refuses to have in an index comes to nobody.
            if name.contains(&0) || name.len() > 200 || name.contains(&b'/') {
                continue;
            }
            let line = [b"100644 ", meta.as_bytes(), b"\tkitty-specs/", &name, b"/meta.json\0"].concat();
            if repo.stdin(&line).git(&["update-index", "-z", "--index-info"]).status == 0 {
                index.push(name);
            }
        }
        assert!(index.len() > 50, "{}", index.len());
        repo.ok(&["commit", "-qnm", "names"]);
        repo.git(&["checkout", "-qf", "HEAD", "--", "kitty-specs"]);
        let (before, git) = (rest(&repo), own(&repo));
        let pushed = super::pushed(&repo);
        for args in [
            &["migrate"][..],
            &["migrate", "--stage"],
            &["doctor", "--fix"],
            &["settle", "--stage"],
            &["materialize", "--add"],
            &["resolve"],
            &["hook", "pre-commit"],
            &["hook", "post-commit"],
            &["hook", "post-merge", "--", "0"],
            &["hook", "pre-push", "--", "origin", "url"],
            &["sync", "enqueue", "--all"],
            &["sync", "enqueue", "--worktree"],
        ] {
            sound(&repo.stdin(&pushed).mission(args));
        }
        sound(&repo.git(&["commit", "-qam", "with the hook"]));
        repo.ok(&["switch", "-qf", "main"]);
        sound(&repo.git(&["merge", "-q", "--no-edit", "side"]));
        assert_eq!(rest(&repo), before);
        assert_eq!(own(&repo), git);
    });
}

#[test]
fn what_a_push_says_of_its_refs() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    let (before, git) = (rest(&repo), own(&repo));
    let (head, zeros) = (repo.head(), "0".repeat(40));
    for (number, name) in names().into_iter().enumerate() {
        let mut stdin =
            [name.as_slice(), b" ", head.as_bytes(), b" ", &name, b" ", zeros.as_bytes(), b"\n"].concat();
        stdin.extend([b"refs/heads/x --output=../x ", name.as_slice(), b" -x\n"].concat());
        let hooks: [&[&str]; 3] = [
            &["hook", "pre-push", "--", "--all", "-x"],
            &["hook", "pre-receive"],
            &["hook", "post-rewrite", "--", "rebase"],
        ];
        sound(&repo.stdin(&stdin).mission(hooks[number % hooks.len()]));
    }
    assert_eq!(rest(&repo), before);
    assert_eq!(own(&repo), git);
}
