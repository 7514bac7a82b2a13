//! The one definition of the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Mission identity, display numbers and merging for repositories with kitty-specs/
#[derive(Debug, Parser)]
#[command(
    name = "git-mission",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a new mission with its id, meta.json and spec.md
    Create(Create),
    /// List the missions
    List(List),
    /// Show one mission
    Show(Show),
    /// Set up hooks, merge drivers and attributes in this repository; again changes nothing
    Install(Install),
    /// Take everything out again, byte for byte
    Uninstall(Uninstall),
    /// Show what is installed, queued, unsettled and skipped
    Status(Json),
    /// Find what is wrong with missions, logs, installation and queue
    Doctor(Doctor),
    /// Judge what a head adds over main and may not bring there
    Check(Check),
    /// Settle the display numbers on main
    Settle(Settle),
    /// Resolve what a merge left open: two missions on one path, and files with rules of their own
    Resolve(Resolve),
    /// Tell what a merge decided for a file, key by key, and by which rule
    Explain(Explain),
    /// Bring old meta.json files to canonical form and give every mission an id; no value changes
    Migrate(Migrate),
    /// Rebuild status.json from the event log
    Materialize(Materialize),
    /// Queue and delivery of artifact bodies
    #[command(subcommand)]
    Sync(Sync),
    /// Judge payloads by the contract
    #[command(subcommand)]
    Gate(Gate),
    /// What git's hooks call
    #[command(hide = true)]
    Hook(Hook),
    /// Print the completions for a shell
    Completions(Completions),
    /// Write the man pages into a directory
    Man(Man),
    /// What git calls to merge a mission file
    #[command(hide = true)]
    MergeDriver(MergeDriver),
}

#[derive(Debug, Args)]
pub(super) struct Json {
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The name; its slug names the directory
    pub(super) name: String,
    /// The kind of mission [default: software-dev]
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) mission_type: Option<String>,
    /// The branch that its work goes to [default: main]
    #[arg(long, value_name = "BRANCH")]
    pub(super) target_branch: Option<String>,
    /// The name for people [default: NAME]
    #[arg(long, value_name = "NAME")]
    pub(super) friendly_name: Option<String>,
    /// Stage its files
    #[arg(long)]
    pub(super) add: bool,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The missions of this commit instead of the checkout
    #[arg(long, value_name = "REV")]
    pub(super) rev: Option<String>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Its id or a beginning of it (8 characters or more), directory, slug or number (81, 081, #81)
    pub(super) handle: String,
    /// As this commit has it
    #[arg(long, value_name = "REV")]
    pub(super) rev: Option<String>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct Install {
    /// Only the hook that judges what is pushed to this bare repository
    #[arg(long)]
    pub(super) server: bool,
    /// Hooks as files (shim), as configuration for git 2.54 and later (config), or as it fits
    #[arg(long, value_enum, default_value_t)]
    pub(super) mode: InstallMode,
    /// Only tell which files and keys would change
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum InstallMode {
    /// As it is installed already; else files, else configuration where the hooks directory is not ours
    #[default]
    Auto,
    /// Sections of the repository's configuration; needs git 2.54
    Config,
    /// Files in the hooks directory
    Shim,
}

#[derive(Debug, Args)]
pub(super) struct Uninstall {
    /// Remove the queue too, with what was not delivered
    #[arg(long)]
    pub(super) purge: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(super) struct Settle {
    /// Settle the missions of this commit; changes nothing
    #[arg(long, value_name = "REV")]
    pub(super) rev: Option<String>,
    /// Only tell what would change
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Undo published duplicates too: the oldest holder keeps its number
    #[arg(long)]
    pub(super) repair: bool,
    /// Commit on top of main (default)
    #[arg(long, conflicts_with = "stage")]
    pub(super) commit: bool,
    /// Stage, do not commit
    #[arg(long)]
    pub(super) stage: bool,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct Resolve {
    /// Files or directories [default: kitty-specs]. A file that is named is merged anew even if it was edited since
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Only tell what would be done
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A file, or the directory of a mission [default: every mission file that both sides changed]
    pub(super) path: Option<PathBuf>,
    /// The merge [default: the one in progress, else the last one that touched PATH]
    #[arg(long, value_name = "COMMIT")]
    pub(super) merge: Option<String>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Judge the missions and logs of this commit only
    #[arg(long, value_name = "REV", conflicts_with = "fix")]
    pub(super) rev: Option<String>,
    /// Mend what can be mended: installation, old files, missing ids, numbers, order of logs, derived files
    #[arg(long)]
    pub(super) fix: bool,
    /// End with status 1 on these findings too, whatever their severity
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(super) fail_on: Vec<String>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// What the head is to be merged into [default: the published main]
    #[arg(long, value_name = "REV")]
    pub(super) base: Option<String>,
    /// What is judged [default: HEAD]
    #[arg(long, value_name = "REV")]
    pub(super) head: Option<String>,
    /// Refuse missions without a number too
    #[arg(long)]
    pub(super) require_settled: bool,
    /// How findings are printed: for people, or as annotations of GitHub Actions
    #[arg(long, value_enum, default_value_t = CheckFormat::Text, conflicts_with = "json")]
    pub(super) format: CheckFormat,
    #[command(flatten)]
    pub(super) output: Json,
}

/// How `check` prints its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    Text,
    Github,
}

#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Tell what would change in this commit; changes nothing
    #[arg(long, value_name = "REV", conflicts_with = "stage")]
    pub(super) rev: Option<String>,
    /// Only tell what would change
    #[arg(long, conflicts_with = "stage")]
    pub(super) dry_run: bool,
    /// Stage what changed
    #[arg(long)]
    pub(super) stage: bool,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct Materialize {
    /// The missions [default: all that have an event log]
    #[arg(value_name = "HANDLE")]
    pub(super) handles: Vec<String>,
    /// Stage them too, as the staged logs say
    #[arg(long)]
    pub(super) add: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Sync {
    /// Queue from now on, for this server; the present commit is caught up
    Enable {
        /// https://…, or file:///… for a directory
        #[arg(long, value_name = "URL")]
        server: String,
        /// Also queue what the remote already holds
        #[arg(long)]
        all: bool,
    },
    /// Stop queueing; what is queued stays
    Disable,
    /// Keep a token for the server, read from the terminal or stdin
    Login {
        /// The server [default: the one that sync is on for]
        #[arg(long, value_name = "URL")]
        server: Option<String>,
    },
    /// Forget the kept token
    Logout,
    /// Bind this project to its tracker on the server
    Bind(SyncBind),
    /// What is queued
    Status(Json),
    /// Queue what HEAD says and was not queued yet
    Enqueue(SyncEnqueue),
    /// Deliver what was pushed
    Flush(SyncFlush),
    /// What will not be sent unless it is retried, and why
    Failures(Json),
    /// Put back what failed
    Retry(Json),
    /// Judge every queued event, and name what HEAD holds and cannot say
    Diagnose(Json),
    /// Take over what another program queued
    Import(SyncImport),
    /// Throw away what is queued: of one mission, or all of it
    Purge(SyncPurge),
}

#[derive(Debug, Args)]
pub(super) struct SyncBind {
    /// Only print what would be sent
    #[arg(long)]
    pub(super) dry_run: bool,
    /// The kind of tracker: linear, jira, github, gitlab [default: tracker.provider of .kittify/config.yaml]
    #[arg(long, value_name = "NAME")]
    pub(super) provider: Option<String>,
    /// Which of several candidates
    #[arg(long, value_name = "N")]
    pub(super) select: Option<u64>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct SyncEnqueue {
    /// The artifacts that lie in the work tree, committed or not
    #[arg(long, conflicts_with = "all")]
    pub(super) worktree: bool,
    /// Everything that HEAD says, also what the remote already holds
    #[arg(long)]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct SyncFlush {
    /// Write what became of every event to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct SyncImport {
    /// The database [default: those that other programs left in the user's directory]
    pub(super) file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Args)]
pub(super) struct SyncPurge {
    /// The mission [default: all]
    pub(super) handle: Option<String>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Gate {
    /// Judge one payload
    Check {
        /// Which part of the contract
        #[arg(long, value_enum)]
        kind: GateKind,
        /// The payload; `-` or none reads stdin
        file: Option<PathBuf>,
        #[command(flatten)]
        output: Json,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum GateKind {
    Event,
    Envelope,
    Payload,
    BodySync,
    TrackerBind,
    OrchestratorApi,
}

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct Man {
    /// The directory, which is made if it is not there: `…/share/man/man1`
    pub(super) directory: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Hook {
    /// The hook's name
    pub(super) name: String,
    /// The version of the shim that calls
    #[arg(long, value_name = "N")]
    pub(super) shim_version: Option<u32>,
    /// The hook's arguments
    #[arg(last = true)]
    pub(super) args: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(super) struct MergeDriver {
    /// The kind of file
    pub(super) kind: String,
    /// %O, the merge base
    #[arg(long)]
    pub(super) base: PathBuf,
    /// %A, ours; replaced by the result
    #[arg(long)]
    pub(super) ours: PathBuf,
    /// %B, theirs
    #[arg(long)]
    pub(super) theirs: PathBuf,
    /// %L
    #[arg(long, default_value_t = 7)]
    pub(super) marker_size: usize,
    /// %P
    #[arg(long, allow_hyphen_values = true)]
    pub(super) path: Option<OsString>,
    /// %S
    #[arg(long, allow_hyphen_values = true)]
    pub(super) label_base: Option<String>,
    /// %X
    #[arg(long, allow_hyphen_values = true)]
    pub(super) label_ours: Option<String>,
    /// %Y
    #[arg(long, allow_hyphen_values = true)]
    pub(super) label_theirs: Option<String>,
}
