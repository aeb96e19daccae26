//! Times in a reply's headers: when it was written, and how long to wait.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// The longest wait that is accepted. Heroku's limit counts requests in an hour.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// When a reply was written; none if it does not say.
pub(super) fn written(headers: &HeaderMap) -> Option<Timestamp> {
    Timestamp::try_from(date(headers, &DATE)?).ok()
}

/// How long to wait before a retry, from `Retry-After`: seconds or a date. None if it is missing,
/// invalid or more than a day.
///
/// A date is compared with the reply's own `Date`: this computer's clock, `now`, may be wrong.
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
    fn a_wait_is_a_number_of_seconds_or_a_date_in_any_format_of_http() {
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
    fn a_date_is_compared_with_the_replys_own_date() {
        let (after, written) = (
            "Wed, 25 Nov 2026 16:00:30 GMT",
            "Wed, 25 Nov 2026 16:00:00 GMT",
        );
        assert_eq!(wait(after, Some(written)), Some(30));
        assert_eq!(wait(after, Some("a while ago")), Some(6 * 3600 + 30));
        assert_eq!(wait("5", Some(written)), Some(5));
    }

    #[test]
    fn a_date_in_the_past_is_no_wait() {
        assert_eq!(wait("Wed, 25 Nov 2026 09:59:00 GMT", None), Some(0));
        assert_eq!(wait("Thu, 01 Jan 1970 00:00:00 GMT", None), Some(0));
    }

    #[test]
    fn an_invalid_or_long_wait_is_ignored() {
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
    fn the_time_of_a_reply_is_read() {
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
        fn no_header_causes_a_long_wait_or_a_panic(after in "[ -~]{0,40}", written in "[ -~]{0,40}") {
            prop_assert!(wait(&after, Some(&written)).is_none_or(|wait| wait <= 86_400));
        }
    }
}
