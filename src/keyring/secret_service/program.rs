//! Which program the service is. Programs differ in what they show of locked or missing items and in when they save a
//! change, so this is asked only in these cases.

use std::time::Duration;

use super::bus::{Bus, Pending};
use super::{Failure, calls, unless_refused};
use crate::keyring::{Missing, Unavailable};

/// A program that offers the Secret Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    GnomeKeyring,
    /// KWallet, and the path of its own interface.
    KWallet(&'static str),
    KeePassXc,
    Other,
}

/// KeePassXC's own name on the bus.
pub(super) const KEEPASSXC: &str = "org.keepassxc.KeePassXC.MainWindow";

/// The name that each program has on the bus, in addition to the name of the service.
const NAMES: [(&str, Program); 5] = [
    ("org.gnome.keyring", Program::GnomeKeyring),
    ("org.kde.kwalletd5", Program::KWallet("/modules/kwalletd5")),
    ("org.kde.kwalletd6", Program::KWallet("/modules/kwalletd6")),
    // The service of KDE Frameworks 6.14 and later. It does not have the old interface, and does not need it.
    ("org.kde.ksecretd", Program::KWallet("/ksecretd")),
    (KEEPASSXC, Program::KeePassXc),
];

impl Program {
    /// How long a change may be only in the program's memory. KWallet was seen to lose changes that were made up to 5 s
    /// before it was killed.
    pub(super) fn write_delay(self) -> Duration {
        match self {
            Program::KWallet(_) => Duration::from_secs(7),
            Program::GnomeKeyring | Program::KeePassXc | Program::Other => Duration::ZERO,
        }
    }

    /// Whether a search does not find the items of a locked collection.
    pub(super) fn hides_what_is_locked(self) -> bool {
        self != Program::GnomeKeyring
    }

    /// What is missing if the program has no collection for new items.
    pub(super) fn missing_collection(self) -> Missing {
        match self {
            Program::KeePassXc => Missing::Database,
            Program::KWallet(_) => Missing::Wallet,
            Program::GnomeKeyring | Program::Other => Missing::Collection,
        }
    }
}

/// The program that owns the name of the service.
pub(super) fn identify(bus: &mut Bus) -> Result<Program, Failure> {
    let service = bus.send(calls::get_name_owner(calls::SERVICE));
    let names = NAMES.map(|(name, program)| (bus.send(calls::get_name_owner(name)), program));
    let service = owner(bus, service)?;
    let mut found = None;
    for (name, program) in names {
        let owner = owner(bus, name)?;
        let is_service = owner.is_some() && owner == service;
        found = found.or(is_service.then_some(program));
    }
    Ok(found.unwrap_or(Program::Other))
}

/// Waits for the owner of a name. None if the name has none.
pub(super) fn owner(bus: &mut Bus, name: Pending<String>) -> Result<Option<String>, Failure> {
    match bus.wait(name) {
        Err(Failure::Unavailable(Unavailable::NoKeyring(_))) => Ok(None),
        owner => unless_refused(owner),
    }
}

/// Whether KWallet's wallet is open. No other program is asked.
pub(super) fn is_wallet_open(bus: &mut Bus) -> Result<bool, Failure> {
    let Program::KWallet(module) = identify(bus)? else {
        return Ok(false);
    };
    let wallet = bus.call(calls::kwallet_network_wallet(module));
    let Some(wallet) = unless_refused(wallet)? else {
        return Ok(false);
    };
    let is_open = bus.call(calls::kwallet_is_open(module, &wallet));
    Ok(unless_refused(is_open)?.unwrap_or(false))
}
