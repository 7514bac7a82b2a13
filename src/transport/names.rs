//! Looking up a host for a program that is linked statically. What looks up names on this machine (files, DNS, a domain,
//! the neighbourhood) is loaded at run time and belongs to the C library that is installed; one of another version must
//! not be loaded into this process. `getent` comes with that library and asks what every other program asks.

use std::io::{self, Read as _};
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::env;

/// Where it is. Not looked for on the `PATH`, which may lead into the repository.
const GETENT: [&str; 2] = ["/usr/bin/getent", "/bin/getent"];

/// Whether names have to be looked up by [`addresses`].
pub(super) const IS_STATIC: bool =
    cfg!(all(target_os = "linux", target_env = "gnu", target_feature = "crt-static"));

/// The addresses of a host, in the order in which they are to be tried; none if there is no such host. An error of the
/// kind `NotFound` means that there is no `getent` here, `TimedOut` that it did not answer in time.
pub(super) fn addresses(host: &str, within: Duration) -> io::Result<Vec<IpAddr>> {
    let getent = GETENT.into_iter().find(|path| Path::new(path).is_file()).ok_or(io::ErrorKind::NotFound)?;
    let mut child = Command::new(getent)
        .args(["ahosts", "--", host])
        .env_remove(env::GIT_MISSION_TOKEN)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (said, hears) = mpsc::channel();
    let stdout = child.stdout.take();
    thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.map_or(Ok(0), |mut stdout| stdout.read_to_string(&mut text));
        // Nobody listens any more after the time.
        let _ = said.send(read.map(|_| text));
    });
    let answer = hears.recv_timeout(within);
    if answer.is_err() {
        let _ = child.kill();
    }
    child.wait()?;
    let text = answer.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let mut found = Vec::new();
    for address in text.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()) {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_as_the_machine_finds_it() {
        let found = match addresses("localhost", Duration::from_secs(20)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            found => found.expect("an answer"),
        };
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
        assert_eq!(
            addresses("127.0.0.7", Duration::from_secs(20)).expect("an answer"),
            ["127.0.0.7".parse::<IpAddr>().expect("one")]
        );
        assert!(addresses("no-such-host.invalid", Duration::from_secs(60)).expect("an answer").is_empty());
        assert!(addresses("--help", Duration::from_secs(60)).expect("an answer").is_empty());
    }

    #[test]
    fn nobody_waits_for_longer_than_allowed() {
        match addresses("localhost", Duration::ZERO) {
            Ok(found) => assert!(found.iter().all(IpAddr::is_loopback)),
            Err(error) => assert!(matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::NotFound)),
        }
    }
}
