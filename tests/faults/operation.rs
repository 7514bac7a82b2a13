//! What an operation is to the harness: how it is set up, run under a fault, and judged.
//!
//! Knows nothing about any operation.

use std::path::Path;
use std::process::Command;

use super::strace::Traced;
use crate::support::{Output, Repo, World};

/// Something that is done to a repository and must survive any fault.
pub(crate) trait Operation: Sync {
    /// What it is called, in one word.
    fn name(&self) -> &'static str;

    /// Makes everything that the operation needs below `scene`. What it starts must be [`Traced::program`].
    fn prepare(&self, scene: &Repo<'_>);

    /// The command that does it, in the directory `repo` of the scene.
    fn command(&self, scene: &Repo<'_>) -> Vec<String>;

    /// Does it.
    fn run(&self, scene: &Repo<'_>) -> Output {
        let command = self.command(scene);
        let args: Vec<&str> = command[1..].iter().map(String::as_str).collect();
        scene.cd("repo").run(&command[0], &args)
    }

    /// Panics unless nothing is lost and nothing is half done; called right after the fault. `before` and `after` are
    /// [`look`](Self::look) at the untouched scene and at the finished one.
    fn judge(&self, scene: &Repo<'_>, ended: &Output, before: &str, after: &str);

    /// Everything that the operation may change, as one text; equal after every run that finished.
    fn look(&self, scene: &Repo<'_>) -> String;

    /// Whether what it is called for stands whatever becomes of it, so that success says nothing about it.
    fn is_open(&self) -> bool {
        false
    }

    /// Whether every single call of the program is a point, or so many of each as tell them apart.
    fn is_exhaustive(&self) -> bool {
        true
    }

    /// What finishes it after a fault.
    fn again(&self, scene: &Repo<'_>) -> Output {
        self.run(scene)
    }

    /// What people do before they try again: time passes, a lock that git names is removed.
    fn recover(&self, scene: &Repo<'_>) {
        remove_locks(scene);
    }
}

/// Removes what a killed git leaves in the way, as its message says.
pub(crate) fn remove_locks(scene: &Repo<'_>) {
    for lock in ["repo/.git/index.lock", "repo/.git/HEAD.lock", "repo/.git/refs/heads/main.lock"] {
        let _ = std::fs::remove_file(scene.at(lock));
    }
}

/// A place where one operation is done again and again.
pub(crate) struct Stage<'w> {
    pub(crate) operation: &'w dyn Operation,
    world: &'w World,
    pub(crate) traced: Traced,
    before: String,
    after: String,
}

impl<'w> Stage<'w> {
    /// Prepares the scene, and does the operation once without a fault.
    #[track_caller]
    pub(crate) fn set(world: &'w World, operation: &'w dyn Operation) -> Self {
        let traced = Traced::new(world);
        let mut stage = Self { operation, world, traced, before: String::new(), after: String::new() };
        let scene = stage.scene();
        std::fs::create_dir_all(scene.path()).expect("a directory");
        operation.prepare(&scene);
        copy(scene.path(), &world.path("base"));
        stage.before = operation.look(&scene);
        stage.reset();
        let output = operation.run(&scene);
        stage.after = operation.look(&scene);
        assert_ne!(stage.before, stage.after, "{} does something: {output}", operation.name());
        stage.reset();
        stage
    }

    pub(crate) fn scene(&self) -> Repo<'w> {
        self.world.directory("scene")
    }

    /// What is there after a run that finished.
    pub(crate) fn after(&self) -> &str {
        &self.after
    }

    /// Runs it on a fresh scene under `strace` with these options; how it ended, and the trace.
    pub(crate) fn trace(&self, options: &str) -> (Output, String) {
        self.reset();
        let mut output = None;
        let trace = self.traced.trace_with(options, || output = Some(self.operation.run(&self.scene())));
        (output.expect("an end"), trace)
    }

    /// Judges what lies in another directory as if it were the scene.
    #[track_caller]
    pub(crate) fn judge(&self, scene: &Repo<'_>, ended: &Output) {
        self.operation.judge(scene, ended, &self.before, &self.after);
    }

    fn reset(&self) {
        let scene = self.scene();
        let _ = std::fs::remove_dir_all(scene.path());
        copy(&self.world.path("base"), scene.path());
    }

    /// Does it with what `under` does around it, judges what is there, does it again and judges that.
    #[track_caller]
    pub(crate) fn play(&self, under: impl FnOnce(&dyn Fn() -> Output) -> (Output, bool)) -> bool {
        self.reset();
        let scene = self.scene();
        let (ended, hit) = under(&|| self.operation.run(&scene));
        assert!(!hit || !ended.stderr.contains("internal error"), "a panic: {ended}");
        self.close(&ended);
        hit
    }

    /// The same where `under` runs the command, in a place of its own that it puts back.
    #[track_caller]
    pub(crate) fn play_in(&self, under: impl FnOnce(&[String], &Repo<'_>) -> Output) {
        self.reset();
        let scene = self.scene();
        let ended = under(&self.operation.command(&scene), &scene);
        assert!(!ended.stderr.contains("internal error"), "a panic: {ended}");
        self.close(&ended);
    }

    /// Judges what is there, does it again and judges that.
    #[track_caller]
    fn close(&self, ended: &Output) {
        let scene = self.scene();
        self.operation.judge(&scene, ended, &self.before, &self.after);
        if ended.status == 0 && !self.operation.is_open() {
            let look = self.operation.look(&scene);
            assert!(look == self.after, "said to be done: {ended}\n{}", difference(&look, &self.after));
        }
        self.operation.recover(&scene);
        let again = self.operation.again(&scene);
        let look = self.operation.look(&scene);
        assert!(
            look == self.after,
            "not finished: {again}\nafter {ended}\n{}",
            difference(&look, &self.after)
        );
    }
}

/// The lines that only one of two texts has.
fn difference(there: &str, expected: &str) -> String {
    let lacks = |text: &str, line: &str| !text.lines().any(|other| other == line);
    let more = there.lines().filter(|line| lacks(expected, line)).map(|line| format!("+ {line}\n"));
    let less = expected.lines().filter(|line| lacks(there, line)).map(|line| format!("- {line}\n"));
    more.chain(less).collect()
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp");
    assert!(copied.success(), "cp -a {} {}", from.display(), to.display());
}
