//! The real mission trees of the corpus, if it is there. Knows nothing about what a test does with them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Repo, corpus};

/// Where the corpus is; `None`, and a line that says so, if it is absent.
pub(crate) fn root() -> Option<PathBuf> {
    corpus("trees")?.parent().map(Path::to_owned)
}

/// The names of the trees.
pub(crate) fn trees(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join("trees")).expect("the trees");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("a tree").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Every file below a directory, relative to it.
pub(crate) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let (mut files, mut open) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(current) = open.pop() {
        for entry in fs::read_dir(&current).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.push(path.strip_prefix(directory).expect("below it").to_owned());
            }
        }
    }
    files.sort();
    files
}

/// Puts a tree of the corpus into a repository and commits it.
pub(crate) fn commit_tree(repo: &Repo<'_>, root: &Path, tree: &str) {
    let from = root.join("trees").join(tree);
    for file in files_below(&from) {
        repo.write(&file.to_string_lossy(), fs::read(from.join(&file)).expect("a file of the corpus"));
    }
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-q", "-m", tree]);
}
