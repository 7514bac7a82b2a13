//! The file `packed-refs`: the refs that have no file of their own. The format of `gitrepository-layout`.
//!
//! Pure: bytes in, values out. INVARIANT: of a file that holds anything but lines as git writes them nothing is read.

use super::Oid;

/// Its lines, none of which is of another form than git's.
pub(super) struct PackedRefs {
    text: String,
}

impl PackedRefs {
    /// Reads `<id> SP <name> LF`, each perhaps followed by `^<id> LF` (what a tag names), after a line of comment.
    pub(super) fn read(bytes: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(bytes).ok()?;
        let mut lines = text.split_inclusive('\n');
        let (mut after_ref, mut is_first, mut last) = (false, true, "");
        let is_well_formed = lines.all(|line| {
            let Some(line) = line.strip_suffix('\n') else { return false };
            let (was_after_ref, was_first) = (after_ref, std::mem::take(&mut is_first));
            // git looks for names by their order.
            let is_ref = pair(line).is_some_and(|(name, _)| std::mem::replace(&mut last, name) < name);
            after_ref = is_ref;
            is_ref
                || (was_first && line.starts_with("# pack-refs with:"))
                || (was_after_ref && line.strip_prefix('^').is_some_and(|id| sha1(id).is_some()))
        });
        is_well_formed.then_some(Self { text })
    }

    /// Every ref, in the order of the file.
    pub(super) fn refs(&self) -> impl Iterator<Item = (&str, Oid)> {
        self.text.lines().filter_map(pair)
    }

    /// What a ref names, by its full name.
    pub(super) fn get(&self, name: &str) -> Option<Oid> {
        self.refs().find(|(known, _)| *known == name).map(|(_, oid)| oid)
    }
}

fn pair(line: &str) -> Option<(&str, Oid)> {
    let (id, name) = line.split_once(' ')?;
    let is_plain = name.starts_with("refs/") && !name.contains([' ', '\r']);
    is_plain.then_some(())?;
    Some((name, sha1(id)?))
}

/// An id of SHA-1: repositories with other ids are not read here.
pub(super) fn sha1(text: &str) -> Option<Oid> {
    Oid::parse(text).filter(|oid| oid.as_str().len() == 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";

    #[test]
    fn what_git_writes_is_read() {
        let text = format!(
            "# pack-refs with: peeled fully-peeled sorted \n{ONE} refs/heads/main\n{ONE} refs/tags/v1\n^{ONE}\n"
        );
        let packed = PackedRefs::read(text.into_bytes()).expect("refs");
        let names: Vec<&str> = packed.refs().map(|(name, _)| name).collect();
        assert_eq!(names, ["refs/heads/main", "refs/tags/v1"]);
        assert_eq!(packed.get("refs/heads/main").expect("an id").as_str(), ONE);
        assert_eq!(packed.get("refs/heads/mai"), None);
        assert!(PackedRefs::read(Vec::new()).is_some_and(|packed| packed.refs().next().is_none()));
    }

    #[test]
    fn of_anything_else_nothing_is_read() {
        for text in [
            format!("{ONE} refs/heads/main"),
            format!("{ONE} refs/heads/main\r\n"),
            format!("{ONE}  refs/heads/main\n"),
            format!("{ONE} main\n"),
            format!("{ONE}1 refs/heads/main\n"),
            format!("{} refs/heads/main\n", "0".repeat(40)),
            format!("^{ONE}\n"),
            format!("{ONE} refs/heads/main\n\n"),
            format!("{ONE}{} refs/heads/main\n", &ONE[..24]),
            "<<<<<<< ours\n".to_owned(),
        ] {
            assert!(PackedRefs::read(text.clone().into_bytes()).is_none(), "{text:?}");
        }
    }
}
