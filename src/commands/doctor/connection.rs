//! How git connects to Heroku: whether it verifies the certificate, and which proxy it uses.

use std::path::Path;

use super::{Facts, Findings, Severity};
use crate::git::Setting;
use crate::notice::{Command, Fix};

/// Whether git verifies Heroku's certificate.
pub(super) fn certificates(facts: &Facts<'_>, found: &mut Findings) {
    let mut unverified = |what: String, fix: Fix| {
        let why = "git does not verify Heroku's certificate, so anyone can impersonate Heroku";
        found.warn(format!("{what}: {why}")).fix(fix);
    };
    if facts.is_set("GIT_SSL_NO_VERIFY") {
        let fix = Command::new("unset GIT_SSL_NO_VERIFY");
        unverified("GIT_SSL_NO_VERIFY is set".to_owned(), fix.into());
    }
    let is_off = |setting: &&Setting| {
        let value = setting.value.to_ascii_lowercase();
        ["false", "0", "no", "off"].contains(&value.as_str())
    };
    let verify = deciding_setting("sslverify", facts).filter(is_off);
    if let Some(setting) = verify {
        let fix = if setting.key == "http.sslverify" {
            // Other servers may need the general setting.
            Command::new("git config --global http.https://git.heroku.com.sslVerify true").into()
        } else {
            setting.change_command("--unset-all", None, facts.home())
        };
        unverified(format!("{} in {} is off", setting.key, setting.origin), fix);
    }
    let is_missing = |setting: &&Setting| {
        let file = Path::new(&setting.value);
        file.is_absolute() && !file.is_file()
    };
    if let Some(setting) = deciding_setting("sslcainfo", facts).filter(is_missing) {
        let is_used = !facts.is_set("GIT_SSL_CAINFO") && verify.is_none();
        let (key, origin) = (&setting.key, &setting.origin);
        let what = format!("{key} in {origin} names a file that does not exist");
        found
            .add(Severity::fail_if(is_used), what)
            .details("git cannot connect to Heroku without CA certificates")
            .fix(setting.change_command("--unset-all", None, facts.home()));
    }
}

/// A proxy that git uses and this program does not.
pub(super) fn proxy(facts: &Facts<'_>, found: &mut Findings) {
    let setting = deciding_setting("proxy", facts).filter(|setting| !setting.value.is_empty());
    if let (Some(setting), None) = (setting, &facts.context.environment.https_proxy) {
        let (key, origin) = (&setting.key, &setting.origin);
        found
            .warn(format!(
                "git uses the proxy in {key} ({origin}), but heroku-rs uses none"
            ))
            .details("commands that ask Heroku, such as login, use https_proxy")
            .fix(Fix::command(
                "set https_proxy to the same value",
                Command::new("git config").arg(key),
            ));
    }
}

/// Whether git has a proxy of its own, so that it may reach Heroku if this program does not.
pub(super) fn has_own_proxy(facts: &Facts<'_>) -> bool {
    deciding_setting("proxy", facts).is_some()
}

/// Whether git verifies certificates in its own way, so that it may accept one that this program rejects.
pub(super) fn has_own_certificates(facts: &Facts<'_>) -> bool {
    let settings = ["sslcainfo", "sslcapath", "sslbackend", "sslverify"];
    let variables = ["GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY"];
    let is_set = |name: &&str| deciding_setting(name, facts).is_some();
    settings.iter().any(is_set) || variables.iter().any(|name| facts.is_set(name))
}

/// The `http.*` setting that git applies to Heroku: the one with the longest URL pattern, and the
/// last of several with the same length.
fn deciding_setting<'f>(name: &str, facts: &'f Facts<'_>) -> Option<&'f Setting> {
    let settings = facts.settings_of("http", name);
    settings
        .filter(|one| one.covers_heroku())
        .max_by_key(|one| one.key.len())
}
