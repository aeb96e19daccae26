//! Makes a server's message safe to show to the user.

use super::Auth;
use crate::redact::{Hide, Redactor};

/// One line of limited length, without the secrets of the request and without anything that looks
/// like a secret.
pub(super) fn scrubbed(text: &str, auth: Auth<'_>) -> String {
    const LONGEST: usize = 300;
    let mut line = String::new();
    let mut redactor = Redactor::new(Hide::Secrets);
    for secret in auth.secrets() {
        redactor.add_secret(secret);
    }
    for word in redactor.redacted(beginning(text)).split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line.chars().take(LONGEST).collect()
}

/// The beginning of a text, in whole words: a part of a secret would not be recognized.
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

    fn scrubbed_anonymous(text: &str) -> String {
        scrubbed(text, Auth::Anonymous)
    }

    #[test]
    fn a_secret_in_a_servers_message_is_removed() {
        let token = Token::parse("just-letters-and-dashes").unwrap();
        let password = Zeroizing::new("open sesame".to_owned());
        let login = PasswordLogin {
            email: "ann@example.com",
            password: &password,
            code: Some(Zeroizing::new("cccccbgebgdk".to_owned())),
        };
        let poll = Zeroizing::new("poll-secret".to_owned());
        for (auth, message, shown) in [
            (Auth::Bearer(&token), "no just-letters-and-dashes!", "no …!"),
            (
                Auth::Password(&login),
                "ann@example.com: 'open sesame', cccccbgebgdk",
                "ann@example.com: '…', …",
            ),
            (Auth::Poll(&poll), "x=poll%2Dsecret", "x=…"),
        ] {
            assert_eq!(scrubbed(message, auth), shown);
            assert_ne!(scrubbed_anonymous(message), shown);
        }
    }

    #[test]
    fn control_characters_are_removed() {
        let said = "a\u{1b}[2J\nb\u{202e}c\u{200b}d \u{9b}31m";
        assert_eq!(scrubbed_anonymous(said), "a [2J bcd 31m");
    }

    #[test]
    fn a_long_message_is_cut() {
        assert_eq!(scrubbed_anonymous(&"é ".repeat(1000)).chars().count(), 300);
    }

    #[test]
    fn a_secret_at_the_cut_is_removed() {
        let token = Token::parse("just-letters-and-dashes").unwrap();
        for length in 4060..4100 {
            let said = format!("{} just-letters-and-dashes", " ".repeat(length));
            let shown = scrubbed(&said, Auth::Bearer(&token));
            assert!(["", "…"].contains(&shown.as_str()), "{length}: {shown}");
        }
        assert_eq!(scrubbed_anonymous(&"x".repeat(5000)), "…");
    }
}
