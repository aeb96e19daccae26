//! Runs one target with libFuzzer, which keeps each input that reaches new code. Started by `contrib/fuzz/run`.

#![no_main]
#![allow(unsafe_code, reason = "libFuzzer calls by C name")]

use std::sync::LazyLock;

use heroku_fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target");
    let target = TARGETS.into_iter().find(|target| target.name == name);
    target.expect("FUZZ_TARGET names one of the targets")
});

fuzz_target!(|bytes: &[u8]| (TARGET.check)(bytes));
