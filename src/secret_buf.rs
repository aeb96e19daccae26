//! A growable buffer for bytes that may hold a secret.

use std::fmt;
use std::io::{self, Read, Write};
use std::ops::{Deref, DerefMut};

use zeroize::{Zeroize, Zeroizing};

/// Bytes that are wiped when they are dropped, and also where they were before the buffer grew: a `Vec` that
/// grows leaves a copy behind in the memory that it gives back.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretBuf(Zeroizing<Vec<u8>>);

impl SecretBuf {
    /// An empty buffer with room for so many bytes.
    pub fn with_capacity(capacity: usize) -> SecretBuf {
        SecretBuf(Zeroizing::new(Vec::with_capacity(capacity)))
    }

    /// Appends bytes.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    /// Appends what one `read` gives, at most `most` bytes. Says how many came; 0 is the end.
    ///
    /// The reader gets a slice of exactly `most` bytes. Rust's `Stdin` copies through a buffer that is not wiped
    /// if it gets less than 8 KiB.
    ///
    /// # Errors
    /// As the reader's `read`, [`io::ErrorKind::Interrupted`] too.
    pub fn read_some(&mut self, from: &mut (impl Read + ?Sized), most: usize) -> io::Result<usize> {
        let length = self.0.len();
        self.reserve(most);
        let bytes: &mut Vec<u8> = &mut self.0;
        bytes.resize(length + most, 0);
        let read = from.read(&mut bytes[length..]);
        bytes.truncate(length + read.as_ref().map_or(0, |count| *count));
        read
    }

    /// Everything that a reader gives, up to `limit` bytes.
    ///
    /// # Errors
    /// [`io::ErrorKind::FileTooLarge`] if there is more; else as the reader's `read`.
    pub fn read_all(from: impl Read, limit: usize) -> io::Result<SecretBuf> {
        SecretBuf::read_expected(from, 0, limit)
    }

    /// As [`SecretBuf::read_all`], for a reader that is expected to give `length` bytes: then the buffer, which takes
    /// twice the memory while it grows, need not grow.
    ///
    /// # Errors
    /// As [`SecretBuf::read_all`].
    pub fn read_expected(
        mut from: impl Read,
        length: usize,
        limit: usize,
    ) -> io::Result<SecretBuf> {
        const PIECE: usize = 16 * 1024;
        // The last read, which finds the end, asks for a piece too.
        let mut bytes = SecretBuf::with_capacity(length + PIECE);
        loop {
            let left = limit - bytes.len();
            match bytes.read_some(&mut from, PIECE.min(left + 1)) {
                Ok(0) => return Ok(bytes),
                Ok(read) if read > left => return Err(io::ErrorKind::FileTooLarge.into()),
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Removes the first bytes, and wipes their memory.
    pub fn drain_front(&mut self, count: usize) {
        let count = count.min(self.0.len());
        self.0.copy_within(count.., 0);
        self.truncate(self.0.len() - count);
    }

    /// Removes everything after the first `length` bytes, and wipes its memory.
    pub fn truncate(&mut self, length: usize) {
        if let Some(rest) = self.0.get_mut(length..) {
            rest.zeroize();
        }
        self.0.truncate(length);
    }

    fn reserve(&mut self, more: usize) {
        let needed = self.0.len() + more;
        if needed > self.0.capacity() {
            let mut larger = Vec::with_capacity(needed.max(2 * self.0.capacity()));
            larger.extend_from_slice(&self.0);
            self.0 = Zeroizing::new(larger);
        }
    }
}

/// The byte that two hexadecimal digits encode.
pub(crate) fn from_hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

impl From<Vec<u8>> for SecretBuf {
    fn from(bytes: Vec<u8>) -> SecretBuf {
        SecretBuf(Zeroizing::new(bytes))
    }
}

impl Deref for SecretBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for SecretBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl AsRef<[u8]> for SecretBuf {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Write for SecretBuf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for SecretBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBuf({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_reader_is_read_up_to_the_limit_and_no_further() {
        let read = |length: u64, limit| SecretBuf::read_all(io::repeat(b'x').take(length), limit);
        for length in [0, 1, 16 * 1024, 16 * 1024 + 1, 100_000] {
            assert_eq!(read(length as u64, length).unwrap().len(), length);
            let error = read(length as u64 + 1, length).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge, "{length}");
        }
        let endless = SecretBuf::read_all(io::repeat(b'x'), 1000).unwrap_err();
        assert_eq!(endless.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn debug_output_contains_no_byte() {
        let mut bytes = SecretBuf::default();
        bytes.extend_from_slice(b"open-sesame");
        assert_eq!(format!("{bytes:?}"), "SecretBuf(11 bytes)");
    }

    proptest! {
        #[test]
        fn growing_a_buffer_keeps_its_contents(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..20)) {
            let mut bytes = SecretBuf::with_capacity(3);
            for (number, part) in parts.iter().enumerate() {
                if number % 2 == 0 {
                    bytes.extend_from_slice(part);
                } else {
                    let read = bytes.read_some(&mut part.as_slice(), 64).unwrap();
                    prop_assert_eq!(read, part.len());
                }
            }
            prop_assert_eq!(bytes.to_vec(), parts.concat());
        }
    }
}
