//! What is remembered of a server between two runs: whether it hung. Then a push waits only briefly for it, until a
//! run has worked again.

use std::time::Duration;

use super::Flushed;
use crate::queue::{Queue, QueueError};

/// The key under which the store remembers it.
const KEY: &str = "circuit";
const HANGING: &str = "hanging";
/// How long a push waits for a server that hung the last time.
const BRIEFLY: Duration = Duration::from_millis(500);

/// How long a push may wait now.
pub(super) fn budget(queue: &Queue, whole: Duration) -> Result<Duration, QueueError> {
    Ok(if queue.state(KEY)?.is_some() { whole.min(BRIEFLY) } else { whole })
}

/// Remembers what a run found.
pub(super) fn remember(queue: &mut Queue, flushed: &Flushed) -> Result<(), QueueError> {
    let was_hanging = queue.state(KEY)?.is_some();
    if flushed.met.hang && !was_hanging {
        queue.set_state(KEY, Some(HANGING))?;
    } else if was_hanging && flushed.met.answer && !flushed.met.hang {
        queue.set_state(KEY, None)?;
    }
    Ok(())
}
