//! What a work tree may have brought along: which files lie in one, and what settings in them would start.
//!
//! INVARIANT: no git that is started here runs a program because a file of a work tree says so. Such a file is read by
//! git where the user's configuration includes it; what it says is overruled by what the user's own files say, else by
//! what holds without it. Knows nothing about our own settings.

use std::fs;
use std::path::{Path, PathBuf};

use super::repo::system_path;
use super::{GitError, Repo};
use crate::env;

/// The work trees whose files anybody may have written, and the git directories among them, which are the user's.
pub(super) struct WorkTrees {
    tops: Vec<PathBuf>,
    git_dirs: Vec<PathBuf>,
}

impl WorkTrees {
    /// Of a repository: its own ones, linked ones included, and those that it is a submodule of.
    pub(super) fn of(top: Option<&Path>, git_dir: &Path, common_dir: &Path) -> Self {
        let is_dot_git = |directory: &&Path| directory.file_name().is_some_and(|name| name == ".git");
        let above: Vec<&Path> = common_dir.ancestors().filter(is_dot_git).collect();
        let linked = fs::read_dir(common_dir.join("worktrees")).into_iter().flatten().flatten();
        let linked = linked.filter_map(|entry| {
            let path = fs::read(entry.path().join("gitdir")).ok()?;
            Some(entry.path().join(system_path(path.trim_ascii_end())).parent()?.to_owned())
        });
        let main: Vec<PathBuf> =
            above.iter().filter_map(|directory| directory.parent()).map(Path::to_owned).collect();
        let tops = top.into_iter().map(Path::to_owned).chain(main).chain(linked);
        let git_dirs = [git_dir, common_dir].into_iter().chain(above);
        Self { tops: tops.map(|path| real(&path)).collect(), git_dirs: git_dirs.map(real).collect() }
    }

    /// Whether a file lies in one of them.
    pub(super) fn hold(&self, file: &Path) -> bool {
        let file = real(file);
        let is_in = |directories: &[PathBuf]| directories.iter().any(|directory| file.starts_with(directory));
        is_in(&self.tops) && !is_in(&self.git_dirs)
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Whether a program lies in the work tree around `directory`, where nobody installs any.
pub(super) fn lies_in_the_work_tree(program: &Path, directory: &Path) -> bool {
    let Ok(here) = directory.canonicalize() else { return false };
    let top = here.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok());
    let place = program.parent().map(real);
    top.is_some_and(|top| place.is_some_and(|place| place.starts_with(top)))
}

/// The repository around a bare one that lies in its work tree, from where a clone may have brought it along.
pub(super) fn embracing(git_dir: &Path) -> Option<&Path> {
    let top = git_dir.ancestors().skip(1).find(|above| above.join(".git").symlink_metadata().is_ok())?;
    (!git_dir.starts_with(top.join(".git"))).then_some(top)
}

/// Whether a setting names a program that some git which is started here would start.
pub(super) fn names_a_program(key: &str) -> bool {
    let Some((section, _)) = key.split_once('.') else { return false };
    let ends = |names: &[&str]| names.iter().any(|name| key.ends_with(name));
    match section {
        "core" => ends(&[".hookspath", ".sshcommand", ".askpass", ".gitproxy"]),
        "filter" => ends(&[".clean", ".smudge", ".process", ".required"]),
        "gpg" => ends(&[".program", ".defaultkeycommand"]),
        "hook" => ends(&[".command", ".enabled"]),
        _ => false,
    }
}

impl Repo {
    /// Overrules what files of the work tree say about programs.
    pub(super) fn guarded(mut self) -> Result<Self, GitError> {
        if !self.may_include() {
            return Ok(self);
        }
        let config = self.listed()?;
        let mut settings = Vec::new();
        for key in config.strange_programs() {
            let own = config.get(key).map(str::to_owned);
            match (key.strip_suffix(".command"), own) {
                // Without a command of the user's there is no such hook.
                (Some(hook), None) => settings.push((format!("{hook}.enabled"), "false".to_owned())),
                (_, Some(own)) => settings.push((key.clone(), own)),
                (None, None) => settings.push((key.clone(), self.without(key))),
            }
        }
        self.overrule(settings);
        Ok(self)
    }

    /// What a setting says where nobody makes it.
    fn without(&self, key: &str) -> String {
        match key {
            "core.hookspath" => self.common_dir().join("hooks").to_string_lossy().into_owned(),
            "gpg.ssh.program" => "ssh-keygen".to_owned(),
            "gpg.x509.program" => "gpgsm".to_owned(),
            _ if key.ends_with(".program") => "gpg".to_owned(),
            _ if key.ends_with(".required") => "false".to_owned(),
            _ if key.ends_with(".enabled") => "true".to_owned(),
            _ => String::new(),
        }
    }

    /// Whether any file of the configuration may name others to be read with it.
    fn may_include(&self) -> bool {
        let mentions = |text: &[u8]| {
            text.windows(b"include".len()).any(|window| window.eq_ignore_ascii_case(b"include"))
        };
        env::var(env::GIT_CONFIG_COUNT).is_some()
            || env::var(env::GIT_CONFIG_PARAMETERS).is_some_and(|said| mentions(said.as_encoded_bytes()))
            || self.possible_files().any(|file| fs::read(&file).is_ok_and(|text| mentions(&text)))
    }

    /// Whether a file lies in a work tree, where a clone, a merge or a checkout may have put it.
    pub fn may_have_brought(&self, file: &Path) -> bool {
        self.work_trees_around().hold(file)
    }

    /// Work trees whose files are nobody's word.
    pub(super) fn work_trees_around(&self) -> WorkTrees {
        WorkTrees::of(self.top().ok(), self.git_dir(), self.common_dir())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_work_tree_is_strange_and_one_of_a_git_directory_is_not() {
        let home = tempfile::tempdir().expect("a directory");
        let at = |path: &str| {
            let path = home.path().canonicalize().expect("a directory").join(path);
            fs::create_dir_all(path.parent().expect("a directory")).expect("made");
            fs::write(&path, "").expect("written");
            path
        };
        let (dot_git, linked) = (at("main/.git/config"), at("linked/evil"));
        let dot_git = dot_git.parent().expect("a directory");
        fs::write(at("main/.git/worktrees/l/gitdir"), format!("{}\n", at("linked/.git").display()))
            .expect("written");
        let module = at("main/.git/modules/sub/config");
        let sub = module.parent().expect("a directory");
        for (git_dir, common_dir) in
            [(dot_git.to_owned(), dot_git), (dot_git.join("worktrees/l"), dot_git), (sub.to_owned(), sub)]
        {
            let trees = WorkTrees::of(None, &git_dir, common_dir);
            assert!(trees.hold(&at("main/evil")), "{}", git_dir.display());
            assert!(common_dir == sub || trees.hold(&linked), "{}", git_dir.display());
            assert!(
                !trees.hold(&module) && !trees.hold(&dot_git.join("config")) && !trees.hold(&at("gitconfig"))
            );
        }
    }

    #[test]
    fn a_bare_repository_in_a_work_tree_is_embraced() {
        let home = tempfile::tempdir().expect("a directory");
        let at = |path: &str| {
            fs::create_dir_all(home.path().join(path)).expect("made");
            home.path().join(path)
        };
        at("main/.git");
        assert_eq!(embracing(&at("main/deep/bare")), Some(home.path().join("main").as_path()));
        assert_eq!(embracing(&at("main/.git/modules/sub")), None);
        assert_eq!(embracing(&at("main/.git")), None);
    }
}
