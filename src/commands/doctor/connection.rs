//! How git connects to Heroku: whether it verifies the certificate, and which proxy it uses.

use std::path::Path;

use super::{Facts, Finding, Severity};
use crate::git::Setting;
use crate::notice::{Command, Fix};

/// Whether git verifies Heroku's certificate.
pub(super) fn certificates(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if facts.is_set("GIT_SSL_NO_VERIFY") {
        let finding = Finding::warn(
            "git.ssl-verify",
            "GIT_SSL_NO_VERIFY is set: git does not verify Heroku's certificate, so anyone can impersonate Heroku",
        );
        found.push(finding.with_command("unset GIT_SSL_NO_VERIFY"));
    }
    found.extend(unverified(facts));
    found.extend(missing_ca_file(facts));
    found
}

fn missing_ca_file(facts: &Facts<'_>) -> Option<Finding> {
    let setting = deciding_setting("sslcainfo", facts)?;
    let file = Path::new(&setting.value);
    if !file.is_absolute() || file.is_file() {
        return None;
    }
    let what = format!(
        "{} in {} names a file that does not exist",
        setting.key, setting.origin
    );
    let is_used = !facts.is_set("GIT_SSL_CAINFO") && unverified(facts).is_none();
    let severity = if is_used {
        Severity::Fail
    } else {
        Severity::Warn
    };
    Some(
        Finding::new("git.ca-file", severity, what)
            .with_details("git cannot connect to Heroku without CA certificates")
            .with_fix(setting.change_command("--unset-all", None, facts.home())),
    )
}

/// Whether git has a proxy of its own, so that it may reach Heroku if this program does not.
pub(super) fn has_own_proxy(facts: &Facts<'_>) -> bool {
    deciding_setting("proxy", facts).is_some()
}

/// Whether git verifies certificates in its own way, so that it may accept one that this program rejects.
pub(super) fn has_own_certificates(facts: &Facts<'_>) -> bool {
    let settings = ["sslcainfo", "sslcapath", "sslbackend", "sslverify"];
    let variables = ["GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY"];
    settings
        .iter()
        .any(|name| deciding_setting(name, facts).is_some())
        || variables.iter().any(|name| facts.is_set(name))
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
fn unverified(facts: &Facts<'_>) -> Option<Finding> {
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
    Some(Finding::warn("git.ssl-verify", what).with_fix(advice))
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
