//! What must hold for an index file of any bytes: what the reader says of it is what libgit2 says of the entries and
//! what a second, slower reading says of the cached trees, and a file written from what was read is read the same.
//!
//! Knows nothing about the work tree and the objects.

use std::collections::{BTreeMap, BTreeSet};

use git_mission::git::{FileEntry, IndexFile};

const EXTENDED: u16 = 0x4000;
const ASSUME_VALID: u16 = 0x8000;
const SKIP_WORKTREE: u16 = 0x4000;
const INTENT_TO_ADD: u16 = 0x2000;
const STAT: usize = 40;

/// An entry as far as it can be compared: path, mode, id in hex, unmerged, intent to add, skipped, assumed unchanged.
type Told = (Vec<u8>, u32, String, [bool; 4]);
/// Each directory with its tree and the number of entries below it, as far as they are known.
type Trees = BTreeMap<Vec<u8>, Option<(String, usize)>>;

/// Reads the bytes as an index with ids of 20 and of 32 bytes.
pub fn index_file(data: &[u8]) {
    for id_bytes in [20, 32] {
        let Some(read) = IndexFile::parse(data, id_bytes, b"") else { continue };
        found_by_name(&read);
        one_directory_only(data, id_bytes, &read);
        if id_bytes == 20 {
            as_libgit2_reads(data, &read);
        }
        as_git_would_order(&read);
        let trees = cached_trees(data, id_bytes);
        if let Some(trees) = &trees {
            same_trees(&read, trees);
        }
        for version in [3, 4] {
            let bytes = written(&read, version, id_bytes, trees.as_ref());
            let again = IndexFile::parse(&bytes, id_bytes, b"").expect("what was written cannot be read");
            assert!(told(&again, id_bytes).eq(&told(&read, id_bytes)), "written again as version {version}");
            if let Some(trees) = &trees {
                same_trees(&again, trees);
            }
        }
    }
}

fn told(read: &IndexFile, id_bytes: usize) -> Vec<Told> {
    let tell = |entry: FileEntry<'_>| {
        let id = entry.oid().map_or_else(|| "0".repeat(2 * id_bytes), |id| id.to_string());
        let marks =
            [entry.is_unmerged(), entry.is_intent_to_add(), entry.is_skipped(), entry.is_assumed_unchanged()];
        (entry.path.to_vec(), mode(entry), id, marks)
    };
    read.entries().map(tell).collect()
}

/// The mode as a number: it is shown in octal.
fn mode(entry: FileEntry<'_>) -> u32 {
    u32::from_str_radix(&entry.mode().to_string(), 8).expect("octal digits")
}

/// An entry that is not open is found by its path, and no other is.
fn found_by_name(read: &IndexFile) {
    for entry in read.entries() {
        let found = read.entry(entry.path);
        assert_eq!(found, (!entry.is_unmerged()).then_some(entry), "{:?}", entry.path.escape_ascii());
    }
    assert_eq!(read.entry(b""), None);
}

/// git ends where entries are out of order, or a path has an entry beside the open ones.
fn as_git_would_order(read: &IndexFile) {
    let entries: Vec<_> = read.entries().collect();
    for pair in entries.windows(2) {
        let open = pair[0].is_unmerged() && pair[1].is_unmerged();
        assert!(pair[0].path < pair[1].path || (open && pair[0].path == pair[1].path), "out of order");
    }
}

/// Reading one directory gives the entries at and below it, and all trees.
fn one_directory_only(data: &[u8], id_bytes: usize, read: &IndexFile) {
    let mut directories: BTreeSet<&[u8]> = BTreeSet::from([b"kitty-specs".as_slice(), b"/", b"a"]);
    for entry in read.entries().take(4).chain(read.entries().rev().take(1)) {
        directories.insert(entry.path);
        directories.insert(&entry.path[..entry.path.iter().rposition(|byte| *byte == b'/').unwrap_or(1)]);
    }
    directories.remove(b"".as_slice());
    for directory in directories {
        let part = IndexFile::parse(data, id_bytes, directory).expect("read as a whole only");
        let below = |path: &[u8]| path == directory || path.starts_with(&[directory, b"/"].concat());
        let mut expected = told(read, id_bytes);
        expected.retain(|entry| below(&entry.0));
        assert_eq!(told(&part, id_bytes), expected, "below {:?}", directory.escape_ascii());
        assert_eq!(part.trees(), read.trees());
    }
}

/// What libgit2 can read too has the same entries. It is given no checksum, as `index.skipHash` leaves it out.
fn as_libgit2_reads(data: &[u8], read: &IndexFile) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut bytes = data.to_vec();
    let body = bytes.len() - 20;
    bytes[body..].fill(0);
    std::fs::write(file.path(), bytes).expect("written");
    let Ok(index) = git2::Index::open(file.path()) else { return };
    let mut theirs: Vec<Told> = index
        .iter()
        .map(|entry| {
            let further = |bit| entry.flags & EXTENDED != 0 && entry.flags_extended & bit != 0;
            let marks = [
                entry.flags & 0x3000 != 0,
                further(INTENT_TO_ADD),
                further(SKIP_WORKTREE),
                entry.flags & ASSUME_VALID != 0,
            ];
            (entry.path, entry.mode, entry.id.to_string(), marks)
        })
        .collect();
    let mut ours = told(read, 20);
    theirs.sort();
    ours.sort();
    assert_eq!(ours, theirs, "libgit2 reads other entries");
}

/// The cached trees of an index that can be read, directory by directory; `None` where two directories have one name,
/// of which git dies, or there are none.
fn cached_trees(data: &[u8], id_bytes: usize) -> Option<Trees> {
    let word = |at: usize| u32::from_be_bytes(data[at..at + 4].try_into().expect("four bytes"));
    let (version, count) = (word(4), word(8));
    let mut at = 12;
    for _ in 0..count {
        let begin = at;
        at += STAT + id_bytes;
        at += if data[at] & 0x40 == 0 { 2 } else { 4 };
        if version == 4 {
            at += 1 + data[at..].iter().take_while(|byte| **byte & 0x80 != 0).count();
        }
        at += data[at..].iter().take_while(|byte| **byte != 0).count() + 1;
        if version != 4 {
            at = begin + (at - begin).next_multiple_of(8);
        }
    }
    let mut found = None;
    while at < data.len() - id_bytes {
        let content = at + 8..at + 8 + word(at + 4) as usize;
        if data[at..].starts_with(b"TREE") {
            found = Some(&data[content.clone()]);
        }
        at = content.end;
    }
    let mut trees = Trees::new();
    let rest = directory(found.filter(|data| !data.is_empty())?, b"", id_bytes, &mut trees)?;
    assert!(rest.is_empty(), "more than one top");
    Some(trees)
}

/// Reads one directory and those in it; what is left.
fn directory<'a>(data: &'a [u8], above: &[u8], id_bytes: usize, trees: &mut Trees) -> Option<&'a [u8]> {
    let (name, data) = split(data, 0);
    let (entries, data) = split(data, b' ');
    let (subtrees, mut data) = split(data, b'\n');
    let number = |text: &[u8]| std::str::from_utf8(text).expect("text").parse::<i64>().expect("a number");
    let mut known = None;
    if let Ok(entries) = usize::try_from(number(entries)) {
        let (id, rest) = data.split_at(id_bytes);
        known = Some((in_hex(id), entries));
        data = rest;
    }
    let path = if above.is_empty() { name.to_vec() } else { [above, b"/", name].concat() };
    if trees.insert(path.clone(), known).is_some() {
        return None;
    }
    for _ in 0..number(subtrees) {
        data = directory(data, &path, id_bytes, trees)?;
    }
    Some(data)
}

fn in_hex(id: &[u8]) -> String {
    let digits = id.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
}

fn split(data: &[u8], at: u8) -> (&[u8], &[u8]) {
    let at = data.iter().position(|byte| *byte == at).expect("an end");
    (&data[..at], &data[at + 1..])
}

/// Every directory has the tree that was written down for it, asked by its path and by the directory that it is in.
fn same_trees(read: &IndexFile, trees: &Trees) {
    for (path, known) in trees {
        let tree = read.trees().tree(path).map(|id| id.to_string());
        assert_eq!(tree, known.clone().map(|(id, _)| id), "the tree of {:?}", path.escape_ascii());
        let inside: BTreeMap<&[u8], (String, usize)> = trees
            .iter()
            .filter_map(|(other, known)| Some((child_of(other, path)?, known.clone()?)))
            .collect();
        let told: BTreeMap<&[u8], (String, usize)> = read
            .trees()
            .trees_in(path)
            .into_iter()
            .map(|tree| (tree.name, (in_hex(tree.id), tree.entries)))
            .collect();
        assert_eq!(told, inside, "the trees in {:?}", path.escape_ascii());
    }
    assert_eq!(read.trees().tree(b"no/such/directory"), None);
}

/// The name of a path directly in a directory.
fn child_of<'a>(path: &'a [u8], directory: &[u8]) -> Option<&'a [u8]> {
    let name = if directory.is_empty() { path } else { path.strip_prefix(directory)?.strip_prefix(b"/")? };
    (!name.is_empty() && !name.contains(&b'/')).then_some(name)
}

/// An index file as `gitformat-index` describes it, without a checksum.
fn written(read: &IndexFile, version: u8, id_bytes: usize, trees: Option<&Trees>) -> Vec<u8> {
    let mut bytes = [b"DIRC".as_slice(), &[0, 0, 0, version]].concat();
    bytes.extend(u32::try_from(read.entries().len()).expect("a count").to_be_bytes());
    let mut previous: &[u8] = b"";
    for entry in read.entries() {
        let begin = bytes.len();
        bytes.extend([0; STAT]);
        bytes[begin + 24..begin + 28].copy_from_slice(&mode(entry).to_be_bytes());
        bytes.extend(hex(&entry.oid().map_or_else(|| "0".repeat(2 * id_bytes), |id| id.to_string())));
        let mark = |is: bool, bit: u16| if is { bit } else { 0 };
        let further = mark(entry.is_skipped(), SKIP_WORKTREE) | mark(entry.is_intent_to_add(), INTENT_TO_ADD);
        let flags = mark(entry.is_assumed_unchanged(), ASSUME_VALID)
            | mark(further != 0, EXTENDED)
            | mark(entry.is_unmerged(), 0x1000)
            | u16::try_from(entry.path.len().min(0xfff)).expect("twelve bits");
        bytes.extend(flags.to_be_bytes());
        if further != 0 {
            bytes.extend(further.to_be_bytes());
        }
        if version == 4 {
            let shared = previous.iter().zip(entry.path).take_while(|(a, b)| a == b).count();
            bytes.extend(offset(previous.len() - shared));
            bytes.extend(&entry.path[shared..]);
            bytes.push(0);
            previous = entry.path;
        } else {
            bytes.extend(entry.path);
            let length = bytes.len() - begin;
            bytes.resize(begin + (length + 1).next_multiple_of(8), 0);
        }
    }
    if let Some(trees) = trees {
        let mut content = Vec::new();
        write_directory(trees, b"", b"", &mut content);
        bytes.extend(b"TREE");
        bytes.extend(u32::try_from(content.len()).expect("a length").to_be_bytes());
        bytes.extend(content);
    }
    bytes.extend(vec![0; id_bytes]);
    bytes
}

fn write_directory(trees: &Trees, path: &[u8], name: &[u8], content: &mut Vec<u8>) {
    let inside: Vec<&Vec<u8>> = trees.keys().filter(|other| child_of(other, path).is_some()).collect();
    let known = trees[path].as_ref();
    let entries = known.map_or_else(|| "-1".to_owned(), |(_, entries)| entries.to_string());
    content.extend(name);
    content.extend(format!("\0{entries} {}\n", inside.len()).bytes());
    if let Some((id, _)) = known {
        content.extend(hex(id));
    }
    for child in inside {
        write_directory(trees, child, child_of(child, path).expect("a child"), content);
    }
}

fn hex(id: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).expect("hex")).expect("a digit");
    id.as_bytes().chunks(2).map(|pair| 16 * digit(pair[0]) + digit(pair[1])).collect()
}

/// The offset encoding of pack files, from its definition: the shortest length whose range holds the value.
fn offset(value: usize) -> Vec<u8> {
    let (mut length, mut first) = (1, 0);
    while value - first >= 1 << (7 * length) {
        first += 1 << (7 * length);
        length += 1;
    }
    (0..length)
        .rev()
        .map(|at| {
            let bits = u8::try_from((value - first) >> (7 * at) & 0x7f).expect("seven bits");
            bits | if at > 0 { 0x80 } else { 0 }
        })
        .collect()
}
