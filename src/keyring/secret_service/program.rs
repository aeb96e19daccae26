//! Which program the service is. Programs differ in what they show of locked or missing items and in when they save a
//! change, so this is asked only in these cases.

use std::time::Duration;

use super::Failure;
use super::bus::Bus;
use super::calls::{self, SERVICE_NAME};

/// A program that offers the Secret Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// gnome-keyring.
    GnomeKeyring,
    /// KWallet: kwalletd5, kwalletd6.
    KWallet(&'static str),
    /// KeePassXC.
    KeePassXc,
    /// Another one.
    Other,
}

/// KeePassXC's own name on the bus.
pub(super) const KEEPASSXC: &str = "org.keepassxc.KeePassXC.MainWindow";

/// The name that each program has on the bus, in addition to the name of the service.
const NAMES: [(&str, Program); 4] = [
    ("org.gnome.keyring", Program::GnomeKeyring),
    ("org.kde.kwalletd5", Program::KWallet("/modules/kwalletd5")),
    ("org.kde.kwalletd6", Program::KWallet("/modules/kwalletd6")),
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
}

/// The program that owns the name of the service.
pub(super) fn identify(bus: &mut Bus) -> Result<Program, Failure> {
    let mut calls = vec![calls::get_name_owner(SERVICE_NAME)];
    calls.extend(NAMES.map(|(name, _)| calls::get_name_owner(name)));
    let serials = bus.send_all(&calls)?;
    let mut owners = Vec::with_capacity(serials.len());
    for serial in serials {
        owners.push(match bus.answer(serial) {
            Ok(answer) => Some(calls::text(&answer)?),
            Err(Failure::NoService | Failure::Refused(_)) => None,
            Err(failure) => return Err(failure),
        });
    }
    let (service, others) = owners.split_at(1);
    let mut names = NAMES.iter().zip(others);
    let same = names.find(|(_, owner)| owner.is_some() && **owner == service[0]);
    Ok(same.map_or(Program::Other, |((_, program), _)| *program))
}

/// Whether KWallet's wallet is open. No other program is asked.
pub(super) fn is_wallet_open(bus: &mut Bus, program: Program) -> Result<bool, Failure> {
    let Program::KWallet(module) = program else {
        return Ok(false);
    };
    let wallet = match bus.call(&calls::kwallet_network_wallet(module)) {
        Ok(answer) => calls::text(&answer)?,
        Err(Failure::Refused(_) | Failure::Gone) => return Ok(false),
        Err(failure) => return Err(failure),
    };
    match bus.call(&calls::kwallet_is_open(module, &wallet)) {
        Ok(answer) => calls::boolean(&answer),
        Err(Failure::Refused(_) | Failure::Gone) => Ok(false),
        Err(failure) => Err(failure),
    }
}
