//! When a row is tried again. The clock and the dice come from outside, so that a year of tries can be tested in a
//! second.

use std::time::Duration;

use crate::clock::Instant;
use crate::id::random_uuid;
use crate::transport::Pause;

/// The longest wait between two tries that nobody asked for.
const MAX_WAIT: Duration = Duration::from_secs(300);
/// The longest wait that a server may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// The clock and the dice.
pub trait Timing {
    /// The present time.
    fn now(&self) -> Instant;

    /// Anything from 0 to below 1, each as likely.
    fn dice(&self) -> f64;
}

/// Those of the system.
#[derive(Debug, Clone, Copy)]
pub struct SystemTiming;

impl Timing for SystemTiming {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn dice(&self) -> f64 {
        let digits =
            random_uuid().bytes().filter(u8::is_ascii_hexdigit).take(8).map(char::from).collect::<String>();
        f64::from(u32::from_str_radix(&digits, 16).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
    }
}

/// How long a row waits after so many rejections: what the server asks for, at most a day; else anything up to one
/// second doubled with each rejection, at most five minutes.
pub(super) fn wait(timing: &dyn Timing, tries: u32, pause: Option<Pause>) -> Duration {
    match pause {
        Some(pause) => pause.from(timing.now()).min(MAX_PAUSE),
        None => Duration::from_secs(1_u64 << tries.min(9)).min(MAX_WAIT).mul_f64(timing.dice()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(f64);

    impl Timing for Fixed {
        fn now(&self) -> Instant {
            Instant::from_unix_seconds(1_000_000).expect("a time")
        }

        fn dice(&self) -> f64 {
            self.0
        }
    }

    #[test]
    fn waits_grow_end_and_are_spread_over_their_whole_length() {
        let waits = |dice| [0, 1, 2, 8, 9, 100].map(|tries| wait(&Fixed(dice), tries, None).as_millis());
        assert_eq!(waits(0.0), [0; 6]);
        assert_eq!(waits(0.5), [500, 1_000, 2_000, 128_000, 150_000, 150_000]);
        assert_eq!(waits(1.0), [1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
    }

    #[test]
    fn what_the_server_asks_for_wins_and_is_believed_for_a_day() {
        let now = Fixed(0.5).now();
        let asked = |pause| wait(&Fixed(0.5), 3, Some(pause)).as_secs();
        assert_eq!(asked(Pause::For(Duration::from_secs(7))), 7);
        assert_eq!(asked(Pause::For(Duration::from_secs(u64::MAX))), 86_400);
        assert_eq!(asked(Pause::Until(now.after(Duration::from_secs(90)))), 90);
        assert_eq!(asked(Pause::Until(now.after(Duration::from_secs(900_000)))), 86_400);
        assert_eq!(
            wait(&Fixed(0.5), 3, Some(Pause::Until(Instant::from_unix_seconds(0).expect("a time"))))
                .as_secs(),
            0
        );
    }

    #[test]
    fn the_dice_have_many_sides() {
        let thrown: Vec<f64> = (0..1_000).map(|_| SystemTiming.dice()).collect();
        assert!(thrown.iter().all(|share| (0.0..1.0).contains(share)));
        let mean = thrown.iter().sum::<f64>() / 1_000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }
}
