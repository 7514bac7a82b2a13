//! What must hold for any bytes at all, one function a kind of input; each panics where it does not.
//!
//! The fuzz targets call these with what the fuzzer makes up, and `tests/hostile_bytes` with the committed seeds and
//! with random changes of them, on the stable toolchain. Knows nothing about where the bytes come from.

mod index_law;
mod merge_law;

pub use index_law::index_file;

use std::path::{Component, Path};

use git_mission::clock::Instant;
use git_mission::hook::pushed_refs;
use git_mission::identity::{self, IdentityError, Manifest, ProjectFile};
use git_mission::json::{self, ErrorKind, Limits, Value};
use git_mission::merge::{ConflictStyle, Sides, event_log, meta};
use git_mission::mission::{Meta, MissionDir, slug};
use git_mission::transport::{Answer, Pause, Refusal, acks_of, body_ack_of, body_refusal, events_refusal};

/// What parts an input into several texts.
pub const SEPARATOR: u8 = 0;

/// The three versions in an input: base, ours and theirs, parted by NUL; the third may hold more of them.
fn versions(data: &[u8]) -> Option<Sides<&[u8]>> {
    let mut parts = data.splitn(3, |byte| *byte == SEPARATOR);
    Some(Sides { base: parts.next()?, ours: parts.next()?, theirs: parts.next()? })
}

/// Lossless JSON: what is read is JSON for another parser too, what is refused is refused for a reason that another
/// parser does not know, and both printed forms are read as the same value.
pub fn json(data: &[u8]) {
    let theirs = std::str::from_utf8(data).ok().map(|text| {
        serde_json::from_str::<serde::de::IgnoredAny>(text.trim_start_matches('\u{feff}')).is_ok()
    });
    match json::parse(data, Limits::DOCUMENT) {
        Ok(value) => {
            assert_eq!(theirs, Some(true), "read, but not JSON elsewhere");
            elsewhere_the_same(data, &value);
            reads_as(&json::canonical(&value), &value);
            let line = json::line(&value);
            assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "not one line of ASCII: {line:?}");
            reads_as(&line, &value);
        }
        Err(error) => {
            let here_only = matches!(
                error.kind,
                ErrorKind::DuplicateKey(_)
                    | ErrorKind::LoneSurrogate
                    | ErrorKind::TooDeep { .. }
                    | ErrorKind::TooLarge { .. }
            );
            let marked = data.starts_with("\u{feff}\u{feff}".as_bytes());
            assert!(theirs != Some(true) || here_only || marked, "refused, but JSON elsewhere: {error}");
            assert!(error.line >= 1 && error.column >= 1, "no position: {error}");
        }
    }
}

/// Another parser reads the printed forms as it reads the text, unless a number is too large for it.
fn elsewhere_the_same(data: &[u8], value: &Value) {
    let text = std::str::from_utf8(data).expect("text").trim_start_matches('\u{feff}');
    if let Ok(expected) = serde_json::from_str::<serde_json::Value>(text) {
        for printed in [json::canonical(value), json::line(value)] {
            let read: serde_json::Value = serde_json::from_str(&printed).expect("JSON elsewhere");
            assert_eq!(read, expected, "printed as {printed:?}");
        }
    }
}

/// `text` is read as `value` and printed again as it is.
fn reads_as(text: &str, value: &Value) {
    let again = json::parse(text.as_bytes(), Limits { max_bytes: usize::MAX, max_depth: 127 });
    assert_eq!(again.as_ref(), Ok(value), "printed as {text:?}");
}

/// The `meta` driver: the sides may be swapped, a clean result is canonical, without markers, says nothing that no
/// version says and nothing less than a side that alone changed a key, and stays as it is when a side is merged again.
pub fn meta_merge(data: &[u8]) {
    let Some(texts) = versions(data) else { return };
    let style = ConflictStyle::default();
    let Ok(merged) = meta::merge(&texts, &style) else {
        assert!(meta::merge(&texts.swapped(), &style).is_err(), "refused from one side only");
        return;
    };
    let swapped = meta::merge(&texts.swapped(), &style).expect("refused from one side only");
    assert_eq!(swapped.conflicts.len(), merged.conflicts.len());
    if !merged.conflicts.is_empty() {
        let line = |marker: &str| merged.text.lines().any(|line| line.starts_with(marker));
        assert!(line("<<<<<<< ") && line("=======") && line(">>>>>>> "), "a conflict without markers");
        return;
    }
    assert_eq!(swapped.text, merged.text);
    let read = Meta::read(merged.text.as_bytes()).expect("a clean result is a mission's file");
    assert_eq!(read.to_canonical(), merged.text);
    merge_law::meta(&texts, &read);
    for (ours, theirs) in [(merged.text.as_bytes(), texts.theirs), (texts.ours, merged.text.as_bytes())] {
        let again = meta::merge(&Sides { base: texts.base, ours, theirs }, &style).expect("merged again");
        assert_eq!(again.text, merged.text, "merged again");
    }
}

/// The `event-log` driver: the sides may be swapped, and a clean result has every row of both sides and no other, no
/// value that no version of a row has, and stays as it is when a side is merged again.
pub fn event_log_merge(data: &[u8]) {
    let Some(texts) = versions(data) else { return };
    let style = ConflictStyle::default();
    let behind = log_behind_its_beginning(&texts, &style, 1 + data.len() % 61);
    let Ok(merged) = event_log::merge(&texts, &style) else {
        assert!(event_log::merge(&texts.swapped(), &style).is_err(), "refused from one side only");
        assert_eq!(behind, None, "refused only as a whole");
        return;
    };
    assert!(behind.is_none_or(|text| text == merged.to_bytes()), "not what the whole texts give");
    let swapped = event_log::merge(&texts.swapped(), &style).expect("refused from one side only");
    assert_eq!(swapped.conflicts.len(), merged.conflicts.len());
    if !merged.conflicts.is_empty() {
        return;
    }
    let bytes = merged.to_bytes();
    assert_eq!(swapped.to_bytes(), bytes);
    // What came in conflict may be resolved by leaving a row out.
    let is_open = |text: &[u8]| text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"<<<<<<<"));
    if ![texts.base, texts.ours, texts.theirs].into_iter().any(is_open) {
        for side in [texts.ours, texts.theirs] {
            assert_eq!(event_log::lost(side, &bytes), None, "a row is gone");
        }
        merge_law::event_log(&texts, &bytes);
    }
    for (ours, theirs) in [(&*bytes, texts.theirs), (texts.ours, &*bytes)] {
        let again =
            event_log::merge(&Sides { base: texts.base, ours, theirs }, &style).expect("merged again");
        assert_eq!(again.to_bytes(), bytes, "merged again");
    }
}

/// The result where the beginning that all share is looked at `step` bytes at a time and then given up.
fn log_behind_its_beginning(texts: &Sides<&[u8]>, style: &ConflictStyle, step: usize) -> Option<Vec<u8>> {
    let shared = event_log::shared_length(texts);
    let (mut beginning, mut left) = (event_log::Beginning::default(), Vec::new());
    for more in texts.ours[..shared].chunks(step) {
        left.extend_from_slice(more);
        beginning.look(&left);
        left.drain(..beginning.give_up());
    }
    let rest = event_log::Rest::Texts(texts.map(|text| &text[shared..]));
    let merged = event_log::merge_behind(&beginning, &left[beginning.end()..], &rest, style)?;
    Some([&texts.ours[..beginning.bytes()], &merged.to_bytes()].concat())
}

/// Slugs and paths: a slug is one path component that no system reads otherwise, and a path belongs to a mission
/// exactly if it lies below that mission's directory.
pub fn slug_and_path(data: &[u8]) {
    if let Some(made) = slug::from_name(&String::from_utf8_lossy(data)) {
        assert!(slug::is_slug(&made), "{made:?}");
        assert_eq!(slug::from_name(&made).as_deref(), Some(&*made));
    }
    if let Ok(text) = std::str::from_utf8(data)
        && slug::is_slug(text)
    {
        assert!(!text.contains(['/', '\\', '.', '\0', ' ']) && text.is_ascii() && !text.starts_with('-'));
    }
    if let Some(dir) = MissionDir::from_name(data) {
        assert_eq!(dir.name(), data);
        is_two_components(&dir);
    }
    if let Some((dir, inside)) = MissionDir::containing(data) {
        assert_eq!(dir.join(inside), data);
        is_two_components(&dir);
        assert!(!dir.name().contains(&b'/') && ![b"".as_slice(), b".", b".."].contains(&dir.name()));
    }
    if let Some(dir) = MissionDir::of_meta_path(data) {
        assert_eq!(dir.meta_path(), data);
    }
}

/// What the system makes of the path: `kitty-specs`, and one name in it.
fn is_two_components(dir: &MissionDir) {
    let path = String::from_utf8_lossy(dir.as_bytes()).into_owned();
    let components: Vec<_> = Path::new(&path).components().collect();
    let [Component::Normal(first), Component::Normal(_)] = components[..] else { panic!("{dir:?}") };
    assert_eq!(first, "kitty-specs");
}

/// `.kittify/config.yaml`: read without a panic, and edited so that the new id is read and every other line stays.
pub fn yaml_identity(data: &[u8]) {
    const ID: &str = "8d7f2f0e-6b1c-4d62-9f5c-2f6a4f0f6a11";
    let before = ProjectFile::parse(data);
    let _ = Manifest::parse(data);
    let Ok(edited) = identity::with_build_id(data, ID) else { return };
    at_most_one_line_changed(data, &edited);
    match (before, ProjectFile::parse(&edited)) {
        (Ok(before), Ok(after)) => {
            assert_eq!(after.build_id.as_deref(), Some(ID));
            assert_eq!((after.uuid, after.slug, after.node_id), (before.uuid, before.slug, before.node_id));
        }
        (Err(IdentityError::NotAUuid(before)), Err(IdentityError::NotAUuid(after))) => {
            assert_eq!(before, after);
        }
        (before, after) => panic!("{before:?} became {after:?}"),
    }
}

/// Before and after a place where lines may be added stands what stood there, but for one line.
fn at_most_one_line_changed(before: &[u8], after: &[u8]) {
    let [before, after] = [before, after].map(|text| text.split(|byte| *byte == b'\n').collect::<Vec<_>>());
    let begin = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (before, after) = (&before[begin..], &after[begin..]);
    let end = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let gone: Vec<_> =
        before[..before.len() - end].iter().map(|line| line.escape_ascii().to_string()).collect();
    assert!(gone.len() <= 1, "changed more than the id: {gone:?}");
}

/// What git tells pre-push: every line of four words is one ref, and no object has an id of anything but hex digits.
pub fn pre_push_stdin(data: &[u8]) {
    let refs = pushed_refs(data);
    let text = String::from_utf8_lossy(data);
    // A local ref may be any expression, with spaces in it.
    let lines: Vec<Vec<&str>> = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line).split(' ').collect())
        .filter(|words: &Vec<_>| words.len() >= 4)
        .collect();
    assert_eq!(refs.len(), lines.len(), "a line is missing");
    for (pushed, words) in refs.iter().zip(lines) {
        let (local_ref, [local, remote_ref, old]) = words.split_at(words.len() - 3) else { panic!() };
        assert_eq!((&*pushed.local_ref, &*pushed.remote_ref), (&*local_ref.join(" "), *remote_ref));
        for (id, word) in [(&pushed.local, local), (&pushed.old, old)] {
            assert!(
                id.as_ref().is_none_or(|id| id.as_str().eq_ignore_ascii_case(word)),
                "{id:?} for {word:?}"
            );
        }
        for id in [&pushed.local, &pushed.old].into_iter().flatten() {
            let id = id.as_str();
            assert!(
                [40, 64].contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{id:?}"
            );
            assert!(id.bytes().any(|byte| byte != b'0'), "zeros are no object");
        }
        assert!(!pushed.remote_ref.contains([' ', '\n']));
    }
}

/// A server's answer, the first byte being its status: nothing is acknowledged that the content does not name, no id
/// twice, and what the server says is cut short.
pub fn batch_response(data: &[u8]) {
    let Some((first, content)) = data.split_first() else { return };
    let status = [200, 201, 400, 401, 403, 404, 408, 413, 422, 425, 429, 500, 503][usize::from(*first) % 13];
    let answer = Answer { status, pause: None, content: content.to_vec() };
    if let Ok(acks) = acks_of(&answer) {
        assert_eq!(status, 200);
        let text = json::parse(content, Limits::ROW).expect("acknowledged by what is JSON");
        let text = json::canonical(&text);
        let mut ids: Vec<&str> = acks.iter().map(|ack| &*ack.event_id).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "acknowledged twice: {ids:?}");
        for id in ids {
            let quoted = json::canonical(&Value::String(id.to_owned()));
            assert!(text.contains(quoted.trim_end()), "{id:?} is not named");
        }
    }
    if body_ack_of(&answer).is_ok() {
        assert!([200, 201].contains(&status));
    }
    for refusal in [events_refusal(&answer), body_refusal(&answer)] {
        let shown = refusal.to_string();
        let named = matches!(&refusal, Refusal::Named(_));
        assert!(named || shown.chars().count() < 1000, "{} characters of the server's words", shown.len());
    }
}

/// `Retry-After`: digits are seconds, the rest is a date or says nothing; never a wait that overflows.
pub fn retry_after(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let digits = !text.trim().is_empty() && text.trim().bytes().all(|byte| byte.is_ascii_digit());
    let pause = Pause::parse(text);
    assert_eq!(matches!(pause, Some(Pause::For(_))), digits, "{text:?}");
    if let (Some(Pause::For(span)), Ok(seconds)) = (pause, text.trim().parse::<u64>()) {
        assert_eq!(span.as_secs(), seconds);
    }
    if let Some(pause) = pause {
        let _ = pause.from(Instant::from_unix_seconds(0).expect("a time"));
    }
}
