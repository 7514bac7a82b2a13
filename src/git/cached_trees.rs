//! The trees that an index file remembers: of each directory that did not change since, its tree and how many entries lie
//! below it. The extension `TREE` of `gitformat-index`.
//!
//! Pure: bytes in, values out. Knows nothing about entries.

use std::ops::Range;

use super::Oid;
use super::index_reader::Reader;

/// All of them, each directory before those in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct CachedTrees {
    data: Vec<u8>,
    nodes: Vec<Node>,
    id_bytes: usize,
}

/// A directory.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    name: Range<usize>,
    /// The number of entries below it, and where its id stands; `None` where something changed since
    known: Option<(usize, usize)>,
    /// The place after its last descendant
    end: usize,
}

/// A directory whose tree git knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CachedTree<'a> {
    /// The last component of its path
    pub(super) name: &'a [u8],
    /// The binary form of its tree's id
    pub(super) id: &'a [u8],
    /// The number of entries below it
    pub(super) entries: usize,
}

/// More directories in each other than paths can name.
const DEEPEST: usize = 4096;

impl CachedTrees {
    /// `<name> NUL <number of entries, negative where unknown> SP <number of subtrees> LF [<id>]`, each directory before
    /// those in it.
    pub(super) fn read(data: &[u8], id_bytes: usize) -> Option<Self> {
        let mut reader = Reader { bytes: data, at: 0 };
        let mut nodes: Vec<Node> = Vec::with_capacity(data.len() / (id_bytes + 6));
        // Directories that are not complete: where they stand, and how many subtrees are to come.
        let mut open: Vec<(usize, usize)> = Vec::new();
        while reader.at < data.len() {
            let from = reader.at;
            let name = from..from + reader.until_nul()?.len();
            let entries: i64 = reader.digits(b' ')?;
            let subtrees = usize::try_from(reader.digits(b'\n')?).ok()?;
            let known = match usize::try_from(entries) {
                Ok(entries) => {
                    let at = reader.at;
                    reader.take(id_bytes)?.iter().any(|b| *b != 0).then_some((entries, at))
                }
                Err(_) => None,
            };
            if nodes.is_empty() != name.is_empty()
                || (open.is_empty() && !nodes.is_empty())
                || open.len() > DEEPEST
                || (entries >= 0 && known.is_none())
            {
                return None;
            }
            let at = nodes.len();
            nodes.push(Node { name, known, end: at + 1 });
            open.push((at, subtrees));
            while let Some((complete, 0)) = open.last().copied() {
                open.pop();
                nodes[complete].end = nodes.len();
                if let Some((_, left)) = open.last_mut() {
                    *left -= 1;
                }
            }
        }
        open.is_empty().then(|| Self { data: data.to_vec(), nodes, id_bytes })
    }

    /// The tree of a directory (empty: the top), where git still knows it.
    pub(super) fn tree(&self, directory: &[u8]) -> Option<Oid> {
        Oid::from_bytes(self.known(self.find(directory)?)?.id)
    }

    /// The directories directly in `directory` whose trees git still knows, in order of their names.
    pub(super) fn trees_in(&self, directory: &[u8]) -> Vec<CachedTree<'_>> {
        let Some(at) = self.find(directory) else { return Vec::new() };
        let mut known: Vec<_> = self.children(at).filter_map(|child| self.known(child)).collect();
        // Git has the short names first.
        known.sort_by(|a, b| a.name.cmp(b.name));
        known
    }

    fn known(&self, at: usize) -> Option<CachedTree<'_>> {
        let node = self.nodes.get(at)?;
        let (entries, id) = node.known?;
        Some(CachedTree { name: self.name(node), id: &self.data[id..id + self.id_bytes], entries })
    }

    fn name(&self, node: &Node) -> &[u8] {
        &self.data[node.name.clone()]
    }

    fn find(&self, directory: &[u8]) -> Option<usize> {
        let mut at = 0;
        for component in directory.split(|b| *b == b'/').filter(|component| !component.is_empty()) {
            at = self.children(at).find(|child| self.name(&self.nodes[*child]) == component)?;
        }
        Some(at)
    }

    fn children(&self, parent: usize) -> impl Iterator<Item = usize> {
        let end = self.nodes.get(parent).map_or(0, |node| node.end);
        let mut next = parent + 1;
        std::iter::from_fn(move || {
            let child = next;
            next = self.nodes.get(child).filter(|_| child < end)?.end;
            Some(child)
        })
    }
}
