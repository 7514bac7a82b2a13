//! What a hook of ours sees of the others: whether somebody replaced or removed one of them.
//!
//! Runs in every hook, so it reads no more than the beginning of each file. Changes nothing.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::hooks::{HOOKS, HooksDirectory};
use super::look::{is_shim_file, place_of};
use super::neighbour::calls_us;
use super::shim::is_shim;
use crate::git::Repo;

/// A hook that is not ours any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disturbed {
    /// Which
    pub hook: &'static str,
    /// Whether there is another one; otherwise there is none
    pub replaced: bool,
}

impl fmt::Display for Disturbed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was {}", self.hook, if self.replaced { "replaced by another tool" } else { "removed" })
    }
}

/// The hooks in the directory of the shim that was started, `shim` being the path by which it was, that are not ours.
/// What cannot be looked at counts as ours: this is no audit.
pub fn disturbed(repo: &Repo, shim: &Path) -> Vec<Disturbed> {
    let Some(hooks) = shim.parent() else { return Vec::new() };
    let mut found = Vec::new();
    for hook in HOOKS {
        match head(&hooks.join(hook)) {
            Ok(head) if is_shim(&head) => {}
            Ok(_) if place_of(&hooks.join(hook)).is_ok_and(|place| is_shim_file(&place).unwrap_or(true)) => {}
            Ok(_) => {
                let directory = HooksDirectory::Ours(hooks.to_owned());
                if !calls_us(&directory, hook, repo.top().ok()).unwrap_or(true) {
                    found.push(Disturbed { hook, replaced: true });
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                found.push(Disturbed { hook, replaced: false });
            }
            Err(_) => {}
        }
    }
    found
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(64);
    File::open(path)?.take(64).read_to_end(&mut head)?;
    Ok(head)
}
