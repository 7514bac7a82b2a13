//! Moves between lanes that nobody may make without force, for the audit. Never a reason to refuse a log.

use super::log::lane_rows;
use crate::gate::Contract;
use crate::json::Value;

/// The lane that a work package is in before anything was said about it.
pub(super) const ORIGIN: &str = "genesis";

/// A move that is against the rules, and was recorded all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IllegalMove {
    /// The line of the log, from 1
    pub line: usize,
    /// The row's `event_id`, if it has one
    pub event_id: Option<String>,
    /// The work package
    pub wp_id: String,
    /// As the row spells it; `None` at the beginning
    pub from: Option<String>,
    /// As the row spells it
    pub to: String,
}

/// Whether a work package may move so. Force may do anything between lanes that there are.
pub fn is_legal(contract: &Contract, from: Option<&str>, to: &str, force: bool) -> bool {
    let (Some(from), Some(to)) = (contract.lane(from.unwrap_or(ORIGIN)), contract.lane(to)) else {
        return false;
    };
    force || contract.moves_from(from).iter().any(|lane| lane == to)
}

/// The moves of a log that are against the rules, in the order of the log.
pub fn illegal_moves(log: &[u8]) -> Vec<IllegalMove> {
    // A contract that cannot be read stops every payload at the gate; there is nothing to audit by.
    let Ok(contract) = Contract::embedded() else { return Vec::new() };
    let mut found = Vec::new();
    for (line, row) in lane_rows(log) {
        let Ok(row) = row else { continue };
        let text = |key: &str| row.get(key).and_then(Value::as_str);
        let (from, to) = (text("from_lane"), text("to_lane").unwrap_or_default());
        let force = row.get("force") == Some(&Value::Bool(true));
        if !is_legal(contract, from, to, force) {
            found.push(IllegalMove {
                line,
                event_id: text("event_id").map(str::to_owned),
                wp_id: text("wp_id").unwrap_or_default().to_owned(),
                from: from.map(str::to_owned),
                to: to.to_owned(),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_are_judged_by_the_contract() {
        let contract = Contract::embedded().expect("the contract");
        for (from, to, force, legal) in [
            (None, "planned", false, true),
            (None, "done", false, false),
            (None, "done", true, true),
            (Some("planned"), "claimed", false, true),
            (Some("planned"), "planned", false, false),
            (Some("claimed"), "doing", false, true),
            (Some("doing"), "for_review", false, true),
            (Some("done"), "planned", false, false),
            (Some("canceled"), "planned", true, true),
            (Some("in_review"), "approved", false, true),
            (Some("planned"), "Claimed", false, false),
            (Some("nowhere"), "planned", true, false),
        ] {
            assert_eq!(is_legal(contract, from, to, force), legal, "{from:?} to {to}");
        }
    }

    #[test]
    fn illegal_moves_are_named_and_nothing_else() {
        let log = concat!(
            "{\"event_id\": \"A\", \"wp_id\": \"WP01\", \"from_lane\": \"planned\", \"to_lane\": \"done\"}\n",
            "\n",
            "not JSON\n",
            "{\"kind\": \"annotation\", \"to_lane\": \"done\"}\n",
            "{\"event_id\": \"B\", \"wp_id\": \"WP01\", \"from_lane\": \"done\", \"to_lane\": \"planned\", \"force\": true}\n",
        );
        let found = illegal_moves(log.as_bytes());
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].line, found[0].wp_id.as_str(), found[0].to.as_str()), (1, "WP01", "done"));
        assert_eq!((found[0].event_id.as_deref(), found[0].from.as_deref()), (Some("A"), Some("planned")));
    }
}
