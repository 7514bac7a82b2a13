//! The few settings that every commit asks for, kept as git listed them while no file that they come from has changed.
//!
//! INVARIANT: in doubt git is asked. A note is only made where git's answer depends on nothing but the environment and
//! the files that are noted with it (no conditional and no included files), and only of the sections that hooks need:
//! what else is configured may be secret. Knows nothing about what the keys mean.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Config, GitError, Repo};
use crate::clock::Instant;
use crate::env::{self, place};

/// A note of another form says nothing.
const FORM: &str = "git-mission settings 1";
/// The sections that are kept.
const SECTIONS: [&str; 3] = ["mission.", "branch.", "remote."];
/// Variables that add settings or say where they are.
const VARIABLES: [&str; 7] = [
    env::GIT_CONFIG,
    env::GIT_CONFIG_GLOBAL,
    env::GIT_CONFIG_SYSTEM,
    env::GIT_CONFIG_NOSYSTEM,
    env::HOME,
    env::XDG_CONFIG_HOME,
    env::GIT_COMMON_DIR,
];
/// A file that changed so shortly before git read it may change again without looking different.
const SETTLING_MILLIS: u64 = 100;
/// The same where the file system notes whole seconds, or every second one.
const COARSE_SETTLING_MILLIS: u64 = 2100;

impl Repo {
    /// The settings below `mission`, `branch` and `remote`; of [`Self::config`] these and no others.
    pub fn settings(&self) -> Result<Config, GitError> {
        let environment = self.environment();
        if let Some(kept) = environment.as_deref().and_then(|environment| self.kept(environment)) {
            return Ok(kept);
        }
        let asked = Instant::now();
        let config = match self.heard() {
            Some(config) => config,
            None => self.config()?,
        };
        if let Some(note) = environment.and_then(|environment| self.note(&environment, &config, asked)) {
            // A note that cannot be written costs time later, nothing else.
            let _ = self.keep(note.as_bytes());
        }
        Ok(config)
    }

    /// The configuration, kept for the first [`Self::settings`].
    pub(super) fn listed(&self) -> Result<Config, GitError> {
        let before = Instant::now();
        let config = self.config()?;
        let seen = |file: &PathBuf| {
            Seen::of(file).filter(|seen| seen.settled_millis <= before.unix_millis()).map(|seen| seen.text)
        };
        let seen: Option<Vec<String>> = config.origins().iter().map(seen).collect();
        if let Some(seen) = seen {
            self.heard.replace(Some((config.clone(), seen)));
        }
        Ok(config)
    }

    /// What [`Self::listed`] kept, if no file has changed.
    fn heard(&self) -> Option<Config> {
        let (config, seen) = self.heard.take()?;
        let mut files = config.origins().iter().zip(seen);
        files.all(|(file, seen)| Seen::of(file).is_some_and(|now| now.text == seen)).then_some(config)
    }

    fn settings_path(&self) -> PathBuf {
        self.git_dir().join(place::HOME).join(place::SETTINGS)
    }

    /// What the note says, if all is as it was.
    fn kept(&self, environment: &str) -> Option<Config> {
        let note = fs::read_to_string(self.settings_path()).ok()?;
        let mut fields = note.strip_suffix('\0')?.split('\0');
        if fields.next() != Some(FORM) || fields.next() != Some(environment) {
            return None;
        }
        let mut field = || fields.next();
        let files: usize = field()?.parse().ok()?;
        for _ in 0..files {
            let (file, seen) = (field()?, field()?);
            if Seen::of(Path::new(file))?.text != seen {
                return None;
            }
        }
        let mut values = Vec::new();
        while let Some(key) = field() {
            values.push((key.to_owned(), field()?.to_owned()));
        }
        Some(Config::of(values))
    }

    fn note(&self, environment: &str, config: &Config, asked: Instant) -> Option<String> {
        if config.has_includes() {
            return None;
        }
        let mut files: Vec<PathBuf> = config.origins().iter().cloned().chain(self.possible_files()).collect();
        files.sort();
        files.dedup();
        let mut note = format!("{FORM}\0{environment}\0{}\0", files.len());
        for file in files {
            let seen = Seen::of(&file)?;
            if seen.settled_millis > asked.unix_millis() {
                return None;
            }
            // Writing to a String cannot fail.
            let _ = write!(note, "{}\0{}\0", file.to_str()?, seen.text);
        }
        for (key, value) in SECTIONS.iter().flat_map(|section| config.with_prefix(section)) {
            let _ = write!(note, "{key}\0{value}\0");
        }
        Some(note)
    }

    /// Files that git would read if they were there.
    pub(super) fn possible_files(&self) -> impl Iterator<Item = PathBuf> {
        // Git runs at the top.
        let from = self.top().unwrap_or_else(|_| self.git_dir());
        let said = |name| env::var(name).filter(|path| !path.is_empty()).map(|path| from.join(path));
        let home = said(env::HOME);
        let beyond = said(env::XDG_CONFIG_HOME).or_else(|| Some(home.as_ref()?.join(".config")));
        let named = [env::GIT_CONFIG_GLOBAL, env::GIT_CONFIG_SYSTEM].map(said);
        let own = [self.config_file(), self.git_dir().join("config.worktree"), "/etc/gitconfig".into()];
        // A git of its own prefix has its own file for the system.
        let programs = [self.git.program().canonicalize().ok(), Some(self.git.program().to_owned())];
        let prefixes = programs.into_iter().flatten().flat_map(|program| {
            let above: Vec<PathBuf> =
                program.ancestors().skip(2).map(|at| at.join("etc/gitconfig")).collect();
            above
        });
        let users =
            [home.map(|home| home.join(".gitconfig")), beyond.map(|beyond| beyond.join("git/config"))];
        let all = own.into_iter().chain(users.into_iter().flatten());
        all.chain(named.into_iter().flatten()).chain(prefixes.collect::<Vec<_>>())
    }

    /// What the environment says about settings, and which git is asked; `None` where no note can be made.
    fn environment(&self) -> Option<String> {
        // One counts further variables, the other holds for one command, and may be secret.
        if [env::GIT_CONFIG_COUNT, env::GIT_CONFIG_PARAMETERS].iter().any(|name| env::var(name).is_some()) {
            return None;
        }
        let said = VARIABLES.map(env::var);
        cfg!(unix).then(|| format!("{:?}", (self.git.program(), self.top().ok(), said)))
    }

    /// Puts the note into place in one step, for the user alone.
    fn keep(&self, note: &[u8]) -> std::io::Result<()> {
        let path = self.settings_path();
        let directory = path.parent().unwrap_or(self.git_dir());
        // Only where something of ours is installed.
        if self.common_dir().join(place::HOME).is_dir() && !directory.is_dir() {
            fs::create_dir(directory)?;
        }
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(note)?;
        file.persist(path)?;
        Ok(())
    }
}

/// What changes when a file is changed or replaced.
struct Seen {
    text: String,
    /// From when on a further change will look different, in milliseconds since 1970
    settled_millis: u64,
}

#[cfg(unix)]
impl Seen {
    /// `None` if it cannot be told whether there is a file.
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        match fs::metadata(path) {
            Ok(found) => {
                let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
                let text = format!("{} {} {} {times:?}", found.dev(), found.ino(), found.size());
                let changed_millis =
                    u64::try_from(found.ctime() * 1000 + found.ctime_nsec() / 1_000_000).ok()?;
                let is_coarse = found.mtime_nsec() == 0 && found.ctime_nsec() == 0;
                let settling = if is_coarse { COARSE_SETTLING_MILLIS } else { SETTLING_MILLIS };
                Some(Self { text, settled_millis: changed_millis.saturating_add(settling) })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Some(Self { text: "absent".to_owned(), settled_millis: 0 })
            }
            Err(_) => None,
        }
    }
}

#[cfg(not(unix))]
impl Seen {
    fn of(_: &Path) -> Option<Self> {
        None
    }
}
