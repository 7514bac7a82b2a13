//! What a work package's file says: its id, its title, what it depends on. Knows nothing about where it lies.

/// One work package of a mission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkPackage {
    /// `WPnn`
    pub id: String,
    /// The path inside the mission directory
    pub path: String,
    /// The first heading, else the name of the file without its extension
    pub title: String,
    /// Ids of the work packages that it depends on
    pub depends_on: Vec<String>,
}

impl WorkPackage {
    /// The work package whose file has this path inside its mission; `None` if it is none (`tasks/WPnn*.md`).
    /// A `text` that may not be sent is not read: then the file's name is the title.
    pub fn read(path: &str, text: Option<&str>) -> Option<Self> {
        let name = path.strip_prefix("tasks/").filter(|name| !name.contains('/'))?;
        let (stem, extension) = name.rsplit_once('.')?;
        if !extension.eq_ignore_ascii_case("md") {
            return None;
        }
        let (front, body) = split(text.unwrap_or_default());
        Some(Self {
            id: id_at_start(stem)?.to_owned(),
            path: path.to_owned(),
            title: heading(body).unwrap_or(stem).to_owned(),
            depends_on: dependencies(front),
        })
    }
}

/// `WP` and digits, and no further digit or letter after them.
fn id_at_start(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("WP")?.bytes().take_while(u8::is_ascii_digit).count();
    let end = 2 + digits;
    let ends = !text[end..].starts_with(|c: char| c.is_alphanumeric());
    (digits > 0 && ends).then(|| &text[..end])
}

/// The front matter between two `---` lines, and what follows it.
fn split(text: &str) -> (&str, &str) {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(rest) = body.strip_prefix("---\n").or_else(|| body.strip_prefix("---\r\n")) else {
        return ("", body);
    };
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return (&rest[..end], &rest[end + line.len()..]);
        }
        end += line.len();
    }
    ("", body)
}

/// The first heading that stands in no code block.
fn heading(body: &str) -> Option<&str> {
    let mut fence: Option<&str> = None;
    for line in body.lines().map(str::trim) {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => {
                let text = line.trim_start_matches('#');
                if text.len() < line.len() && text.starts_with([' ', '\t']) && !text.trim().is_empty() {
                    return Some(text.trim().trim_end_matches('#').trim_end())
                        .filter(|text| !text.is_empty());
                }
            }
            _ => {}
        }
    }
    None
}

/// The entries of `dependencies` in the front matter, as a list in brackets or one entry a line.
fn dependencies(front: &str) -> Vec<String> {
    let mut lines = front.lines().skip_while(|line| !line.starts_with("dependencies:"));
    let Some(first) = lines.next().and_then(|line| line.strip_prefix("dependencies:")) else {
        return Vec::new();
    };
    let below = lines.map_while(|line| line.trim_start().strip_prefix("- "));
    let mut ids: Vec<String> = first
        .trim()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .split(',')
        .chain(below)
        .filter_map(|entry| id_at_start(entry.trim().trim_matches(['"', '\''])))
        .map(str::to_owned)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(text: &str) -> String {
        WorkPackage::read("tasks/WP01-some-thing.md", Some(text)).expect("a work package").title
    }

    #[test]
    fn files_of_work_packages_are_told_by_their_names() {
        let id = |path: &str| WorkPackage::read(path, None).map(|package| package.id);
        assert_eq!(id("tasks/WP01.md").as_deref(), Some("WP01"));
        assert_eq!(id("tasks/WP12-a.MD").as_deref(), Some("WP12"));
        for other in
            ["tasks/WP.md", "tasks/WP1a.md", "tasks/WP01.txt", "tasks/x/WP01.md", "WP01.md", "tasks/wp01.md"]
        {
            assert_eq!(id(other), None, "{other}");
        }
    }

    #[test]
    fn the_title_is_the_first_heading() {
        assert_eq!(title("---\ntitle: no\n---\n\n## Yes  ##\n# No\n"), "Yes");
        assert_eq!(title("```\n# no\n```\n~~~\n# no\n```\n~~~\n### Größe\n"), "Größe");
        assert_eq!(title("#hashtag\n#\n"), "WP01-some-thing");
        assert_eq!(title("---\nnever closed\n# Yes\n"), "Yes");
        assert_eq!(WorkPackage::read("tasks/WP02-x.md", None).expect("one").title, "WP02-x");
    }

    #[test]
    fn dependencies_are_read_in_both_forms() {
        let of = |front: &str| {
            let text = format!("---\n{front}---\n# T\n");
            WorkPackage::read("tasks/WP09.md", Some(&text)).expect("one").depends_on
        };
        assert_eq!(of("dependencies: [WP02, \"WP01\", nobody]\n"), ["WP01", "WP02"]);
        assert_eq!(of("dependencies:\n  - WP03\n- 'WP01'\nother:\n- WP05\n"), ["WP01", "WP03"]);
        assert_eq!(of("dependencies: []\n"), Vec::<String>::new());
        assert_eq!(of("title: x\n"), Vec::<String>::new());
    }
}
