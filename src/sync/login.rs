//! Whose token is used for a server: that of the environment, else that of the credentials file, else what the user's
//! credential helpers hold. Each belongs to one origin, and nothing in the work tree has a say in it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::SyncError;
use crate::clock::Instant;
use crate::env;
use crate::git::{Config, Repo};
use crate::identity::{CredentialsFile, Expiry};
use crate::secret::{NoSecret, Secret};
use crate::transport::{HttpUrl, Origin, Token};

/// How long a question that nothing depends on may take.
const STATUS_TIME: Duration = Duration::from_secs(2);

/// What is at hand for a server.
#[derive(Debug)]
pub enum Login {
    /// A token, and where it is kept
    In(Token, Keeper),
    /// None, and why
    Out(NoLogin),
}

/// Who keeps a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeper {
    /// `GIT_MISSION_TOKEN`
    Environment,
    /// The credentials file
    File(PathBuf),
    /// A credential helper of git
    Helper,
}

/// Why there is no token for a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoLogin {
    /// Nobody logged in
    Never,
    /// The token of the credentials file is not good any more
    Expired {
        /// The file
        path: PathBuf,
        /// Since when; `None` if what the file says is no time
        since: Option<Instant>,
    },
    /// The server did not take the token
    Refused,
    /// The credentials file holds the token of another server
    OtherServer {
        /// The file
        path: PathBuf,
        /// What it calls its server
        server: Option<String>,
    },
}

/// The same without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginState {
    /// There is a token
    In(Keeper),
    /// There is none
    Out(NoLogin),
    /// It cannot be told; holds why
    Unusable(String),
}

/// What a login did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// The file that keeps the token
    pub path: PathBuf,
    /// The other server whose login it took the place of
    pub replaced: Option<String>,
}

impl Login {
    /// Looks for the token of a server. Reads files, and asks the user's credential helpers; nobody is asked anything.
    ///
    /// An environment variable or a file that is there and cannot be used is an error, not a reason to look further.
    /// Helpers get `time`, and never more than 5 seconds.
    pub fn find(repo: &Repo, config: &Config, origin: &Origin, time: Duration) -> Result<Self, SyncError> {
        let token = |secret| Token::new(secret, origin.clone());
        if let Some(secret) = of_environment()? {
            return Ok(Self::In(token(secret), Keeper::Environment));
        }
        let why = match of_file(origin)? {
            Ok((secret, path)) => return Ok(Self::In(token(secret), Keeper::File(path))),
            Err(why) => why,
        };
        Ok(match repo.stored_password(config, origin.scheme(), &origin.authority(), time)? {
            Some(secret) => Self::In(token(secret), Keeper::Helper),
            None => Self::Out(why),
        })
    }

    /// What there is, without the token.
    pub fn state(repo: &Repo, config: &Config, origin: &Origin) -> LoginState {
        match Self::find(repo, config, origin, STATUS_TIME) {
            Ok(Self::In(_, keeper)) => LoginState::In(keeper),
            Ok(Self::Out(why)) => LoginState::Out(why),
            Err(error) => LoginState::Unusable(error.to_string()),
        }
    }

    /// The token, or the error that says why there is none.
    pub fn token(self, server: &Origin) -> Result<Token, SyncError> {
        match self {
            Self::In(token, _) => Ok(token),
            Self::Out(why) => Err(SyncError::NotLoggedIn { server: server.to_string(), why }),
        }
    }
}

/// The token of the environment. An empty variable is none.
fn of_environment() -> Result<Option<Secret>, SyncError> {
    match env::var(env::GIT_MISSION_TOKEN).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => {
            let text = text.into_string().map_err(|_| NoSecret::BadCharacter);
            text.and_then(Secret::new).map(Some).map_err(SyncError::EnvironmentToken)
        }
    }
}

fn of_file(origin: &Origin) -> Result<Result<(Secret, PathBuf), NoLogin>, SyncError> {
    let Some(file) = credentials_file()? else { return Ok(Err(NoLogin::Never)) };
    let Some(credentials) = file.read()? else { return Ok(Err(NoLogin::Never)) };
    let Some(secret) = credentials.access().map_err(|fault| file.fault(fault))? else {
        return Ok(Err(NoLogin::Never));
    };
    let path = file.path().to_owned();
    if credentials.server().and_then(|url| Origin::parse(url).ok()).as_ref() != Some(origin) {
        return Ok(Err(NoLogin::OtherServer { path, server: credentials.server().map(shown) }));
    }
    let expiry = credentials.access_expiry();
    if expiry.is_over(Instant::now()) {
        let since = if let Expiry::At(time) = expiry { Some(time) } else { None };
        return Ok(Err(NoLogin::Expired { path, since }));
    }
    Ok(Ok((secret, path)))
}

/// Keeps the token of a server in the credentials file, in place of the one that is there.
pub fn log_in(server: &HttpUrl, token: &Secret) -> Result<LoggedIn, SyncError> {
    let file = credentials_file()?.ok_or(SyncError::NoHome)?;
    let mut replaced = None;
    file.edit(|credentials| {
        let had_token = !matches!(credentials.access(), Ok(None));
        let former = credentials.server().filter(|url| Origin::parse(url).as_ref() != Ok(server.origin()));
        replaced = former.filter(|_| had_token).map(shown);
        credentials.log_in(token, &server.to_string());
        true
    })?;
    Ok(LoggedIn { path: file.path().to_owned(), replaced })
}

/// Removes the tokens from the credentials file, and leaves what else it holds. `None` if there were none.
pub fn log_out() -> Result<Option<PathBuf>, SyncError> {
    let Some(file) = credentials_file()? else { return Ok(None) };
    if file.read()?.is_none() {
        return Ok(None);
    }
    let mut any = false;
    file.edit(|credentials| {
        any = credentials.log_out();
        any
    })?;
    Ok(any.then(|| file.path().to_owned()))
}

/// The directory in which the user's programs of this kind keep what is the user's.
pub(super) fn user_directory() -> Option<PathBuf> {
    let home = || Some(Path::new(&env::var(env::HOME)?).join(".spec-kitty"));
    let set = |path: &PathBuf| !path.as_os_str().is_empty();
    env::var(env::SPEC_KITTY_HOME).map(PathBuf::from).filter(set).or_else(home)
}

/// A relative directory would be one of the work tree.
fn credentials_file() -> Result<Option<CredentialsFile>, SyncError> {
    match user_directory() {
        Some(directory) if directory.is_relative() => Err(SyncError::RelativeHome(directory)),
        directory => Ok(directory.map(CredentialsFile::of)),
    }
}

/// An address as far as it may be shown: what is no address could be anything.
fn shown(url: &str) -> String {
    HttpUrl::parse(url).map_or_else(|_| "an address that cannot be used".to_owned(), |url| url.to_string())
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str(env::GIT_MISSION_TOKEN),
            Self::File(path) => path.display().fmt(f),
            Self::Helper => f.write_str("git's credential helper"),
        }
    }
}

impl fmt::Display for NoLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("there is no token for it"),
            Self::Refused => f.write_str("it did not take the token"),
            Self::Expired { path, since: Some(time) } => {
                write!(f, "the access token in {} expired at {}", path.display(), time.to_iso())
            }
            Self::Expired { path, since: None } => {
                write!(
                    f,
                    "{} does not say when its access token expires in a way that can be read",
                    path.display()
                )
            }
            Self::OtherServer { path, server: Some(server) } => {
                write!(f, "the token in {} is for {server}", path.display())
            }
            Self::OtherServer { path, server: None } => {
                write!(f, "the token in {} is for no server by name", path.display())
            }
        }
    }
}
