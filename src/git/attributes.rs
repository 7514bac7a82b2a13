//! Attributes: what git answers for a path. Knows nothing about what an attribute is for.

use super::{GitError, Repo};

impl Repo {
    /// The value that git gives an attribute of a path (which need not exist); `None` if it is unspecified.
    pub fn attribute(&self, name: &str, path: &str) -> Result<Option<String>, GitError> {
        let args = ["check-attr", "-z", name, "--", path];
        let stdout = self.git.run(&args, b"")?;
        // `<path> NUL <attribute> NUL <value> NUL`
        let value = stdout.split(|b| *b == 0).nth(2).ok_or_else(|| super::process::answer(&args, &stdout))?;
        let value = String::from_utf8_lossy(value).into_owned();
        Ok(Some(value).filter(|value| value != "unspecified"))
    }
}
