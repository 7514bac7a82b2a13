//! Starts the command line.

fn main() -> std::process::ExitCode {
    git_mission::cli::main()
}
