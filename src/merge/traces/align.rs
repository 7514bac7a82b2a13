//! Which lines of a base a version still holds. Knows lines by numbers only.
//!
//! Where nothing was taken away, every line is found at the first place where it can stand. So what a version adds
//! between two lines never holds the later one, and any number of additions, merged in any order, is seen the same way
//! again.

use std::collections::HashMap;

/// A table of this many pairs is filled at most.
const PAIRS: usize = 1 << 20;

/// For every line of the base its place in the version, in increasing order.
pub(super) fn align(base: &[u32], version: &[u32]) -> Vec<Option<usize>> {
    if let Some(places) = embedded(base, version) {
        return places;
    }
    let mut places = vec![None; base.len()];
    let mut open = vec![(0, base.len(), 0, version.len())];
    while let Some((mut b, mut b_end, mut v, mut v_end)) = open.pop() {
        while b < b_end && v < v_end && base[b] == version[v] {
            places[b] = Some(v);
            (b, v) = (b + 1, v + 1);
        }
        while b < b_end && v < v_end && base[b_end - 1] == version[v_end - 1] {
            (b_end, v_end) = (b_end - 1, v_end - 1);
            places[b_end] = Some(v_end);
        }
        if b == b_end || v == v_end {
            continue;
        }
        let anchors = anchors(&base[b..b_end], &version[v..v_end]);
        if anchors.is_empty() {
            for (in_base, in_version) in longest_common(&base[b..b_end], &version[v..v_end]) {
                places[b + in_base] = Some(v + in_version);
            }
            continue;
        }
        let (mut b_from, mut v_from) = (b, v);
        for (in_base, in_version) in anchors {
            // What begins with an anchor finds its place above.
            open.push((b_from, b + in_base, v_from, v + in_version));
            (b_from, v_from) = (b + in_base, v + in_version);
        }
        open.push((b_from, b_end, v_from, v_end));
    }
    places
}

/// Every line of the base at the first place where it can stand, if all can.
fn embedded(base: &[u32], version: &[u32]) -> Option<Vec<Option<usize>>> {
    let mut next = 0;
    base.iter()
        .map(|line| {
            let place = next + version[next..].iter().position(|other| other == line)?;
            next = place + 1;
            Some(Some(place))
        })
        .collect()
}

/// Lines that stand once in both, as many as stand in the same order.
fn anchors(base: &[u32], version: &[u32]) -> Vec<(usize, usize)> {
    fn once(lines: &[u32]) -> HashMap<u32, Option<usize>> {
        let mut once = HashMap::new();
        for (at, line) in lines.iter().enumerate() {
            once.entry(*line).and_modify(|place| *place = None).or_insert(Some(at));
        }
        once
    }
    let (in_base, in_version) = (once(base), once(version));
    let pairs: Vec<(usize, usize)> = base
        .iter()
        .enumerate()
        .filter(|(at, line)| in_base[line] == Some(*at))
        .filter_map(|(at, line)| Some((at, in_version.get(line).copied().flatten()?)))
        .collect();
    longest_increasing(&pairs)
}

/// The longest run of pairs whose second numbers increase.
fn longest_increasing(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // The last pairs of the best runs of each length, and what comes before each pair in its run.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; pairs.len()];
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < pair.1);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut run: Vec<(usize, usize)> =
        std::iter::successors(ends.last().copied(), |at| before[*at]).map(|at| pairs[at]).collect();
    run.reverse();
    run
}

/// A longest common subsequence; none where that would take too long.
fn longest_common(base: &[u32], version: &[u32]) -> Vec<(usize, usize)> {
    let width = version.len() + 1;
    if (base.len() + 1).saturating_mul(width) > PAIRS {
        return Vec::new();
    }
    let mut lengths = vec![0_u32; (base.len() + 1) * width];
    for b in (0..base.len()).rev() {
        for v in (0..version.len()).rev() {
            lengths[b * width + v] = if base[b] == version[v] {
                lengths[(b + 1) * width + v + 1] + 1
            } else {
                lengths[(b + 1) * width + v].max(lengths[b * width + v + 1])
            };
        }
    }
    let (mut b, mut v, mut common) = (0, 0, Vec::new());
    while b < base.len() && v < version.len() {
        if base[b] == version[v] {
            common.push((b, v));
            (b, v) = (b + 1, v + 1);
        } else if lengths[(b + 1) * width + v] == lengths[b * width + v] {
            b += 1;
        } else {
            v += 1;
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(base: &str, version: &str, expected: &str) {
        let places = align(&numbers(base), &numbers(version));
        let shown: Vec<String> =
            places.iter().map(|place| place.map_or("-".to_owned(), |place| place.to_string())).collect();
        assert_eq!(shown.join(" "), expected, "{base} in {version}");
    }

    #[test]
    fn additions_leave_every_line_at_its_first_place() {
        check("ab", "axbyb", "0 2");
        check("", "abc", "");
        check("aa", "aaa", "0 1");
    }

    #[test]
    fn what_was_taken_away_has_no_place() {
        check("abc", "ac", "0 - 1");
        check("abc", "xyz", "- - -");
        check("abcde", "dxabe", "2 3 - - 4");
        check("aabb", "abab", "0 - 1 3");
        check("xaxbx", "xbxax", "0 - - 1 4");
        check("abZ", "aab", "0 2 -");
        check("xabcxxdex", "deyyabcx", "- 4 5 6 - - - - 7");
    }

    fn numbers(text: &str) -> Vec<u32> {
        text.bytes().map(u32::from).collect()
    }

    #[test]
    fn lines_that_stand_once_are_anchors_where_they_keep_their_order() {
        let found = |base: &str, version: &str| anchors(&numbers(base), &numbers(version));
        assert_eq!(found("xaxbc", "bxxacx"), [(3, 0), (4, 4)]);
        assert_eq!(found("abcd", "cdab"), [(2, 0), (3, 1)]);
        assert_eq!(found("aab", "abb"), []);
    }

    /// How long a longest common subsequence is, by its definition.
    fn longest(base: &[u32], version: &[u32]) -> usize {
        match (base, version) {
            ([a, base @ ..], [b, version @ ..]) if a == b => 1 + longest(base, version),
            ([_, less @ ..], [_, fewer @ ..]) => longest(less, version).max(longest(base, fewer)),
            _ => 0,
        }
    }

    #[test]
    fn without_anchors_as_many_lines_as_can_keep_their_place() {
        let mut texts = vec![String::new()];
        for from in 0..40 {
            texts.extend(["a", "b", "c"].map(|line| texts[from].clone() + line));
        }
        assert_eq!(texts.last().map(String::as_str), Some("cccc"));
        let texts: Vec<Vec<u32>> = texts.iter().map(|text| numbers(text)).collect();
        for base in &texts {
            for version in &texts {
                let common = longest_common(base, version);
                assert_eq!(common.len(), longest(base, version), "{base:?} {version:?}");
                assert!(common.iter().all(|(b, v)| base[*b] == version[*v]), "{base:?} {version:?}");
                assert!(common.is_sorted_by(|(a, b), (c, d)| a < c && b < d), "{base:?} {version:?}");
            }
        }
        assert_eq!(longest_common(&numbers("ab"), &numbers("ba")), [(1, 0)]);
    }

    #[test]
    fn a_table_of_a_million_pairs_is_filled_and_no_larger_one() {
        let same = |lines: usize| vec![1; lines];
        assert_eq!(longest_common(&same(1023), &same(1023)).len(), 1023);
        assert_eq!(longest_common(&same(1024), &same(1023)), []);
    }

    #[test]
    fn long_texts_without_a_common_line_end_soon() {
        let (base, version): (Vec<u32>, Vec<u32>) = ((0..100_000).collect(), (100_000..200_000).collect());
        assert!(align(&base, &version).iter().all(Option::is_none));
        let twice = |from: u32| (from..from + 50_000).flat_map(|line| [line, line]).collect::<Vec<u32>>();
        assert!(align(&twice(0), &twice(50_000)).iter().all(Option::is_none));
    }
}
