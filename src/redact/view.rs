//! The ways to read a text: as it is, and percent-decoded once and twice.

use std::ops::Range;

use zeroize::Zeroizing;

/// One way to read a text, and where in the text each byte of it comes from.
pub(super) struct View {
    bytes: Zeroizing<Vec<u8>>,
    /// The place of each byte, and the end of the text.
    places: Vec<usize>,
}

impl View {
    /// Every way to read a text.
    pub(super) fn all(text: &str) -> Vec<View> {
        let plain = View {
            bytes: Zeroizing::new(text.as_bytes().to_vec()),
            places: (0..=text.len()).collect(),
        };
        let once = plain.decoded();
        let twice = once.as_ref().and_then(View::decoded);
        [Some(plain), once, twice].into_iter().flatten().collect()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in the text these bytes come from.
    pub(super) fn place(&self, range: &Range<usize>) -> Range<usize> {
        let at = |index: usize| self.places.get(index).copied().unwrap_or_default();
        at(range.start)..at(range.end)
    }

    /// The same with `%20` and the like decoded; none if there is nothing to decode.
    fn decoded(&self) -> Option<View> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.bytes.len()));
        let mut places = Vec::with_capacity(self.places.len());
        let mut at = 0;
        while let Some(byte) = self.bytes.get(at) {
            let (byte, length) = match escape_at(&self.bytes, at) {
                Some(escaped) => (escaped, 3),
                None => (*byte, 1),
            };
            bytes.push(byte);
            places.extend(self.places.get(at));
            at += length;
        }
        places.extend(self.places.last());
        (bytes.len() < self.bytes.len()).then_some(View { bytes, places })
    }
}

/// The byte that `%20` and the like encode, if one begins here.
pub(super) fn escape_at(bytes: &[u8], at: usize) -> Option<u8> {
    let [b'%', high, low] = *bytes.get(at..at + 3)? else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_stands_and_decoded_twice_over() {
        let read = |text: &str| -> Vec<String> {
            let views = View::all(text);
            let texts = views.iter().map(|view| view.bytes.to_vec());
            texts
                .map(|bytes| String::from_utf8(bytes).unwrap())
                .collect()
        };
        assert_eq!(read("50 % of a%zz%4"), ["50 % of a%zz%4"]);
        assert_eq!(read("a%40b"), ["a%40b", "a@b"]);
        assert_eq!(read("é%2540%C3%A9"), ["é%2540%C3%A9", "é%40é", "é@é"]);
    }

    #[test]
    fn every_byte_knows_its_place() {
        let text = "x%2540y";
        let view = View::all(text).pop().unwrap();
        assert_eq!(view.bytes(), b"x@y");
        assert_eq!(&text[view.place(&(1..2))], "%2540");
        assert_eq!(view.place(&(2..3)), 6..7);
    }
}
