//! Splits a request into lines that all end with LF, or all with CRLF.
//!
//! A CR belongs to the line end if all lines have one, as when a script on Windows writes them. After a
//! single value it may be part of that value: `https://git.heroku.com%0d/` names another host than ours, and
//! git passes it on if `credential.protectProtocol` is off.

use super::Fault;

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
    fn the_last_line_may_have_no_end() {
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
        fn one_line_that_ends_otherwise_is_never_read(
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
