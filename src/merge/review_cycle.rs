//! The `review-cycle` driver: a review is one document, and two of them are never made into a third.
//!
//! Equal, or changed on one side only: clean. Else both texts whole, between markers. Knows nothing about verdicts.

use super::Merged;
use super::report::{Conflict, Decision, Rule, Winner};
use super::style::ConflictStyle;
use super::text::{Hunk, Refusal, Text, Token};
use super::{Side, Sides};

/// Merges three reviews. An empty base is a review that both sides added.
pub fn merge(texts: &Sides<&[u8]>, style: &ConflictStyle) -> Result<Merged, Refusal> {
    let reviews = texts.try_map(Review::read)?;
    let Sides { base, ours, theirs } = reviews.as_ref().map(Review::sorted);
    let (review, winner) = if ours == theirs {
        (reviews.ours, None)
    } else if base == theirs {
        (reviews.ours, Some(Winner::Ours))
    } else if base == ours {
        (reviews.theirs, Some(Winner::Theirs))
    } else {
        (both(reviews.ours, reviews.theirs)?, None)
    };
    let text = match &review {
        Review::Plain(text) => text.proven(style)?,
        Review::Open(first, second) => {
            let hunk = Hunk { first: first.lines(), second: second.lines() };
            Text { tokens: vec![Token::Hunk(hunk)], ended: true }.proven(style)?
        }
    };
    let path = || vec!["the review".to_owned()];
    let open = matches!(review, Review::Open(..));
    Ok(Merged {
        text: text.into_bytes(),
        conflicts: open.then(|| Conflict { path: path() }).into_iter().collect(),
        decisions: winner
            .map(|winner| Decision { path: path(), rule: Rule::OnlyChange, winner })
            .into_iter()
            .collect(),
    })
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Review<'a> {
    Plain(Text<'a>),
    /// It came with conflict markers. INVARIANT: both are plain, and they differ.
    Open(Text<'a>, Text<'a>),
}

impl<'a> Review<'a> {
    fn read(side: Side, bytes: &'a [u8]) -> Result<Self, Refusal> {
        let text = Text::read(side, bytes)?;
        let half = |of: fn(&Hunk<'a>) -> Vec<&'a str>| {
            let tokens = text.tokens.iter().flat_map(|token| match token {
                Token::Line(line) => vec![Token::Line(line)],
                Token::Hunk(hunk) => of(hunk).into_iter().map(Token::Line).collect(),
            });
            Text { tokens: tokens.collect(), ended: true }
        };
        let (first, second) = (half(|hunk| hunk.first.clone()), half(|hunk| hunk.second.clone()));
        Ok(if text.is_plain() {
            Self::Plain(text)
        } else if first == second {
            Self::Plain(first)
        } else {
            Self::Open(first, second)
        })
    }

    /// Equal reviews look alike: two readings in one order, because rerere sorts the halves of a hunk.
    fn sorted(&self) -> Self {
        match self.clone() {
            Self::Open(first, second) if second < first => Self::Open(second, first),
            review => review,
        }
    }

    fn readings(self) -> Vec<Text<'a>> {
        match self {
            Self::Plain(text) => vec![text],
            Self::Open(first, second) => vec![first, second],
        }
    }
}

/// Both sides open. Of two sides that came with readings of their own, those that differ have to be two.
fn both<'a>(ours: Review<'a>, theirs: Review<'a>) -> Result<Review<'a>, Refusal> {
    let mut readings: Vec<Text<'a>> = Vec::with_capacity(4);
    for mut reading in ours.readings().into_iter().chain(theirs.readings()) {
        // In a hunk a last line ends with a newline.
        reading.ended = true;
        if !readings.contains(&reading) {
            readings.push(reading);
        }
    }
    match &readings[..] {
        // They differ in nothing but that newline.
        [one] => Ok(Review::Plain(one.clone())),
        [first, second] => Ok(Review::Open(first.clone(), second.clone())),
        _ => Err(Refusal::Tangled),
    }
}
