//! How git connects to Heroku: whether it verifies the certificate, and which proxy it uses.

use std::path::Path;

use super::{Facts, Findings, Severity};
use crate::git::{Setting, UrlParts};
use crate::notice::{Command, Fix};

const WHY: &str = "git does not verify Heroku's certificate, so anyone can impersonate Heroku";

/// Whether git verifies Heroku's certificate.
pub(super) fn certificates(facts: &Facts<'_>, found: &mut Findings) {
    let environment = &facts.context.environment;
    if environment.git_ssl_no_verify.is_some() {
        let what = format!("GIT_SSL_NO_VERIFY is set: {WHY}");
        found.warn(what).fix(Fix::unset("GIT_SSL_NO_VERIFY"));
    }
    for url in facts.push_urls() {
        certificates_for(&url, facts, found);
    }
}

/// What git's settings say about a push to this URL.
fn certificates_for(url: &UrlParts, facts: &Facts<'_>, found: &mut Findings) {
    let is_off = |setting: &&Setting| {
        let value = setting.value.to_ascii_lowercase();
        setting.has_value && ["", "false", "0", "no", "off"].contains(&value.as_str())
    };
    let verify = deciding_setting("sslverify", url, facts).filter(is_off);
    if let Some(setting) = verify {
        let what = format!("{} in {} is off: {WHY}", setting.key, setting.origin);
        found.warn(what).fix(if setting.key == "http.sslverify" {
            // Other servers may need the general setting.
            Command::new("git config --global http.https://git.heroku.com.sslVerify true").into()
        } else {
            setting.change_command("--unset-all", &[], facts.home())
        });
    }
    let is_missing = |setting: &&Setting| {
        let file = Path::new(&setting.value);
        file.is_absolute() && !file.is_file()
    };
    let certificates = deciding_setting("sslcainfo", url, facts);
    if let Some(setting) = certificates.filter(is_missing) {
        let environment = &facts.context.environment;
        let is_used = environment.git_ssl_cainfo.is_none() && verify.is_none();
        let (key, origin) = (&setting.key, &setting.origin);
        let what = format!("{key} in {origin} names a file that does not exist");
        found
            .add(Severity::fail_if(is_used), what)
            .details("git cannot connect to Heroku without CA certificates")
            .fix(setting.change_command("--unset-all", &[], facts.home()));
    }
}

/// Whether git verifies certificates in its own way, so that it may accept one that this program rejects.
pub(super) fn has_own_certificates(facts: &Facts<'_>) -> bool {
    let environment = &facts.context.environment;
    let mut settings = ["sslcainfo", "sslcapath", "sslbackend", "sslverify"].into_iter();
    environment.git_ssl_cainfo.is_some()
        || environment.git_ssl_no_verify.is_some()
        || settings.any(|name| deciding_settings(name, facts).next().is_some())
}

/// The settings `http.*` that decide for the URLs that are pushed to.
pub(super) fn deciding_settings<'f>(
    name: &'static str,
    facts: &'f Facts<'_>,
) -> impl Iterator<Item = &'f Setting> {
    let urls = facts.push_urls();
    urls.filter_map(move |url| deciding_setting(name, &url, facts))
}

fn deciding_setting<'f>(name: &str, url: &UrlParts, facts: &'f Facts<'_>) -> Option<&'f Setting> {
    url.applied(facts.settings_of("http", name)).pop()
}
