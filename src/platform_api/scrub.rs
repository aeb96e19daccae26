//! A server's words, made fit to be shown to a person.

use crate::credential::Token;
use crate::problem::shown;

/// One line of a sane length, in which everything that looks like a secret is a `…`.
///
/// A secret is what opens with `HRKU-`, what follows `Basic` or `Bearer`, and any run of letters
/// and digits as long as a token that has both: UUIDs and hexadecimal digests among them.
pub(super) fn scrubbed(text: &str) -> String {
    const LONGEST: usize = 300;
    let visible = shown(text);
    let mut line = String::new();
    let mut after_scheme = false;
    for word in visible.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        match after_scheme && !is_plain(word) {
            true => line.push('…'),
            false => line.push_str(&without_secrets(word)),
        }
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        after_scheme = ["basic", "bearer"].contains(&word.to_ascii_lowercase().as_str());
    }
    line.chars().take(LONGEST).collect()
}

/// A word of a language, as in "Basic authentication": what is encoded has capitals or digits.
fn is_plain(word: &str) -> bool {
    let inner = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    inner.chars().all(|c| c.is_ascii_lowercase())
}

fn without_secrets(word: &str) -> String {
    let in_run = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut shown = String::new();
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c| !in_run(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        shown.push_str(if is_secret(run) { "…" } else { run });
        let next = after.find(in_run).unwrap_or(after.len());
        let (between, after) = after.split_at(next);
        shown.push_str(between);
        rest = after;
    }
    shown
}

fn is_secret(run: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| run.as_bytes().iter().any(kind);
    let long = run.len() >= Token::SHORTEST;
    run.contains("HRKU-")
        || (long && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic))
        || (long && run.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UUID: &str = "01234567-89ab-cdef-0123-456789abcdef";

    #[test]
    fn everything_that_looks_like_a_token_is_masked() {
        for (said, shown) in [
            (
                format!("the token HRKU-{UUID}, is bad"),
                "the token …, is bad",
            ),
            (format!("{{\"token\":\"{UUID}\"}}"), "{\"token\":\"…\"}"),
            (format!("key={UUID}&x=1"), "key=…&x=1"),
            ("HRKU-AA_short".to_owned(), "…"),
            ("sent Basic YW5uOng= to us".to_owned(), "sent Basic … to us"),
            (
                "Authorization: bearer abCdef".to_owned(),
                "Authorization: bearer …",
            ),
        ] {
            assert_eq!(scrubbed(&said), shown);
        }
    }

    #[test]
    fn plain_words_and_addresses_stay() {
        for said in [
            "Invalid credentials provided.",
            "see https://devcenter.heroku.com/articles/platform-api-reference#rate-limits",
            "Basic authentication is off",
        ] {
            assert_eq!(scrubbed(said), said);
        }
    }

    #[test]
    fn what_would_draw_on_the_terminal_is_gone() {
        let said = "a\u{1b}[2J\nb\u{202e}c\u{200b}d \u{9b}31m";
        assert_eq!(scrubbed(said), "a [2J bcd 31m");
    }

    #[test]
    fn it_is_cut_to_a_length_that_can_be_read() {
        assert_eq!(scrubbed(&"é ".repeat(1000)).chars().count(), 300);
    }

    proptest! {
        #[test]
        fn no_surrounding_saves_a_token_from_the_mask(before in ".{0,20}", after in ".{0,20}") {
            for token in [UUID.to_owned(), format!("HRKU-{UUID}")] {
                let shown = scrubbed(&[&before, token.as_str(), &after].concat());
                prop_assert!(!shown.contains("89ab-cdef"));
            }
        }
    }
}
