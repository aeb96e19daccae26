//! What others may see of this process while it holds a token.
//!
//! Called by whoever is about to take one in, or to send one: `secret_service`, `netrc`,
//! `platform_api`. Never before the keyring's first answer: KeePassXC looks up which program asks it,
//! and could not.

/// From here on no core file is written of this process, and no other process of this user may
/// read its memory or trace it. Only root may.
///
/// A program that takes our place (`exec`) is as open as any: the system forgets this with it. It
/// costs one system call, and a limit on core files would be inherited. Where a system has no such
/// thing, nothing is done.
///
/// Source: Linux, `PR_SET_DUMPABLE` of prctl(2), "Effects on … core(5), ptrace(2), proc(5)".
pub(crate) fn close_to_others() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // It fails for values alone that do not exist.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
