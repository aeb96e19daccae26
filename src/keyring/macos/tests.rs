use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

/// A program in place of `security`: a shell script, in a directory that it can write to as `$DIR`.
struct Script {
    dir: TempDir,
    tool: SecurityTool,
}

impl Script {
    #[expect(clippy::disallowed_methods, reason = "a test writes a program")]
    fn new(body: &str) -> Script {
        let dir = TempDir::new().unwrap();
        let program = dir.path().join("security");
        let text = format!(
            "#!/bin/sh\n[ $# -gt 0 ] || exit 0\nDIR={}\n{body}\n",
            dir.path().display()
        );
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        // The child of another thread may have inherited the open file for a moment.
        while Command::new(&program).status().is_err() {
            std::thread::yield_now();
        }
        let mut budget = Budget::new(&Environment::default(), true);
        budget.limit = Duration::from_secs(60);
        let tool = SecurityTool {
            program,
            prompt_limit: budget.limit,
            budget,
        };
        Script { dir, tool }
    }

    fn wrote(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap()
    }
}

fn ann() -> Account {
    Account::parse("ann@example.com").unwrap()
}

fn token() -> Token {
    Token::parse(TOKEN).unwrap()
}

#[test]
fn a_read_passes_service_and_account_and_prints_only_the_secret() {
    let script = Script::new(&format!(
        "printf '%s\\n' \"$@\" >$DIR/arguments; echo {TOKEN}"
    ));
    assert_eq!(script.tool.read(&ann()), Ok(Some(token())));
    let arguments = "find-generic-password\n-s\nheroku-cli\n-a\nann@example.com\n-w\n";
    assert_eq!(script.wrote("arguments"), arguments);
}

#[test]
fn a_write_passes_the_token_on_stdin_and_not_as_an_argument() {
    let script = Script::new("printf '%s\\n' \"$@\" >$DIR/arguments; cat >$DIR/line");
    assert_eq!(script.tool.add(&ann(), &token()), Ok(()));
    assert_eq!(script.wrote("arguments"), "-i\n");
    let line = format!(
        "add-generic-password -U -a \"ann@example.com\" -s \"heroku-cli\" -w \"{TOKEN}\"\n"
    );
    assert_eq!(script.wrote("line"), line);
}

#[test]
fn removals_continue_until_no_item_is_left() {
    let script = Script::new(&format!(
        "case $1 in find*) echo {TOKEN}; exit 0 ;; esac
         echo x >>$DIR/removals; [ $(wc -l <$DIR/removals) -lt 4 ] && exit 0
         echo 'security: SecKeychainSearchCopyNext: gone' >&2; exit 44",
    ));
    assert_eq!(script.tool.remove(&ann(), &token()), Ok(()));
    assert_eq!(script.wrote("removals").lines().count(), 4);
}

#[test]
fn removals_stop_at_the_limit_of_duplicates() {
    let script = Script::new(&format!(
        "case $1 in delete*) echo x >>$DIR/removals ;; esac; echo {TOKEN}"
    ));
    assert_eq!(script.tool.remove(&ann(), &token()), Ok(()));
    assert_eq!(script.wrote("removals").lines().count(), 8);
}

#[test]
fn without_a_screen_the_error_is_a_locked_keychain_and_not_a_denied_item() {
    let find = |shown: i32| {
        let body = format!("case $1 in find*) exit 36 ;; show-keychain-info) exit {shown} ;; esac");
        Script::new(&body).tool.read(&ann())
    };
    assert_eq!(find(36), Err(Unavailable::Locked(Lock::Keyring)));
    assert_eq!(find(0), Err(Unavailable::Refused));
    assert_eq!(find(37), Err(Unavailable::NoKeyring(Missing::System)));
}

#[test]
fn without_the_tool_there_is_no_keyring() {
    let mut script = Script::new("");
    script.tool.program = Path::new("/nowhere/security").to_owned();
    let none = Unavailable::NoKeyring(Missing::System);
    assert_eq!(script.tool.read(&ann()), Err(none.clone()));
    assert_eq!(script.tool.add(&ann(), &token()), Err(none));
}

#[test]
fn a_program_that_hangs_is_killed_at_the_limit() {
    let mut script = Script::new("echo $$ >$DIR/pid; exec sleep 600");
    script.tool.budget.limit = Duration::from_millis(500);
    assert!(matches!(
        script.tool.delete(&ann()),
        Err(Unavailable::Slow(_))
    ));
    // The program is not run again.
    let slow = Unavailable::Slow(script.tool.budget.limit);
    assert_eq!(script.tool.read(&ann()), Err(slow));
    let pid = script.wrote("pid").trim().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    assert!(
        rustix::process::test_kill_process(pid).is_err(),
        "the process still exists"
    );
}

#[test]
fn unlocking_without_a_screen_reports_a_locked_keychain() {
    let locked = Script::new("exit 36").tool.unlock();
    assert_eq!(locked, Err(Unavailable::Locked(Lock::Keyring)));
    assert_eq!(Script::new("exit 0").tool.unlock(), Ok(()));
}

#[test]
fn the_longest_line_is_not_truncated() {
    let account = Account::parse(&format!("{}@x.y", "ä".repeat(125))).unwrap();
    let token = Token::parse(&"\"".repeat(Token::LONGEST)).unwrap();
    assert_eq!(account.as_str().len(), 254);
    assert!(add_command(&account, &token).len() < 4095);
}

/// The words of a line, by the rules of Apple's parser: a word may be in quotes, and a backslash escapes the next byte.
/// The stand-in for the tool has the same parser, but the published crate is tested without the stand-in.
fn words(line: &[u8]) -> Vec<String> {
    let mut words = Vec::new();
    let mut bytes = line.iter().copied();
    while let Some(first) = bytes.next() {
        if first.is_ascii_whitespace() {
            continue;
        }
        let end = |byte: u8| match first {
            b'"' | b'\'' => byte == first,
            _ => byte.is_ascii_whitespace(),
        };
        let mut word = if end(first) { Vec::new() } else { vec![first] };
        while let Some(byte) = bytes.next().filter(|byte| !end(*byte)) {
            if byte == b'\\' {
                word.extend(bytes.next());
            } else {
                word.push(byte);
            }
        }
        words.push(String::from_utf8(word).unwrap());
    }
    words
}

proptest! {
    #[test]
    fn every_token_and_account_is_quoted_correctly_in_the_line(
        account in prop_oneof!["[!#%-?A-\\[\\]-_a-~]{1,100}@x\\.y", "\\p{L}{1,40}@x\\.y", "[a-z0-9._+~%]{1,60}"],
        token in "[!-~]{20,512}",
    ) {
        let account = Account::parse(&account);
        prop_assume!(account.is_some());
        let (account, token) = (account.unwrap(), Token::parse(&token).unwrap());
        let line = add_command(&account, &token);
        let (newline, line) = line.split_last().unwrap();
        prop_assert_eq!(*newline, b'\n');
        prop_assert!(!line.contains(&b'\n'));
        let (account, token) = (account.as_str(), token.expose());
        let expected = ["add-generic-password", "-U", "-a", account, "-s", SERVICE, "-w", token];
        prop_assert_eq!(words(line), expected);
    }
}
