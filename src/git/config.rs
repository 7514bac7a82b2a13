//! Git configuration: one listing, read by key.
//!
//! A value that comes from a file inside a work tree is ignored and named, because a cloned repository may
//! choose neither a server nor a program. Knows nothing about what the keys mean.

use std::path::{Path, PathBuf};

use super::repo::system_path;
use super::strange::names_a_program;
use super::{GitError, Repo};

/// All settings that hold for this repository, as they were when it was read.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Key in lower case (section and name), value; the last of equal keys wins.
    values: Vec<(String, String)>,
    ignored: Vec<IgnoredValue>,
    origins: Vec<PathBuf>,
    /// Whether a file of the work tree says who keeps or asks for credentials
    strange_credentials: bool,
    has_includes: bool,
    /// Keys that name programs and that a file of the work tree sets, each once
    strange_programs: Vec<String>,
}

/// A setting that is not used because a file of the work tree makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredValue {
    /// The key
    pub key: String,
    /// The file
    pub origin: PathBuf,
}

impl Config {
    /// These values, in this order.
    pub(super) fn of(values: Vec<(String, String)>) -> Self {
        Self { values, ..Self::default() }
    }

    /// The value of a key; a key without `=` counts as `true`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// A value that git calls true or false.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" | "" => Some(false),
            _ => None,
        }
    }

    /// A whole number, with git's suffixes `k`, `m`, `g`.
    pub fn number(&self, key: &str) -> Option<u64> {
        let text = self.get(key)?.to_ascii_lowercase();
        let (digits, factor) = match text.as_bytes().last()? {
            b'k' => (&text[..text.len() - 1], 1 << 10),
            b'm' => (&text[..text.len() - 1], 1 << 20),
            b'g' => (&text[..text.len() - 1], 1 << 30),
            _ => (text.as_str(), 1),
        };
        digits.parse::<u64>().ok()?.checked_mul(factor)
    }

    /// Keys that start with `prefix` and their values, in the order of the files.
    pub fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .filter(move |(key, _)| key.starts_with(prefix))
            .map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Settings of the section `mission` that a file of the work tree tried to make.
    pub fn ignored(&self) -> &[IgnoredValue] {
        &self.ignored
    }

    /// The files that settings come from, each once.
    pub fn origins(&self) -> &[PathBuf] {
        &self.origins
    }

    /// Whether only the user's own files say which programs keep credentials and which ask for them. git itself makes
    /// no such difference, so where they do not, git is not asked.
    pub fn credentials_are_the_users(&self) -> bool {
        !self.strange_credentials
    }

    /// Whether any file, used or ignored, names others to be read with it.
    pub fn has_includes(&self) -> bool {
        self.has_includes
    }

    /// Keys that name programs and that a file of the work tree sets.
    pub(super) fn strange_programs(&self) -> &[String] {
        &self.strange_programs
    }

    fn parse(listing: &[u8], from: &Path, inside_work_tree: impl Fn(&Path) -> bool) -> Self {
        let mut config = Self::default();
        // `<origin> NUL <key> [LF <value>] NUL` again and again
        let mut fields = listing.split(|b| *b == 0);
        while let (Some(origin), Some(setting)) = (fields.next(), fields.next()) {
            let setting = String::from_utf8_lossy(setting);
            let (key, value) = setting.split_once('\n').unwrap_or((&setting, "true"));
            config.has_includes |= key.starts_with("include.") || key.starts_with("includeif.");
            let file = origin.strip_prefix(b"file:").map(|file| from.join(system_path(file)));
            if let Some(file) = file.as_ref().filter(|file| !config.origins.contains(file)) {
                config.origins.push(file.clone());
            }
            match file {
                Some(file) if inside_work_tree(&file) => {
                    config.strange_credentials |= key.starts_with("credential.") || key == "core.askpass";
                    if names_a_program(key) && !config.strange_programs.iter().any(|known| known == key) {
                        config.strange_programs.push(key.to_owned());
                    }
                    if key.starts_with("mission.") {
                        config.ignored.push(IgnoredValue { key: key.to_owned(), origin: file });
                    }
                }
                _ => config.values.push((key.to_owned(), value.to_owned())),
            }
        }
        config
    }
}

impl Repo {
    /// Reads the configuration.
    pub fn config(&self) -> Result<Config, GitError> {
        let stdout = self.git.run(&["config", "--list", "--show-origin", "-z"], b"")?;
        let trees = self.work_trees_around();
        let from = self.top().unwrap_or_else(|_| self.git_dir());
        Ok(Config::parse(&stdout, from, |file| trees.hold(file)))
    }
}

impl Repo {
    /// The settings of one section that the user or the machine has made, and not this repository: keys in lower case
    /// and values, in the order of the files. None where git cannot tell (before 2.26).
    pub fn user_settings(&self, section: &str) -> Result<Vec<(String, String)>, GitError> {
        let output = self.git.output(&["config", "--list", "--show-scope", "-z"], b"")?;
        if !output.status.success() {
            return Ok(Vec::new());
        }
        Ok(of_user(&output.stdout, section))
    }
}

/// Reads `<scope> NUL <key> [LF <value>] NUL` again and again.
fn of_user(listing: &[u8], section: &str) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    let mut fields = listing.split(|b| *b == 0);
    while let (Some(scope), Some(setting)) = (fields.next(), fields.next()) {
        let setting = String::from_utf8_lossy(setting);
        let (key, value) = setting.split_once('\n').unwrap_or((&setting, "true"));
        let is_asked = key.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
        if is_asked && matches!(scope, b"global" | b"system" | b"command") {
            settings.push((key.to_owned(), value.to_owned()));
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_repository_are_not_the_users() {
        let listing = b"system\0http.sslcainfo\n/ca\0global\0http.proxy\nhttp://mine\0local\0http.proxy\nhttp://evil\0worktree\0http.proxy\nhttp://evil\0global\0https.proxy\nx\0command\0http.proxy\n\0";
        let settings = of_user(listing, "http");
        let expected = [("http.sslcainfo", "/ca"), ("http.proxy", "http://mine"), ("http.proxy", "")];
        assert_eq!(settings, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn values_of_the_work_tree_are_ignored_and_named() {
        let listing = b"file:.git/config\0mission.sync\ntrue\0file:../evil\0mission.server\nhttps://evil.example\0file:.git/config\0core.bare\0";
        let config = Config::parse(listing, Path::new("/top"), |file| file.ends_with("evil"));
        assert_eq!(config.flag("mission.sync"), Some(true));
        assert_eq!(config.get("mission.server"), None);
        assert_eq!(config.get("core.bare"), Some("true"));
        assert_eq!(config.ignored()[0].key, "mission.server");
        assert!(config.credentials_are_the_users());
        for key in ["credential.helper", "credential.https://host.helper", "core.askpass"] {
            let listing = format!("file:../evil\0{key}\n!x\0");
            let config = Config::parse(listing.as_bytes(), Path::new("/top"), |file| file.ends_with("evil"));
            assert!(!config.credentials_are_the_users(), "{key}");
        }
        assert!(!config.has_includes());
        let listing = b"file:../evil\0includeif.gitdir:/.path\nmore\0";
        assert!(Config::parse(listing, Path::new("/top"), |_| true).has_includes());
    }
}
