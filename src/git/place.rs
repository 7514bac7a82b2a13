//! Paths as somebody types them, as git's paths from the top. Knows nothing about what lies there.

use std::path::{Component, Path};

use super::{GitError, Repo};

impl Repo {
    /// A path that was typed in the current directory, as git's (bytes, `/` between components, from the top);
    /// empty for the top itself, `None` if it lies outside of the repository. In a bare repository every path is from
    /// the top.
    pub fn typed_path(&self, typed: &Path) -> Result<Option<Vec<u8>>, GitError> {
        let Ok(top) = self.top() else { return Ok(joined(typed)) };
        let here = std::env::current_dir().map_err(GitError::file("."))?;
        let here = here.canonicalize().unwrap_or(here);
        let full = here.join(typed);
        let inside = match full.strip_prefix(top) {
            Ok(inside) => inside.to_owned(),
            // The top by another name: a link that leads to it.
            Err(_) => match full.ancestors().find(|above| above.canonicalize().is_ok_and(|real| real == top))
            {
                Some(above) => full.strip_prefix(above).unwrap_or(&full).to_owned(),
                None => return Ok(None),
            },
        };
        Ok(joined(&inside))
    }

    /// Whether the index or the work tree has something at this path; the top is there always.
    pub fn is_known_path(&self, path: &[u8]) -> Result<bool, GitError> {
        if path.is_empty() {
            return Ok(true);
        }
        let file = self.work_tree_path(path)?;
        if std::fs::symlink_metadata(&file).is_ok() {
            return Ok(true);
        }
        let args =
            ["ls-files".into(), "-z".into(), "--".into(), super::repo::system_path(path).into_os_string()];
        Ok(!self.git.run::<std::ffi::OsString>(&args, b"")?.is_empty())
    }
}

/// The components, `.` and `..` taken out; `None` if that leads outside.
fn joined(path: &Path) -> Option<Vec<u8>> {
    let mut names: Vec<&[u8]> = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(names.pop()?),
            Component::Normal(name) => names.push(name.as_encoded_bytes()),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(names.join(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_taken_out() {
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(joined(Path::new(path)), expected.map(|text| text.as_bytes().to_vec()), "{path}");
        };
        check("a/./b/../c", Some("a/c"));
        check(".", Some(""));
        check("a/../../b", None);
        check("/a", None);
    }
}
