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
        usual(text.as_bytes()).or_else(|| text.parse().ok()).map(Self)
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

/// Reads the form that [`Instant::to_iso`] writes, with any fraction or none, or with `Z`, of these two millennia. Files hold
/// thousands of them. `None` for whatever else it may be.
fn usual(text: &[u8]) -> Option<jiff::Timestamp> {
    let (whole, rest) = text.split_first_chunk()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2] = *whole
    else {
        return None;
    };
    let read = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |number, digit| {
            digit.is_ascii_digit().then(|| 10 * number + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (read(&[y1, y2, y3, y4])?, read(&[m1, m2])?, read(&[d1, d2])?);
    let (hour, minute, second) = (read(&[h1, h2])?, read(&[n1, n2])?, read(&[s1, s2])?);
    let last = match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let is_there = (1000..3000).contains(&year) && (1..=12).contains(&month) && (1..=last).contains(&day);
    (is_there && hour < 24 && minute < 60 && second < 60).then_some(())?;
    let (nanoseconds, zone) = match rest {
        [b'.', rest @ ..] => {
            let length = rest.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
            let (fraction, zone) = rest.split_at_checked(length).filter(|_| (1..=9).contains(&length))?;
            (read(fraction)? * 10_i64.pow(9 - u32::try_from(length).ok()?), zone)
        }
        zone => (0, zone),
    };
    matches!(zone, b"Z" | b"+00:00").then_some(())?;
    // Years begin with March, so that the day that leap years have more is the last one.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day - 719_469;
    let seconds = ((24 * days + hour) * 60 + minute) * 60 + second;
    jiff::Timestamp::new(seconds, i32::try_from(nanoseconds).ok()?).ok()
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
    use proptest::prelude::*;

    use super::*;

    /// Nearly what files hold.
    fn spelling() -> impl Strategy<Value = String> {
        let year = prop_oneof![Just(2026), 995..1005_u32, 1599..1605_u32, 1895..2105_u32, 2995..3005_u32];
        let parts = (year, 0..15_u32, 0..34_u32, 0..26_u32, 0..62_u32, 0..62_u32);
        let fraction =
            prop_oneof![Just(String::new()), "\\.[0-9]{0,11}", Just(".874035".to_owned()), "[,x][0-9]{3}"];
        let zone = prop::sample::select(vec![
            "Z",
            "+00:00",
            "z",
            "-00:00",
            "+00",
            "+01:00",
            "",
            "+00:00[UTC]",
            " Z",
        ]);
        let between = prop::sample::select(vec!["T", "T", "T", " ", "t", ""]);
        (parts, between, fraction, zone).prop_map(|((y, m, d, h, n, s), between, fraction, zone)| {
            format!("{y:04}-{m:02}-{d:02}{between}{h:02}:{n:02}:{s:02}{fraction}{zone}")
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn the_usual_form_is_read_as_any_other(mut text in spelling(), at in 0..40_usize, byte in any::<Option<u8>>()) {
            if let Some(byte) = byte && at < text.len() {
                text.replace_range(at..=at, &char::from(byte & 0x7f).to_string());
            }
            if let Some(found) = usual(text.as_bytes()) {
                prop_assert_eq!(Some(found), text.parse().ok(), "{}", text);
            }
        }
    }

    #[test]
    fn every_day_but_leap_days_is_read_at_once() {
        let mut day = jiff::civil::date(1000, 1, 1);
        while day.year() < 3000 {
            let text = format!("{day}T12:34:56.5Z");
            let found = usual(text.as_bytes());
            let is_leap_day = (day.month(), day.day()) == (2, 29);
            assert_eq!(found.is_none(), is_leap_day, "{text}");
            assert_eq!(Instant::parse(&text), text.parse().ok().map(Instant), "{text}");
            day = day.tomorrow().expect("a day");
        }
    }

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
