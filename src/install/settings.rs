//! Configuration changes that other commands of ours make between installing and uninstalling.

use super::InstallError;
use super::files::Exclusive;
use super::ledger::{self, Ledger};
use crate::git::{ConfigEdit, Repo};

/// Edits the repository's configuration in one step and notes it in the ledger, so that uninstalling still
/// puts back every byte. Keys that were not there before are remembered as ours and go when we go.
///
/// Where nothing is installed, this is only an edit.
pub fn write_settings(repo: &Repo, edits: &[ConfigEdit]) -> Result<(), InstallError> {
    let _alone = Exclusive::take(repo.common_dir())?;
    let ledger = ledger::load(repo)?;
    repo.rewrite_config(|present| {
        let before = present.unwrap_or_default();
        let after = repo.edited_config(before, edits)?;
        if let Some(mut ledger) = ledger {
            note_keys(repo, &mut ledger, before, edits)?;
            if let Some(kept) = ledger.config.as_mut().filter(|kept| kept.covers(present)) {
                kept.note(&after);
            }
            ledger::save(repo, &ledger)?;
        }
        Ok(Some(after))
    })
}

fn note_keys(
    repo: &Repo,
    ledger: &mut Ledger,
    before: &[u8],
    edits: &[ConfigEdit],
) -> Result<(), InstallError> {
    for edit in edits {
        match edit {
            ConfigEdit::Set { key, .. } if !repo.config_holds(before, key)? => {
                ledger.settings.insert(key.clone());
            }
            ConfigEdit::Unset(key) => {
                ledger.settings.remove(key);
            }
            ConfigEdit::Set { .. } | ConfigEdit::RemoveSection(_) => {}
        }
    }
    Ok(())
}
