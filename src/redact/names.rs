//! What comes before an `@`: the name of an email, the user name and the password in a URL.

use std::ops::Range;

use super::Hide;

const GAP: &[u8] = "…".as_bytes();

/// Passwords, and names without their first letter.
pub(super) fn before_an_at(text: &[u8], hide: Hide) -> Vec<Range<usize>> {
    let ats = text.iter().enumerate().filter(|(_, byte)| **byte == b'@');
    let mut ranges = Vec::new();
    for (at, _) in ats {
        let start = start_of_name(text, at);
        ranges.extend(password(text, start..at));
        if hide.has_person() && !is_of_herokus_git_server(&text[start..at], &text[at..]) {
            ranges.extend(rest_of_name(text, start..at));
        }
    }
    ranges
}

/// Quotes and brackets before a name are not part of it.
fn start_of_name(text: &[u8], at: usize) -> usize {
    let ends_before = |byte: &u8| byte.is_ascii_whitespace() || b",;=/(<\"'".contains(byte);
    let before = &text[..at];
    let start = before
        .iter()
        .rposition(ends_before)
        .map_or(0, |end| end + 1);
    let opening = before[start..]
        .iter()
        .take_while(|byte| b"`[{|>".contains(byte));
    start + opening.count()
}

fn password(text: &[u8], name: Range<usize>) -> Option<Range<usize>> {
    let colon = text[name.clone()].iter().position(|byte| *byte == b':')?;
    let start = name.start + colon + 1;
    (start < name.end).then_some(start..name.end)
}

/// The name without its first letter. For a name of one letter it is an empty range, the place of the gap.
fn rest_of_name(text: &[u8], name: Range<usize>) -> Option<Range<usize>> {
    let letters = &text[name.clone()];
    let is_inner = |byte: &u8| byte & 0xc0 == 0x80;
    let first = 1 + letters
        .iter()
        .skip(1)
        .take_while(|byte| is_inner(byte))
        .count();
    let rest = letters.get(first..)?;
    (letters != GAP && rest != GAP).then_some(name.start + first..name.end)
}

/// The user `git` of Heroku's git server is not a personal name. Neither is the key of a setting for that
/// server, `url.git@heroku.com:.insteadOf`.
fn is_of_herokus_git_server(name: &[u8], from_at: &[u8]) -> bool {
    matches!(name, b"git" | b"url.git") && from_at.starts_with(b"@heroku.com")
}
