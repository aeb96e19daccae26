//! How git reaches Heroku: whether it checks the certificate, and by which proxy it goes.

use std::path::Path;

use super::{Finding, Fix, Look, removed};
use crate::git;

/// Whether git makes sure that it talks to Heroku.
pub(super) fn certificates(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if look
        .context
        .environment
        .remarkable
        .contains(&"GIT_SSL_NO_VERIFY")
    {
        let finding = Finding::fail(
            "git.no-certificate",
            "GIT_SSL_NO_VERIFY is set: git sends the token to whoever says that he is Heroku",
        );
        found.push(finding.with_advice("unset GIT_SSL_NO_VERIFY"));
    }
    found.extend(unchecked(look));
    let authorities = look.settings_of("http", "sslcainfo").into_iter();
    for setting in authorities.filter(|one| git::covers_heroku(&one.key)) {
        let file = Path::new(&setting.value);
        if file.is_absolute() && !file.is_file() {
            let what = format!(
                "{} in {} names a file that is not there",
                setting.key, setting.origin
            );
            let finding = Finding::fail("git.ca-file", what)
                .because("git can check no certificate, and reaches nobody")
                .with_advice(git::command(setting, "--unset"));
            found.push(finding.fixed_by(removed(setting)));
        }
    }
    found
}

/// The setting that switches the check off. The one with the longest pattern counts, and of those
/// the last.
fn unchecked(look: &Look<'_>) -> Option<Finding> {
    let settings = look.settings_of("http", "sslverify").into_iter();
    let deciding = settings
        .filter(|one| git::covers_heroku(&one.key))
        .max_by_key(|one| one.key.len())?;
    if !["false", "0", "no", "off"].contains(&deciding.value.to_ascii_lowercase().as_str()) {
        return None;
    }
    let what = format!(
        "{} in {} is off: git sends the token to whoever says that he is Heroku",
        deciding.key, deciding.origin
    );
    let finding = Finding::fail("git.no-certificate", what);
    if deciding.key != "http.sslverify" {
        let advice = git::command(deciding, "--unset");
        return Some(finding.with_advice(advice).fixed_by(removed(deciding)));
    }
    let key = "http.https://git.heroku.com.sslVerify";
    let advice = format!("git config --global {key} true");
    let fix = Fix::new(
        "make git check Heroku's certificate, whatever holds for other servers",
        format!("git config --global --unset {key}"),
        move |_| git::add(key, "true"),
    );
    Some(finding.with_advice(advice).fixed_by(fix))
}

/// A proxy that git takes and this program does not know of.
pub(super) fn proxies(look: &Look<'_>) -> Vec<Finding> {
    let settings = look.settings_of("http", "proxy").into_iter();
    let deciding = settings
        .filter(|one| git::covers_heroku(&one.key))
        .max_by_key(|one| one.key.len());
    match deciding {
        Some(setting)
            if !setting.value.is_empty() && look.context.environment.https_proxy.is_none() =>
        {
            let what = format!(
                "git takes the proxy of {} in {}, and this program none",
                setting.key, setting.origin
            );
            let finding = Finding::warn("git.proxy", what)
                .because("what asks Heroku itself, such as login, goes by https_proxy")
                .with_advice(format!(
                    "export https_proxy=\"$(git config {})\"",
                    setting.key
                ));
            vec![finding]
        }
        _ => Vec::new(),
    }
}
