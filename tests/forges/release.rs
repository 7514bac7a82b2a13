//! A release is packed, summed and installed by the steps of its own workflow and of the action.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use super::run_step;
use crate::support::{Repo, World, any_git};

const RELEASE: &str = ".github/workflows/release.yml";
const TARGET: &str = "x86_64-unknown-linux-musl";

/// The project as a runner has it, with the program built.
fn built(world: &World) -> Repo<'_> {
    let project = world.directory("project");
    for file in ["Cargo.toml", "LICENSE-MIT", "LICENSE-APACHE", "README.md", "action.yml"] {
        project.write(file, std::fs::read(super::project(file)).expect("a file of the project"));
    }
    let program = std::fs::read(World::mission_program()).expect("the program");
    let place = format!("target/{TARGET}/release/git-mission");
    project.write(&place, program);
    project.chmod(&place, 0o755);
    project
}

#[test]
fn what_is_packed_is_what_the_action_installs() {
    let world = World::new(&any_git());
    let project = built(&world);
    let version = format!("v{}", env!("CARGO_PKG_VERSION"));
    run_step(&project, RELEASE, "The tag is the version", &[("GITHUB_REF_NAME", &version)]).ok();
    run_step(&project, RELEASE, "The tag is the version", &[("GITHUB_REF_NAME", "v9.9.9")]).exits(1);
    run_step(&project, RELEASE, "Pack", &[("TARGET", TARGET)]).ok();

    let there = format!("forge/OWNER/git-mission/releases/download/{version}");
    let archive = format!("git-mission-{TARGET}.tar.gz");
    let release = world.directory(&there);
    release.write(&archive, std::fs::read(project.at(&archive)).expect("an archive"));
    release.write("git-mission-other.tar.gz", "another archive");
    run_step(&release, RELEASE, "Checksums", &[]).ok();

    let url = format!("file://{}", world.path("forge").display());
    let (temp, action) = (world.path("tmp"), project.path().to_string_lossy().into_owned());
    let github_path = world.path("github-path").to_string_lossy().into_owned();
    let variables = [
        ("VERSION", ""),
        ("REPOSITORY", "OWNER/git-mission"),
        ("ACTION", action.as_str()),
        ("RUNNER_OS", "Linux"),
        ("RUNNER_ARCH", "X64"),
        ("RUNNER_TEMP", &temp.to_string_lossy()),
        ("GITHUB_SERVER_URL", &url),
        ("GITHUB_PATH", &github_path),
    ];
    run_step(&project, "action.yml", "Install", &variables).ok();
    let directory = std::fs::read_to_string(&github_path).expect("a directory for the PATH");
    let installed = world.directory(directory.trim_end()).run("./git-mission", &["--version"]).ok();
    assert_eq!(installed.line(), format!("git-mission {}", env!("CARGO_PKG_VERSION")));

    // An archive that is not the one that was summed is not unpacked.
    std::fs::remove_file(&github_path).expect("a file");
    release.write(&archive, "something else");
    let output = run_step(&project, "action.yml", "Install", &variables);
    assert!(output.status != 0 && !world.path("github-path").exists(), "{output}");
    // Nor one that no sum is known for.
    release.write("SHA256SUMS", "");
    let output = run_step(&project, "action.yml", "Install", &variables);
    assert!(output.status != 0 && !world.path("github-path").exists(), "{output}");
    let freebsd: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| if *name == "RUNNER_OS" { (*name, "FreeBSD") } else { (*name, *value) })
        .collect();
    run_step(&project, "action.yml", "Install", &freebsd).exits(3);
}
