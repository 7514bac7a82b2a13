//! What is small where it comes from and large, deep or slow here: answers, JSON, YAML, patterns. Each is looked at with
//! little memory and in bounded time.

use super::known::mission;
use super::{repository, sound};
use crate::server::RawServer;
use crate::support::{Listener, Output, Repo, World, any_git};

/// Memory that a process may use while it looks at something that wants to be large, in KiB. Far more than it needs.
const MEMORY: u32 = 1_500_000;

/// Runs the program with little memory and little time.
fn bounded(repo: &Repo<'_>, args: &str) -> Output {
    let program = World::mission_program().display();
    repo.run("sh", &["-c", &format!("ulimit -v {MEMORY}; exec timeout 60 '{program}' {args}")])
}

/// CWE-409: what is small on the wire and large in memory.
#[test]
fn an_answer_that_unpacks_to_gigabytes() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    // 64 MiB of zeros, packed once; ten members of it in a row are 640 MiB, and their packed form once more.
    let packed = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, bytes).expect("packed");
        encoder.finish().expect("packed")
    };
    let zeros = packed(&vec![b' '; 64 << 20]).repeat(30);
    for (coding, content) in [
        ("gzip", zeros.clone()),
        ("gzip, gzip", packed(&zeros)),
        ("deflate", zeros.clone()),
        ("identity", vec![b' '; 64 << 20]),
    ] {
        let server = RawServer::start(move |stream| {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
                content.len()
            );
            crate::server::reply(stream, &[head.as_bytes(), &content].concat());
        });
        repo.mission(&["sync", "enable", "--server", &server.url(), "--all"]).ok();
        let output = bounded(&repo, "sync flush --json");
        sound(&output);
        assert_ne!(output.status, 0, "{coding}: {output}");
        sound(&bounded(&repo, "sync bind"));
    }
}

/// CWE-674, CWE-407: answers and files that are deep, wide, or full of keys that fall together.
#[test]
fn json_that_is_deep_or_wide() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    let wide = |count: usize| {
        let keys: Vec<String> = (0..count).map(|at| format!("\"k{at}\":{at}")).collect();
        format!("{{{}}}", keys.join(","))
    };
    for content in [
        "[".repeat(100_000),
        "{\"results\":".repeat(100_000),
        format!("{{\"results\": {}{}}}", "[".repeat(50_000), "]".repeat(50_000)),
        wide(200_000),
        format!("{{\"results\": [{}]}}", vec!["{}"; 500_000].join(",")),
        format!("{{\"error\": \"{}\"}}", "\\u0000".repeat(300_000)),
        format!("{{\"a\": {}}}", "9".repeat(2_000_000)),
    ] {
        let answer = content.clone();
        let server = Listener::new(move |_| (400, answer.clone()));
        repo.mission(&["sync", "enable", "--server", server.url(), "--all"]).ok();
        for args in ["sync flush --json", "sync bind"] {
            sound(&bounded(&repo, args));
        }
        let one = mission(&repo);
        for name in ["meta.json", "status.events.jsonl", "status.json", "acceptance-matrix.json"] {
            let kept = std::fs::read(repo.at(&format!("{one}/{name}"))).ok();
            repo.write(&format!("{one}/{name}"), &content);
            for args in ["doctor", "migrate --dry-run", "materialize", "list"] {
                sound(&bounded(&repo, args));
            }
            match kept {
                Some(bytes) => repo.write(&format!("{one}/{name}"), bytes),
                None => std::fs::remove_file(repo.at(&format!("{one}/{name}"))).expect("removed"),
            }
        }
    }
}

/// CWE-776, the billion laughs: a small YAML file that is a large one.
#[test]
fn yaml_that_laughs() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    repo.mission(&["sync", "enable", "--server", "http://127.0.0.1:9"]).ok();
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..40 {
        let before = format!("*a{}", level - 1);
        laughs.extend([format!("a{level}: &a{level} [{}]\n", vec![before; 9].join(", "))]);
    }
    for text in [
        format!("{laughs}project: *a39\n"),
        format!("{laughs}project:\n  uuid: *a39\nbuild: *a39\n"),
        format!("project: {}\n", "[".repeat(100_000)),
        format!("{}a\n", "- ".repeat(50_000)),
        format!("project: &a\n  uuid: *a\n  <<: *a\n{}", "x: &x [*x]\n".repeat(100)),
        format!("? {}\n", "? ".repeat(50_000)),
        format!("project:\n  uuid: \"{}\"\n", "a".repeat(20_000_000)),
        "a: b\n".repeat(300_000),
    ] {
        repo.write(".kittify/config.yaml", &text);
        for args in ["sync bind --dry-run", "doctor", "sync enqueue --all"] {
            let output = bounded(&repo, args);
            sound(&output);
            assert_ne!(output.status, 124, "in time: {}", &text[..60.min(text.len())]);
        }
        // As the list of expected artifacts, from the tree.
        std::fs::remove_file(repo.at(".kittify/config.yaml")).expect("removed");
        for place in
            ["software-dev/expected-artifacts.yaml", ".kittify/missions/software-dev/expected-artifacts.yaml"]
        {
            repo.write(place, &text);
        }
        repo.ok(&["add", "-A"]);
        repo.ok(&["commit", "-qnm", "manifest"]);
        let output = bounded(&repo, "sync enqueue --all");
        sound(&output);
    }
}

/// CWE-1333: a pattern that a repository chooses, and a name that it almost matches.
#[test]
fn a_pattern_that_is_tried_over_and_over() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    let one = mission(&repo);
    repo.write(&format!("{one}/research/{}.md", "a".repeat(100)), "# a\n");
    let pattern = format!("research/{}b.md", "*a".repeat(40));
    repo.write(
        "software-dev/expected-artifacts.yaml",
        format!("required_always:\n  - path_pattern: \"{pattern}\"\n"),
    );
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-qnm", "pattern"]);
    repo.mission(&["sync", "enable", "--server", "http://127.0.0.1:9"]);
    let output = bounded(&repo, "sync enqueue --all");
    assert!(output.ok().stdout.contains("queued"));
}
