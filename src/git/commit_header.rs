//! What a commit object says before its message, as far as hooks ask. Pure: bytes in, values out.
//!
//! INVARIANT: what is not as git writes it has no answer here, and git is asked.

use super::Oid;

/// What a commit says first.
pub(super) struct CommitHeader {
    /// Its tree
    pub(super) tree: Oid,
    /// Its first parent, if it has one
    pub(super) first_parent: Option<Oid>,
    /// Whether it has no other parent
    pub(super) is_no_merge: bool,
}

impl CommitHeader {
    /// Reads `tree <id> LF`, then perhaps `parent <id> LF`, again and again.
    pub(super) fn read(data: &[u8]) -> Option<Self> {
        let mut lines = data.split(|b| *b == b'\n').map(str::from_utf8);
        let tree = Oid::parse(lines.next()?.ok()?.strip_prefix("tree ")?)?;
        let parent = lines.next()?.ok()?.strip_prefix("parent ").map(Oid::parse);
        match parent {
            Some(None) => None,
            parent => {
                let is_no_merge =
                    parent.is_none() || !lines.next()?.is_ok_and(|line| line.starts_with("parent "));
                Some(Self { tree, first_parent: parent.flatten(), is_no_merge })
            }
        }
    }
}

/// When it was committed, in seconds since 1970: the number after the last `>` of the line `committer`. A commit in another
/// encoding is read by git after it was recoded.
pub(super) fn committed_seconds(data: &[u8]) -> Option<i64> {
    const LONGEST: usize = 15;
    let end = data.windows(2).position(|pair| pair == b"\n\n")?;
    let header = &data[..end];
    let lines = || header.split(|b| *b == b'\n');
    if header.contains(&0) || lines().any(|line| line.starts_with(b"encoding ")) {
        return None;
    }
    let mut lines = lines().skip_while(|line| line.starts_with(b"tree ") || line.starts_with(b"parent "));
    lines.next()?.strip_prefix(b"author ")?;
    let who = lines.next()?.strip_prefix(b"committer ")?;
    // Of several git takes the last.
    if lines.any(|line| line.starts_with(b"committer ")) {
        return None;
    }
    let (name, when) = who.split_at(who.iter().rposition(|b| *b == b'>')?);
    let (seconds, zone) = str::from_utf8(when.strip_prefix(b"> ")?).ok()?.split_once(' ')?;
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_zone = zone.strip_prefix(['+', '-']).is_some_and(|zone| zone.len() == 4 && is_digits(zone));
    (name.contains(&b'<') && is_zone && is_digits(seconds) && seconds.len() <= LONGEST)
        .then(|| seconds.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::committed_seconds;

    #[test]
    fn only_what_git_writes_is_read() {
        let commit = |committer: &str, more: &str| {
            let id = "1".repeat(40);
            format!("tree {id}\nparent {id}\nauthor A <a@e> 1 +0000\n{committer}\n{more}\nWords > 7 +0000\n")
        };
        let read = |committer: &str| committed_seconds(commit(committer, "").as_bytes());
        assert_eq!(read("committer C <c@e> 1700000000 +0100"), Some(1_700_000_000));
        assert_eq!(read("committer C > D <c>d@e> 12 -1130"), Some(12));
        for odd in [
            "committer C <c@e>",
            "committer C <c@e> ",
            "committer C <c@e> +0100",
            "committer C <c@e> 12",
            "committer C <c@e>  12 +0100",
            "committer C <c@e>12 +0100",
            "committer C <c@e> -12 +0100",
            "committer C <c@e> 12 +01000",
            "committer C <c@e> 12 +0100 ",
            "committer C c@e> 12 +0100",
            "committer C <c@e> 1234567890123456 +0100",
            "committer C <c@e> 12x +0100",
            "Committer C <c@e> 12 +0100",
            "author C <c@e> 12 +0100",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
        let plain = "committer C <c@e> 12 +0100";
        assert_eq!(committed_seconds(commit(plain, "encoding latin1\n").as_bytes()), None);
        assert_eq!(committed_seconds(commit(plain, "gpgsig x\n encoding \n").as_bytes()), Some(12));
        assert_eq!(committed_seconds(b"tree 1\nauthor A <a> 1 +0000\ncommitter C <c@e> 12 +0100\n"), None);
    }
}
