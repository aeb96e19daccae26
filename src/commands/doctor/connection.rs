//! How git connects to Heroku: whether it verifies the certificate, and which proxy it uses.

use std::path::Path;

use super::{Facts, Finding};
use crate::git::Setting;
use crate::notice::{Command, Fix};

/// Whether git verifies Heroku's certificate.
pub(super) fn certificates(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if facts
        .context
        .environment
        .remarkable
        .contains(&"GIT_SSL_NO_VERIFY")
    {
        let finding = Finding::fail(
            "git.ssl-verify",
            "GIT_SSL_NO_VERIFY is set: git does not verify Heroku's certificate, so anyone can impersonate Heroku",
        );
        found.push(finding.with_fix("unset GIT_SSL_NO_VERIFY"));
    }
    found.extend(unchecked(facts));
    let ca_files = facts.settings_of("http", "sslcainfo").into_iter();
    for setting in ca_files.filter(|one| one.covers_heroku()) {
        let file = Path::new(&setting.value);
        if file.is_absolute() && !file.is_file() {
            let what = format!(
                "{} in {} names a file that does not exist",
                setting.key, setting.origin
            );
            let finding = Finding::fail("git.ca-file", what)
                .with_details("git cannot connect to Heroku without CA certificates")
                .with_fix(setting.change_command("--unset-all", None, facts.home()));
            found.push(finding);
        }
    }
    found
}

/// The `http.*` setting that git applies to Heroku: the one with the longest URL pattern, and the
/// last of several with the same length.
fn deciding_setting<'a>(name: &str, facts: &'a Facts<'_>) -> Option<&'a Setting> {
    let settings = facts.settings_of("http", name).into_iter();
    settings
        .filter(|one| one.covers_heroku())
        .max_by_key(|one| one.key.len())
}

/// The setting that turns off certificate verification for Heroku.
fn unchecked(facts: &Facts<'_>) -> Option<Finding> {
    let deciding = deciding_setting("sslverify", facts)?;
    if !["false", "0", "no", "off"].contains(&deciding.value.to_ascii_lowercase().as_str()) {
        return None;
    }
    let what = format!(
        "{} in {} is off: git does not verify Heroku's certificate, so anyone can impersonate Heroku",
        deciding.key, deciding.origin
    );
    let advice = if deciding.key == "http.sslverify" {
        // Other servers may need the general setting.
        Command::new("git config --global http.https://git.heroku.com.sslVerify true").into()
    } else {
        deciding.change_command("--unset-all", None, facts.home())
    };
    Some(Finding::fail("git.ssl-verify", what).with_fix(advice))
}

/// A proxy that git uses and this program does not.
pub(super) fn proxies(facts: &Facts<'_>) -> Vec<Finding> {
    match deciding_setting("proxy", facts) {
        Some(setting)
            if !setting.value.is_empty() && facts.context.environment.https_proxy.is_none() =>
        {
            let what = format!(
                "git uses the proxy in {} ({}), but heroku-rs uses none",
                setting.key, setting.origin
            );
            let finding = Finding::warn("git.proxy", what)
                .with_details("commands that ask Heroku, such as login, use https_proxy")
                .with_fix(Fix::command(
                    "set https_proxy to the same value",
                    Command::new("git config").arg(&setting.key),
                ));
            vec![finding]
        }
        _ => Vec::new(),
    }
}
