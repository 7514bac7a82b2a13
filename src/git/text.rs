//! git's own three-way text merge, the fallback of every merge driver.

use std::path::Path;

use super::GitError;
use super::process::{Git, failure};

/// Merges `theirs` into `ours` line by line and returns the result with its markers; changes no file.
///
/// Returns the text and whether it holds conflicts. Works outside of repositories too.
pub fn merge_text(
    ours: &Path,
    base: &Path,
    theirs: &Path,
    marker_size: usize,
    labels: [&str; 3],
) -> Result<(Vec<u8>, bool), GitError> {
    let directory = ours.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let size = format!("--marker-size={marker_size}");
    let [ours_label, base_label, theirs_label] = labels;
    let mut args: Vec<std::ffi::OsString> =
        ["merge-file", "-p", "-q", &size, "-L", ours_label, "-L", base_label, "-L", theirs_label, "--"]
            .map(Into::into)
            .to_vec();
    for path in [ours, base, theirs] {
        let absolute = std::path::absolute(path).map_err(GitError::file(path))?;
        args.push(absolute.into());
    }
    let output = Git::find(directory)?.output(&args, b"")?;
    match output.status.code() {
        Some(0) => Ok((output.stdout, false)),
        Some(1..=127) => Ok((output.stdout, true)),
        _ => Err(failure(&args, &output)),
    }
}
