//! Reading three notes, deciding every passage, and proving what comes out.

use std::collections::HashMap;
use std::ops::Range;

use super::additions;
use super::align::align;
use crate::merge::report::{Conflict, Decision, Rule, Winner};
use crate::merge::style::ConflictStyle;
use crate::merge::text::{Hunk, Refusal, Text, Token};
use crate::merge::{Merged, Sides};

/// Merges three notes. An empty base is a note that both sides added.
pub fn merge(texts: &Sides<&[u8]>, style: &ConflictStyle) -> Result<Merged, Refusal> {
    let texts = texts.try_map(Text::read)?;
    let mut merged = Decided::of(&texts)?;
    if merged.is_unsteady(&texts)? {
        merged = Decided::open(&texts);
    }
    let Decided { text, conflicts, decisions } = merged;
    // INVARIANT: a text with a hunk is never clean.
    if text.is_plain() != conflicts.is_empty() {
        return Err(Refusal::Unproven);
    }
    Ok(Merged { text: text.proven(style)?.into_bytes(), conflicts, decisions })
}

/// What was decided, before it is written.
struct Decided<'a> {
    text: Text<'a>,
    conflicts: Vec<Conflict>,
    decisions: Vec<Decision>,
}

impl<'a> Decided<'a> {
    fn of(texts: &Sides<Text<'a>>) -> Result<Self, Refusal> {
        let ids = ids(texts);
        let points = fixed_points(texts, &ids);
        let ended = ended(texts);
        let mut decided =
            Self { text: Text { tokens: Vec::new(), ended }, conflicts: Vec::new(), decisions: Vec::new() };
        let mut from = Sides { base: 0, ours: 0, theirs: 0 };
        let ends = texts.as_ref().map(|text| text.tokens.len());
        for point in points.iter().copied().chain([ends]) {
            let passage = Sides {
                base: from.base..point.base,
                ours: from.ours..point.ours,
                theirs: from.theirs..point.theirs,
            };
            decided.passage(texts, &ids, passage)?;
            if let Some(fixed) = texts.ours.tokens.get(point.ours) {
                decided.take(point.base + 1, std::slice::from_ref(fixed));
            }
            from = point.map(|at| at + 1);
        }
        // A blank line is nothing but its newline.
        decided.text.ended |= decided.text.tokens.last().is_some_and(Token::is_blank);
        Ok(decided)
    }

    /// Decides what stands between two fixed points.
    fn passage(
        &mut self,
        texts: &Sides<Text<'a>>,
        ids: &Sides<Vec<u32>>,
        passage: Sides<Range<usize>>,
    ) -> Result<(), Refusal> {
        let line = passage.base.start + 1;
        let Sides { base, ours, theirs } = Sides {
            base: &ids.base[passage.base.clone()],
            ours: &ids.ours[passage.ours.clone()],
            theirs: &ids.theirs[passage.theirs.clone()],
        };
        let (of_ours, of_theirs) = (&texts.ours.tokens[passage.ours], &texts.theirs.tokens[passage.theirs]);
        if ours == theirs || base == theirs {
            if ours != base && ours != theirs {
                self.decided(line, Rule::OnlyChange, Winner::Ours);
            }
            self.take(line, of_ours);
            return Ok(());
        }
        if base == ours {
            self.decided(line, Rule::OnlyChange, Winner::Theirs);
            self.take(line, of_theirs);
            return Ok(());
        }
        let lines = |tokens: &[Token<'a>]| tokens.iter().map(Token::line).collect::<Option<Vec<&'a str>>>();
        let (Some(of_ours), Some(of_theirs)) = (lines(of_ours), lines(of_theirs)) else {
            return Err(Refusal::Tangled);
        };
        let of_base = &texts.base.tokens[passage.base];
        if of_base.iter().all(Token::is_blank) {
            let after = self.text.tokens.last().and_then(Token::line);
            if let Some(both) = additions::union(after, of_base.len(), &of_ours, &of_theirs) {
                self.text.tokens.extend(both.into_iter().map(Token::Line));
                self.decided(line, Rule::SetUnion, Winner::Both);
                return Ok(());
            }
        }
        self.show(line, &of_ours, &of_theirs);
        Ok(())
    }

    /// Takes a side; a hunk in it stays one.
    fn take(&mut self, line: usize, tokens: &[Token<'a>]) {
        let open = tokens.iter().filter(|token| token.line().is_none()).count();
        self.conflicts.extend((0..open).map(|_| Conflict { path: path(line) }));
        self.text.tokens.extend_from_slice(tokens);
    }

    /// Shows both sides; what they begin and end with alike stays outside.
    fn show(&mut self, line: usize, ours: &[&'a str], theirs: &[&'a str]) {
        let begun = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
        let (first, second) = (&ours[begun..], &theirs[begun..]);
        let ended = first.iter().rev().zip(second.iter().rev()).take_while(|(a, b)| a == b).count();
        let put = |tokens: &mut Vec<Token<'a>>, lines: &[&'a str]| {
            tokens.extend(lines.iter().map(|line| Token::Line(line)));
        };
        put(&mut self.text.tokens, &ours[..begun]);
        let (first, after) = first.split_at(first.len() - ended);
        let second = &second[..second.len() - ended];
        self.text.tokens.push(Token::Hunk(Hunk { first: first.to_vec(), second: second.to_vec() }));
        put(&mut self.text.tokens, after);
        self.conflicts.push(Conflict { path: path(line) });
    }

    fn decided(&mut self, line: usize, rule: Rule, winner: Winner) {
        self.decisions.push(Decision { path: path(line), rule, winner });
    }

    /// Whether merging a side again would change a clean result: then lines that stand several times were taken for
    /// each other.
    fn is_unsteady(&self, texts: &Sides<Text<'a>>) -> Result<bool, Refusal> {
        if !self.conflicts.is_empty() || !texts.base.is_plain() {
            return Ok(false);
        }
        let Sides { base, ours, theirs } = texts.clone();
        let again = [
            Sides { base: base.clone(), ours: self.text.clone(), theirs },
            Sides { base, ours, theirs: self.text.clone() },
        ];
        for texts in again {
            let again = Self::of(&texts)?;
            if again.text != self.text {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All of both sides, open.
    fn open(texts: &Sides<Text<'a>>) -> Self {
        let mut decided = Self {
            text: Text { tokens: Vec::new(), ended: ended(texts) },
            conflicts: Vec::new(),
            decisions: Vec::new(),
        };
        decided.show(1, &texts.ours.lines(), &texts.theirs.lines());
        decided
    }
}

fn path(line: usize) -> Vec<String> {
    vec![format!("line {line}")]
}

fn ended(texts: &Sides<Text<'_>>) -> bool {
    let Sides { base, ours, theirs } = texts.as_ref().map(|text| text.ended);
    if base == ours { theirs } else { ours }
}

/// A number for every line and hunk, the same for equal ones.
fn ids<'a>(texts: &Sides<Text<'a>>) -> Sides<Vec<u32>> {
    let mut known = HashMap::new();
    texts.as_ref().map(|text| {
        let number = |token: &Token<'a>| -> u32 {
            // Fewer lines than bytes, and fewer bytes than that in memory.
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry(token.sorted()).or_insert(next)
        };
        text.tokens.iter().map(number).collect()
    })
}

/// Lines that all three hold in the same order. Blank lines are none: they belong to what is around them.
fn fixed_points(texts: &Sides<Text<'_>>, ids: &Sides<Vec<u32>>) -> Vec<Sides<usize>> {
    let places = |text: &Text<'_>| -> Vec<usize> {
        (0..text.tokens.len()).filter(|at| !text.tokens[*at].is_blank()).collect()
    };
    let filled = texts.as_ref().map(places);
    let numbers = |places: &[usize], ids: &[u32]| places.iter().map(|at| ids[*at]).collect::<Vec<u32>>();
    let base = numbers(&filled.base, &ids.base);
    let in_ours = align(&base, &numbers(&filled.ours, &ids.ours));
    let in_theirs = align(&base, &numbers(&filled.theirs, &ids.theirs));
    let point = |(at, (ours, theirs)): (usize, (Option<usize>, Option<usize>))| {
        Some(Sides { base: filled.base[at], ours: filled.ours[ours?], theirs: filled.theirs[theirs?] })
    };
    in_ours.into_iter().zip(in_theirs).enumerate().filter_map(point).collect()
}
