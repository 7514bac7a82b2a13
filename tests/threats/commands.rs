//! Every command that can be called, with arguments that let it get far, and that none is forgotten.

use crate::support::{World, any_git};

/// In an order in which most of them find something to do. Logging in and out is left to `credentials::login`.
pub(crate) const COMMANDS: &[&[&str]] = &[
    &["create", "Two", "--add", "--json"],
    &["list"],
    &["list", "--json"],
    &["list", "--rev", "HEAD"],
    &["show", "one"],
    &["show", "one", "--json"],
    &["install"],
    &["install", "--dry-run"],
    &["status"],
    &["status", "--json"],
    &["doctor"],
    &["doctor", "--json"],
    &["doctor", "--rev", "HEAD"],
    &["check"],
    &["check", "--json"],
    &["check", "--format", "github"],
    &["migrate", "--dry-run"],
    &["migrate"],
    &["migrate", "--stage", "--json"],
    &["settle", "--dry-run"],
    &["settle", "--stage"],
    &["settle", "--json"],
    &["settle", "--repair"],
    &["explain"],
    &["explain", "kitty-specs", "--json"],
    &["resolve", "--dry-run"],
    &["resolve", "--json"],
    &["materialize"],
    &["materialize", "--add"],
    &["doctor", "--fix"],
    &["sync", "status"],
    &["sync", "status", "--json"],
    &["sync", "enqueue", "--all"],
    &["sync", "enqueue", "--worktree", "--json"],
    &["sync", "flush", "--report", "report.json"],
    &["sync", "flush", "--json"],
    &["sync", "failures"],
    &["sync", "failures", "--json"],
    &["sync", "retry", "--json"],
    &["sync", "diagnose"],
    &["sync", "diagnose", "--json"],
    &["sync", "import"],
    &["sync", "bind"],
    &["sync", "bind", "--json"],
    &["sync", "bind", "--dry-run"],
    &["gate", "check", "--kind", "event", "report.json"],
    &["hook", "pre-commit"],
    &["hook", "pre-merge-commit"],
    &["hook", "post-commit"],
    &["hook", "post-merge", "--", "0"],
    &["hook", "post-rewrite", "--", "amend"],
    &["hook", "post-rewrite", "--", "rebase"],
    &["hook", "pre-push", "--", "origin", "url"],
    &["hook", "pre-receive"],
    &["merge-driver", "meta", "--base", "a", "--ours", "b", "--theirs", "c"],
    &["completions", "bash"],
    &["man", "../man"],
    &["no-such-command"],
    &["--help"],
    &["--version"],
    &["sync", "purge"],
    &["sync", "disable"],
    &["uninstall", "--purge"],
];

/// Those that only look.
pub(super) fn looks(args: &[&str]) -> bool {
    let writes = ["--fix", "--stage", "--add"].iter().any(|option| args.contains(option));
    match args[0] {
        "list" | "show" | "status" | "doctor" | "check" | "explain" | "gate" => !writes,
        "migrate" | "settle" | "resolve" | "install" => args.contains(&"--dry-run"),
        "sync" => matches!(args[1], "status" | "failures" | "diagnose"),
        _ => false,
    }
}

#[test]
fn none_is_forgotten() {
    let world = World::new(&any_git());
    let home = world.directory("home");
    let words = |args: &[&str]| -> Vec<String> {
        let help = home.mission(args).ok().stdout;
        let commands = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
        let lines = commands.expect("a list of commands").lines();
        lines
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
            .filter(|word| word != "help")
            .collect()
    };
    let mut all: Vec<String> = words(&["--help"]);
    all.retain(|word| word != "sync");
    all.extend(words(&["sync", "--help"]).into_iter().map(|word| format!("sync {word}")));
    assert!(all.len() > 25, "{all:?}");
    // What names a server or a token is given by a person, and is what other tests are about.
    let elsewhere = ["sync enable", "sync login", "sync logout"];
    let called = |word: &String| COMMANDS.iter().any(|args| args.join(" ").starts_with(word.as_str()));
    let forgotten: Vec<_> =
        all.iter().filter(|word| !called(word) && !elsewhere.contains(&word.as_str())).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
