//! The lines of `security -i` and the words in them.

/// The lines that are run. A line that does not fit the buffer is read in pieces. What follows the last newline is
/// dropped.
pub(crate) fn lines(text: &[u8], buffer: usize) -> Vec<&[u8]> {
    // The last byte of the buffer ends the text in it.
    let longest = buffer - 1;
    let mut lines = Vec::new();
    let mut rest = text;
    loop {
        match rest.iter().take(longest).position(|byte| *byte == b'\n') {
            Some(end) => {
                lines.push(&rest[..end]);
                rest = &rest[end + 1..];
            }
            None if rest.len() >= longest => {
                lines.push(&rest[..longest]);
                rest = &rest[longest..];
            }
            None => return lines,
        }
    }
}

/// Splits a line into words. A word that begins with a quote ends with the same quote. A backslash escapes the next
/// byte, within quotes too.
pub(crate) fn split(line: &[u8]) -> Vec<String> {
    let mut words = Vec::new();
    let mut bytes = line.iter().copied().peekable();
    while let Some(first) = bytes.next() {
        if is_space(first) {
            continue;
        }
        let quote = matches!(first, b'"' | b'\'').then_some(first);
        let mut word = Vec::new();
        let mut next = if quote.is_some() {
            bytes.next()
        } else {
            Some(first)
        };
        while let Some(byte) = next {
            let ends = quote.map_or(is_space(byte), |quote| byte == quote);
            if ends {
                break;
            }
            if byte == b'\\' {
                word.extend(bytes.next());
            } else {
                word.push(byte);
            }
            next = bytes.next();
        }
        words.push(String::from_utf8_lossy(&word).into_owned());
    }
    words
}

/// As `isspace` in the C locale.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The results are those of Apple's own parser, run on Linux.
    #[test]
    fn words_are_parsed_like_the_real_tool() {
        let table: &[(&str, &[&str])] = &[
            ("", &[]),
            ("  \t ", &[]),
            ("add -a x", &["add", "-a", "x"]),
            (
                r#"-a "ann@example.com" -w "a b""#,
                &["-a", "ann@example.com", "-w", "a b"],
            ),
            (r#""a\"b" "c\\d""#, &[r#"a"b"#, r"c\d"]),
            (r"a\ b", &["a b"]),
            // A quote ends its word, so the quoting of a shell turns one word into three.
            (r#"'a'"'"'b'"#, &["a", "'", "b"]),
            // Within a word, a quote is an ordinary character.
            (r#"a"b c"#, &[r#"a"b"#, "c"]),
            (r#""" x"#, &["", "x"]),
            (r#""unclosed x"#, &["unclosed x"]),
        ];
        for (line, words) in table {
            assert_eq!(split(line.as_bytes()), *words, "{line}");
        }
    }

    #[test]
    fn a_line_without_its_newline_is_not_run() {
        assert_eq!(lines(b"one\ntwo", 4096), [b"one"]);
        assert_eq!(lines(b"one\n\n", 4096), [&b"one"[..], b""]);
    }

    #[test]
    fn a_line_that_fills_the_buffer_is_truncated() {
        let line = |length| [vec![b'x'; length], b"\n".to_vec()].concat();
        let lengths = |length| {
            let text = line(length);
            lines(&text, 4096).iter().map(|line| line.len()).collect()
        };
        let lengths: [Vec<usize>; 3] = [lengths(4094), lengths(4095), lengths(4097)];
        // The newline of a line of 4,095 bytes is read as an empty line with exit code 0.
        assert_eq!(lengths, [vec![4094], vec![4095, 0], vec![4095, 2]]);
    }
}
