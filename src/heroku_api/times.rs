//! What an answer's headers say of time: when it was written, and how long to wait.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// The longest wait that is believed. Heroku's limit is one of requests in an hour.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// When an answer was written; none where it does not tell.
pub(super) fn written(headers: &HeaderMap) -> Option<Timestamp> {
    Timestamp::try_from(date(headers, &DATE)?).ok()
}

/// How long to wait before asking again, as `Retry-After` says it: in seconds, or until a date. None
/// where it says nothing, nothing that is one of these, or more than a day.
///
/// A date is counted from the answer's own `Date`: this machine's clock, `now`, may be wrong.
///
/// Source: RFC 9110, sections 5.6.7 and 10.2.3.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let wait = match text(headers, &RETRY_AFTER)?.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = date(headers, &RETRY_AFTER)?;
            let from = date(headers, &DATE).unwrap_or(now);
            until.duration_since(from).unwrap_or_default()
        }
    };
    (wait <= LONGEST).then_some(wait)
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, name)?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    /// 2026-11-25T10:00:00Z
    const NOW: Duration = Duration::from_secs(1_795_600_800);

    fn wait(after: &str, written: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(after).unwrap());
        if let Some(written) = written {
            headers.insert(DATE, HeaderValue::from_str(written).unwrap());
        }
        retry_after(&headers, SystemTime::UNIX_EPOCH + NOW).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_a_number_of_seconds_or_a_date_in_any_form_of_http() {
        for (after, seconds) in [
            ("0", 0),
            (" 7 ", 7),
            ("86400", 86_400),
            ("Wed, 25 Nov 2026 10:00:30 GMT", 30),
            ("Wednesday, 25-Nov-26 10:00:30 GMT", 30),
            ("Wed Nov 25 10:00:30 2026", 30),
        ] {
            assert_eq!(wait(after, None), Some(seconds), "{after}");
        }
    }

    #[test]
    fn a_date_is_counted_from_the_answers_own_clock() {
        let (after, written) = (
            "Wed, 25 Nov 2026 16:00:30 GMT",
            "Wed, 25 Nov 2026 16:00:00 GMT",
        );
        assert_eq!(wait(after, Some(written)), Some(30));
        assert_eq!(wait(after, Some("a while ago")), Some(6 * 3600 + 30));
        assert_eq!(wait("5", Some(written)), Some(5));
    }

    #[test]
    fn a_date_that_is_over_is_no_wait() {
        assert_eq!(wait("Wed, 25 Nov 2026 09:59:00 GMT", None), Some(0));
        assert_eq!(wait("Thu, 01 Jan 1970 00:00:00 GMT", None), Some(0));
    }

    #[test]
    fn what_nobody_would_wait_for_is_not_believed() {
        for after in [
            "",
            "soon",
            "-1",
            "1.5",
            "86401",
            "99999999999999999999999",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "Wed, 31 Feb 2026 10:00:00 GMT",
            "Wed, 25 Nov 2026 10:00:30 +0100",
        ] {
            assert_eq!(wait(after, None), None, "{after}");
        }
    }

    #[test]
    fn the_time_of_an_answer_is_read_as_http_writes_it() {
        let mut headers = HeaderMap::new();
        assert_eq!(written(&headers), None);
        headers.insert(
            DATE,
            HeaderValue::from_static("Wed, 25 Nov 2026 10:00:00 GMT"),
        );
        let time = written(&headers).unwrap();
        assert_eq!(time.to_string(), "2026-11-25T10:00:00Z");
        headers.insert(DATE, HeaderValue::from_static("soon"));
        assert_eq!(written(&headers), None);
    }

    proptest! {
        #[test]
        fn no_header_makes_a_long_wait_or_a_crash(after in "[ -~]{0,40}", written in "[ -~]{0,40}") {
            prop_assert!(wait(&after, Some(&written)).is_none_or(|wait| wait <= 86_400));
        }
    }
}
