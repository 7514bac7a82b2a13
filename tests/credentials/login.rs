//! `sync login`, `sync logout`, and what `sync status` says of them.

use super::{CANARY, good, log_in, repository, status};
use crate::support::{World, any_git, each_git};

const FILE: &str = "home/.spec-kitty/credentials";

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).expect("there").permissions().mode() & 0o7777
}

#[test]
fn a_login_is_kept_used_and_forgotten() {
    each_git(|git| {
        let (world, server) = (World::new(git), good());
        let repo = repository(&world, server.url());
        assert_eq!(status(&repo)["logged_in"], false);
        log_in(&repo, server.url(), CANARY);
        assert_eq!(status(&repo)["logged_in"], true);
        let text = std::fs::read_to_string(world.path(FILE)).expect("the file");
        assert_eq!(
            text,
            format!("[tokens]\naccess = \"{CANARY}\"\n\n[server]\nurl = \"{}\"\n", server.url())
        );
        #[cfg(unix)]
        assert_eq!((mode(&world.path(FILE)), mode(&world.path("home/.spec-kitty"))), (0o600, 0o700));

        repo.ok(&["push", "-q", "origin", "main"]);
        let requests = server.requests();
        assert!(requests.len() >= 2, "events and bodies");
        let bearer = format!("Bearer {CANARY}");
        assert!(requests.iter().all(|request| request.header("authorization") == Some(bearer.as_str())));

        let said = repo.mission(&["sync", "logout"]).ok();
        assert!(said.stdout.starts_with("logged out"), "{said}");
        assert_eq!(status(&repo)["logged_in"], false);
        assert!(!std::fs::read_to_string(world.path(FILE)).expect("the file").contains(CANARY));
        assert!(repo.mission(&["sync", "logout"]).ok().stdout.starts_with("nobody"));
    });
}

#[test]
fn a_login_is_the_users_and_needs_no_repository() {
    let world = World::new(&any_git());
    let home = world.directory("home").env("SPEC_KITTY_HOME", world.path("moved"));
    log_in(&home, "https://good.example", CANARY);
    assert!(world.path("moved/credentials").is_file() && !world.path(FILE).exists());
    let other =
        home.stdin("another\n").mission(&["sync", "login", "--server", "https://other.example/x"]).ok();
    assert!(other.stdout.contains("takes the place of the login to https://good.example"), "{other}");
    home.mission(&["sync", "logout"]).ok();
    let relative = home.env("SPEC_KITTY_HOME", "here").stdin(CANARY);
    let refused = relative.mission(&["sync", "login", "--server", "https://good.example"]).exits(3);
    assert!(refused.stderr.contains("no absolute path") && !world.path("home/here").exists(), "{refused}");
    let nowhere = home.stdin(CANARY).mission(&["sync", "login"]);
    assert_ne!(nowhere.status, 0, "{nowhere}");
}

#[test]
fn what_is_no_token_is_not_kept() {
    let world = World::new(&any_git());
    let home = world.directory("home");
    let long = "a".repeat(9000);
    for token in ["", "\n", "a b", "a\nb\n", "a\r\nHost: evil\r\n", "a\tb", "a\0b", "tok\u{e9}n", &long] {
        let refused =
            home.stdin(token).mission(&["sync", "login", "--server", "https://good.example"]).exits(2);
        assert!(refused.stderr.contains("nothing was kept") && !refused.stderr.contains("evil"), "{refused}");
        assert!(!world.path(FILE).exists());
    }
    home.stdin(b"\xff\xfe").mission(&["sync", "login", "--server", "https://good.example"]).exits(2);
    for server in ["file:///srv", "http://good.example", "https://good@evil", "https://gо.example", "evil"] {
        home.stdin(CANARY).mission(&["sync", "login", "--server", server]).exits(2);
        assert!(!world.path(FILE).exists());
    }
    // A line end of Windows is one too.
    home.stdin(format!("{CANARY}\r\n")).mission(&["sync", "login", "--server", "https://good.example"]).ok();
    assert!(std::fs::read_to_string(world.path(FILE)).expect("kept").contains(&format!("\"{CANARY}\"")));
}

#[test]
fn the_rest_of_the_file_stays() {
    let world = World::new(&any_git());
    let home = world.directory("home");
    let before = "# shared\n[tokens]\naccess = \"old\" # mine\nrefresh = \"r\"\naccess_expires_at = \"2020-01-01T00:00:00+00:00\"\nother = 1\n\n[user]\nusername = \"ada\"\nteam_slug = \"t\"\n\n[tracker.providers.jira]\napi_key = \"k\" # theirs\n";
    home.write(".spec-kitty/credentials", before);
    home.chmod(".spec-kitty/credentials", 0o600);
    home.chmod(".spec-kitty", 0o700);
    log_in(&home, "https://good.example", CANARY);
    let after = home.read(".spec-kitty/credentials");
    for line in before.lines().filter(|line| !["access", "refresh"].iter().any(|key| line.starts_with(key))) {
        assert!(after.lines().any(|there| there == line), "{line:?} in {after}");
    }
    assert!(after.contains(&format!("access = \"{CANARY}\" # mine\n")), "{after}");
    assert!(!after.contains("refresh") && !after.contains("2020"), "{after}");
    home.mission(&["sync", "logout"]).ok();
    let rest = home.read(".spec-kitty/credentials");
    assert!(!rest.contains(CANARY) && rest.contains("other = 1") && rest.contains("# theirs"), "{rest}");
}

#[test]
fn why_nobody_is_logged_in_is_said() {
    let (world, server) = (World::new(&any_git()), good());
    let repo = repository(&world, server.url());
    let file = |expiry: &str, url: &str| {
        let text = format!("{expiry}\n[server]\nurl = \"{url}\"\n");
        repo.write(&world.path(FILE).to_string_lossy(), text);
        world.directory("home").chmod(".spec-kitty/credentials", 0o600);
        world.directory("home").chmod(".spec-kitty", 0o700);
    };
    let tokens = format!("[tokens]\naccess = \"{CANARY}\"\n");
    let past = format!("{tokens}access_expires_at = \"2020-01-01T00:00:00+00:00\"");
    let elsewhere = format!("{tokens}[expiries]\naccess = \"2020-01-01T00:00:00Z\"");
    let future = format!("{tokens}access_expires_at = \"2999-01-01T00:00:00\"");
    for (expiry, url, words) in [
        (&past, server.url(), "expired at 2020-01-01"),
        (&elsewhere, server.url(), "expired at 2020-01-01"),
        (&format!("{tokens}access_expires_at = \"soon\""), server.url(), "in a way that can be read"),
        (&future, "https://good.example", "is for https://good.example"),
        (&future, "http://127.0.0.1:1", "is for http://127.0.0.1:1"),
        (&future, "https://user:pw@evil", "is for an address that cannot be used"),
        (&future, "", "for no server by name"),
    ] {
        file(expiry, url);
        assert_eq!(status(&repo)["logged_in"], false);
        let said = repo.mission(&["sync", "status"]).ok();
        assert!(said.stdout.contains(words), "{words}: {said}");
        let refused = repo.mission(&["sync", "bind"]).exits(77);
        assert!(
            refused.stderr.contains(words) && refused.stderr.contains("git mission sync login"),
            "{refused}"
        );
        assert!(!refused.to_string().contains(CANARY));
    }
    assert_eq!(server.requests().len(), 0);
    file(&future, &format!("{}/", server.url()));
    assert_eq!(status(&repo)["logged_in"], true);
    // A push goes on, and what could not leave stays.
    file(&past, server.url());
    let pushed = repo.ok(&["push", "-q", "origin", "main"]);
    assert!(
        pushed.stderr.contains("expired at 2020-01-01") && pushed.stderr.contains("git mission sync login")
    );
    assert_eq!(server.requests().len(), 0);
    assert!(status(&repo)["events"]["pending"].as_u64() > Some(0));
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_refused_with_the_command_that_helps() {
    let (world, server) = (World::new(&any_git()), good());
    let repo = repository(&world, server.url());
    log_in(&repo, server.url(), CANARY);
    let home = world.directory("home");
    for (path, loose, tight) in [(".spec-kitty/credentials", 0o644, "600"), (".spec-kitty", 0o777, "700")] {
        let before = mode(&home.at(path));
        home.chmod(path, loose);
        let refused = repo.mission(&["sync", "bind"]).exits(77);
        let command = format!("chmod {tight} {}", home.at(path).display());
        assert!(refused.stderr.contains(&format!("hint: {command}")), "{refused}");
        assert_eq!(status(&repo)["logged_in"], false);
        repo.stdin("x").mission(&["sync", "login", "--server", server.url()]).exits(77);
        home.chmod(path, before);
    }
    assert_eq!(status(&repo)["logged_in"], true);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn the_environment_comes_first() {
    let (world, server) = (World::new(&any_git()), good());
    let repo = repository(&world, server.url());
    log_in(&repo, server.url(), "kept-token");
    let repo = repo.env("GIT_MISSION_TOKEN", CANARY);
    repo.mission(&["sync", "bind"]).ok();
    assert!(server.requests().iter().all(|r| r.header("authorization") == Some(&format!("Bearer {CANARY}"))));
    let said = repo.stdin("next-token").mission(&["sync", "login"]).ok();
    assert!(said.stderr.contains("GIT_MISSION_TOKEN is set"), "{said}");
    for token in ["a b", "a\nb", "\u{e9}"] {
        let refused = repo.env("GIT_MISSION_TOKEN", token).mission(&["sync", "bind"]).exits(77);
        assert!(refused.stderr.contains("GIT_MISSION_TOKEN: the token"), "{refused}");
    }
    let count = server.requests().len();
    repo.env("GIT_MISSION_TOKEN", "").mission(&["sync", "bind"]).ok();
    assert_eq!(server.requests()[count].header("authorization"), Some("Bearer next-token"));
}

/// What is typed at a terminal is not shown there.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_does_not_show_the_token() {
    let world = World::new(&any_git());
    let home = world.directory("home");
    if home.run("sh", &["-c", "command -v script && command -v mkfifo"]).status != 0 {
        return;
    }
    let session = format!(
        "mkfifo keys && {{ script -qefc 'git-mission sync login --server https://good.example' shown \
         <keys >/dev/null & }} && exec 3>keys && \
         for try in $(seq 100); do grep -q 'Token for' shown && break; sleep 0.1; done; \
         sleep 0.5; printf '%s\\n' {CANARY} >&3; exec 3>&-; wait; cat shown"
    );
    let shown = home.run("sh", &["-c", &session]).ok();
    assert!(shown.stdout.contains("Token for https://good.example: "), "{shown}");
    assert!(shown.stdout.contains("logged in to https://good.example"), "{shown}");
    assert!(!shown.stdout.contains(CANARY), "{shown}");
    assert!(home.read(".spec-kitty/credentials").contains(CANARY));
}
