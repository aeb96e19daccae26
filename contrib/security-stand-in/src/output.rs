//! What `security` prints.

use std::fmt::Write as _;
use std::io::Write as _;

use super::Status;
use super::keychain::Item;

/// A line on stderr, with the program's name.
pub(crate) fn error(text: &str) {
    let _ = writeln!(std::io::stderr(), "security: {text}");
}

/// The line for a failed call of macOS: `security: FUNCTION: MESSAGE`.
pub(crate) fn failed_call(function: &str, status: Status) {
    error(&format!("{function}: {}", status.message()));
}

pub(crate) fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// What `-w` prints: the bytes if all are printable ASCII, else hex, and a newline.
pub(crate) fn secret(secret: &[u8]) -> String {
    let is_printable = secret.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if is_printable {
        return String::from_utf8_lossy(secret).into_owned() + "\n";
    }
    let mut hex = String::new();
    for byte in secret {
        let _ = write!(hex, "{byte:02x}");
    }
    hex + "\n"
}

/// An item's attributes, as `find` without `-w`, `delete` and `dump-keychain` print them.
pub(crate) fn attributes(item: &Item) -> String {
    let mut text = format!(
        "keychain: {}\nversion: 512\nclass: \"genp\"\nattributes:\n",
        blob(item.keychain.as_bytes())
    );
    let label = item.label.as_deref().unwrap_or(&item.service);
    for (name, value) in [
        ("0x00000007 ", Some(label)),
        ("0x00000008 ", None),
        ("\"acct\"", Some(item.account.as_str())),
        ("\"cusi\"", None),
        ("\"desc\"", None),
        ("\"icmt\"", None),
        ("\"svce\"", Some(item.service.as_str())),
        ("\"type\"", None),
    ] {
        let value = value.map_or("<NULL>".to_owned(), |value| blob(value.as_bytes()));
        let _ = writeln!(text, "    {name}<blob>={value}");
    }
    text
}

/// An item's access lists, as `dump-keychain -a` prints them.
pub(crate) fn access(item: &Item) -> String {
    let mut text = String::from("access: 2 entries\n    entry 0:\n");
    text.push_str(
        "        authorizations (6): decrypt derive export_clear export_wrapped mac sign\n",
    );
    text.push_str("        don't-require-password\n");
    let _ = writeln!(text, "        description: {}", item.service);
    let _ = writeln!(text, "        applications ({}):", item.applications.len());
    for (number, application) in item.applications.iter().enumerate() {
        let _ = writeln!(text, "            {number}: {application} (OK)");
    }
    text.push_str("    entry 1:\n        authorizations (1): partition_id\n");
    text.push_str("        don't-require-password\n");
    let _ = writeln!(text, "        description: {}", item.partitions.join(","));
    text.push_str("        applications: <null>\n");
    text
}

/// Printable ASCII in quotes, without escapes. Anything else in hex, and then again with octal escapes.
fn blob(bytes: &[u8]) -> String {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    let mut text = String::new();
    if !bytes.iter().all(is_plain) {
        text.push_str("0x");
        for byte in bytes {
            let _ = write!(text, "{byte:02X}");
        }
        text.push_str("  ");
    }
    if bytes.iter().any(is_plain) {
        text.push('"');
        for byte in bytes {
            if is_plain(byte) {
                text.push(char::from(*byte));
            } else {
                let _ = write!(text, "\\{byte:03o}");
            }
        }
        text.push('"');
    }
    text
}

/// The name of the program that started this one.
pub(crate) fn name_of_parent() -> String {
    let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
    let name = std::fs::read_to_string(format!("/proc/{parent}/comm")).unwrap_or_default();
    name.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_cannot_be_printed_is_hex_without_a_prefix() {
        assert_eq!(secret(b"HRKU-a b"), "HRKU-a b\n");
        assert_eq!(secret(b"ab\n"), "61620a\n");
        assert_eq!(secret("é".as_bytes()), "c3a9\n");
        assert_eq!(secret(b""), "\n");
    }

    #[test]
    fn an_attribute_that_is_not_ascii_is_hex_and_octal() {
        assert_eq!(blob(b"ann@example.com"), "\"ann@example.com\"");
        assert_eq!(blob("é@x".as_bytes()), "0xC3A94078  \"\\303\\251@x\"");
        assert_eq!(blob(b"a\\b"), "0x615C62  \"a\\134b\"");
    }
}
