//! Finds bytes that are known, or of a fixed length, whatever part of them is percent-encoded, once or twice.
//!
//! A view decodes from the beginning of a text, so in `%a00%20x` it reads the byte 0xA0, and then `0 x`. A
//! secret `00 x` after a `%a` is therefore in no view. The search here starts at each byte of the text.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::Known;
use super::view::escape_at;

/// A UUID with every digit a zero.
const UUID: &[u8] = b"00000000-0000-0000-0000-000000000000";

/// Known secrets in plain text, in hex and in base64. An HTML form encodes a blank as `+`.
pub(super) fn known_secrets(text: &[u8], known: &Known) -> Vec<Range<usize>> {
    let is_plain = |byte: u8, secret: u8| byte == secret || (byte == b'+' && secret == b' ');
    let is_digit = |byte: u8, digit: u8| byte.to_ascii_lowercase() == digit;
    let mut ranges = Vec::new();
    for secret in &known.secrets {
        ranges.extend(places(text, secret, is_plain));
        ranges.extend(places(text, &in_hex(secret), is_digit));
        for letters in in_base64(secret) {
            let encoded = places(text, &letters, is_same_letter);
            ranges.extend(encoded.into_iter().map(|place| whole_run(text, place)));
        }
    }
    ranges
}

/// Known home directories.
pub(super) fn homes(text: &[u8], known: &Known) -> Vec<Range<usize>> {
    let homes = known.homes.iter();
    homes
        .flat_map(|home| places(text, home, |byte, of_home| byte == of_home))
        .collect()
}

pub(super) fn uuids(text: &[u8]) -> Vec<Range<usize>> {
    places(text, UUID, |byte, form| match form {
        b'-' => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

pub(super) fn in_hex(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
    let mut hex = Zeroizing::new(Vec::with_capacity(2 * bytes.len()));
    hex.extend(bytes.iter().flat_map(digits));
    hex
}

/// The letters that encode nothing but these bytes, if none, one or two bytes of a group come before them.
fn in_base64(bytes: &[u8]) -> [Zeroizing<Vec<u8>>; 3] {
    [0, 1, 2].map(|before: usize| {
        let mut group = Zeroizing::new(Vec::with_capacity(before + bytes.len()));
        group.resize(before, 0);
        group.extend(bytes);
        let letters = Zeroizing::new(STANDARD_NO_PAD.encode(&group));
        let (first, end) = ((8 * before).div_ceil(6), 8 * group.len() / 6);
        Zeroizing::new(letters.as_bytes()[first..end].to_vec())
    })
}

pub(super) fn is_base64_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

/// Whether these are one letter of base64, in its usual alphabet or in that for URLs.
fn is_same_letter(byte: u8, usual: u8) -> bool {
    match byte {
        b'-' => usual == b'+',
        b'_' => usual == b'/',
        _ => byte == usual,
    }
}

/// The whole run of base64 letters around these, and its padding: the letters at the edges encode bits of the
/// secret too.
fn whole_run(text: &[u8], place: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = place;
    while let Some(before) = (1..=5).find_map(|length| {
        let at = start.checked_sub(length)?;
        let mut units = units(text, at);
        units
            .any(|unit| unit.end == start && is_base64_letter(unit.byte))
            .then_some(at)
    }) {
        start = before;
    }
    while let Some(unit) =
        units(text, end).find(|unit| is_base64_letter(unit.byte) || unit.byte == b'=')
    {
        end = unit.end;
    }
    start..end
}

/// The places of these bytes: `is` compares a byte of the text with one of them.
fn places(text: &[u8], wanted: &[u8], is: impl Fn(u8, u8) -> bool) -> Vec<Range<usize>> {
    let starts = 0..text.len();
    starts
        .filter_map(|start| Some(start..end_of(text, start, wanted, &is)?))
        .collect()
}

/// Where these bytes end in the text if they begin at `start`. A `%` may be a sign of its own or the
/// beginning of an encoded byte, so there can be several ends; the last one counts.
fn end_of(text: &[u8], start: usize, wanted: &[u8], is: &impl Fn(u8, u8) -> bool) -> Option<usize> {
    let (&first, rest) = wanted.split_first()?;
    let begins = units(text, start).filter(|unit| is(unit.byte, first));
    let mut ends: Vec<usize> = begins.map(|unit| unit.end).collect();
    for &byte in rest {
        if ends.is_empty() {
            return None;
        }
        let next = ends.iter().flat_map(|&end| units(text, end));
        ends = next
            .filter(|unit| is(unit.byte, byte))
            .map(|unit| unit.end)
            .collect();
        ends.sort_unstable();
        ends.dedup();
    }
    ends.last().copied()
}

/// A byte, and where the text goes on after it.
struct Unit {
    byte: u8,
    end: usize,
}

/// The ways to read the byte at this place: as it is, and percent-decoded once and twice.
fn units(text: &[u8], at: usize) -> impl Iterator<Item = Unit> {
    let plain = text.get(at).map(|&byte| Unit { byte, end: at + 1 });
    let once = escape_at(text, at).map(|byte| Unit { byte, end: at + 3 });
    // `%2541` is `%41`, which is `A`.
    let twice = match (&once, text.get(at + 1..at + 5)) {
        (Some(Unit { byte: b'%', .. }), Some([_, _, high, low])) => {
            let byte = escape_at(&[b'%', *high, *low], 0);
            byte.map(|byte| Unit { byte, end: at + 5 })
        }
        _ => None,
    };
    [plain, once, twice].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, secret: &str) -> Vec<String> {
        let mut known = Known::default();
        known.add_secret(secret);
        let ranges = known_secrets(text.as_bytes(), &known);
        ranges
            .into_iter()
            .map(|range| text[range].to_owned())
            .collect()
    }

    #[test]
    fn a_percent_sign_before_a_secret_does_not_hide_its_first_digits() {
        for (text, secret, place) in [
            ("%a00%20%200%c3%a9x", "00  0éx", "00%20%200%c3%a9x"),
            ("%00%20x%20y%20z%20", "0 x y z ", "0%20x%20y%20z%20"),
            (
                "%25%61%2520b%2520c%2520d!",
                "a b c d!",
                "%61%2520b%2520c%2520d!",
            ),
            ("%2%25414141414", "%41414141", "%2541414141"),
        ] {
            assert_eq!(found(text, secret), [place], "{text}");
        }
    }

    #[test]
    fn the_letters_at_the_edges_of_base64_are_found_too() {
        // `us:open sesame?>` with one letter of each encoding of a slash and of a plus sign.
        let text = "x=dXM6b3BlbiBzZXNhbWU%2FPg%3D%3D&y";
        let whole = "dXM6b3BlbiBzZXNhbWU%2FPg%3D%3D";
        assert_eq!(found(text, "open sesame"), [whole]);
    }
}
