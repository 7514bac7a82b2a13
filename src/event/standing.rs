//! Where the work packages of a mission stand, as its log tells: for people, never for a decision.

use std::collections::{BTreeMap, HashSet};

use super::log::lane_rows;
use super::transition::text;
use crate::gate::Contract;

/// How many work packages stand in each lane, in the order in which lanes are gone through; lanes that the contract
/// does not know come last. Rows that cannot be read, and those without a work package, say nothing.
pub fn lane_counts(log: &[u8]) -> Vec<(String, usize)> {
    let mut seen = HashSet::new();
    let mut moves: Vec<(String, String, String, String)> = lane_rows(log)
        .filter_map(|(_, row)| {
            let row = row.ok()?;
            let of = |key| text(&row, key).unwrap_or_default().to_owned();
            let id = of("event_id");
            // Of rows with one id the first counts.
            (id.is_empty() || seen.insert(id.clone())).then(|| (of("at"), id, of("wp_id"), of("to_lane")))
        })
        .filter(|(_, _, package, lane)| !package.is_empty() && !lane.is_empty())
        .collect();
    moves.sort();
    let stands: BTreeMap<String, String> =
        moves.into_iter().map(|(_, _, package, lane)| (package, lane)).collect();
    let contract = Contract::embedded().ok();
    let rank = |lane: &str| {
        contract
            .and_then(|contract| contract.lanes().iter().position(|known| known == lane))
            .unwrap_or(usize::MAX)
    };
    let mut counts: BTreeMap<(usize, String), usize> = BTreeMap::new();
    for lane in stands.into_values() {
        let lane = contract.and_then(|contract| contract.lane(&lane)).map_or(lane.clone(), str::to_owned);
        *counts.entry((rank(&lane), lane)).or_default() += 1;
    }
    counts.into_iter().map(|((_, lane), count)| (lane, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_move_of_each_package_counts() {
        let row = |id: &str, at: &str, package: &str, to: &str| {
            format!(
                "{{\"at\": \"{at}\", \"event_id\": \"{id}\", \"to_lane\": \"{to}\", \"wp_id\": \"{package}\"}}\n"
            )
        };
        let log = [
            row("B", "2", "WP01", "done"),
            row("A", "1", "WP01", "planned"),
            row("C", "1", "WP02", "doing"),
            row("C", "9", "WP02", "done"),
            row("D", "3", "WP03", "done"),
            row("E", "3", "WP04", "elsewhere"),
            "not JSON\n{\"kind\": \"annotation\", \"to_lane\": \"x\", \"wp_id\": \"WP01\"}\n".to_owned(),
        ]
        .concat();
        let expected = [("in_progress", 1), ("done", 2), ("elsewhere", 1)];
        let counts = lane_counts(log.as_bytes());
        let shown: Vec<(&str, usize)> = counts.iter().map(|(lane, count)| (lane.as_str(), *count)).collect();
        assert_eq!(shown, expected);
        assert_eq!(lane_counts(b""), []);
    }
}
