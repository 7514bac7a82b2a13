//! A `meta.json` that is being corrected: what it says, and the id and number that it is given instead. It is read in full
//! only when somebody asks for more: of a thousand missions most stay as they are.
//!
//! Knows nothing about why something is given.

use super::snapshot::{Content, MetaFile};
use crate::id::MissionId;
use crate::mission::settle::Claim;
use crate::mission::{Glance, IdField, Meta, MissionDir, NumberField};

/// A file that can be read, and what it is given.
#[derive(Debug, Clone)]
#[expect(clippy::option_option, reason = "`null` is something to be given")]
pub struct Draft {
    file: MetaFile,
    facts: Glance,
    id: Option<MissionId>,
    number: Option<Option<u64>>,
}

impl Draft {
    /// Nothing given yet; `None` for a file that cannot be read.
    pub fn of(file: &MetaFile) -> Option<Self> {
        Some(Self { file: file.clone(), facts: file.glance()?, id: None, number: None })
    }

    /// What the file says.
    pub fn before(&self) -> Option<&Meta> {
        self.file.meta()
    }

    /// The id that stands in the file, if it is valid.
    pub fn old_id(&self) -> Option<MissionId> {
        self.facts.id
    }

    /// The machine identity.
    pub fn id(&self) -> IdField {
        match self.id.or(self.facts.id) {
            Some(id) => IdField::Valid(id),
            None => self.before().map_or(IdField::Missing, Meta::id),
        }
    }

    /// The machine identity, if there is a valid one.
    pub fn valid_id(&self) -> Option<MissionId> {
        self.id.or(self.facts.id)
    }

    /// The display number.
    pub fn number(&self) -> NumberField {
        match (self.number, self.facts.number) {
            (Some(Some(number)), _) | (None, Some(number)) => NumberField::Settled(number),
            (Some(None), _) => NumberField::Unsettled,
            (None, None) if self.facts.is_unsettled => NumberField::Unsettled,
            (None, None) => self.before().map_or(NumberField::Unsettled, Meta::number),
        }
    }

    /// Gives it an id.
    pub fn set_id(&mut self, id: MissionId) {
        self.id = Some(id);
    }

    /// Gives it a number, or `null`.
    pub fn set_number(&mut self, number: Option<u64>) {
        self.number = Some(number);
    }

    /// What it claims as the mission in `dir`.
    pub fn claim(&self, dir: &MissionDir) -> Claim {
        let created_at = self.facts.created_at;
        Claim { dir: dir.clone(), id: self.valid_id(), number: self.number().settled(), created_at }
    }

    /// Whether it was given nothing, and is canonical as it stands: so plainly that nobody has to look further.
    pub fn plainly_stays(&self) -> bool {
        self.id.is_none() && self.number.is_none() && self.file.is_plain()
    }

    /// Which legacy keys get their new names (old, new).
    pub fn renamed(&self) -> Vec<(&'static str, &'static str)> {
        if self.file.is_plain() {
            return Vec::new();
        }
        self.before().map(|meta| meta.renamed().to_vec()).unwrap_or_default()
    }

    /// Whether what it becomes is not, byte for byte, what stands there.
    pub fn changes(&self) -> bool {
        if self.plainly_stays() {
            return false;
        }
        let other_id = self.id.is_some_and(|id| self.facts.id != Some(id));
        let other_number = self.number.flatten().is_some_and(|number| self.facts.number != Some(number));
        other_id
            || other_number
            || match (&**self.file.content(), self.meta()) {
                (Content::Meta { meta: before, canonical }, Some(after)) => {
                    !canonical || after.members() != before.members()
                }
                _ => false,
            }
    }

    /// The canonical bytes of what it becomes; `None` never, because a draft is of a file that can be read.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        Some(self.meta()?.to_canonical().into_bytes())
    }

    /// What it becomes.
    fn meta(&self) -> Option<Meta> {
        let mut meta = self.before()?.clone();
        if let Some(id) = self.id {
            meta.set_id(id);
        }
        if let Some(number) = self.number {
            meta.set_number(number);
        }
        Some(meta)
    }
}
