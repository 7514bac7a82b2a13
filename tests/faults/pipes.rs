//! Readers that go away: every command ends as if they had read on, and none of them panics.

use crate::support::{World, any_git};

#[test]
#[cfg(unix)]
fn a_closed_pipe_is_no_error() {
    let world = World::new(&any_git());
    let repo = world.init("repo");
    repo.commit("README.md", "# App\n");
    repo.mission(&["install"]).ok();
    repo.mission(&["sync", "enable", "--server", &format!("file://{}", world.path("server").display())]).ok();
    for name in ["One", "Two", "Three"] {
        repo.mission(&["create", name, "--add"]).ok();
    }
    repo.ok(&["commit", "-qm", "missions"]);
    let program = World::mission_program().display();
    for command in [
        "list",
        "list --json",
        "show One",
        "status",
        "status --json",
        "doctor",
        "doctor --json",
        "--help",
        "help sync",
        "settle --dry-run",
        "settle --dry-run --json",
        "migrate --dry-run --json",
        "sync status",
        "sync status --json",
        "sync enqueue --all",
        "sync diagnose --json",
        "sync failures",
        "sync retry --json",
        "sync import --json",
        "create Four --json",
        "show nothing --json",
        "hook pre-commit",
        "wrong-usage",
    ] {
        let plain = repo.run("sh", &["-c", &format!("'{program}' {command} >/dev/null 2>&1")]).status;
        // Both descriptors lead into a pipe that nobody reads any more.
        let script = format!("exec 3>&1; {{ sleep 0.05; '{program}' {command} 2>&1; echo $? >&3; }} | :");
        let closed = repo.run("sh", &["-c", &script]);
        assert_eq!(closed.line(), plain.to_string(), "{command}: {closed}");
    }
}
