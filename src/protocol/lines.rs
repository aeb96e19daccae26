//! Reads the bytes of a request, and splits them into lines that all end with LF, or all with CRLF.
//!
//! The bytes are bounded, and wiped, since a password may be among them.
//!
//! A CR belongs to the line end if all lines have one, as when a script on Windows writes them. After a
//! single value it may be part of that value: `https://git.heroku.com%0d/` names another host than ours, and
//! git passes it on if `credential.protectProtocol` is off.

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

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) text: &'a [u8],
    /// Whether its end was there; else the request may have been cut off in the middle of it.
    pub(super) is_whole: bool,
}

/// The lines up to the first blank one, which may end either way: it has no value to be misread.
/// A line that does not end as the first one does is a fault.
pub(super) fn split(bytes: &[u8]) -> impl Iterator<Item = Result<Line<'_>, Fault>> {
    let mut lines = bytes
        .split_inclusive(|&byte| byte == b'\n')
        .take_while(|line| !matches!(*line, b"\n" | b"\r\n"))
        .peekable();
    let end: &[u8] = match lines.peek() {
        Some(line) if line.ends_with(b"\r\n") => b"\r\n",
        _ => b"\n",
    };
    lines.map(move |line| {
        let (text, is_whole) = match line.strip_suffix(end) {
            Some(text) => (text, true),
            None => (line, false),
        };
        match text.last() {
            Some(b'\r' | b'\n') => Err(Fault::LineEnd),
            _ => Ok(Line { text, is_whole }),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
    fn reading_stops_at_a_blank_line() {
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

    fn texts(bytes: &[u8]) -> Result<Vec<&[u8]>, Fault> {
        split(bytes)
            .map(|line| line.map(|line| line.text))
            .collect()
    }

    #[test]
    fn a_carriage_return_ends_every_line_or_none() {
        let two: Vec<&[u8]> = vec![b"a=1", b"b=2"];
        for bytes in [
            &b"a=1\nb=2\n"[..],
            b"a=1\r\nb=2\r\n",
            b"a=1\nb=2\n\nc=3\r\n",
            b"a=1\r\nb=2\r\n\r\nc=3\n",
            b"a=1\r\nb=2\r\n\n",
            b"a=1\nb=2\n\r\n",
            b"a=1\r\nb=2",
        ] {
            assert_eq!(texts(bytes), Ok(two.clone()));
        }
        for bytes in [
            &b"a=1\nb=2\r\n"[..],
            b"a=1\nb=2\r\nc=3\n",
            b"a=1\r\nb=2\n",
            b"a=1\r\nb=2\r",
            b"a=1\nb=2\r",
            b"a=1\r\r\nb=2\r\n",
            b"a=1\r",
        ] {
            assert_eq!(texts(bytes), Err(Fault::LineEnd));
        }
    }

    #[test]
    fn the_last_line_needs_no_line_end() {
        let ends =
            |bytes| -> Vec<bool> { split(bytes).flatten().map(|line| line.is_whole).collect() };
        assert_eq!(ends(b"a=1\nb=2\n"), [true, true]);
        assert_eq!(ends(b"a=1\nb=2"), [true, false]);
        assert_eq!(ends(b"a=1\r\nb=2"), [true, false]);
    }

    proptest! {
        #[test]
        fn a_request_is_the_same_with_either_line_end(lines in prop::collection::vec("[ -~]{1,20}", 1..5)) {
            let with = |end: &str| lines.iter().flat_map(|line| [line.as_str(), end]).collect::<String>();
            let (unix, windows) = (with("\n"), with("\r\n"));
            prop_assert_eq!(texts(unix.as_bytes()), texts(windows.as_bytes()));
        }

        #[test]
        fn mixed_line_ends_are_an_error(
            lines in prop::collection::vec("[ -~]{1,20}", 2..5), odd: prop::sample::Index, most: bool,
        ) {
            let odd = odd.index(lines.len());
            let end = |at: usize| if (at == odd) == most { "\n" } else { "\r\n" };
            let ended = lines.iter().enumerate().flat_map(|(at, line)| [line.as_str(), end(at)]);
            let bytes = ended.collect::<String>();
            prop_assert_eq!(texts(bytes.as_bytes()), Err(Fault::LineEnd));
        }
    }
}
