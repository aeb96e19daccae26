//! The ways to read a text: as it is, and percent-decoded once and twice.

use std::iter;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::secret_buf::from_hex;

/// A byte as it is read, and what it is read from.
#[derive(Clone, Copy)]
struct Unit {
    byte: u8,
    start: usize,
    end: usize,
}

/// The bytes from a place on, as they are.
fn plain(text: &[u8], from: usize) -> impl Iterator<Item = Unit> + Clone {
    let unit = |(start, &byte)| Unit {
        byte,
        start,
        end: start + 1,
    };
    text.iter().enumerate().skip(from).map(unit)
}

/// The same with `%20` and the like decoded.
fn decoded(mut units: impl Iterator<Item = Unit> + Clone) -> impl Iterator<Item = Unit> + Clone {
    iter::from_fn(move || {
        let unit = units.next()?;
        let mut ahead = units.clone();
        if unit.byte == b'%'
            && let (Some(high), Some(low)) = (ahead.next(), ahead.next())
            && let Some(byte) = from_hex(high.byte, low.byte)
        {
            units = ahead;
            let end = low.end;
            return Some(Unit { byte, end, ..unit });
        }
        Some(unit)
    })
}

/// The bytes from a place on, read in every way.
fn ways(text: &[u8], from: usize) -> [Box<dyn Iterator<Item = Unit> + '_>; 3] {
    let plain = plain(text, from);
    let once = decoded(plain.clone());
    let twice = decoded(once.clone());
    [Box::new(plain), Box::new(once), Box::new(twice)]
}

/// One way to read a text.
pub(super) struct Reading {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// Where each byte begins in the text, and the end of the text.
    places: Vec<usize>,
}

impl Reading {
    /// Every way to read a text.
    pub(super) fn all(text: &[u8]) -> Vec<Reading> {
        let mut all = Vec::new();
        for units in ways(text, 0) {
            let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
            let mut places = Vec::with_capacity(text.len() + 1);
            for unit in units {
                bytes.push(unit.byte);
                places.push(unit.start);
            }
            places.push(text.len());
            all.push(Reading { bytes, places });
        }
        all.dedup_by_key(|reading| reading.bytes.len());
        all
    }

    /// Where in the text these bytes come from.
    pub(super) fn place(&self, range: &Range<usize>) -> Range<usize> {
        let at = |index: usize| self.places.get(index).copied().unwrap_or_default();
        at(range.start)..at(range.end)
    }
}

/// The places of these bytes in a text, read in any way: `is` compares a byte of the text with one of them.
///
/// A reading decodes from the beginning of a text, so in `%a00%20x` it reads the byte 0xA0, and then `0 x`. A
/// secret `00 x` after a `%a` is therefore in no reading. The search here starts at each byte of the text.
pub(super) fn places(text: &[u8], wanted: &[u8], is: impl Fn(u8, u8) -> bool) -> Vec<Range<usize>> {
    let starts = 0..text.len();
    starts
        .filter_map(|start| {
            let ways = ways(text, start).into_iter();
            let end = ways.filter_map(|units| end_of(wanted, units, &is)).max()?;
            Some(start..end)
        })
        .collect()
}

/// Where these bytes end if the text begins with them.
fn end_of(
    wanted: &[u8],
    mut units: impl Iterator<Item = Unit>,
    is: &impl Fn(u8, u8) -> bool,
) -> Option<usize> {
    wanted.iter().try_fold(0, |_, &byte| {
        let unit = units.next()?;
        is(unit.byte, byte).then_some(unit.end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_searched_as_written_and_decoded_once_and_twice() {
        let read = |text: &str| -> Vec<String> {
            let readings = Reading::all(text.as_bytes());
            let texts = readings.iter().map(|reading| reading.bytes.to_vec());
            texts
                .map(|bytes| String::from_utf8(bytes).unwrap())
                .collect()
        };
        assert_eq!(read("50 % of a%zz%4"), ["50 % of a%zz%4"]);
        assert_eq!(read("a%40b"), ["a%40b", "a@b"]);
        assert_eq!(read("é%2540%C3%A9"), ["é%2540%C3%A9", "é%40é", "é@é"]);
    }

    #[test]
    fn every_byte_has_its_position_in_the_text() {
        let text = "x%2540y";
        let reading = Reading::all(text.as_bytes()).pop().unwrap();
        assert_eq!(reading.bytes.as_slice(), b"x@y");
        assert_eq!(&text[reading.place(&(1..2))], "%2540");
        assert_eq!(reading.place(&(2..3)), 6..7);
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
            let found = places(text.as_bytes(), secret.as_bytes(), |a, b| a == b);
            let found: Vec<_> = found.into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, [place], "{text}");
        }
    }
}
