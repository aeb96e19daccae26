//! Removes Heroku's entries from a netrc file and adds new ones. Every other byte stays.
//!
//! Other programs depend on this file, and do not all read it in the same way. So a doubtful entry is not
//! touched, and the result is parsed once more before it is used.

use zeroize::Zeroizing;

use super::entries::{Entry, layout};
use super::machines::Machines;
use super::scanner::{Doubt, Value, after_mark, is_blank};

/// The file without Heroku's entries, including duplicates.
///
/// # Errors
/// A doubt in an entry of ours or about the whole file; then nothing is removed.
pub(super) fn without_ours(bytes: &[u8], machines: &Machines) -> Result<Value, Doubt> {
    without(bytes, machines, |_| true)
}

/// The file without those of Heroku's entries for which `goes` is true. Every other byte stays.
///
/// # Errors
/// As [`without_ours`], for the entries that go.
pub(super) fn without(
    bytes: &[u8],
    machines: &Machines,
    goes: impl Fn(&Entry) -> bool,
) -> Result<Value, Doubt> {
    let entries = layout(bytes, machines)?.entries;
    let (ours, stay): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(goes);
    let mut kept = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let (mut from, mut line) = (0, after_mark(bytes));
    for entry in &ours {
        if let Some(doubt) = entry.doubt {
            return Err(doubt);
        }
        if entry.has_macro {
            return Err(Doubt {
                line: entry.line,
                phrase: "removing this entry would attach the macro after it to another entry",
            });
        }
        let stays = &bytes[from..entry.span.start];
        // Only the new part is searched: many entries on one long line would take quadratic time.
        if let Some(newline) = stays.iter().rposition(|&byte| byte == b'\n') {
            line = kept.len() + newline + 1;
        }
        kept.extend_from_slice(stays);
        from = cut(&mut kept, line, bytes, entry.span.end);
    }
    kept.extend_from_slice(&bytes[from..]);
    match layout(&kept, machines) {
        Ok(rest) if says_the_same(&rest.entries, &stay) => Ok(kept),
        _ => Err(Doubt {
            line: ours.first().map_or(1, |entry| entry.line),
            phrase: "programs would read the rest of the file differently without this entry",
        }),
    }
}

fn says_the_same(found: &[Entry], expected: &[Entry]) -> bool {
    let fields = |entry: &Entry| (entry.service, entry.login.clone(), entry.password.clone());
    found.iter().map(fields).eq(expected.iter().map(fields))
}

/// Shortens `kept`, which ends before an entry, and returns the position in `bytes` after the entry from
/// which to continue. The entry's first line begins at `line` in `kept`.
///
/// If an entry has its lines to itself, they are removed with it. Beside other words only the entry is
/// removed, so that the words stay separate and in their place.
fn cut(kept: &mut Value, line: usize, bytes: &[u8], end: usize) -> usize {
    let word = kept[line..].iter().rposition(|&byte| !is_blank(byte));
    let blanks = bytes[end..]
        .iter()
        .take_while(|&&byte| byte != b'\n' && is_blank(byte));
    let next = end + blanks.count();
    let ends_line = matches!(bytes.get(next), None | Some(b'\n' | b'#'));
    match (word, ends_line) {
        (None, true) => {
            kept.truncate(line);
            line_end(bytes, next).map_or(bytes.len(), |at| at + 1)
        }
        (None, false) => {
            kept.truncate(line);
            next
        }
        (Some(word), true) => {
            kept.truncate(line + word + 1);
            before_line_end(bytes, next)
        }
        (Some(_), false) => next,
    }
}

fn line_end(bytes: &[u8], from: usize) -> Option<usize> {
    let newline = bytes[from..].iter().position(|&byte| byte == b'\n');
    newline.map(|at| from + at)
}

fn before_line_end(bytes: &[u8], from: usize) -> usize {
    match line_end(bytes, from) {
        Some(end) if bytes[..end].ends_with(b"\r") => end - 1,
        Some(end) => end,
        None => bytes.len(),
    }
}

/// The file with these entries of ours and no others.
///
/// They are added at the end, as the Heroku CLI does it; but before all others if a reader would not find
/// them at the end, or if the last line has no line break.
///
/// # Errors
/// As [`without_ours`], and if there is no place that every reader finds.
pub(super) fn with_ours(bytes: &[u8], ours: &[u8], machines: &Machines) -> Result<Value, Doubt> {
    let rest = without_ours(bytes, machines)?;
    let ends_whole = rest.is_empty() || rest.ends_with(b"\n");
    let at = if layout(&rest, machines)?.is_closed || !ends_whole {
        after_mark(&rest)
    } else {
        rest.len()
    };
    let mut whole = Zeroizing::new(Vec::with_capacity(rest.len() + ours.len()));
    for part in [&rest[..at], ours, &rest[at..]] {
        whole.extend_from_slice(part);
    }
    // The first words of the file may become part of an entry before them: a macro, a stray word.
    match without_ours(&whole, machines) {
        Ok(again) if again == rest => Ok(whole),
        _ => Err(Doubt {
            line: 1,
            phrase: "no place for an entry that every program would find",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OURS: &[u8] = b"machine git.heroku.com\n  login a\n  password G\n";

    fn cleaned(text: &str) -> Result<String, Doubt> {
        let rest = without_ours(text.as_bytes(), &Machines::production())?;
        Ok(String::from_utf8(rest.to_vec()).unwrap())
    }

    #[test]
    fn only_our_own_lines_go() {
        let git = "machine git.heroku.com login a password G";
        for (before, after) in [
            (format!("{git}\n"), ""),
            (git.to_owned(), ""),
            (format!("# mine\n\n  {git}  # theirs\n# more\n"), "# mine\n\n# more\n"),
            (format!("machine x login y password z\n{git}\n"), "machine x login y password z\n"),
            (format!("machine x login y password z {git}\n"), "machine x login y password z\n"),
            (format!("machine x login y password z {git}\r\n"), "machine x login y password z\r\n"),
            (format!("{git} machine x login y password z\n"), "machine x login y password z\n"),
            (format!("machine w {git} machine x\n"), "machine w machine x\n"),
            (format!("{git} {git}\nmachine x\n"), "machine x\n"),
            ("machine api.heroku.com\n  login a\n# note\n  password G\nmachine git.heroku.com\n  password G\nmachine x\n".to_owned(), "machine x\n"),
            (format!("\u{feff}{git}\nmachine x\n"), "\u{feff}machine x\n"),
            (format!("machine x password ü\t\r\n{git}\r\n\r\n# end"), "machine x password ü\t\r\n\r\n# end"),
        ] {
            assert_eq!(cleaned(&before).unwrap(), after, "{before:?}");
        }
    }

    #[test]
    fn in_doubt_nothing_is_cut() {
        for text in [
            "machine git.heroku.com login a password G\n\nmacdef init\nput x\n\n",
            "machine git.heroku.com login a password G extra\n",
            "machine git.heroku.com login a password \"G\nmachine x\n",
        ] {
            cleaned(text).unwrap_err();
        }
    }

    #[test]
    fn new_entries_go_where_every_reader_finds_them() {
        let with = |text: &str| {
            let whole = with_ours(text.as_bytes(), OURS, &Machines::production())
                .map_err(|doubt| doubt.phrase)?;
            Ok::<_, &str>(String::from_utf8(whole.to_vec()).unwrap())
        };
        let ours = std::str::from_utf8(OURS).unwrap();
        assert_eq!(with("").unwrap(), ours);
        assert_eq!(with("machine x\n").unwrap(), format!("machine x\n{ours}"));
        assert_eq!(with("machine x").unwrap(), format!("{ours}machine x"));
        assert_eq!(
            with("default login a\n").unwrap(),
            format!("{ours}default login a\n")
        );
        assert_eq!(
            with("machine x\nmacdef m\ny\n").unwrap(),
            format!("{ours}machine x\nmacdef m\ny\n")
        );
        with("macdef m\ny\n").unwrap_err();
        assert_eq!(
            with("machine git.heroku.com password OLD\nmachine x\n").unwrap(),
            format!("machine x\n{ours}")
        );
    }

    fn file() -> impl Strategy<Value = String> {
        let words = proptest::sample::select(vec![
            "machine",
            "git.heroku.com",
            "api.heroku.com",
            "x.example",
            "login",
            "password",
            "a",
            "macdef",
            "default",
            "# note",
            "\"q\"",
            "\n",
            "\n\n",
            "\r\n",
            "\t",
            "G",
            "port",
            "443",
        ]);
        proptest::collection::vec(words, 0..40).prop_map(|words| words.join(" "))
    }

    proptest! {
        #[test]
        fn a_cut_takes_bytes_away_and_adds_none(text in file()) {
            if let Ok(rest) = without_ours(text.as_bytes(), &Machines::production()) {
                let mut all = text.bytes();
                prop_assert!(rest.iter().all(|byte| all.any(|other| other == *byte)));
                prop_assert_eq!(without_ours(&rest, &Machines::production()).unwrap(), rest);
            }
        }

        #[test]
        fn taking_out_what_was_put_in_gives_the_file_back(text in file()) {
            if layout(text.as_bytes(), &Machines::production()).is_ok_and(|found| found.entries.is_empty())
                && let Ok(whole) = with_ours(text.as_bytes(), OURS, &Machines::production())
            {
                prop_assert_eq!(layout(&whole, &Machines::production()).unwrap().entries.len(), 1);
                prop_assert_eq!(without_ours(&whole, &Machines::production()).unwrap().to_vec(), text.into_bytes());
            }
        }
    }
}
