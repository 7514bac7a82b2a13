//! A cloned repository names a server, or an address that looks like the good one: no connection, no token.

use super::{CANARY, good, log_in, repository, status};
use crate::support::{Listener, World, any_git};

/// Addresses that name `evil` to one reader or another, and look like `good`.
fn lookalikes(good: &str, evil: &str) -> Vec<String> {
    let mut all = Vec::new();
    for between in [
        "@",
        "\\@",
        "%40",
        ":80@",
        ":pw@",
        "\t@",
        "\n@",
        " @",
        "%2F@",
        "#@",
        "?@",
        ":443@",
        "\u{200b}@",
        "%00@",
    ] {
        for scheme in ["http://", "HTTP://", "https://", "http:", "http:/", "http:///", "//", ""] {
            all.push(format!("{scheme}{good}{between}{evil}"));
        }
    }
    for after in [
        "\r\nHost: x",
        "%0d%0a",
        "%00",
        "\\",
        "/\\x",
        "//x",
        "/..",
        "/%2e%2e/",
        "?x",
        "#x",
        ".",
        " ",
        "\u{a0}",
        "%09",
        ":99999",
    ] {
        for scheme in ["http://", "http:\\\\", "ftp://", "ext::", "ws://", "data:", "javascript:"] {
            all.push(format!("{scheme}{evil}{after}"));
        }
    }
    all
}

fn evil() -> Listener {
    Listener::new(|_| (200, "{}".to_owned()))
}

fn authority(listener: &Listener) -> &str {
    listener.url().strip_prefix("http://").expect("a host")
}

#[test]
fn a_hostile_address_is_never_asked() {
    let (world, good, evil) = (World::new(&any_git()), good(), evil());
    let repo = repository(&world, good.url());
    log_in(&repo, good.url(), CANARY);
    let addresses = lookalikes(authority(&good), authority(&evil));
    assert!(addresses.len() >= 200, "{}", addresses.len());
    let config = repo.read(".git/config");
    for address in &addresses {
        let quoted = address.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        repo.write(".git/config", format!("{config}\n[mission]\n\tserver = \"{quoted}\"\n"));
        let output = repo.mission(&["sync", "bind"]);
        assert_eq!(output.status, 2, "{address:?}: {output}");
        assert!(!output.to_string().contains(CANARY));
    }
    assert_eq!(evil.requests().len() + good.requests().len(), 0);
}

#[test]
fn a_file_of_the_work_tree_names_no_server() {
    let (world, good, evil) = (World::new(&any_git()), good(), evil());
    let repo = repository(&world, good.url());
    log_in(&repo, good.url(), CANARY);
    let url = evil.url();
    let hostile = format!(
        "[mission]\n\tserver = {url}\n\tsync = true\n[http]\n\tproxy = {url}\n[url \"{url}\"]\n\tinsteadOf = {}\n[core]\n\tgitProxy = x\n",
        good.url()
    );
    repo.write("evil.gitconfig", &hostile);
    repo.write(".gitconfig", &hostile);
    repo.write(".kittify/config.yaml", format!("sync: {{server: '{url}'}}\nserver: {{url: '{url}'}}\n"));
    repo.write(".spec-kitty/credentials", format!("[tokens]\naccess = 'x'\n[server]\nurl = '{url}'\n"));
    repo.write("credentials", format!("[tokens]\naccess = 'x'\n[server]\nurl = '{url}'\n"));
    for include in ["include.path", "includeIf.gitdir:/.path"] {
        repo.ok(&["config", include, "../evil.gitconfig"]);
    }
    let environments = [
        repo.clone(),
        repo.env("SPEC_KITTY_HOME", "."),
        repo.env("SPEC_KITTY_HOME", ".spec-kitty"),
        repo.env("GIT_MISSION_TOKEN", CANARY),
    ];
    for repo in environments {
        for args in [&["sync", "bind"][..], &["sync", "flush"], &["sync", "status"], &["status"]] {
            assert!(!repo.mission(args).to_string().contains(CANARY));
        }
        repo.git(&["push", "-q", "origin", "main"]);
    }
    assert_eq!(evil.requests().len(), 0);
    assert!(good.requests().iter().all(|request| {
        matches!(request.header("authorization"), Some(bearer) if bearer.ends_with(CANARY))
    }));
    // Named only there, there is no server at all.
    repo.ok(&["config", "--unset", "mission.server"]);
    repo.mission(&["sync", "bind"]).exits(3);
    assert_eq!(status(&repo)["server"], serde_json::Value::Null);
    assert_eq!(evil.requests().len(), 0);
}

#[test]
fn another_server_does_not_get_the_token_of_the_first() {
    let (world, good, evil) = (World::new(&any_git()), good(), evil());
    let repo = repository(&world, good.url());
    log_in(&repo, good.url(), CANARY);
    let port = authority(&evil).rsplit(':').next().expect("a port").to_owned();
    let good_port = authority(&good).rsplit(':').next().expect("a port").to_owned();
    for server in [
        evil.url().to_owned(),
        format!("http://localhost:{port}"),
        // The same machine and port by another name is another origin.
        format!("http://localhost:{good_port}"),
        format!("https://127.0.0.1:{good_port}"),
    ] {
        repo.ok(&["config", "mission.server", &server]);
        let refused = repo.mission(&["sync", "bind"]).exits(77);
        assert!(refused.stderr.contains(&format!("is for {}", good.url())), "{refused}");
        assert_eq!(status(&repo)["logged_in"], false);
    }
    assert_eq!(evil.requests().len() + good.requests().len(), 0);
}

#[test]
fn a_redirect_takes_the_token_nowhere() {
    let evil = evil();
    let target = evil.url().to_owned();
    for status in [301, 302, 303, 307, 308] {
        let world = World::new(&any_git());
        let target = format!("{target}/api/v1/events/batch/");
        let server = Listener::new(move |_| (status, target.clone()));
        let repo = repository(&world, server.url());
        log_in(&repo, server.url(), CANARY);
        repo.ok(&["push", "-q", "origin", "main"]);
        assert_ne!(repo.mission(&["sync", "bind"]).status, 0);
        assert_ne!(server.requests().len(), 0);
        assert!(super::status(&repo)["events"]["pending"].as_u64() > Some(0), "nothing counts as delivered");
    }
    assert_eq!(evil.requests().len(), 0);
}
