//! Faults from outside: which system calls a program makes, and the program again with a fault at one of them.
//!
//! Knows nothing about what the program does.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use crate::support::World;

/// Where `strace` is, as distributions install it.
pub(crate) const STRACE: &str = "/usr/bin/strace";

/// Whether there is one that may trace; a test that needs it says so and does nothing.
pub(crate) fn is_there() -> bool {
    static THERE: LazyLock<bool> = LazyLock::new(|| {
        let traced = Command::new(STRACE).args(["-o", "/dev/null", "true"]).status();
        cfg!(target_os = "linux") && traced.is_ok_and(|status| status.success())
    });
    if !*THERE {
        super::say(&format!("skipped: no {STRACE}, or it may not trace"));
    }
    *THERE
}

/// One fault at one system call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    /// `kill` or the name of an error
    pub(crate) fault: String,
    /// The system call
    pub(crate) call: String,
    /// Which of them, from 1
    pub(crate) nth: usize,
    /// Whether every process that makes it that often is hit, or the program itself alone
    pub(crate) all: bool,
}

impl Point {
    pub(crate) fn is_kill(&self) -> bool {
        self.fault == "kill"
    }

    fn options(&self) -> String {
        let fault =
            if self.is_kill() { "signal=SIGKILL".to_owned() } else { format!("error={}", self.fault) };
        let follow = if self.all { "-f -y " } else { "-y " };
        format!("{follow}-e trace={0} -e inject={0}:{fault}:when={1}", self.call, self.nth)
    }

    /// Reads what [`Display`](fmt::Display) writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let [fault, call, nth, who] = words[..] else { return None };
        let all = who == "all";
        Some(Self { fault: fault.to_owned(), call: call.to_owned(), nth: nth.parse().ok()?, all })
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.fault, self.call, self.nth, if self.all { "all" } else { "itself" })
    }
}

/// A program that is started in the place of another, and runs that one under `strace`.
#[derive(Debug)]
pub(crate) struct Traced {
    plan: PathBuf,
    trace: PathBuf,
}

impl Traced {
    /// Makes `strace/git-mission` in a world; until something is planned, it only runs the program.
    pub(crate) fn new(world: &World) -> Self {
        let (plan, trace) = (world.path("strace/plan"), world.path("strace/trace"));
        let program = World::mission_program().display();
        // Whoever holds descriptor 9 is waited for: a git that outlives the killed program goes on working.
        let script = format!(
            "#!/bin/sh\nexec 9>&2\nplan=$(cat '{}')\n[ \"$plan\" = off ] && exec '{program}' \"$@\"\n\
             exec {STRACE} -qq -o '{}' $plan '{program}' \"$@\"\n",
            plan.display(),
            trace.display(),
        );
        let place = world.directory("strace");
        place.write("git-mission", script);
        place.chmod("git-mission", 0o755);
        place.write("plan", "off");
        Self { plan, trace }
    }

    /// What to start instead of the program.
    pub(crate) fn program(world: &World) -> PathBuf {
        world.path("strace/git-mission")
    }

    /// The program with these arguments, as a command.
    pub(crate) fn command(world: &World, args: &[&str]) -> Vec<String> {
        let program = Self::program(world).to_string_lossy().into_owned();
        [program].into_iter().chain(args.iter().map(|arg| (*arg).to_owned())).collect()
    }

    fn plan(&self, options: &str) {
        std::fs::write(&self.plan, options).expect("a plan");
        let _ = std::fs::remove_file(&self.trace);
    }

    fn trace(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.trace).unwrap_or_default()).into_owned()
    }

    /// Runs with a fault; whether it happened.
    pub(crate) fn hit(&self, point: &Point, run: impl FnOnce()) -> bool {
        self.plan(&point.options());
        run();
        std::fs::write(&self.plan, "off").expect("a plan");
        let trace = self.trace();
        if point.is_kill() {
            return trace.contains("killed by SIGKILL");
        }
        // Which read is the one of a pipe differs from run to run; a pipe does not answer with an error of the disk.
        let is_real = |line: &str| !(point.call.contains("read") && line.contains("<pipe:"));
        trace.lines().any(|line| line.contains("(INJECTED)") && is_real(line))
    }

    /// The trace of a run.
    pub(crate) fn trace_with(&self, options: &str, run: impl FnOnce()) -> String {
        self.plan(options);
        run();
        std::fs::write(&self.plan, "off").expect("a plan");
        self.trace()
    }

    /// The system calls of the program while it runs.
    pub(crate) fn calls(&self, run: impl FnOnce()) -> Calls {
        Calls::read(&self.trace_with("-f -y", run))
    }
}

/// The system calls of a run.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Those of the program itself, in order: the name, and whether it is about a file
    pub(crate) own: Vec<(String, bool)>,
    /// The most often that any process makes a call
    pub(crate) most: BTreeMap<String, usize>,
}

impl Calls {
    /// Reads a trace of `strace -f -y`.
    pub(crate) fn read(trace: &str) -> Self {
        let mut calls = Self::default();
        let mut by_process: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut first = None;
        for line in trace.lines() {
            // `<process> <name>(<arguments>) = <result>`, where a descriptor is followed by `<file>` or `<pipe:[1]>`
            let Some((process, call)) = line.split_once(' ') else { continue };
            first = first.or(Some(process));
            let Some((name, arguments)) = call.trim_start().split_once('(') else { continue };
            if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                if first == Some(process) {
                    let digits = arguments.trim_start_matches(|c: char| c.is_ascii_digit());
                    calls.own.push((name.to_owned(), digits.starts_with("</")));
                }
                *by_process.entry((process, name)).or_default() += 1;
            }
        }
        for ((_, name), count) in by_process {
            let most = calls.most.entry(name.to_owned()).or_insert(0);
            *most = count.max(*most);
        }
        calls
    }
}
