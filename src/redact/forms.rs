//! The forms of a secret, a name or the home. Each function searches the bytes of a text and returns the
//! ranges to remove.

use std::ops::Range;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::names;
use super::{Found, Hide, Known, Replacement};
use crate::token::Token;

const PREFIX: &[u8] = b"HRKU-";

/// A UUID with every digit a zero.
const UUID: &[u8] = b"00000000-0000-0000-0000-000000000000";

/// Everything to remove.
pub(super) fn found(text: &[u8], hide: Hide, known: &Known) -> Vec<Found> {
    let mut ranges = known_secrets(text, known);
    ranges.extend(in_base64(text, known));
    ranges.extend(tokens(text, hide));
    ranges.extend(credentials_of_headers(text));
    ranges.extend(names::before_an_at(text, hide));
    let mut found: Vec<Found> = ranges.into_iter().map(Found::gap).collect();
    if hide.has_person() {
        found.extend(homes(text, known));
    }
    found
}

/// Known secrets in plain text and in hex. An HTML form encodes a blank as `+`.
fn known_secrets(text: &[u8], known: &Known) -> Vec<Range<usize>> {
    let is_plain = |byte: u8, secret: u8| byte == secret || (byte == b'+' && secret == b' ');
    let mut ranges = Vec::new();
    for secret in &known.secrets {
        ranges.extend(places(text, secret, is_plain));
        let hex = Zeroizing::new(in_hex(secret));
        ranges.extend(places(text, &hex, |byte, digit| {
            byte.to_ascii_lowercase() == digit
        }));
    }
    ranges
}

pub(super) fn in_hex(bytes: &[u8]) -> Vec<u8> {
    let digits = |byte: &u8| [byte >> 4, byte & 15];
    let digits = bytes.iter().flat_map(digits);
    digits
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .map(|digit| digit as u8)
        .collect()
}

fn places(text: &[u8], wanted: &[u8], is: impl Fn(u8, u8) -> bool) -> Vec<Range<usize>> {
    let length = wanted.len();
    let fits = |window: &[u8]| window.iter().zip(wanted).all(|(a, b)| is(*a, *b));
    let windows = text.windows(length).enumerate();
    windows
        .filter(|(_, window)| fits(window))
        .map(|(at, _)| at..at + length)
        .collect()
}

/// Runs of base64 letters that encode a secret, beginning at any of their first four letters.
fn in_base64(text: &[u8], known: &Known) -> Vec<Range<usize>> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    let mut ranges = runs(text, is_letter);
    ranges.retain(|run| {
        (0..4).any(|skipped| decodes_to_a_secret(&text[run.clone()], skipped, known))
    });
    let padding = |end: usize| text[end..].iter().take_while(|byte| **byte == b'=').count();
    ranges
        .into_iter()
        .map(|run| run.start..run.end + padding(run.end))
        .collect()
}

fn decodes_to_a_secret(run: &[u8], skipped: usize, known: &Known) -> bool {
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
    let has = |secret: &[u8]| decoded.windows(secret.len()).any(|window| window == secret);
    known.secrets.iter().any(|secret| has(secret)) || has(PREFIX) || !uuids(&decoded).is_empty()
}

/// Heroku's prefix, UUIDs, and the hexadecimal digits of old tokens; with guesses also anything as long and
/// as random as a token.
fn tokens(text: &[u8], hide: Hide) -> Vec<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let mut ranges = Vec::new();
    for run in runs(text, is_part) {
        let word = &text[run.clone()];
        if is_prefixed(word) || is_digest(word) || (hide.has_guesses() && looks_random(word)) {
            ranges.push(run);
        } else {
            let inside = uuids(word).into_iter();
            ranges.extend(inside.map(|at| run.start + at.start..run.start + at.end));
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

fn uuids(word: &[u8]) -> Vec<Range<usize>> {
    places(word, UUID, |byte, form| match form {
        b'-' => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
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

fn homes(text: &[u8], known: &Known) -> Vec<Found> {
    let replacement = Replacement::Home;
    let places = known
        .homes
        .iter()
        .flat_map(|home| places(text, home, |a, b| a == b));
    places.map(|range| Found { range, replacement }).collect()
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
