//! The names of every environment variable and configuration key, of the files that are kept in a
//! repository, and the one place that reads the environment. Knows nothing about what the values mean.

use std::ffi::OsString;

/// `0` switches every hook off.
pub const GIT_MISSION: &str = "GIT_MISSION";
/// Names of hooks to skip, separated by commas: `pre-push,post-commit`.
pub const GIT_MISSION_SKIP: &str = "GIT_MISSION_SKIP";
/// `1` lets an event log lose rows.
pub const GIT_MISSION_ALLOW_SHRINK: &str = "GIT_MISSION_ALLOW_SHRINK";
/// Test hook: the name of a point at which the program panics, so that the exit status of a crash can be tested.
pub const GIT_MISSION_TEST_PANIC: &str = "GIT_MISSION_TEST_PANIC";

/// The token for the server of `mission.server`. No program that is started here sees it.
pub const GIT_MISSION_TOKEN: &str = "GIT_MISSION_TOKEN";

/// Set by our hook shims: the hook that was there before, which runs first.
pub const GIT_MISSION_CHAINED: &str = "GIT_MISSION_CHAINED";
/// Set by our hook shims: the path by which the shim was started.
pub const GIT_MISSION_SHIM: &str = "GIT_MISSION_SHIM";
/// Set for a hook that is chained: the hook's name, so that a shim that it calls again ends at once.
pub const GIT_MISSION_WITHIN: &str = "GIT_MISSION_WITHIN";

/// Set by pre-commit and prek for what they run; see `hook::manager`.
pub mod pre_commit {
    /// Always.
    pub const RUNS: &str = "PRE_COMMIT";
    /// For pre-push: the remote's name.
    pub const REMOTE_NAME: &str = "PRE_COMMIT_REMOTE_NAME";
    /// For pre-push: the remote's URL.
    pub const REMOTE_URL: &str = "PRE_COMMIT_REMOTE_URL";
    /// For pre-push: the ref that is pushed.
    pub const LOCAL_REF: &str = "PRE_COMMIT_LOCAL_BRANCH";
    /// For pre-push: the ref that is pushed to.
    pub const REMOTE_REF: &str = "PRE_COMMIT_REMOTE_BRANCH";
    /// For pre-push: the commit that is pushed, where they know it.
    pub const TO: &str = "PRE_COMMIT_TO_REF";
    /// For pre-push: the commit that the remote has, where there is one.
    pub const FROM: &str = "PRE_COMMIT_FROM_REF";
    /// For post-merge: its argument.
    pub const SQUASH: &str = "PRE_COMMIT_IS_SQUASH_MERGE";
    /// For post-rewrite: its argument.
    pub const REWRITE: &str = "PRE_COMMIT_REWRITE_COMMAND";
}

/// Where programs are looked up.
pub const PATH: &str = "PATH";
/// Any value switches colour off (<https://no-color.org>).
pub const NO_COLOR: &str = "NO_COLOR";

/// The proxy for https, under each name that programs know it by, in the order in which they are asked.
pub const PROXIES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
/// Hosts that are reached without a proxy.
pub const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];
/// The file of trusted certificates, for git.
pub const GIT_SSL_CAINFO: &str = "GIT_SSL_CAINFO";
/// The file of trusted certificates, for every program.
pub const SSL_CERT_FILE: &str = "SSL_CERT_FILE";

/// The user's directory.
pub const HOME: &str = "HOME";
/// Moves the directory in which related programs keep what is the user's.
pub const SPEC_KITTY_HOME: &str = "SPEC_KITTY_HOME";
/// Who is logged in, under each name that systems give it, in the order in which they are asked.
pub const USER_NAMES: [&str; 4] = ["LOGNAME", "USER", "LNAME", "USERNAME"];
/// What Windows calls the machine.
pub const COMPUTERNAME: &str = "COMPUTERNAME";

/// Set by git for its hooks: the index that the commit is made from.
pub const GIT_INDEX_FILE: &str = "GIT_INDEX_FILE";
/// Set by git in linked worktrees and by users: where the repository is.
pub const GIT_DIR: &str = "GIT_DIR";
/// Set by git in server hooks: where new objects go until they are accepted.
pub const GIT_OBJECT_DIRECTORY: &str = "GIT_OBJECT_DIRECTORY";
/// Set by git in server hooks: where else objects are found.
pub const GIT_ALTERNATE_OBJECT_DIRECTORIES: &str = "GIT_ALTERNATE_OBJECT_DIRECTORIES";
/// These change which repository git finds, or what its configuration says; see git(1).
pub const GIT_WORK_TREE: &str = "GIT_WORK_TREE";
/// See git(1).
pub const GIT_COMMON_DIR: &str = "GIT_COMMON_DIR";
/// See git's `environment.h`.
pub const GIT_IMPLICIT_WORK_TREE: &str = "GIT_IMPLICIT_WORK_TREE";
/// See git's `environment.h`.
pub const GIT_GRAFT_FILE: &str = "GIT_GRAFT_FILE";
/// See git's `environment.h`.
pub const GIT_SHALLOW_FILE: &str = "GIT_SHALLOW_FILE";
/// See git(1).
pub const GIT_NAMESPACE: &str = "GIT_NAMESPACE";
/// See git(1).
pub const GIT_CEILING_DIRECTORIES: &str = "GIT_CEILING_DIRECTORIES";
/// See git(1).
pub const GIT_DISCOVERY_ACROSS_FILESYSTEM: &str = "GIT_DISCOVERY_ACROSS_FILESYSTEM";
/// See git-config(1).
pub const GIT_CONFIG: &str = "GIT_CONFIG";
/// See git-config(1).
pub const GIT_CONFIG_COUNT: &str = "GIT_CONFIG_COUNT";
/// See git-config(1): the rest of the name is a number.
pub const GIT_CONFIG_KEY: &str = "GIT_CONFIG_KEY_";
/// See git-config(1): the rest of the name is a number.
pub const GIT_CONFIG_VALUE: &str = "GIT_CONFIG_VALUE_";
/// What `git -c` leaves for the programs that git starts.
pub const GIT_CONFIG_PARAMETERS: &str = "GIT_CONFIG_PARAMETERS";
/// See git-config(1).
pub const GIT_CONFIG_GLOBAL: &str = "GIT_CONFIG_GLOBAL";
/// See git-config(1).
pub const GIT_CONFIG_SYSTEM: &str = "GIT_CONFIG_SYSTEM";
/// See git-config(1).
pub const GIT_CONFIG_NOSYSTEM: &str = "GIT_CONFIG_NOSYSTEM";
/// Where programs keep settings of the user.
pub const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
/// Lets git's own tests see a repository as somebody else's.
pub const GIT_TEST_ASSUME_DIFFERENT_OWNER: &str = "GIT_TEST_ASSUME_DIFFERENT_OWNER";
/// Prefix of the variables by which `git merge` names its parents: `GITHEAD_<object id>`.
pub const GITHEAD_PREFIX: &str = "GITHEAD_";

/// Names of the files that this program keeps in a repository's common git directory.
pub mod place {
    /// The directory that holds them all.
    pub const HOME: &str = "mission";
    /// What became of every artifact and event, a line each.
    pub const LOG: &str = "sync.log";
    /// The queue.
    pub const QUEUE: &str = "queue.db";
    /// What a run that was killed left to be finished.
    pub const UNFINISHED: &str = "unfinished";
    /// The directory with one file for each sender that is at work.
    pub const SENDERS: &str = "senders";
    /// What git listed of the settings that every commit asks for.
    pub const SETTINGS: &str = "settings";
    /// The commit on top of which pre-commit has passed one.
    pub const PASSED: &str = "pre-commit";
    /// The directory with one file for each mission: what was found out about its artifacts.
    pub const RECALLED: &str = "recalled";
    /// A commit, and the smallest id among the roots of its history.
    pub const ROOT: &str = "root";
    /// The directory with one trace a hook.
    pub const TRACES: &str = "traces";
    /// In it: which hooks were found not to be ours any more, the last time that was told.
    pub const DISTURBED: &str = "disturbed";

    /// The permissions of a file in a directory of ours: its owner's, and those of others who may write into the
    /// directory, because they share the repository.
    #[cfg(unix)]
    pub fn file_mode(directory: &std::path::Path) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = directory.metadata().map_or(0, |metadata| metadata.permissions().mode());
        if mode & 0o020 == 0 { 0o600 } else { 0o600 | (mode & 0o066) }
    }

    /// Lets those who share the directory of a file of ours write the file too.
    pub fn share(path: &std::path::Path) {
        #[cfg(unix)]
        if let Some(mode) = path.parent().map(file_mode).filter(|mode| mode & 0o020 != 0) {
            use std::os::unix::fs::PermissionsExt as _;
            // Of another user's file that is theirs to do.
            let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
        }
        #[cfg(not(unix))]
        let _ = path;
    }

    /// How a file of ours is opened: never through a link, which somebody else who shares the repository may have put
    /// in its place.
    pub fn options() -> std::fs::OpenOptions {
        let mut options = std::fs::OpenOptions::new();
        #[cfg(unix)]
        {
            let flags = rustix::fs::OFlags::NOFOLLOW.bits();
            std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, i32::try_from(flags).unwrap_or(0));
        }
        options
    }

    /// The text of a small file of ours, of at most so many bytes; `None` if it is longer, or no ordinary file.
    pub fn read(path: &std::path::Path, longest: u64) -> Option<String> {
        let mut options = std::fs::OpenOptions::new();
        #[cfg(unix)]
        {
            // Nobody may be waited for at the other end of a pipe.
            let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
            std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, i32::try_from(flags).unwrap_or(0));
        }
        let file = options.read(true).open(path).ok()?;
        let found = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        if found.len() > longest {
            return None;
        }
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::Read::take(file, longest + 1), &mut text).ok()?;
        (text.len() as u64 <= longest).then_some(text)
    }

    /// Replaces a small file of ours as a whole, for whoever shares the repository. What cannot be written is left out:
    /// nothing depends on it.
    pub fn replace(path: &std::path::Path, bytes: &[u8]) {
        let write = || {
            let directory = path.parent()?;
            let mut file = tempfile::NamedTempFile::new_in(directory).ok()?;
            std::io::Write::write_all(&mut file, bytes).ok()?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = std::fs::Permissions::from_mode(file_mode(directory) | 0o044);
                file.as_file().set_permissions(mode).ok()?;
            }
            file.persist(path).ok().map(drop)
        };
        let _ = write();
    }
}

/// Configuration keys. All lie in the section `mission`.
pub mod key {
    /// The branch on which numbers are settled.
    pub const MAIN_BRANCH: &str = "mission.mainbranch";
    /// The remote-tracking ref that counts as the published main.
    pub const AUTHORITY: &str = "mission.authority";
    /// `commit`, `stage` or `off`.
    pub const SETTLE: &str = "mission.settle";
    /// Whether bodies and events are queued.
    pub const SYNC: &str = "mission.sync";
    /// The URL that the queue is flushed to.
    pub const SERVER: &str = "mission.server";
    /// Seconds that a push may wait for the server.
    pub const PUSH_BUDGET: &str = "mission.pushbudget";
    /// Rows that each queue table may hold.
    pub const QUEUE_CAPACITY: &str = "mission.queuecapacity";
    /// The largest artifact that is sent, in bytes.
    pub const MAX_BODY_BYTES: &str = "mission.maxbodybytes";
    /// `strict` or `warn`.
    pub const PRE_PUSH: &str = "mission.prepush";
}

/// The value of an environment variable, if it is set.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn var(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The value of an environment variable, if it is set and is UTF-8.
pub fn text(name: &str) -> Option<String> {
    var(name)?.into_string().ok()
}

/// The names of all environment variables that start with `prefix` and are UTF-8.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn names_with_prefix(prefix: &str) -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|n| n.starts_with(prefix))
        .collect()
}
