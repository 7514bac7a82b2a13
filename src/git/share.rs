//! Directories of ours in the git directory, for whom `core.sharedRepository` says.

use std::path::Path;

use super::{Config, GitError, Repo};
use crate::env::place;

/// Who else may use a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// Whoever the umask lets, and nobody else may write
    Umask,
    /// Those in whom these permission bits of files are about
    Bits(u32),
}

impl Sharing {
    /// As git reads `core.sharedRepository`.
    fn of(config: &Config) -> Self {
        match config.get("core.sharedrepository").unwrap_or("umask") {
            "group" | "true" | "yes" | "on" | "1" => Self::Bits(0o660),
            "all" | "world" | "everybody" | "2" => Self::Bits(0o664),
            digits if digits.starts_with('0') && digits.len() > 1 => {
                u32::from_str_radix(digits, 8).map_or(Self::Umask, |mode| Self::Bits(mode & 0o666))
            }
            _ => Self::Umask,
        }
    }
}

impl Repo {
    /// Makes a directory and those above it in the git directory, if they are not there, so that those can work in it
    /// who share the repository, and nobody else can write. Those that another user made are left as they are.
    pub fn make_directory(&self, path: &Path) -> Result<(), GitError> {
        std::fs::create_dir_all(path).map_err(GitError::file(path))?;
        let sharing = Sharing::of(&self.config()?);
        let is_ours = |directory: &&Path| directory.components().any(|part| part.as_os_str() == place::HOME);
        // Only what lies in the git directory, and of that not what is git's own.
        let below = |directory: &Path| directory.strip_prefix(self.common_dir()).map(Path::to_owned);
        for directory in path.ancestors().map_while(|directory| below(directory).ok()) {
            if is_ours(&directory.as_path()) {
                permit(&self.common_dir().join(directory), sharing);
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn permit(directory: &Path, sharing: Sharing) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(metadata) = directory.metadata() else { return };
    let present = metadata.permissions().mode() & 0o7777;
    let wanted = match sharing {
        Sharing::Umask => present & !0o022,
        // A directory is entered where it is read, and gives what is made in it its group.
        Sharing::Bits(bits) => 0o2000 | 0o700 | bits | ((bits & 0o444) >> 2),
    };
    if wanted != present {
        // Not ours to change if another user made it.
        let _ = std::fs::set_permissions(directory, std::fs::Permissions::from_mode(wanted));
    }
}

#[cfg(not(unix))]
fn permit(_: &Path, _: Sharing) {}
