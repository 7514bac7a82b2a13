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

    /// This much later; the last point in time there is where that would lie beyond it.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.checked_add(span).unwrap_or(jiff::Timestamp::MAX))
    }

    /// The time from `earlier` to this, nothing if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or(Duration::ZERO)
    }

    /// Reads a date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        jiff::fmt::rfc2822::parse(text).ok().map(|time| Self(time.timestamp()))
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

/// A moment after which something is given up; not disturbed by changes of the clock.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    watch: Stopwatch,
    span: Duration,
}

impl Deadline {
    /// So much from now.
    pub fn after(span: Duration) -> Self {
        Self { watch: Stopwatch::start(), span }
    }

    /// What is left until then, nothing if it has passed.
    pub fn remaining(&self) -> Duration {
        self.span.saturating_sub(self.watch.elapsed())
    }

    /// The same with at most this much left.
    #[must_use]
    pub fn at_most(self, span: Duration) -> Self {
        if self.remaining() > span { Self::after(span) } else { self }
    }

    /// The same with at least this much left.
    #[must_use]
    pub fn at_least(self, span: Duration) -> Self {
        if self.remaining() < span { Self::after(span) } else { self }
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
    fn a_date_of_http_is_a_point_in_time() {
        let date = Instant::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        assert_eq!(Some(date), Instant::parse("1994-11-06T08:49:37Z"));
        assert_eq!(date.after(Duration::from_secs(3)).since(date), Duration::from_secs(3));
        assert_eq!(date.since(date.after(Duration::from_secs(3))), Duration::ZERO);
        for junk in ["", "soon", "120", "1994-11-06", "Sun, 36 Nov 1994 08:49:37 GMT"] {
            assert_eq!(Instant::parse_http_date(junk), None, "{junk}");
        }
    }

    #[test]
    fn a_deadline_passes() {
        assert_eq!(Deadline::after(Duration::ZERO).remaining(), Duration::ZERO);
        let roomy = Duration::from_secs(3600);
        assert!(Deadline::after(Duration::ZERO).at_least(roomy).remaining() > Duration::from_secs(3000));
        assert!(Deadline::after(roomy).at_least(Duration::ZERO).remaining() > Duration::from_secs(3000));
    }

    #[test]
    fn written_form_is_pinned() {
        let instant = Instant::parse("2026-04-06T07:01:28.874035+02:00").expect("a time");
        assert_eq!(instant.to_iso(), "2026-04-06T05:01:28.874035+00:00");
        assert_eq!(instant.unix_millis(), 1_775_451_688_874);
    }
}
