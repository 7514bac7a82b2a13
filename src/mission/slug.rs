//! The slug of a mission: `[a-z0-9][a-z0-9-]*`, at most 64 characters. Knows nothing about which are taken.

/// Characters of the longest slug.
pub const MAX_LENGTH: usize = 64;

/// Turns a name into a slug: lower case, every run of other characters one `-`, none at the ends, cut at 64
/// characters. `None` if nothing is left (a name without a Latin letter or digit).
pub fn from_name(name: &str) -> Option<String> {
    let mut slug = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        if character.is_ascii_lowercase() || character.is_ascii_digit() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == MAX_LENGTH {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

/// Whether `text` is a slug.
pub fn is_slug(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= MAX_LENGTH
        && text.bytes().next().is_some_and(allowed)
        && text.bytes().all(|b| allowed(b) || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_slugs() {
        assert_eq!(
            from_name("Complete Mission Identity Cutover").as_deref(),
            Some("complete-mission-identity-cutover")
        );
        assert_eq!(from_name("  ../Ünsafe__name!! ").as_deref(), Some("nsafe-name"));
        assert_eq!(from_name("日本"), None);
        let long = from_name(&"a ".repeat(100)).expect("a slug");
        assert!(is_slug(&long) && long.len() <= MAX_LENGTH);
        assert!(!is_slug("-a") && !is_slug("") && !is_slug("A"));
    }
}
