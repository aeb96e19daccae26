//! What the user reads if the keyring cannot be used.

use std::time::Duration;

use super::{IS_MACOS, Lock, Missing, Unavailable};
use crate::notice::{Fix, Notice};

/// What helps without a keyring, except to change a login.
const API_KEY: &str = "set HEROKU_API_KEY";

const CHECK_THE_ITEM: &str = if IS_MACOS {
    "check the item heroku-cli in Keychain Access"
} else if cfg!(windows) {
    "check Web Credentials in the Control Panel"
} else {
    "try again"
};

/// macOS shows its own dialog if there is a screen. So if a keychain stays locked, the user is probably logged in
/// over SSH, where only Apple's tool asks for the password.
const UNLOCK: &str = if IS_MACOS {
    "security unlock-keychain"
} else {
    "git credential-heroku-rs status --unlock"
};

impl Unavailable {
    /// What happened, and how to fix it.
    pub fn notice(&self) -> Notice {
        let unlock = || Fix::command("unlock", UNLOCK).or(API_KEY);
        match self {
            Unavailable::NoKeyring(missing) => missing.notice(),
            Unavailable::Locked(Lock::Keyring) => Notice::new("the keyring is locked", unlock()),
            Unavailable::Locked(Lock::Another) => {
                Notice::new("a part of the keyring is locked", unlock())
            }
            Unavailable::Locked(Lock::Confirmation) => Notice::new(
                "the keyring program asks for confirmation before each read",
                "in KeePassXC, turn off: Confirm when passwords are retrieved by clients",
            ),
            Unavailable::PromptDismissed => Notice::new(
                "the keyring's prompt was closed, timed out or could not be shown",
                Fix::from("unlock the keyring in its own program").or(API_KEY),
            ),
            Unavailable::Refused if IS_MACOS => Notice::new(
                "macOS did not let its security tool use the item heroku-cli",
                "delete the item in Keychain Access, then log in: git credential-heroku-rs login",
            ),
            Unavailable::Refused => Notice::new(
                "the system does not allow this program to use the keyring",
                Fix::from("allow access in the D-Bus policy or the sandbox").or(API_KEY),
            ),
            Unavailable::Slow(limit) => {
                let what = format!(
                    "the keyring did not answer within {:.1} s",
                    limit.as_secs_f64()
                );
                Notice::new(what, wait_longer(*limit))
            }
            Unavailable::Overtaken => Notice::new(
                "another program stored a token for this account at the same time",
                Fix::command(
                    "check which token is stored",
                    "git credential-heroku-rs status",
                ),
            ),
            Unavailable::BusOfAnotherUser => Notice::new(
                "the D-Bus session belongs to another user",
                "log in as that user, or unset DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR",
            ),
            Unavailable::RemoteBus => Notice::new(
                "the D-Bus session is not a local socket",
                Fix::from("unset DBUS_SESSION_BUS_ADDRESS").or(API_KEY),
            ),
            Unavailable::Broken(why) => {
                Notice::new(why.clone(), Fix::from(CHECK_THE_ITEM).or(API_KEY))
            }
            Unavailable::Unconfirmed(why) => why.notice(),
        }
    }
}

/// Advice to set a limit that is longer than this one.
fn wait_longer(limit: Duration) -> Fix {
    let longer = limit.as_secs().saturating_mul(2);
    if IS_MACOS {
        let longer = longer.max(300);
        Fix::advice(format!(
            "answer the macOS dialog, or wait longer: HEROKU_RS_PROMPT_TIMEOUT={longer}"
        ))
    } else {
        let longer = longer.max(10);
        Fix::advice(format!("wait longer: HEROKU_RS_TIMEOUT={longer}")).or(API_KEY)
    }
}

impl From<Unavailable> for Notice {
    fn from(why: Unavailable) -> Notice {
        why.notice()
    }
}

impl Missing {
    /// What is missing, and how to get a keyring or do without one.
    pub fn notice(self) -> Notice {
        let log_in = || {
            let log_in = Fix::command("log in", "git credential-heroku-rs login");
            log_in.or(API_KEY)
        };
        match self {
            Missing::Bus => Notice::new("no keyring: no D-Bus session", log_in()),
            Missing::ReachableBus => Notice::new(
                "the D-Bus session cannot be reached",
                Fix::from("log out of this machine and in again").or(API_KEY),
            ),
            Missing::Service => Notice::new(
                "no keyring: no keyring program runs in this D-Bus session",
                log_in(),
            ),
            Missing::Collection => Notice::new(
                "the keyring program has no default keyring",
                Fix::from("create one in the keyring program").or(API_KEY),
            ),
            Missing::Database => Notice::new(
                "KeePassXC has no open database for other programs",
                Fix::from("open a database and expose it in its Database Settings").or(API_KEY),
            ),
            Missing::Wallet => Notice::new(
                "KWallet has no wallet",
                Fix::from("create a wallet in the system settings").or(API_KEY),
            ),
            Missing::System => Notice::new(
                "no keyring: the system's keyring cannot be opened",
                log_in(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suggested_limit_is_longer_than_the_one_that_passed() {
        for (limit, suggested) in [(2, 10), (5, 10), (11, 22), (400, 800)] {
            let fix = Unavailable::Slow(Duration::from_secs(limit)).notice().fix();
            let expected = if IS_MACOS {
                suggested.max(300)
            } else {
                suggested
            };
            let fix = fix.to_string();
            assert!(fix.contains(&format!("TIMEOUT={expected}")), "{fix}");
        }
    }
}
