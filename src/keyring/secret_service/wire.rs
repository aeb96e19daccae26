//! The wire format of D-Bus, as far as the Secret Service needs it.
//!
//! Numbers are in this machine's byte order, as in every program on its bus.
//!
//! This is our own code, since the sender of a message must not control how deep or how far it is read. Each shape is
//! spelled out in the code that reads it, nothing recurses, and no buffer gets a size that a message claims. What is
//! written may hold a secret, so the memory is wiped, also when a buffer grows.
//!
//! Source: D-Bus specification, "Marshaling (Wire Format)".

use crate::secret_buf::SecretBuf;

/// Writes values.
pub(super) struct Writer(SecretBuf);

impl Writer {
    pub(super) fn new() -> Writer {
        Writer(SecretBuf::with_capacity(1024))
    }

    pub(super) fn written(&self) -> &[u8] {
        &self.0
    }

    /// Appends bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Pads with zeros to a multiple of `alignment`, which is at most 8.
    pub(super) fn align(&mut self, alignment: usize) {
        let missing = self.0.len().next_multiple_of(alignment) - self.0.len();
        self.raw(&[0; 8][..missing]);
    }

    pub(super) fn number(&mut self, number: u32) {
        self.align(4);
        self.raw(&number.to_ne_bytes());
    }

    /// `s` or `o`: both have the same format.
    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.raw(&[0]);
    }

    /// `g`. All signatures that are written are constants, and short.
    pub(super) fn signature(&mut self, signature: &str) {
        self.raw(&[u8::try_from(signature.len()).unwrap_or(u8::MAX)]);
        self.raw(signature.as_bytes());
        self.raw(&[0]);
    }

    /// `ay`.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(length(bytes));
        self.raw(bytes);
    }

    /// An array of elements with this alignment. Its length does not count the padding before the first element.
    pub(super) fn array(&mut self, alignment: usize, elements: impl FnOnce(&mut Writer)) {
        self.number(0);
        let after_length = self.0.len();
        self.align(alignment);
        let start = self.0.len();
        elements(self);
        self.overwrite(after_length - 4, length(&self.0[start..]));
    }

    /// Overwrites the number that begins `at` bytes from the start.
    pub(super) fn overwrite(&mut self, at: usize, number: u32) {
        self.0[at..at + 4].copy_from_slice(&number.to_ne_bytes());
    }
}

/// The length of something to write, which is never 4 GiB.
pub(super) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Reads values. None if there is no such value. Alignment counts from the start of the bytes that it was created with.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..length)?;
        self.at += length;
        Some(taken)
    }

    pub(super) fn align(&mut self, alignment: usize) -> Option<()> {
        let padding = self.at.next_multiple_of(alignment) - self.at;
        self.take(padding).map(drop)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        self.align(4)?;
        let four = self.take(4)?.try_into().ok()?;
        Some(u32::from_ne_bytes(four))
    }

    /// The length of what follows. If it does not fit a `usize`, that many bytes cannot follow.
    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// `s`.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        self.text_of_length(length)
    }

    fn text_of_length(&mut self, length: usize) -> Option<&'a str> {
        let text = std::str::from_utf8(self.take(length)?).ok()?;
        (self.byte()? == 0 && !text.contains('\0')).then_some(text)
    }

    /// `o`. It must be valid, since it is sent back later: the bus closes the connection for an invalid path.
    pub(super) fn path(&mut self) -> Option<&'a str> {
        let path = self.text()?;
        let is_valid = |part: &str| {
            let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            !part.is_empty() && part.bytes().all(is_allowed)
        };
        let rest = path.strip_prefix('/')?;
        (rest.is_empty() || rest.split('/').all(is_valid)).then_some(path)
    }

    /// `g`.
    pub(super) fn signature(&mut self) -> Option<&'a str> {
        let length = usize::from(self.byte()?);
        self.text_of_length(length)
    }

    /// `b`.
    pub(super) fn boolean(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// `ay`.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    /// The elements of an array, which have this alignment. This reader continues after them.
    pub(super) fn array(&mut self, alignment: usize) -> Option<Reader<'a>> {
        let length = self.length()?;
        self.align(alignment)?;
        let mut elements = self.clone();
        self.take(length)?;
        elements.bytes = &elements.bytes[..self.at];
        Some(elements)
    }

    /// `ao`.
    pub(super) fn paths(&mut self) -> Option<Vec<String>> {
        let mut elements = self.array(4)?;
        let mut paths = Vec::new();
        while !elements.is_at_end() {
            paths.push(elements.path()?.to_owned());
        }
        Some(paths)
    }

    /// The value in a `v`, which must have this signature.
    pub(super) fn variant(&mut self, signature: &str) -> Option<&mut Reader<'a>> {
        (self.signature()? == signature).then_some(self)
    }

    /// Skips a value of a plain type, or an array of one.
    pub(super) fn skip(&mut self, signature: &str) -> Option<()> {
        let size = match signature {
            "y" => 1,
            "n" | "q" => 2,
            "b" | "i" | "u" | "h" => 4,
            "x" | "t" | "d" => 8,
            "s" | "o" => return self.text().map(drop),
            "g" => return self.signature().map(drop),
            "ax" | "at" | "ad" => return self.array(8).map(drop),
            "ay" | "ab" | "an" | "aq" | "ai" | "au" | "ah" | "as" | "ao" | "ag" => {
                return self.array(1).map(drop);
            }
            _ => return None,
        };
        self.align(size)?;
        self.take(size).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_object_path_is_valid_in_every_part() {
        let is_path = |path: &str| {
            let mut writer = Writer::new();
            writer.text(path);
            Reader::new(writer.written()).path().is_some()
        };
        assert!(is_path("/") && is_path("/org/freedesktop/secrets/collection/a_5f_1"));
        for path in ["", "a", "a/b", "/a/", "//", "/a//b", "/a-b", "/a b", "/é"] {
            assert!(!is_path(path), "{path:?}");
        }
    }

    #[test]
    fn growing_a_buffer_keeps_its_contents() {
        let mut writer = Writer::new();
        for _ in 0..1000 {
            writer.bytes(b"twelve bytes");
        }
        let mut reader = Reader::new(writer.written());
        for _ in 0..1000 {
            assert_eq!(reader.bytes().unwrap(), b"twelve bytes");
        }
        assert!(reader.is_at_end());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(lead: u8, text in "[^\0]*", bytes: Vec<u8>, list: Vec<u32>) {
            let mut writer = Writer::new();
            writer.raw(&[lead]);
            writer.text(&text);
            writer.array(8, |elements| list.iter().for_each(|number| {
                elements.align(8);
                elements.number(*number);
            }));
            writer.bytes(&bytes);
            writer.signature("a{sv}");
            let mut reader = Reader::new(writer.written());
            prop_assert_eq!(reader.byte().unwrap(), lead);
            prop_assert_eq!(reader.text().unwrap(), text);
            let mut elements = reader.array(8).unwrap();
            for number in list {
                elements.align(8).unwrap();
                prop_assert_eq!(elements.number().unwrap(), number);
            }
            prop_assert!(elements.is_at_end());
            prop_assert_eq!(reader.bytes().unwrap(), bytes);
            prop_assert_eq!(reader.signature().unwrap(), "a{sv}");
            prop_assert!(reader.is_at_end());
        }

        #[test]
        fn any_bytes_are_a_value_or_an_error(bytes: Vec<u8>, start in 0usize..9) {
            let reader = || {
                let mut reader = Reader::new(&bytes);
                reader.take(start.min(bytes.len())).unwrap();
                reader
            };
            let _ = reader().text();
            let _ = reader().path();
            let _ = reader().bytes();
            let _ = reader().boolean();
            let _ = reader().paths();
            let _ = reader().variant("b");
            for plain in "ynqbiuhxtdsogv".split_inclusive(|_| true) {
                let _ = reader().skip(plain);
            }
            if let Some(mut elements) = reader().array(8) {
                while elements.number().is_some() {}
            }
        }
    }
}
