//! Which paths of a mission are artifacts. Knows nothing about what they hold.

use super::Skip;

/// Files at the top of a mission directory.
const FILES: [&str; 7] =
    ["spec.md", "plan.md", "tasks.md", "research.md", "quickstart.md", "data-model.md", "analysis-report.md"];

/// Directories of which everything below counts.
const DIRECTORIES: [&str; 3] = ["research/", "contracts/", "checklists/"];

/// Formats that are text, in lower case.
const FORMATS: [&str; 5] = ["md", "json", "yaml", "yml", "csv"];

/// Whether `path`, relative to the mission directory and with `/` between its parts, is an artifact.
///
/// A path that could name anything outside the mission directory is none.
pub fn is_surface(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    if !path.split('/').all(plain) || path.contains(['\\', '\0']) {
        return false;
    }
    let work_package = path.strip_prefix("tasks/").is_some_and(|name| {
        !name.contains('/') && name.starts_with("WP") && extension(name) == Some("md".to_owned())
    });
    FILES.contains(&path) || DIRECTORIES.iter().any(|directory| path.starts_with(directory)) || work_package
}

/// Whether the artifact at `path` would be sent, as far as its path can tell.
pub fn check_path(path: &str) -> Result<(), Skip> {
    if !is_surface(path) {
        return Err(Skip::UnsupportedSurface);
    }
    match extension(path) {
        Some(extension) if FORMATS.contains(&extension.as_str()) => Ok(()),
        extension => Err(Skip::UnsupportedFormat(extension)),
    }
}

/// What stands behind the last dot of the last part, in lower case; a name that only starts with a dot has none.
fn extension(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surfaces() {
        for path in [
            "spec.md",
            "analysis-report.md",
            "research/a/b/c.bin",
            "contracts/api.yaml",
            "checklists/x",
            "tasks/WP01.md",
            "tasks/WP01-some-thing.MD",
        ] {
            assert!(is_surface(path), "{path}");
        }
        for path in [
            "",
            "SPEC.md",
            "meta.json",
            "status.json",
            "research",
            "researching/a.md",
            "tasks/README.md",
            "tasks/wp01.md",
            "tasks/WP01.txt",
            "tasks/WP01/review-cycle-1.md",
            "research/../meta.json",
            "research//a.md",
            "/spec.md",
            "./spec.md",
            "research\\a.md",
        ] {
            assert!(!is_surface(path), "{path}");
        }
    }

    #[test]
    fn formats_are_told_by_the_last_extension() {
        for path in ["spec.md", "contracts/a.JSON", "contracts/a.tar.yml", "research/t.CSV"] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
        for (path, reason) in [
            ("meta.json", "unsupported_surface"),
            ("research/a.png", "unsupported_format: .png"),
            ("research/a.PNG", "unsupported_format: .png"),
            ("research/.gitkeep", "unsupported_format: (none)"),
            ("research/Makefile", "unsupported_format: (none)"),
        ] {
            assert_eq!(check_path(path).expect_err(path).to_string(), reason);
        }
    }
}
