//! The bytes of a request: bounded, and wiped, since a password may be among them.

use std::io::{self, Read};

use super::Fault;
use crate::secret_buf::SecretBuf;

/// Rust's `Stdin` reads ahead into a buffer that is not wiped. A read of at least the size of that buffer does not
/// use it.
const PAST_STDINS_BUFFER: usize = 8 * 1024;

/// Reads up to a blank line, the end of the stream, or the size limit, into memory that is wiped.
pub(super) fn read(input: &mut dyn Read, largest: usize) -> Result<SecretBuf, Fault> {
    let mut block = SecretBuf::with_capacity(2 * PAST_STDINS_BUFFER);
    loop {
        if block.len() >= largest {
            return Err(Fault::TooLarge);
        }
        let end_of_line = block.len().saturating_sub(2);
        match block.read_some(input, PAST_STDINS_BUFFER) {
            Ok(0) => return Ok(block),
            Ok(_) if holds_blank_line(&block, end_of_line) => return Ok(block),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Fault::Unread),
        }
    }
}

/// Whether there is a blank line at or after this place. Nothing after it is read, since the sender may wait for the
/// reply.
fn holds_blank_line(block: &[u8], from: usize) -> bool {
    let mut lines = block[from..].split_inclusive(|&byte| byte == b'\n');
    let first = lines.next().filter(|_| from == 0);
    let is_blank = |line: &[u8]| matches!(line, b"\n" | b"\r\n");
    first.is_some_and(is_blank) || lines.any(is_blank)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns these pieces, and fails if one more is read.
    struct Pieces(Vec<&'static [u8]>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = self.0.pop().ok_or(io::ErrorKind::TimedOut)?;
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    #[test]
    fn nothing_is_waited_for_once_a_blank_line_is_there() {
        for pieces in [
            vec![&b"host=a\n\n"[..]],
            vec![b"host=a\n\nhost=b\n"],
            vec![b"host=a\r\n\r\nhost=b\r\n"],
            vec![b"host=a\n", b"\nhost=b"],
            vec![b"host=a\r\n", b"\r", b"\nhost=b"],
            vec![b"host=a", b"\n\nhost=b"],
            vec![b"\n"],
            vec![b"\r", b"\n"],
        ] {
            let mut pieces = Pieces(pieces.into_iter().rev().collect());
            assert!(read(&mut pieces, 1024).is_ok());
        }
        for pieces in [vec![&b"host=a\n"[..]], vec![b"host=a\r", b"\n"], vec![]] {
            let mut pieces = Pieces(pieces.into_iter().rev().collect());
            assert_eq!(read(&mut pieces, 1024).unwrap_err(), Fault::Unread);
        }
    }
}
