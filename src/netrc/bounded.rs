//! Reading what may hold a password: bounded, and without leaving a copy behind.

use std::io::{self, Read};

use zeroize::Zeroizing;

/// The largest netrc that is read, in bytes: 16 MiB, a hundred times what curl takes.
pub(super) const LARGEST: usize = 16 * 1024 * 1024;

/// What is said of a larger one.
pub(super) const TOO_LARGE: &str = "it is larger than 16 MiB";

/// All that `from` gives, about `expected` bytes; none where it is more than [`LARGEST`].
pub(super) fn read(mut from: impl Read, expected: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // One byte more than expected: then the end is seen without a larger buffer.
    let mut bytes = Zeroizing::new(vec![0; expected.min(LARGEST) + 1]);
    let mut length = 0;
    while length <= LARGEST {
        if length == bytes.len() {
            // Growing in place would leave what was read in memory that is not wiped.
            let mut larger = Zeroizing::new(vec![0; (length * 4).min(LARGEST + 1)]);
            larger[..length].copy_from_slice(&bytes);
            bytes = larger;
        }
        match from.read(&mut bytes[length..]) {
            Ok(0) => {
                bytes.truncate(length);
                return Ok(Some(bytes));
            }
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_was_expected_all_of_it_is_read() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        for expected in [0, 1, 4095, text.len() - 1, text.len(), usize::MAX] {
            let read = read(text.as_slice(), expected).unwrap().unwrap();
            assert!(*read == text, "{expected}");
        }
    }

    #[test]
    fn what_never_ends_is_left() {
        assert!(read(io::repeat(b'x'), 10).unwrap().is_none());
        let just_fits = io::repeat(b'x').take(LARGEST as u64);
        assert_eq!(read(just_fits, 10).unwrap().unwrap().len(), LARGEST);
    }
}
