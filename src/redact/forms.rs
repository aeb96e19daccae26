//! The forms of secrets and names that this process does not know. Each function searches the bytes of a view
//! and returns the ranges to remove.

use std::ops::Range;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::Hide;
use super::names;
use super::search;
use crate::token::Token;

const PREFIX: &[u8] = b"HRKU-";

/// What has the form of a secret or of a name, in one view of a text.
pub(super) fn found(text: &[u8], hide: Hide) -> Vec<Range<usize>> {
    let mut ranges = in_base64(text);
    ranges.extend(tokens(text, hide));
    ranges.extend(credentials_of_headers(text));
    ranges.extend(names::before_an_at(text, hide));
    ranges
}

/// Runs of base64 letters that encode a token, beginning at any of their first four letters.
fn in_base64(text: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = runs(text, search::is_base64_letter);
    ranges.retain(|run| (0..4).any(|skipped| decodes_to_a_token(&text[run.clone()], skipped)));
    let padding = |end: usize| text[end..].iter().take_while(|byte| **byte == b'=').count();
    ranges
        .into_iter()
        .map(|run| run.start..run.end + padding(run.end))
        .collect()
}

fn decodes_to_a_token(run: &[u8], skipped: usize) -> bool {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let letters = run.iter().skip(skipped).map(|letter| match letter {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    });
    let mut letters: Zeroizing<Vec<u8>> = Zeroizing::new(letters.collect());
    // One leftover letter does not encode a whole byte.
    if letters.len() % 4 == 1 {
        letters.pop();
    }
    let Ok(decoded) = LENIENT.decode(&letters) else {
        return false;
    };
    let decoded = Zeroizing::new(decoded);
    let mut windows = decoded.windows(PREFIX.len());
    windows.any(|window| window == PREFIX) || !search::uuids(&decoded).is_empty()
}

/// Heroku's prefix, and the hexadecimal digits of old tokens; with guesses also anything as long and
/// as random as a token.
fn tokens(text: &[u8], hide: Hide) -> Vec<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let mut ranges = Vec::new();
    for run in runs(text, is_part) {
        let word = &text[run.clone()];
        if is_prefixed(word) || is_digest(word) || (hide.has_guesses() && looks_random(word)) {
            ranges.push(run);
        }
    }
    ranges
}

fn is_prefixed(word: &[u8]) -> bool {
    // The prefix alone is not a token, but only mentions one.
    let Some((_, word)) = word.split_last() else {
        return false;
    };
    word.windows(PREFIX.len())
        .any(|window| window.eq_ignore_ascii_case(PREFIX))
}

fn is_digest(word: &[u8]) -> bool {
    let runs = runs(word, |byte| byte.is_ascii_hexdigit());
    runs.iter().any(|run| run.len() >= 32)
}

fn looks_random(word: &[u8]) -> bool {
    let has = |kind: fn(&u8) -> bool| word.iter().any(kind);
    let all_digits = word.iter().all(u8::is_ascii_digit);
    word.len() >= Token::SHORTEST
        && has(u8::is_ascii_digit)
        && (has(u8::is_ascii_alphabetic) || all_digits)
}

/// What follows `Basic` or `Bearer`, up to the next blank.
fn credentials_of_headers(text: &[u8]) -> Vec<Range<usize>> {
    let words = words(text);
    let at = |word: &Range<usize>| &text[word.clone()];
    let pairs = words.iter().zip(words.iter().skip(1));
    pairs
        .filter(|(scheme, word)| is_scheme(at(scheme)) && !is_of_a_language(at(word)))
        .map(|(_, word)| word.clone())
        .collect()
}

fn is_scheme(word: &[u8]) -> bool {
    let last = inner(word).rsplit(|byte| b":=".contains(byte)).next();
    last.is_some_and(|last| {
        last.eq_ignore_ascii_case(b"basic") || last.eq_ignore_ascii_case(b"bearer")
    })
}

/// An ordinary word, as in "Basic authentication": an encoded credential has capitals or digits.
fn is_of_a_language(word: &[u8]) -> bool {
    inner(word).iter().all(u8::is_ascii_lowercase)
}

fn inner(word: &[u8]) -> &[u8] {
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric();
    let start = word.iter().position(is_inner).unwrap_or(word.len());
    let end = word
        .iter()
        .rposition(is_inner)
        .map_or(start, |last| last + 1);
    &word[start..end]
}

/// The words between blanks of any kind.
fn words(text: &[u8]) -> Vec<Range<usize>> {
    let mut blanks = Vec::new();
    let mut at = 0;
    for chunk in text.utf8_chunks() {
        let of_chunk = chunk.valid().char_indices();
        let of_chunk = of_chunk.filter(|(_, c)| c.is_whitespace());
        blanks.extend(of_chunk.map(|(place, c)| at + place..at + place + c.len_utf8()));
        at += chunk.valid().len() + chunk.invalid().len();
    }
    let starts = [0].into_iter().chain(blanks.iter().map(|blank| blank.end));
    let ends = blanks.iter().map(|blank| blank.start).chain([text.len()]);
    let words = starts.zip(ends).map(|(start, end)| start..end);
    words.filter(|word| !word.is_empty()).collect()
}

/// The longest runs of bytes for which `is` is true.
fn runs(text: &[u8], is: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.iter().enumerate().filter(|(_, byte)| is(**byte)) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}
