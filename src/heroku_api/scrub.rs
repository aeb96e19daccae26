//! A server's words, made fit to be shown to the person who asked.

use super::Auth;
use crate::redact::{Hide, Known, redacted};

/// One line of a sane length, without what the asker has sent in secret and without whatever else may
/// be a secret.
pub(super) fn scrubbed(text: &str, asker: Auth<'_>) -> String {
    const LONGEST: usize = 300;
    let mut line = String::new();
    let known = Known::of(asker.secrets());
    for word in redacted(beginning(text), Hide::Secrets, &known).split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line.chars().take(LONGEST).collect()
}

/// As much of a text as anyone reads, in whole words: half a secret is not known for one.
fn beginning(text: &str) -> &str {
    const LONGEST_READ: usize = 4096;
    let Some((end, _)) = text.char_indices().nth(LONGEST_READ) else {
        return text;
    };
    let (beginning, _) = text.split_at(end);
    beginning
        .rsplit_once(char::is_whitespace)
        .map_or("…", |(whole, _)| whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heroku_api::PasswordLogin;
    use crate::token::Token;
    use zeroize::Zeroizing;

    fn of_nobodys(text: &str) -> String {
        scrubbed(text, Auth::Anonymous)
    }

    #[test]
    fn a_server_that_repeats_a_secret_is_not_repeated() {
        let token = Token::parse("just-letters-and-dashes").unwrap();
        let password = Zeroizing::new("open sesame".to_owned());
        let login = PasswordLogin {
            email: "ann@example.com",
            password: &password,
            code: Some(Zeroizing::new("cccccbgebgdk".to_owned())),
        };
        let poll = Zeroizing::new("poll-secret".to_owned());
        for (asker, said, shown) in [
            (Auth::Bearer(&token), "no just-letters-and-dashes!", "no …!"),
            (
                Auth::Password(&login),
                "ann@example.com: 'open sesame', cccccbgebgdk",
                "ann@example.com: '…', …",
            ),
            (Auth::Poll(&poll), "x=poll%2Dsecret", "x=…"),
        ] {
            assert_eq!(scrubbed(said, asker), shown);
            assert_ne!(of_nobodys(said), shown);
        }
    }

    #[test]
    fn what_would_draw_on_the_terminal_is_gone() {
        let said = "a\u{1b}[2J\nb\u{202e}c\u{200b}d \u{9b}31m";
        assert_eq!(of_nobodys(said), "a [2J bcd 31m");
    }

    #[test]
    fn it_is_cut_to_a_length_that_can_be_read() {
        assert_eq!(of_nobodys(&"é ".repeat(1000)).chars().count(), 300);
    }

    #[test]
    fn a_secret_at_the_end_of_what_is_read_is_whole_or_away() {
        let token = Token::parse("just-letters-and-dashes").unwrap();
        for length in 4060..4100 {
            let said = format!("{} just-letters-and-dashes", " ".repeat(length));
            let shown = scrubbed(&said, Auth::Bearer(&token));
            assert!(["", "…"].contains(&shown.as_str()), "{length}: {shown}");
        }
        assert_eq!(of_nobodys(&"x".repeat(5000)), "…");
    }
}
