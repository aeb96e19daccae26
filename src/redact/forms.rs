//! The forms of secrets and names that this process does not know, and the encodings of secrets. Each function
//! searches one reading of a text and returns the ranges to remove.

use std::ops::Range;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::reading::places;
use crate::secret_buf::from_hex;
use crate::token::Token;

const PREFIX: &[u8] = b"HRKU-";

/// A UUID with every digit a zero.
const UUID: &[u8] = b"00000000-0000-0000-0000-000000000000";

const GAP: &[u8] = crate::notice::GAP.as_bytes();

pub(super) fn uuids(text: &[u8]) -> Vec<Range<usize>> {
    places(text, UUID, |byte, form| match form {
        b'-' => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// Runs of hexadecimal digits, and runs of base64 letters with their padding, that encode a secret. It may begin at
/// any digit, and at any of the first four letters.
pub(super) fn encoded(text: &[u8], has_secret: impl Fn(&[u8]) -> bool) -> Vec<Range<usize>> {
    let encodes = |run: &[u8], most: usize, decode: fn(&[u8]) -> Vec<u8>| {
        (0..most.min(run.len())).any(|skipped| has_secret(&Zeroizing::new(decode(&run[skipped..]))))
    };
    let mut ranges = runs(text, |byte| byte.is_ascii_hexdigit());
    ranges.retain(|run| encodes(&text[run.clone()], 2, decoded_hex));
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    for mut run in runs(text, is_letter) {
        if encodes(&text[run.clone()], 4, decoded_base64) {
            run.end += text[run.end..]
                .iter()
                .take_while(|byte| **byte == b'=')
                .count();
            ranges.push(run);
        }
    }
    ranges
}

/// Whether a decoded text has a token of Heroku's in it.
pub(super) fn has_token(text: &[u8]) -> bool {
    text.windows(PREFIX.len()).any(|part| part == PREFIX) || !uuids(text).is_empty()
}

fn decoded_hex(digits: &[u8]) -> Vec<u8> {
    // A vector that grows leaves a copy behind that is not wiped.
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    let pairs = digits.chunks_exact(2);
    bytes.extend(pairs.filter_map(|pair| from_hex(pair[0], pair[1])));
    bytes
}

/// In the usual alphabet or in that for URLs; nothing if it is not valid.
fn decoded_base64(letters: &[u8]) -> Vec<u8> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    // One leftover letter does not encode a whole byte.
    let whole = letters.len() - usize::from(letters.len() % 4 == 1);
    let letters = letters.iter().take(whole).map(|letter| match letter {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    });
    let letters: Zeroizing<Vec<u8>> = Zeroizing::new(letters.collect());
    LENIENT.decode(&letters).unwrap_or_default()
}

/// Heroku's prefix, and the hexadecimal digits of old tokens; with guesses also anything as long and
/// as random as a token.
pub(super) fn tokens(text: &[u8], has_guesses: bool) -> Vec<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let mut ranges = runs(text, is_part);
    ranges.retain(|run| {
        let word = &text[run.clone()];
        is_prefixed(word) || is_digest(word) || (has_guesses && looks_random(word))
    });
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
pub(super) fn credentials_of_headers(text: &[u8]) -> Vec<Range<usize>> {
    let words = runs(text, |byte| !byte.is_ascii_whitespace());
    let pairs = words.windows(2).filter(|pair| {
        is_scheme(&text[pair[0].clone()]) && !is_of_a_language(&text[pair[1].clone()])
    });
    pairs.map(|pair| pair[1].clone()).collect()
}

fn is_scheme(word: &[u8]) -> bool {
    let names = runs(word, |byte| byte.is_ascii_alphanumeric());
    names.last().is_some_and(|name| {
        let name = &word[name.clone()];
        name.eq_ignore_ascii_case(b"basic") || name.eq_ignore_ascii_case(b"bearer")
    })
}

/// An ordinary word, as in "Basic authentication.": an encoded credential has capitals or digits.
fn is_of_a_language(word: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || b".,;:!?()'\"`".contains(byte);
    word.iter().all(is_plain)
}

/// What comes before an `@`: a password in a URL, or with `has_person` the name too, without its first letter.
pub(super) fn before_an_at(text: &[u8], has_person: bool) -> Vec<Range<usize>> {
    let ats = text.iter().enumerate().filter(|(_, byte)| **byte == b'@');
    let of_name = |(at, _)| {
        let name = start_of_name(text, at)..at;
        if has_person && !is_of_herokus_git_server(&text[name.clone()], &text[at..]) {
            rest_of_name(text, name)
        } else {
            password(text, name)
        }
    };
    ats.filter_map(of_name).collect()
}

/// Quotes and brackets before a name are not part of it. In a URL they are, since a password may contain them.
fn start_of_name(text: &[u8], at: usize) -> usize {
    let ends_authority = |byte: &u8| byte.is_ascii_whitespace() || b"/?#\"<>`".contains(byte);
    let scheme = text[..at].windows(3).rposition(|part| part == b"://");
    if let Some(start) = scheme.map(|scheme| scheme + 3)
        && !text[start..at].iter().any(ends_authority)
    {
        return start;
    }
    let ends_before = |byte: &u8| byte.is_ascii_whitespace() || b",;=/(<\"'".contains(byte);
    let end = text[..at].iter().rposition(ends_before);
    let start = end.map_or(0, |end| end + 1);
    let is_opening = |byte: &&u8| b"`[{|>".contains(byte);
    start + text[start..at].iter().take_while(is_opening).count()
}

fn password(text: &[u8], name: Range<usize>) -> Option<Range<usize>> {
    let colon = text[name.clone()].iter().position(|byte| *byte == b':')?;
    let start = name.start + colon + 1;
    (start < name.end).then_some(start..name.end)
}

/// For a name of one letter it is an empty range, the place of the gap.
fn rest_of_name(text: &[u8], name: Range<usize>) -> Option<Range<usize>> {
    let letters = &text[name.clone()];
    let is_first_of_a_letter = |byte: &u8| byte & 0xc0 != 0x80;
    let second = letters.iter().skip(1).position(is_first_of_a_letter);
    let rest = second.map_or(letters.len(), |second| second + 1);
    let is_shown = letters.is_empty() || letters == GAP || letters[rest..] == *GAP;
    (!is_shown).then_some(name.start + rest..name.end)
}

/// The user `git` of Heroku's git server is not a personal name. Neither is the key of a setting for that
/// server, `url.git@heroku.com:.insteadOf`.
fn is_of_herokus_git_server(name: &[u8], from_at: &[u8]) -> bool {
    matches!(name, b"git" | b"url.git") && from_at.starts_with(b"@heroku.com")
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
