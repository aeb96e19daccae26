//! Hides the memory of this process from other processes of this user while it contains a token.
//!
//! The modules that read or send a token call it: `terminal`, `secret_service`, `netrc`, `heroku_api`. `secret_service`
//! waits for the keyring's first answer, since KeePassXC looks up which program asks it, and could not.

/// From here on the system writes no core file of this process, and only root can read its memory or trace it.
///
/// This is not inherited across `execve`, as a limit on core files would be. It costs one system call. Other
/// systems have no such call, and there this does nothing.
///
/// Source: Linux, `PR_SET_DUMPABLE` of prctl(2), "Effects on … core(5), ptrace(2), proc(5)".
pub(crate) fn close_to_others() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // It fails only for values that do not exist.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
