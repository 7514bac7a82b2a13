//! The one translator from every module's error to what people read: message, causes, hint, exit code.

use std::error::Error;

use super::exit::ExitStatus;
use super::printer::Printer;
use crate::doctor::DoctorError;
use crate::git::GitError;
use crate::identity::CredentialsError;
use crate::install::InstallError;
use crate::json::{Value, object};
use crate::mission::handle::HandleError;
use crate::op::OpError;
use crate::op::enqueue::EnqueueError;
use crate::op::explain::ExplainError;
use crate::op::find::FindError;
use crate::op::project::NoProject;
use crate::queue::QueueError;
use crate::sync::{BindError, SyncError};
use crate::transport::UrlError;

/// A failed command.
#[derive(Debug)]
pub(super) struct CliError {
    pub(super) status: ExitStatus,
    /// A stable word for `--json`
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) causes: Vec<String>,
    pub(super) hint: Option<String>,
}

impl CliError {
    pub(super) fn new(status: ExitStatus, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), causes: Vec::new(), hint: None }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Usage, "usage", message)
    }

    /// What was to be printed on stdout did not get there, or not all of it.
    pub(super) fn unprinted(error: &std::io::Error) -> Self {
        let what = "standard output cannot be written; what was printed there is not whole";
        Self { causes: vec![error.to_string()], ..Self::new(ExitStatus::Environment, "io", what) }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn caused_by(mut self, error: &dyn Error) -> Self {
        let mut source = error.source();
        while let Some(cause) = source {
            self.causes.push(cause.to_string());
            source = cause.source();
        }
        self
    }

    /// Prints the error: on stderr for people, as the one document on stdout with `--json`.
    pub(super) fn print(&self, printer: &mut Printer, json: bool) {
        if json {
            printer.json(&object([(
                "error",
                object([
                    ("code", self.code.into()),
                    ("message", self.message.as_str().into()),
                    ("causes", Value::from(self.causes.clone())),
                    ("hint", self.hint.clone().into()),
                ]),
            )]));
            return;
        }
        printer.note(&format!("error: {}", self.message));
        for cause in &self.causes {
            printer.note(&format!("caused by: {cause}"));
        }
        let mut lines = self.hint.iter().flat_map(|hint| hint.lines());
        if let Some(first) = lines.next() {
            printer.note(&format!("hint: {first}"));
        }
        lines.for_each(|line| printer.note(line));
    }
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        let environment = ExitStatus::Environment;
        let (status, code, hint) = match &error {
            GitError::NoGit => (environment, "no_git", Some("install git, or add its directory to PATH")),
            GitError::NoRepository(said) if said.contains("dubious ownership") => {
                (environment, "unsafe_repository", Some("git config --global --add safe.directory \"$PWD\""))
            }
            GitError::NoRepository(_) => {
                (environment, "no_repository", Some("cd into a repository, or: git init"))
            }
            GitError::Embedded { .. } => {
                (environment, "embedded_repository", Some("if it is yours: export GIT_DIR=\"$PWD\""))
            }
            GitError::Bare => (environment, "bare_repository", Some("name a commit: --rev main")),
            GitError::Missing(_) => (environment, "missing_object", Some("git fetch --refetch --no-filter")),
            GitError::Moved { .. } => (ExitStatus::Deferred, "ref_moved", Some("run the command again")),
            GitError::Locked { .. } => (
                ExitStatus::Deferred,
                "index_locked",
                Some("wait for the other git process, or remove the lock file if there is none"),
            ),
            GitError::Signing(_) => (ExitStatus::Deferred, "signing", Some("git mission settle --commit")),
            GitError::Process { .. }
            | GitError::Failed { .. }
            | GitError::Answer { .. }
            | GitError::Library(_)
            | GitError::File { .. } => (environment, "git", None),
        };
        let translated = Self::new(status, code, error.to_string()).caused_by(&error);
        match hint {
            Some(hint) => translated.hint(hint),
            None => translated,
        }
    }
}

impl From<OpError> for CliError {
    fn from(error: OpError) -> Self {
        let (status, code, hint) = match error {
            OpError::Git(error) => return error.into(),
            OpError::File { .. } => (ExitStatus::Environment, "file", None),
            OpError::NoSlug(_) => (
                ExitStatus::Usage,
                "no_slug",
                Some("git mission create a-name-in-latin-letters --friendly-name …"),
            ),
            OpError::BadValue { .. } => (ExitStatus::Usage, "bad_value", None),
            OpError::NoMain => {
                (ExitStatus::Environment, "no_main", Some("git config mission.mainBranch BRANCH"))
            }
            OpError::NotFetched(_) => (
                ExitStatus::Environment,
                "shallow",
                Some("git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*'"),
            ),
            OpError::CutOff { .. } => (
                ExitStatus::Environment,
                "shallow",
                Some("git fetch --unshallow, or as much as is needed: git fetch --deepen=500"),
            ),
            OpError::NoBase => (ExitStatus::Usage, "no_base", Some("git mission check --base REV")),
            OpError::Detached => {
                (ExitStatus::Usage, "detached", Some("git switch main, or: git mission settle --stage"))
            }
            OpError::Busy => (ExitStatus::Deferred, "busy", Some("run the command again when it is done")),
            OpError::NoSuchRevision(_) => {
                (ExitStatus::Usage, "no_such_revision", Some("git log --oneline --all"))
            }
        };
        let translated = Self::new(status, code, error.to_string()).caused_by(&error);
        match hint {
            Some(hint) => translated.hint(hint),
            None => translated,
        }
    }
}

impl From<ExplainError> for CliError {
    fn from(error: ExplainError) -> Self {
        let (code, hint) = match &error {
            ExplainError::Op(_) => ("", None),
            ExplainError::NoMerge(_) | ExplainError::NotAMerge(_) | ExplainError::Octopus(_) => {
                ("no_merge", Some("git log --merges --oneline"))
            }
            ExplainError::NoRules(_) => ("no_rules", Some("git mission explain")),
            ExplainError::NoSuchPath(..) => ("no_such_path", Some("git mission explain")),
        };
        let message = error.to_string();
        if let ExplainError::Op(error) = error {
            return error.into();
        }
        let translated = Self::new(ExitStatus::Usage, code, message);
        match hint {
            Some(hint) => translated.hint(hint),
            None => translated,
        }
    }
}

impl From<InstallError> for CliError {
    fn from(error: InstallError) -> Self {
        let status = match &error {
            InstallError::Busy(_) | InstallError::Changed(_) | InstallError::Git(GitError::Locked { .. }) => {
                ExitStatus::Deferred
            }
            _ => ExitStatus::Environment,
        };
        let translated = Self::new(status, "install", error.to_string()).caused_by(&error);
        match error.hint() {
            Some(hint) => translated.hint(hint),
            None => translated,
        }
    }
}

impl From<FindError> for CliError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Op(error) => error.into(),
            FindError::Handle(HandleError::Unknown(_)) => {
                Self::new(ExitStatus::Usage, "no_such_mission", error.to_string()).hint("git mission list")
            }
            FindError::Handle(HandleError::Ambiguous { ref missions, .. }) => {
                let hint = missions.first().map(|mission| format!("git mission show {}", mission.handle));
                let translated = Self::new(ExitStatus::Usage, "ambiguous_handle", error.to_string());
                match hint {
                    Some(hint) => translated.hint(hint),
                    None => translated,
                }
            }
        }
    }
}

impl From<DoctorError> for CliError {
    fn from(error: DoctorError) -> Self {
        match error {
            DoctorError::Op(error) => error.into(),
            DoctorError::Install(error) => error.into(),
            DoctorError::Queue(error) => error.into(),
        }
    }
}

impl From<SyncError> for CliError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Git(error) | SyncError::Enqueue(EnqueueError::Git(error)) => error.into(),
            SyncError::Queue(error) | SyncError::Enqueue(EnqueueError::Queue(error)) => error.into(),
            SyncError::Enqueue(EnqueueError::Project(error)) => error.into(),
            SyncError::Server(error) => error.into(),
            SyncError::Network(_) => Self::new(ExitStatus::Environment, "network", error.to_string())
                .hint("git config --global --get-regexp '^http\\.'; env | cut -d= -f1 | grep -i -e proxy -e cert -e cainfo"),
            SyncError::NoSuchFile(_) => Self::new(ExitStatus::Usage, "no_such_file", error.to_string())
                .hint("git mission sync import FILE"),
            SyncError::Handle(error) => FindError::Handle(error).into(),
            SyncError::Credentials(ref fault) => {
                let status = match fault {
                    CredentialsError::Busy(_) => ExitStatus::Deferred,
                    CredentialsError::File { .. } => ExitStatus::Environment,
                    _ => ExitStatus::Refused,
                };
                about_login(status, "credentials", &error)
            }
            SyncError::EnvironmentToken(_) => about_login(ExitStatus::Refused, "bad_token", &error),
            SyncError::NoHome | SyncError::RelativeHome(_) => {
                about_login(ExitStatus::Environment, "no_home", &error)
            }
            SyncError::NotLoggedIn { .. } => about_login(ExitStatus::Refused, "not_logged_in", &error),
            SyncError::DirectoryServer(_) => {
                Self::new(ExitStatus::Usage, "directory_server", error.to_string())
                    .hint("git mission sync enable --server https://HOST")
            }
            SyncError::Bind(ref fault) => {
                let (status, code, hint) = match fault {
                    BindError::Contract(_) => (ExitStatus::No, "contract", "git mission sync bind --dry-run"),
                    BindError::Refused { status: 403, .. } => {
                        (ExitStatus::Refused, "refused", "git mission sync login")
                    }
                    BindError::Refused { status: 408 | 425 | 429 | 500.., .. } | BindError::Unasked(_) => {
                        (ExitStatus::Deferred, "server", "run the command again later")
                    }
                    BindError::Refused { .. } => {
                        (ExitStatus::No, "refused", "git mission sync bind --provider NAME")
                    }
                    BindError::Unintelligible(_) => {
                        (ExitStatus::Deferred, "server", "git mission sync status")
                    }
                    BindError::NoSuchCandidate(_) => {
                        (ExitStatus::Usage, "no_such_candidate", "git mission sync bind")
                    }
                };
                Self::new(status, code, error.to_string()).hint(hint)
            }
            SyncError::Off => Self::new(ExitStatus::Environment, "sync_off", error.to_string())
                .hint("git mission sync enable --server URL"),
        }
    }
}

fn about_login(status: ExitStatus, code: &'static str, error: &SyncError) -> CliError {
    let translated = CliError::new(status, code, error.to_string()).caused_by(error);
    match error.login_hint() {
        Some(hint) => translated.hint(hint),
        None => translated,
    }
}

impl From<UrlError> for CliError {
    fn from(error: UrlError) -> Self {
        Self::new(ExitStatus::Usage, "server", error.to_string())
            .hint("git mission sync enable --server https://host")
    }
}

impl From<NoProject> for CliError {
    fn from(error: NoProject) -> Self {
        let hint = error.hint();
        let translated =
            Self::new(ExitStatus::Environment, "no_project", error.to_string()).caused_by(&error);
        match hint {
            Some(hint) => translated.hint(hint),
            None => translated,
        }
    }
}

impl From<QueueError> for CliError {
    fn from(error: QueueError) -> Self {
        let status = match error {
            QueueError::Busy { .. } => ExitStatus::Deferred,
            _ => ExitStatus::Environment,
        };
        Self::new(status, "queue", error.to_string()).caused_by(&error)
    }
}
