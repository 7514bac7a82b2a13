//! Points in time: reading them from files, writing them, and the one place that asks the system clock.
//!
//! Knows nothing about what a time is for. The only module that names `jiff`.

use std::time::{Duration, SystemTime};

/// A point in time with nanosecond resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(jiff::Timestamp);

impl Instant {
    /// The system clock, now.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system clock")]
    pub fn now() -> Self {
        Self(jiff::Timestamp::try_from(SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }

    /// Reads an ISO 8601 time with an offset (`Z`, `+00:00`), as mission files hold them. A time without an
    /// offset names no point in time and is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// Reads an ISO 8601 time of which it is known that one without an offset is UTC.
    pub fn parse_utc(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| {
            let civil: jiff::civil::DateTime = text.parse().ok()?;
            jiff::tz::TimeZone::UTC.to_timestamp(civil).ok().map(Self)
        })
    }

    /// Seconds since 1970, 0 for what lies before.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        jiff::Timestamp::from_second(seconds).ok().map(Self)
    }

    /// The form that mission files use: UTC, microseconds, `2026-04-06T05:01:28.874035+00:00`.
    pub fn to_iso(self) -> String {
        self.0.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
    }

    /// Milliseconds since 1970, 0 for what lies before.
    pub fn unix_millis(self) -> u64 {
        u64::try_from(self.0.as_millisecond()).unwrap_or(0)
    }

    /// Seconds since 1970 with their fraction, as the queue's columns hold them.
    pub fn unix_seconds_f64(self) -> f64 {
        self.0.as_duration().as_secs_f64()
    }

    /// Whole seconds from `earlier` to this, 0 if it is not earlier.
    pub fn seconds_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.as_second() - earlier.0.as_second()).unwrap_or(0)
    }
}

/// Measures a span of time; not disturbed by changes of the clock.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts measuring.
    #[expect(clippy::disallowed_methods, reason = "the one place that measures time")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_has_many_spellings() {
        let spellings =
            ["2025-11-16T15:23:25Z", "2025-11-16T16:23:25+01:00", "2025-11-16T15:23:25.000000+00:00"];
        for spelling in spellings {
            assert_eq!(Instant::parse(spelling), Instant::parse(spellings[0]), "{spelling}");
            assert!(Instant::parse(spelling).is_some());
        }
        assert_eq!(Instant::parse("2025-11-16T15:23:25"), None);
        assert_eq!(Instant::parse("yesterday"), None);
        assert_eq!(Instant::parse_utc("2025-11-16T15:23:25"), Instant::parse(spellings[0]));
        assert_eq!(Instant::parse_utc(spellings[1]), Instant::parse(spellings[0]));
        assert_eq!(Instant::parse_utc("tomorrow"), None);
    }

    #[test]
    fn written_form_is_pinned() {
        let instant = Instant::parse("2026-04-06T07:01:28.874035+02:00").expect("a time");
        assert_eq!(instant.to_iso(), "2026-04-06T05:01:28.874035+00:00");
        assert_eq!(instant.unix_millis(), 1_775_451_688_874);
    }
}
