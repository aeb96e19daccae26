//! The result codes of the keychain, and the exit codes and messages that `security` has for them.

/// The result of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The command succeeded.
    Done,
    /// A failure of the program's own, such as an unknown command.
    Failed,
    /// The command line is wrong.
    Usage,
    /// No password was typed at the prompt.
    NoPassword,
    /// A result code of macOS (`OSStatus`).
    Os(i32),
}

impl Status {
    /// The user pressed Cancel.
    pub const CANCELED: Status = Status::Os(-128);
    /// The user pressed Deny, or the password is wrong.
    pub const AUTH_FAILED: Status = Status::Os(-25293);
    /// The item already exists.
    pub const DUPLICATE: Status = Status::Os(-25299);
    /// The item does not exist.
    pub const NOT_FOUND: Status = Status::Os(-25300);
    /// There is no keychain for new items.
    pub const NO_DEFAULT_KEYCHAIN: Status = Status::Os(-25307);
    /// A dialog is needed, and this session has no screen.
    pub const NO_INTERACTION: Status = Status::Os(-25308);

    /// The exit code: the lowest eight bits of the result code.
    pub fn exit_code(self) -> u8 {
        match self {
            Status::Done => 0,
            Status::Failed => 1,
            Status::Usage => 2,
            Status::NoPassword => 255,
            Status::Os(code) => code.to_le_bytes()[0],
        }
    }

    /// The message of macOS in English. Other languages have a translation.
    pub fn message(self) -> &'static str {
        match self {
            Status::CANCELED => "User canceled the operation.",
            Status::AUTH_FAILED => "The user name or passphrase you entered is not correct.",
            Status::DUPLICATE => "The specified item already exists in the keychain.",
            Status::NOT_FOUND => "The specified item could not be found in the keychain.",
            Status::NO_DEFAULT_KEYCHAIN => "A default keychain could not be found.",
            Status::NO_INTERACTION => "User interaction is not allowed.",
            _ => "An error has occurred.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_that_users_report() {
        for (status, code) in [
            (Status::CANCELED, 128),
            (Status::AUTH_FAILED, 51),
            (Status::DUPLICATE, 45),
            (Status::NOT_FOUND, 44),
            (Status::NO_DEFAULT_KEYCHAIN, 37),
            (Status::NO_INTERACTION, 36),
            (Status::Os(-25320), 24),
        ] {
            assert_eq!(status.exit_code(), code, "{status:?}");
        }
    }
}
