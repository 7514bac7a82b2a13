//! The ledger: what was there before the installation, and what was written.
//!
//! It is written before anything else is, so that a killed installation can be taken back. It keeps originals
//! as bytes and what was written as hashes: while a file still has such a hash, nobody else changed it and
//! its original can be put back. It is one file, replaced as a whole. Version 1; a newer one is not touched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::files::{Permissions, at, read, real, write};
use super::{Change, InstallError};
use crate::env::place;
use crate::git::Repo;
use crate::id::sha256_hex;
use crate::json::{self, Limits, Object, Value, object};

const VERSION: u64 = 1;
/// How many hashes of a file are kept.
const HASHES: usize = 8;

/// What is known about an installation. Paths are relative to the common git directory, with `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    /// The configuration file
    pub(super) config: Option<Kept>,
    /// `info/attributes`
    pub(super) attributes: Option<Kept>,
    /// Configuration keys that commands of ours set and that were not there before
    pub(super) settings: BTreeSet<String>,
    /// Directories that were made, each after the one it lies in
    pub(super) directories: BTreeSet<String>,
    /// Hashes of the shims that were written
    pub(super) shims: BTreeMap<String, String>,
}

/// A file that was changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// Its bytes before, without anything of ours; `None` if it was not there
    pub(super) original: Option<Vec<u8>>,
    /// Hashes of what we wrote
    pub(super) written: Vec<String>,
}

impl Kept {
    /// Whether nobody but us changed the file since.
    pub(super) fn covers(&self, present: Option<&[u8]>) -> bool {
        self.original.as_deref() == present
            || present.is_some_and(|bytes| self.written.contains(&sha256_hex(bytes)))
    }

    /// Notes what is about to be written.
    pub(super) fn note(&mut self, bytes: &[u8]) {
        let hash = sha256_hex(bytes);
        self.written.retain(|known| *known != hash);
        self.written.push(hash);
        let surplus = self.written.len().saturating_sub(HASHES);
        self.written.drain(..surplus);
    }
}

/// Where our files are in the common git directory.
pub(super) fn home(repo: &Repo) -> PathBuf {
    repo.common_dir().join(place::HOME)
}

/// Where the ledger's directory is.
pub(super) fn directory(repo: &Repo) -> PathBuf {
    home(repo).join("install")
}

/// Where the ledger is.
pub(super) fn path(repo: &Repo) -> PathBuf {
    directory(repo).join("ledger.json")
}

/// The ledger; `None` if there is none.
pub(super) fn load(repo: &Repo) -> Result<Option<Ledger>, InstallError> {
    let path = path(repo);
    let Some(bytes) = read(&path)? else { return Ok(None) };
    let broken = |reason: String| InstallError::LedgerBroken { path: path.clone(), reason };
    let members = json::parse_object(&bytes, Limits::ROW).map_err(|error| broken(error.to_string()))?;
    match members.get("version") {
        Some(Value::Number(number)) if number.as_u64() == Some(VERSION) => {}
        Some(Value::Number(number)) if number.as_u64().is_some_and(|version| version > VERSION) => {
            let version = number.as_u64().unwrap_or(0);
            return Err(InstallError::LedgerNewer { path, version });
        }
        _ => return Err(broken("no version".to_owned())),
    }
    Ledger::from_members(&members).map(Some).ok_or_else(|| broken("not of the form of version 1".to_owned()))
}

/// Writes the ledger, and the directories above it. It holds a copy of the configuration, and has its permissions.
pub(super) fn save(repo: &Repo, ledger: &Ledger) -> Result<(), InstallError> {
    let directory = directory(repo);
    repo.make_directory(&directory)?;
    let text = json::canonical(&ledger.to_value());
    write(&path(repo), text.as_bytes(), Permissions::Like(&repo.config_file()))
}

/// Removes the ledger, and the directories above it as far as they are empty.
pub(super) fn remove(repo: &Repo) -> Result<Vec<Change>, InstallError> {
    let mut changes = Vec::new();
    if super::files::remove(&path(repo))? {
        changes.push(Change::Remove(path(repo)));
    }
    for noted in [place::TRACES, place::RECALLED].map(|name| home(repo).join(name)) {
        if super::files::found(std::fs::remove_dir_all(&noted)).map_err(at(&noted))?.is_some() {
            changes.push(Change::RemoveDirectory(noted));
        }
    }
    for directory in [directory(repo), home(repo)] {
        if super::files::remove_empty_directory(&directory)? {
            changes.push(Change::RemoveDirectory(directory));
        }
    }
    Ok(changes)
}

/// The path that a name in the ledger stands for.
pub(super) fn path_of(repo: &Repo, name: &str) -> PathBuf {
    real(repo.common_dir()).join(name)
}

/// The name in the ledger of a path in the common git directory, without links.
pub(super) fn name_of(repo: &Repo, path: &Path) -> Option<String> {
    let relative = path.strip_prefix(real(repo.common_dir())).ok()?;
    let parts: Option<Vec<&str>> = relative
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    parts.map(|parts| parts.join("/"))
}

impl Ledger {
    fn to_value(&self) -> Value {
        let strings = |set: &BTreeSet<String>| Value::from(set.iter().cloned().collect::<Vec<_>>());
        let shims: Object = self.shims.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
        object([
            ("version", VERSION.into()),
            ("config", self.config.as_ref().map(Kept::to_value).into()),
            ("attributes", self.attributes.as_ref().map(Kept::to_value).into()),
            ("settings", strings(&self.settings)),
            ("directories", strings(&self.directories)),
            ("shims", shims.into()),
        ])
    }

    fn from_members(members: &Object) -> Option<Self> {
        let kept = |key: &str| match members.get(key)? {
            Value::Null => Some(None),
            value => Kept::from_value(value).map(Some),
        };
        let shims = members.get("shims")?.as_object()?;
        let shims = shims.iter().map(|(path, hash)| Some((path.clone(), hash.as_str()?.to_owned())));
        let ledger = Self {
            config: kept("config")?,
            attributes: kept("attributes")?,
            settings: strings(members.get("settings")?)?.into_iter().collect(),
            directories: strings(members.get("directories")?)?.into_iter().collect(),
            shims: shims.collect::<Option<_>>()?,
        };
        let inside = |path: &String| Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
        (ledger.shims.keys().all(inside) && ledger.directories.iter().all(inside)).then_some(ledger)
    }
}

impl Kept {
    fn to_value(&self) -> Value {
        let (key, original) = match self.original.as_deref().map(std::str::from_utf8) {
            None => ("text", Value::Null),
            Some(Ok(text)) => ("text", text.into()),
            Some(Err(_)) => ("hex", hex(self.original.as_deref().unwrap_or_default()).into()),
        };
        object([("original", object([(key, original)])), ("written", self.written.clone().into())])
    }

    fn from_value(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let original = members.get("original")?.as_object()?;
        let original = match (original.get("text"), original.get("hex")) {
            (Some(Value::Null), None) => None,
            (Some(Value::String(text)), None) => Some(text.clone().into_bytes()),
            (None, Some(Value::String(digits))) => Some(unhex(digits)?),
            _ => return None,
        };
        Some(Self { original, written: strings(members.get("written")?)? })
    }
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| Some(item.as_str()?.to_owned())).collect()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let kept = |original: Option<&[u8]>| {
            Some(Kept { original: original.map(<[u8]>::to_vec), written: vec![sha256_hex(b"x")] })
        };
        for (config, attributes) in [
            (kept(Some(b"[core]\n\tbare = false")), kept(None)),
            (kept(Some(b"\xff\x00\r\n\n")), None),
            (kept(Some(b"")), kept(Some(b"\"\\\n"))),
        ] {
            let ledger = Ledger {
                config,
                attributes,
                settings: ["mission.sync".to_owned()].into(),
                directories: ["info".to_owned()].into(),
                shims: [("hooks/pre-push".to_owned(), sha256_hex(b"y"))].into(),
            };
            let text = json::canonical(&ledger.to_value());
            let members = json::parse_object(text.as_bytes(), Limits::ROW).expect("JSON");
            assert_eq!(Ledger::from_members(&members), Some(ledger));
        }
    }

    #[test]
    fn paths_that_lead_out_are_refused() {
        for path in ["../hooks/x", "/etc/passwd", "a/../../b"] {
            let ledger = Ledger { directories: [path.to_owned()].into(), ..Ledger::default() };
            let text = json::canonical(&ledger.to_value());
            let members = json::parse_object(text.as_bytes(), Limits::ROW).expect("JSON");
            assert_eq!(Ledger::from_members(&members), None, "{path}");
        }
    }

    #[test]
    fn a_file_is_covered_while_only_we_changed_it() {
        let mut kept = Kept { original: Some(b"before".to_vec()), written: Vec::new() };
        kept.note(b"ours");
        assert!(kept.covers(Some(b"ours")) && kept.covers(Some(b"before")));
        assert!(!kept.covers(Some(b"theirs")) && !kept.covers(None));
        (0..20).for_each(|number| kept.note(format!("{number}").as_bytes()));
        assert!(kept.covers(Some(b"19")) && !kept.covers(Some(b"ours")));
        assert_eq!(kept.written.len(), HASHES);
    }
}
