use proptest::prelude::*;

use super::*;

const UUID: &str = "01234567-89ab-cdef-0123-456789abcdef";
const EVERY: [Hide; 3] = [Hide::Secrets, Hide::SecretsAndPerson, Hide::FormsAndPerson];

fn redacted(text: &str, hide: Hide) -> String {
    Redactor::new(hide).redacted(text)
}

fn knowing(secret: &str, hide: Hide) -> Redactor {
    let mut redactor = Redactor::new(hide);
    redactor.add_secret(secret);
    redactor
}

fn at_home(hide: Hide) -> Redactor {
    let mut redactor = Redactor::new(hide);
    redactor.add_home(Path::new("/home/ann/"));
    redactor
}

#[test]
fn heroku_tokens_are_always_hidden() {
    for token in [
        "HRKU-AAx_-9x_-9x_-9zz".to_owned(),
        format!("HRKU-{UUID}"),
        UUID.to_owned(),
        UUID.to_uppercase(),
        "0123456789abcdef0123456789abcdef01234567".to_owned(),
    ] {
        for text in [
            format!("https://x:{token}@git.heroku.com/app.git"),
            format!("HEROKU_API_KEY={token} git push"),
            format!("{{\"token\":\"{token}\"}}"),
            format!("x{token}"),
            token.replace('-', "%2D"),
        ] {
            for hide in EVERY {
                let shown = redacted(&text, hide);
                assert!(!shown.contains(&token[5..15]), "{hide:?}: {shown}");
                assert!(!shown.contains(&token[20..]), "{hide:?}: {shown}");
            }
        }
    }
}

#[test]
fn a_text_about_a_secret_stays() {
    for text in [
        "Invalid credentials provided.",
        "see https://devcenter.heroku.com/articles/platform-api-reference#rate-limits",
        "Basic authentication is off",
        "git 2.47.3 asks `!heroku git:credentials` (~/.gitconfig) of git@heroku.com:app-1",
        "git.heroku.com over https, 50 % of 7%",
        "remove url.git@heroku.com:.insteadof",
        "a token opens with HRKU- mostly: HEROKU_API_KEY=HRKU-…",
    ] {
        for hide in EVERY {
            assert_eq!(at_home(hide).redacted(text), text, "{hide:?}");
        }
    }
}

#[test]
fn a_name_that_looks_like_a_token_is_hidden() {
    let text = "https://git.heroku.com/quiet-fjord-1a2b3c4d5e6f.git";
    let by = |hide| redacted(text, hide);
    assert_eq!(by(Hide::FormsAndPerson), text);
    assert_eq!(by(Hide::Secrets), "https://git.heroku.com/….git");
    assert_eq!(by(Hide::SecretsAndPerson), "https://git.heroku.com/….git");
}

#[test]
fn the_value_of_a_header_is_hidden() {
    for (text, shown) in [
        ("sent Basic YW5uOng= to us", "sent Basic … to us"),
        ("Authorization: bearer abCdef", "Authorization: bearer …"),
        ("authorization:Bearer abCdef.", "authorization:Bearer …"),
        ("x?h=Basic%20YWJj&y", "x?h=Basic%20…"),
    ] {
        for hide in EVERY {
            assert_eq!(redacted(text, hide), shown, "{hide:?}");
        }
    }
}

#[test]
fn a_password_in_a_url_is_hidden_and_in_public_output_also_the_user() {
    for (text, to_its_person, to_anyone) in [
        (
            "https://ann:p!w@x@proxy:3128/",
            "https://ann:…@proxy:3128/",
            "https://a…@proxy:3128/",
        ),
        ("proxy ann:pw@proxy", "proxy ann:…@proxy", "proxy a…@proxy"),
        ("https://x:pw@host", "https://x:…@host", "https://x…@host"),
        (
            "url.https://ann:S3,cret;W=(o)'rd@host/.insteadof",
            "url.https://ann:…@host/.insteadof",
            "url.https://a…@host/.insteadof",
        ),
        (
            "http://a.example/x, ann@b.example",
            "http://a.example/x, ann@b.example",
            "http://a.example/x, a…@b.example",
        ),
        (
            "of `ann@example.com`",
            "of `ann@example.com`",
            "of `a…@example.com`",
        ),
        (
            "zoë@a.example, b@b.example",
            "zoë@a.example, b@b.example",
            "z…@a.example, b…@b.example",
        ),
        (
            "u=bob%40example.com@git",
            "u=bob%40example.com@git",
            "u=b…@git",
        ),
    ] {
        let by = |hide| redacted(text, hide);
        assert_eq!(by(Hide::Secrets), to_its_person);
        assert_eq!(by(Hide::SecretsAndPerson), to_anyone);
        assert_eq!(by(Hide::FormsAndPerson), to_anyone);
    }
}

#[test]
fn every_spelling_of_the_home_becomes_a_tilde() {
    let shown = |text| at_home(Hide::SecretsAndPerson).redacted(text);
    assert_eq!(shown("/home/ann/.netrc: 7 bytes"), "~/.netrc: 7 bytes");
    assert_eq!(shown("file:///%68ome%2Fann/x"), "file://~/x");
    let mut on_windows = Redactor::new(Hide::FormsAndPerson);
    on_windows.add_home(Path::new(r"C:\Users\ann"));
    for path in [r"C:\Users\ann\.gitconfig", "C:/Users/ann/.gitconfig"] {
        assert!(on_windows.redacted(path).starts_with('~'), "{path}");
    }
    let to_its_person = at_home(Hide::Secrets).redacted("/home/ann/x");
    assert_eq!(to_its_person, "/home/ann/x");
}

#[test]
#[cfg(unix)]
fn a_home_that_is_not_utf8_is_hidden() {
    use std::os::unix::ffi::OsStrExt;
    let home = Path::new(std::ffi::OsStr::from_bytes(b"/home/\xe4nn"));
    let mut redactor = Redactor::new(Hide::SecretsAndPerson);
    redactor.add_home(home);
    let text = home.join(".netrc").display().to_string();
    assert_eq!(redactor.redacted(&text), "~/.netrc");
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let text = "a\u{1b}[2J\nb\u{202e}c\u{200b}d \u{9b}31m HR\u{200b}KU-AA";
    assert_eq!(redacted(text, Hide::Secrets), "a [2J bcd  31m …");
}

#[test]
fn a_secret_inside_base64_is_hidden_with_its_first_and_last_letters() {
    // `us:open sesame?>` with one letter of each encoding of a slash and of a plus sign.
    let text = "x=dXM6b3BlbiBzZXNhbWU%2FPg%3D%3D&y";
    for hide in EVERY {
        assert_eq!(knowing("open sesame", hide).redacted(text), "x=…&y");
    }
}

#[test]
fn an_unknown_token_in_base64_is_hidden() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    for token in [format!("HRKU-{UUID}"), UUID.to_owned()] {
        for before in ["", "_:", "heroku:"] {
            let encoded = STANDARD.encode(format!("{before}{token}"));
            for hide in EVERY {
                let shown = redacted(&format!("\"auth\": \"{encoded}\""), hide);
                assert_eq!(shown, "\"auth\": \"…\"", "{before}");
            }
        }
    }
}

/// One of the encodings of a secret.
fn written(secret: &str, form: u8) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let escaped = |byte: &u8| format!("%{byte:02X}");
    let in_url = |secret: &str| -> String { secret.as_bytes().iter().map(escaped).collect() };
    match form {
        0 => secret.to_owned(),
        1 => in_url(secret),
        2 => in_url(secret).replace('%', "%25"),
        3 => secret
            .replace('%', "%25")
            .replace(' ', "%20")
            .replace('é', "%c3%a9"),
        4 => STANDARD.encode(secret),
        5 => URL_SAFE_NO_PAD.encode(secret),
        6 => STANDARD.encode(format!("u:{secret}")),
        7 => STANDARD
            .encode(format!("us:{secret}:x"))
            .replace('/', "%2F"),
        8 => {
            let digits = secret.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
            digits
                .map(|digit| char::from_digit(u32::from(digit), 16).unwrap())
                .collect()
        }
        _ => secret.replace('%', "%25").replace(' ', "+"),
    }
}

proptest! {
    #[test]
    fn a_known_secret_is_hidden_in_every_form(
        secret in "[ -~é]{8,40}",
        form in 0_u8..10,
        before in ".{0,12}|[%2-5a]{0,6}",
        after in ".{0,12}|[%2-5a]{0,6}",
        hide in proptest::sample::select(EVERY.to_vec()),
    ) {
        let written = written(&secret, form);
        let text = format!("{before}{written}{after}");
        let shown = knowing(&secret, hide).redacted(&text);
        prop_assert!(!shown.contains(&secret), "{shown}");
        prop_assert!(!shown.contains(&written), "{shown}");
    }

    #[test]
    fn a_token_is_hidden_whatever_surrounds_it(
        before in ".{0,20}",
        token in "HRKU-[A-Za-z0-9_-]{20,60}",
        after in ".{0,20}",
        hide in proptest::sample::select(EVERY.to_vec()),
    ) {
        for token in [token, UUID.to_owned()] {
            let shown = redacted(&format!("{before}{token}{after}"), hide);
            prop_assert!(!shown.contains(&token[5..]), "{shown}");
        }
    }

    #[test]
    fn an_email_is_hidden_whatever_surrounds_it(
        before in ".{0,8}",
        name in "[a-z0-9.+-]{2,20}",
        after in ".{0,8}",
    ) {
        let text = format!("{before} {name}@example.com{after}");
        for hide in [Hide::SecretsAndPerson, Hide::FormsAndPerson] {
            let shown = redacted(&text, hide);
            let whole = format!("{name}@example.com");
            prop_assert!(!shown.contains(&whole), "{shown}");
        }
    }

    #[test]
    fn redaction_is_idempotent(
        text in "([ -~…é]|@|%40|%25|HRKU-|/home/ann|Basic |secret|…){0,12}",
        home in "/[a-z…@%]{0,4}",
        secret in "[a-z…@%/ ]{8,9}|secret…@",
        hide in proptest::sample::select(EVERY.to_vec()),
    ) {
        let mut redactor = knowing(&secret, hide);
        redactor.add_home(Path::new(&home));
        let shown = redactor.redacted(&text);
        prop_assert_eq!(redactor.redacted(&shown), shown);
    }

    #[test]
    fn a_text_without_secrets_stays(text in "([A-Za-z]{1,12}[ .,:;/()-]{1,2}){0,20}") {
        prop_assume!(!text.to_lowercase().contains("basic") && !text.to_lowercase().contains("bearer"));
        for hide in EVERY {
            let shown = knowing("open-sesame-1", hide).redacted(&text);
            prop_assert_eq!(&shown, &text);
        }
    }
}
