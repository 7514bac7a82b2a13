//! Every fault of a network: the rows stay as they are, no try is counted, and a push takes no longer than it may.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::sleep;

use super::*;
use crate::server::{RawServer, TestServer, read_request, reply};
use crate::support::any_git;

/// A fault of a network, as a server that makes it.
type Fault = fn(TcpStream);

/// Closes while there is something to read, which resets the connection.
fn reset(mut stream: TcpStream, answer: &[u8]) {
    let _ = stream.read(&mut [0; 8]);
    let _ = stream.write_all(answer);
}

/// Goes on with the same bytes for longer than anybody waits.
fn drip(mut stream: TcpStream, head: &[u8], again: &[u8], pause: Duration) {
    read_request(&mut stream);
    let _ = stream.write_all(head);
    for _ in 0..100_000 {
        if stream.write_all(again).is_err() {
            return;
        }
        sleep(pause);
    }
}

const SOON: Duration = Duration::from_millis(1);
const SLOWLY: Duration = Duration::from_millis(50);

/// A whole acknowledgement of nothing in particular, which only its surroundings make one.
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/// The faults, and what is said of each. Those that hang take the whole budget.
const FAULTS: [(&str, Fault, &str, bool); 18] = [
    ("closed at once", |stream| drop(stream), "the connection broke", false),
    ("closed after the request", |stream| reply(stream, b""), "the connection broke", false),
    ("reset before a byte", |stream| reset(stream, b""), "the connection broke", false),
    ("reset in the head", |stream| reset(stream, b"HTTP/1.1 20"), "the connection broke", false),
    ("half a head", |stream| reply(stream, b"HTTP/1.1 200 OK\r\nContent-Le"), "the connection broke", false),
    (
        "half a body",
        |stream| reply(stream, format!("{HEAD}Content-Length: 50\r\n\r\n{{\"results\": [").as_bytes()),
        "the connection broke",
        false,
    ),
    (
        "a whole body, and a length that is too great",
        |stream| reply(stream, format!("{HEAD}Content-Length: 500\r\n\r\n{{\"results\": []}}").as_bytes()),
        "the connection broke",
        false,
    ),
    (
        "a length that is too small",
        |stream| reply(stream, format!("{HEAD}Content-Length: 5\r\n\r\n{{\"results\": []}}").as_bytes()),
        "did not acknowledge",
        false,
    ),
    (
        "a length that is no number",
        |stream| reply(stream, format!("{HEAD}Content-Length: many\r\n\r\n{{}}").as_bytes()),
        "the connection broke",
        false,
    ),
    (
        "a chunk that ends early",
        |stream| reply(stream, format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n50\r\n{{\"res").as_bytes()),
        "the connection broke",
        false,
    ),
    (
        "compressed, and cut",
        |stream| {
            let packed = packed(b"{\"results\": []}");
            let cut = &packed[..packed.len() - 6];
            let head = format!("{HEAD}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", cut.len());
            reply(stream, &[head.as_bytes(), cut].concat());
        },
        "the connection broke",
        false,
    ),
    (
        "garbage",
        |stream| reply(stream, b"\x00\xff\x13SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        "the connection broke",
        false,
    ),
    (
        "a head without an end",
        |stream| {
            drip(
                stream,
                b"HTTP/1.1 200 OK\r\n",
                b"X-Again: and again and again and again\r\n",
                Duration::ZERO,
            );
        },
        "the connection broke",
        false,
    ),
    (
        "a body without an end",
        |stream| drip(stream, format!("{HEAD}\r\n").as_bytes(), &[b' '; 4096], Duration::ZERO),
        "the connection broke",
        false,
    ),
    (
        "a head that drips",
        |stream| drip(stream, b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", SLOWLY),
        "did not answer in time",
        true,
    ),
    (
        "a body that drips",
        |stream| drip(stream, format!("{HEAD}Content-Length: 5000\r\n\r\n").as_bytes(), b" ", SLOWLY),
        "did not answer in time",
        true,
    ),
    (
        "interim answers without an end",
        |stream| drip(stream, b"", b"HTTP/1.1 100 Continue\r\n\r\n", SOON),
        "",
        true,
    ),
    ("no answer", |stream| drip(stream, b"", b"", SLOWLY), "did not answer in time", true),
];

#[test]
fn every_fault_keeps_the_rows_and_the_time() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    for (n, (name, fault, words, hangs)) in FAULTS.into_iter().enumerate() {
        let server = RawServer::start(fault);
        let repo = copy(&base, &format!("case-{n}"), &server.url());
        let push = within(Duration::from_secs(BUDGET) + SLACK, || {
            make_due(&repo);
            execute(&repo, "DELETE FROM state WHERE key = 'circuit'");
            call_pre_push(&repo).ok()
        });
        assert_eq!(push.stderr.lines().count(), 1, "{name}: {push}");
        assert!(push.stderr.contains(words) && push.stderr.contains("3 kept for later"), "{name}: {push}");
        assert_eq!(rows(&repo), (vec![Row::Kept; 3], vec![Row::Kept]), "{name}: {push}");
        let hung: Vec<String> = column(&repo, "SELECT value FROM state WHERE key = 'circuit'");
        assert_eq!(hung.len(), usize::from(hangs), "{name}: {push}");
        // By hand it is the same, and says that it is deferred.
        make_due(&repo);
        let flush = within(Duration::from_secs(BUDGET) + SLACK, || {
            make_due(&repo);
            repo.mission(&["sync", "flush"]).exits(75)
        });
        assert!(flush.stdout.contains("server_error: 3") && flush.stdout.contains(words), "{name}: {flush}");
        assert_eq!(rows(&repo), (vec![Row::Kept; 3], vec![Row::Kept]), "{name}: {flush}");
        // The same rows, with the same keys, once the server is well.
        let server = TestServer::start();
        repo.ok(&["config", "mission.server", &server.url()]);
        make_due(&repo);
        repo.mission(&["sync", "flush"]).ok();
        assert_eq!((rows(&repo), server.state().0.len()), ((vec![], vec![]), 3), "{name}");
    }
}

#[test]
fn nobody_is_there() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    for (n, (url, words)) in [
        (format!("http://127.0.0.1:{closed}"), "the server cannot be reached"),
        ("https://no-such-host.invalid".to_owned(), "the server cannot be reached"),
    ]
    .into_iter()
    .enumerate()
    {
        let repo = copy(&base, &format!("case-{n}"), &url).env("GIT_MISSION_TOKEN", "a-token-of-the-user");
        let push = within(Duration::from_secs(BUDGET) + SLACK, || {
            make_due(&repo);
            call_pre_push(&repo).ok()
        });
        assert!(push.stderr.contains(words), "{push}");
        assert_eq!(rows(&repo), (vec![Row::Kept; 3], vec![Row::Kept]), "{push}");
    }
}

#[test]
fn after_a_hang_a_push_waits_briefly_until_a_flush_has_worked() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let hanging = RawServer::start(|stream| drip(stream, b"", b"", SLOWLY));
    let repo = copy(&base, "case", &hanging.url());
    repo.ok(&["config", "mission.pushBudget", "4"]);
    let start = start_of_span();
    call_pre_push(&repo).ok();
    assert!(start.elapsed() >= Duration::from_secs(4), "the whole budget: {:?}", start.elapsed());
    within(Duration::from_secs(1), || {
        make_due(&repo);
        call_pre_push(&repo).ok()
    });
    assert_eq!(rows(&repo), (vec![Row::Kept; 3], vec![Row::Kept]));
    // A flush that works ends it.
    let server = TestServer::start();
    repo.ok(&["config", "mission.server", &server.url()]);
    make_due(&repo);
    repo.mission(&["sync", "flush"]).ok();
    let circuit: Vec<String> = column(&repo, "SELECT value FROM state WHERE key = 'circuit'");
    assert_eq!(circuit, Vec::<String>::new());
}

#[test]
fn what_points_elsewhere_is_not_followed() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let elsewhere =
        RawServer::start(|stream| reply(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
    for (n, status) in [301, 302, 303, 307, 308].into_iter().enumerate() {
        for to in
            [format!("{}/x", elsewhere.url()), "https://evil.invalid/".to_owned(), "/elsewhere/".to_owned()]
        {
            let server = TestServer::start();
            let location = to.clone();
            server.script(move |_| {
                Some(crate::server::Reply::new(status, "").header("location", location.clone()))
            });
            let repo = copy(&base, &format!("case-{n}"), &server.url());
            let output = repo.mission(&["sync", "flush"]).exits(75);
            assert!(output.stdout.contains(&format!("not followed: {status}")), "{output}");
            assert_eq!(rows(&repo), (vec![Row::Kept; 3], vec![Row::Kept]), "{output}");
            let paths: Vec<String> = server.seen().asked.iter().map(|asked| asked.path.clone()).collect();
            assert!(paths.iter().all(|path| path == "/api/v1/events/batch/"), "{paths:?}");
            repo.run("rm", &["-rf", &repo.path().to_string_lossy()]).ok();
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn an_answer_that_was_stored_and_lost_is_sent_again_and_stored_once() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let server = TestServer::start();
    let repo = copy(&base, "case", &server.url());
    // Stored, and what comes back is nothing that one could read.
    server.script(|_| Some(crate::server::Reply::new(502, "").but_stores()));
    for _ in 0..2 {
        repo.mission(&["sync", "flush"]).exits(75);
        make_due(&repo);
    }
    server.script(|_| None);
    let flushed = repo.mission(&["sync", "flush", "--json"]).ok().json();
    assert_eq!((flushed["duplicates"].as_u64(), flushed["synced"].as_u64()), (Some(3), Some(0)));
    assert_eq!((rows(&repo), server.state().0.len(), server.state().1.len()), ((vec![], vec![]), 3, 1));
}

#[test]
fn a_push_ends_in_time_and_a_budget_of_nothing_asks_nobody() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let hanging = RawServer::start(|stream| drip(stream, b"", b"", SLOWLY));
    let repo = copy(&base, "case", &hanging.url());
    let mut number = 0;
    within(Duration::from_secs(BUDGET) + SLACK, || {
        number += 1;
        make_due(&repo);
        execute(&repo, "DELETE FROM state WHERE key = 'circuit'");
        repo.ok(&["push", "-q", "origin", &format!("main:refs/heads/other-{number}")])
    });
    assert_eq!(rows(&repo), (vec![Row::Kept; 3], vec![Row::Kept]));
    repo.ok(&["config", "mission.pushBudget", "0"]);
    make_due(&repo);
    let asked = hanging.connections();
    let push = repo.ok(&["push", "-q", "origin", "main:refs/heads/none"]);
    assert_eq!((push.stderr.as_str(), hanging.connections()), ("", asked));
    let server = TestServer::start();
    repo.ok(&["config", "mission.server", &server.url()]);
    repo.mission(&["sync", "flush"]).ok();
    assert_eq!(rows(&repo), (vec![], vec![]));
}

/// The acknowledgement that the one body of a backlog waits for.
fn right() -> Vec<u8> {
    let hash = git_mission::id::sha256_hex(b"# One\n");
    format!("{{\"artifact_path\": \"spec.md\", \"content_hash\": \"{hash}\"}}").into_bytes()
}

/// Answers with a head and a content.
fn answer(stream: TcpStream, head: &str, content: &[u8]) {
    reply(stream, &[format!("HTTP/1.1 201 Created\r\n{head}\r\n\r\n").as_bytes(), content].concat());
}

/// Bytes, compressed.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).expect("packs");
    packed.finish().expect("packs")
}

#[test]
fn a_body_stays_until_the_last_byte_of_its_acknowledgement() {
    type Way = Box<dyn Fn(TcpStream) + Send + Sync>;
    let whole = right().len();
    let short = packed(&right()).len() - 1;
    let ways: Vec<(&str, Way, bool)> = vec![
        ("all of it", Box::new(move |s| answer(s, &format!("Content-Length: {whole}"), &right())), true),
        (
            "compressed",
            {
                Box::new(move |s| {
                    let head = format!("Content-Encoding: gzip\r\nContent-Length: {}", short + 1);
                    answer(s, &head, &packed(&right()));
                })
            },
            true,
        ),
        ("without a length, to the end", Box::new(move |s| answer(s, "Connection: close", &right())), true),
        (
            "a byte less than promised",
            { Box::new(move |s| answer(s, &format!("Content-Length: {}", whole + 1), &right())) },
            false,
        ),
        (
            "half of it",
            Box::new(move |s| answer(s, &format!("Content-Length: {whole}"), &right()[..whole / 2])),
            false,
        ),
        (
            "half of it, and said so",
            {
                Box::new(move |s| answer(s, &format!("Content-Length: {}", whole / 2), &right()[..whole / 2]))
            },
            false,
        ),
        (
            "in chunks, without the last",
            {
                Box::new(move |s| {
                    let chunk = [format!("{whole:x}\r\n").as_bytes(), &right(), b"\r\n"].concat();
                    answer(s, "Transfer-Encoding: chunked", &chunk);
                })
            },
            false,
        ),
        (
            "compressed, a byte less",
            {
                Box::new(move |s| {
                    let head = format!("Content-Encoding: gzip\r\nContent-Length: {short}");
                    answer(s, &head, &packed(&right())[..short]);
                })
            },
            false,
        ),
        (
            "compressed, with another sum",
            {
                Box::new(move |s| {
                    let mut content = packed(&right());
                    content[short - 6] ^= 1;
                    let head = format!("Content-Encoding: gzip\r\nContent-Length: {}", short + 1);
                    answer(s, &head, &content);
                })
            },
            false,
        ),
        (
            "reset after the head",
            Box::new(|s| reset(s, b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{")),
            false,
        ),
        (
            "never",
            Box::new(|s| drip(s, b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n", b"", SLOWLY)),
            false,
        ),
    ];
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let server = TestServer::start();
    server.script(|asked| asked.body.is_some().then(|| crate::server::Reply::new(503, "")));
    let base = copy(&base, "indexed", &server.url());
    base.mission(&["sync", "flush"]).exits(75);
    assert_eq!(rows(&base), (vec![], vec![Row::Kept]));
    for (n, (name, way, arrives)) in ways.into_iter().enumerate() {
        let server = RawServer::start(way);
        let repo = copy(&base, &format!("case-{n}"), &server.url());
        let push = within(Duration::from_secs(BUDGET) + SLACK, || {
            make_due(&repo);
            call_pre_push(&repo).ok()
        });
        let left = if arrives { vec![] } else { vec![Row::Kept] };
        assert_eq!(rows(&repo), (vec![], left), "{name}: {push}");
        assert!(push.stderr.lines().count() <= 1, "{name}: {push}");
    }
}
