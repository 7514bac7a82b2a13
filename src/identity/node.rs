//! The identity of a machine and its user. Knows nothing about repositories.

use std::fs;

use crate::env;
use crate::id::sha256_hex;

/// Where Linux keeps the name of the machine.
const FILES: [&str; 2] = ["/proc/sys/kernel/hostname", "/etc/hostname"];
/// Hexadecimal digits of a node id.
const LENGTH: usize = 12;

/// The first 12 hexadecimal digits of the SHA-256 of `<hostname>:<user>`.
pub fn node_id() -> String {
    let variable =
        |names: &[&str]| names.iter().find_map(|name| env::text(name)).filter(|text| !text.is_empty());
    let file =
        || FILES.iter().find_map(|path| fs::read_to_string(path).ok()).map(|text| text.trim().to_owned());
    let host = file().or_else(|| variable(&env::HOST_NAMES)).unwrap_or_else(|| "localhost".to_owned());
    let user = variable(&env::USER_NAMES).unwrap_or_else(|| "unknown".to_owned());
    of(&host, &user)
}

fn of(host: &str, user: &str) -> String {
    let mut id = sha256_hex(format!("{host}:{user}").as_bytes());
    id.truncate(LENGTH);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_pinned() {
        // printf 'host:user' | sha256sum
        assert_eq!(of("host", "user"), "2e1a29e6f4ef");
        assert_eq!(node_id().len(), LENGTH);
        assert_eq!(node_id(), node_id());
    }
}
