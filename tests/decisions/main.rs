//! Every decision of the program as tables: what is on a machine, what is requested, and the result.
//!
//! Each row of a table is a machine of its own, with a keyring in memory and files in a temporary home, and goes
//! through `run`, as the program does; no process is started. The tables are the `.txt` files beside this one.
//! After a change of behaviour, `UPDATE_TABLES=1 cargo test --test decisions` writes them again: read the
//! difference before you commit it.
//!
//! File modes and paths in them are those of Unix, and the messages about keyrings those of Linux.
#![cfg(all(unix, not(target_os = "macos")))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod machine;
mod table;

use std::cell::RefCell;
use std::io;

use git_credential_heroku_rs::account::{Account, Verdict};
use git_credential_heroku_rs::helper::git as git_helper;
use git_credential_heroku_rs::notice::{Fix, Notice};
use git_credential_heroku_rs::protocol::Operation;
use heroku_stand_in::StandIn;

use machine::{Heroku, Machine};
use table::Table;

/// The columns that every table starts with.
const MACHINE: [&str; 4] = ["keyring", "login.json", "HEROKU_API_KEY", "netrc"];

fn columns(of_the_table: &[&'static str]) -> Vec<&'static str> {
    MACHINE.iter().chain(of_the_table).copied().collect()
}

/// The message, without the command that fixes it.
fn what(said: Option<Notice>) -> String {
    said.map_or_else(|| "-".to_owned(), |notice| notice.what().to_owned())
}

#[test]
fn which_token_git_gets() {
    let table = Table::read("get.txt", &columns(&["request"]), &["reply", "says"]);
    table.check(|row| {
        let machine = Machine::new(row, &Heroku::Unreachable);
        let outcome = machine.runs("get", &request(row.cell("request"), &machine));
        vec![outcome.reply(), outcome.says()]
    });
}

#[test]
fn when_a_token_is_stored() {
    let table = Table::read(
        "store.txt",
        &columns(&["request", "state"]),
        &["kept", "says"],
    );
    table.check(|row| {
        let machine = Machine::new(row, &Heroku::Unreachable);
        let before = machine.holds();
        let mut lines = request(row.cell("request"), &machine);
        lines += &password("offered", &machine);
        lines.push_str(match row.cell("state") {
            "-" => "",
            "asked" => "state[]=heroku-rs:asked\n",
            "keyring" => "state[]=heroku-rs:keyring\n",
            "ephemeral" => "state[]=heroku-rs:asked\nephemeral=1\n",
            other => panic!("no such state: {other}"),
        });
        let outcome = machine.runs("store", &lines);
        assert_eq!(outcome.output, "", "stdout belongs to the reply");
        let after = machine.holds();
        // An expired token may be replaced.
        let may_replace = ["keyring", "netrc"]
            .iter()
            .any(|column| row.cell(column).contains('~'));
        let lost = before
            .iter()
            .find(|held| !after.contains(held) && !may_replace);
        let kept = after.iter().find(|held| held.contains("offered"));
        let kept = match (lost, kept) {
            (Some(lost), _) => format!("{lost} is lost"),
            (None, Some(kept)) => kept.clone(),
            (None, None) => "-".to_owned(),
        };
        vec![kept, outcome.says()]
    });
}

/// What the API says about the token is given here, so that no network is needed.
#[test]
fn when_a_rejected_token_is_removed() {
    let table = Table::read(
        "erase.txt",
        &columns(&["request", "password", "API says"]),
        &["asked", "removed", "says"],
    );
    table.check(|row| {
        let machine = Machine::new(row, &Heroku::Unreachable);
        let before = machine.holds();
        let mut lines = request(row.cell("request"), &machine);
        if row.cell("password") != "-" {
            lines += &password(row.cell("password"), &machine);
        }
        let verdict = match row.cell("API says") {
            "401" => Verdict::Rejected,
            "200" => Verdict::Accepted(Ok(Account::unnamed())),
            "-" => Verdict::Unknown(Notice::new("it could not be reached", Fix::NONE)),
            other => panic!("no such answer: {other}"),
        };
        let asked = RefCell::new("-".to_owned());
        let said = git_helper::answer(
            Operation::Erase,
            &mut lines.as_bytes(),
            &mut io::sink(),
            &machine.context,
            |host, _| {
                asked.replace(host.to_string());
                verdict
            },
        );
        let after = machine.holds();
        let mut removed: Vec<String> = before;
        removed.retain(|held| !after.contains(held));
        vec![asked.into_inner(), or_none(&removed), what(said)]
    });
}

#[test]
fn what_commands_do_without_the_network() {
    let table = Table::read(
        "offline.txt",
        &columns(&["command"]),
        &["exit", "says", "login.json after", "holds after"],
    );
    table.check(|row| {
        let machine = Machine::new(row, &Heroku::Unreachable);
        let outcome = machine.runs(row.cell("command"), "");
        vec![
            outcome.code.to_string(),
            outcome.says_most(),
            machine.active_account(),
            or_none(&machine.holds()),
        ]
    });
}

#[test]
fn what_commands_do_with_heroku() {
    let dir = tempfile::tempdir().unwrap();
    let heroku = StandIn::start(dir.path()).unwrap();
    let table = Table::read(
        "online.txt",
        &columns(&["command"]),
        &["exit", "says", "login.json after", "holds after"],
    );
    table.check(|row| {
        let machine = Machine::new(row, &Heroku::StandIn(&heroku));
        let input = if row.cell("command").contains("--with-token") {
            machine.token("ann-new")
        } else {
            String::new()
        };
        let outcome = machine.runs(row.cell("command"), &input);
        vec![
            outcome.code.to_string(),
            outcome.says_most(),
            machine.active_account(),
            or_none(&machine.holds()),
        ]
    });
}

/// The line with this token as the password.
fn password(name: &str, machine: &Machine) -> String {
    format!("password={}\n", machine.token(name))
}

fn or_none(held: &[String]) -> String {
    if held.is_empty() {
        "-".to_owned()
    } else {
        held.join(", ")
    }
}

/// The lines that git writes for such a request.
fn request(kind: &str, machine: &Machine) -> String {
    let (protocol, host, user) = match kind {
        "-" => ("https", "git.heroku.com", None),
        "api" => ("https", "api.heroku.com", None),
        "http" => ("http", "git.heroku.com", None),
        "port" => ("https", "git.heroku.com:8443", None),
        "evil" => ("https", "git.heroku.com.evil.example", None),
        "TOKEN@" => ("https", "git.heroku.com", Some(machine.token("offered"))),
        "deploy@" => ("https", "git.heroku.com", Some("deploy".to_owned())),
        name => {
            let name = name.strip_suffix('@').expect("a user name");
            (
                "https",
                "git.heroku.com",
                Some(format!("{name}@example.com")),
            )
        }
    };
    let user = user.map(|user| format!("username={user}\n"));
    format!(
        "capability[]=state\nprotocol={protocol}\nhost={host}\n{}",
        user.unwrap_or_default()
    )
}
