//! TLS: only a certificate that the user trusts will do, whoever says otherwise, and nothing is ever sent without.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;
use crate::server::{RawServer, TestServer, read_request};
use crate::support::any_git;

/// A server behind TLS in front of another, and the certificate (PEM) that makes it trusted.
fn behind_tls(inner: u16) -> (RawServer, String) {
    let made =
        rcgen::generate_simple_self_signed(["localhost", "missions.invalid"].map(str::to_owned).to_vec())
            .expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    let config = Arc::new(config);
    let server = RawServer::start(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
        let mut tls = StreamOwned::new(connection, stream);
        loop {
            let (head, content) = read_request(&mut tls);
            if head.is_empty() {
                return;
            }
            let mut plain = TcpStream::connect(("127.0.0.1", inner)).expect("the server behind");
            let request = [head.as_bytes(), b"\r\n\r\n", &content].concat();
            plain.write_all(&request).expect("sends");
            let (head, content) = read_request(&mut plain);
            if tls.write_all(&[head.as_bytes(), b"\r\n\r\n", &content].concat()).is_err()
                || tls.flush().is_err()
            {
                return;
            }
        }
    });
    (server, made.cert.pem())
}

#[test]
fn only_a_certificate_that_the_user_trusts_will_do() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let inner = TestServer::start();
    let (server, pem) = behind_tls(inner.port());
    let trusted = world.path("ca.pem");
    std::fs::write(&trusted, pem).expect("written");
    let trusted = trusted.to_string_lossy().into_owned();
    let url = format!("https://localhost:{}", server.port());
    let repo = copy(&base, "case", &url);
    let refused = |repo: &Repo<'_>| {
        make_due(repo);
        let output = repo.mission(&["sync", "flush"]).exits(75);
        assert!(output.stdout.contains("no safe connection"), "{output}");
        assert_eq!(
            (rows(repo), inner.seen().asked.len()),
            ((vec![Row::Kept; 3], vec![Row::Kept]), 0),
            "{output}"
        );
    };
    refused(&repo);
    // A repository vouches for nobody, and switches nothing off.
    repo.ok(&["config", "http.sslCAInfo", &trusted]);
    repo.ok(&["config", "http.sslVerify", "false"]);
    refused(&repo);
    refused(&repo.env("GIT_SSL_NO_VERIFY", "1"));
    // The name has to be right, too.
    let other = copy(&base, "other", &url.replace("localhost", "127.0.0.1"));
    refused(&other.env("GIT_SSL_CAINFO", &trusted));
    // What cannot be read is named, and nothing is sent without.
    let missing = repo.env("GIT_SSL_CAINFO", "/nowhere/ca.pem").mission(&["sync", "flush"]).exits(3);
    assert!(missing.stderr.contains("/nowhere/ca.pem"), "{missing}");
    assert_eq!(inner.seen().asked.len(), 0);
    for (n, how) in ["environment", "git", "file"].into_iter().enumerate() {
        let repo = copy(&base, &format!("trusted-{n}"), &url);
        make_due(&repo);
        let flush = match how {
            "environment" => repo.env("GIT_SSL_CAINFO", &trusted).mission(&["sync", "flush"]),
            "file" => repo.env("SSL_CERT_FILE", &trusted).mission(&["sync", "flush"]),
            _ => {
                repo.ok(&["config", "--global", "http.sslCAInfo", &trusted]);
                let flush = repo.mission(&["sync", "flush"]);
                repo.ok(&["config", "--global", "--unset", "http.sslCAInfo"]);
                flush
            }
        };
        flush.ok();
        assert_eq!(rows(&repo), (vec![], vec![]), "{how}");
    }
    assert_eq!((inner.state().0.len(), inner.state().1.len()), (3, 1));
}

#[test]
fn nothing_is_sent_in_the_clear() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let server = RawServer::start(move |mut stream| {
        let mut bytes = vec![0; 4096];
        let read = stream.read(&mut bytes).unwrap_or(0);
        listener.lock().expect("heard").push(bytes[..read].to_vec());
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    });
    let repo = copy(&base, "case", &format!("https://localhost:{}", server.port()));
    let output = repo.mission(&["sync", "flush"]).exits(75);
    assert!(output.stdout.contains("no safe connection"), "{output}");
    assert_eq!(rows(&repo), (vec![Row::Kept; 3], vec![Row::Kept]));
    let heard = heard.lock().expect("heard");
    assert!(!heard.is_empty() && heard.iter().all(|bytes| bytes.first() == Some(&0x16)), "a handshake only");
}

#[test]
fn a_handshake_that_hangs_takes_no_longer_than_the_budget() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let server = RawServer::start(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let repo = copy(&base, "case", &format!("https://localhost:{}", server.port()));
    let push = within(Duration::from_secs(BUDGET) + SLACK, || {
        make_due(&repo);
        execute(&repo, "DELETE FROM state WHERE key = 'circuit'");
        call_pre_push(&repo).ok()
    });
    assert!(push.stderr.contains("did not answer in time"), "{push}");
    assert_eq!(rows(&repo), (vec![Row::Kept; 3], vec![Row::Kept]), "{push}");
}

/// Listens as a proxy that leads nowhere.
fn proxy() -> (RawServer, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let server = RawServer::start(move |mut stream| {
        listener.lock().expect("heard").push(read_request(&mut stream).0);
        let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    });
    (server, heard)
}

#[test]
fn the_proxy_is_the_users_and_never_the_repositorys() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let (mine, heard) = proxy();
    let (evil, listened) = proxy();
    let repo =
        copy(&base, "case", "https://missions.invalid").env("GIT_MISSION_TOKEN", "a-token-of-the-user");
    let flush = |repo: &Repo<'_>| {
        make_due(repo);
        let output = repo.mission(&["sync", "flush"]).exits(75);
        assert_eq!(rows(repo), (vec![Row::Kept; 3], vec![Row::Kept]), "{output}");
        std::mem::take(&mut *heard.lock().expect("heard"))
    };
    repo.ok(&["config", "http.proxy", &evil.url()]);
    repo.ok(&["config", "http.https://missions.invalid.proxy", &evil.url()]);
    assert_eq!(flush(&repo), Vec::<String>::new(), "no proxy");
    let by_environment = flush(&repo.env("https_proxy", mine.url()));
    assert!(by_environment[0].starts_with("CONNECT missions.invalid:443 "), "{by_environment:?}");
    assert_eq!(flush(&repo.env("https_proxy", mine.url()).env("no_proxy", "missions.invalid")).len(), 0);
    repo.ok(&["config", "--global", "http.proxy", &mine.url()]);
    let by_git = flush(&repo.env("https_proxy", evil.url()));
    assert!(by_git[0].starts_with("CONNECT missions.invalid:443 "), "{by_git:?}");
    assert!(!format!("{by_environment:?} {by_git:?}").contains("a-token"), "the proxy gets no token");
    assert_eq!((evil.connections(), listened.lock().expect("heard").len()), (0, 0));
}

/// A proxy that leads whoever asks to one server.
fn tunnel(to: u16) -> RawServer {
    RawServer::start(move |mut stream| {
        let (head, _) = read_request(&mut stream);
        assert!(head.starts_with("CONNECT missions.invalid:443 "), "{head}");
        let mut server = TcpStream::connect(("127.0.0.1", to)).expect("the server");
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").expect("answers");
        let (mut from, mut into) =
            (stream.try_clone().expect("a clone"), server.try_clone().expect("a clone"));
        let there = std::thread::spawn(move || std::io::copy(&mut from, &mut into));
        let _ = std::io::copy(&mut server, &mut stream);
        let _ = stream.shutdown(std::net::Shutdown::Both);
        let _ = there.join();
    })
}

#[test]
fn a_server_behind_a_proxy_is_delivered_to() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let inner = TestServer::start();
    let (server, pem) = behind_tls(inner.port());
    let proxy = tunnel(server.port());
    let trusted = world.path("ca.pem");
    std::fs::write(&trusted, pem).expect("written");
    let repo = copy(&base, "case", "https://missions.invalid")
        .env("GIT_SSL_CAINFO", &trusted)
        .env("https_proxy", proxy.url())
        .env("GIT_MISSION_TOKEN", "a-token-of-the-user");
    make_due(&repo);
    let flush = repo.mission(&["sync", "flush"]).ok();
    assert_eq!(rows(&repo), (vec![], vec![]), "{flush}");
    assert_eq!((inner.state().0.len(), inner.state().1.len()), (3, 1));
}
