//! Which settings apply to a request: git's own rules for the URL in a key such as
//! `credential.https://*.heroku.com.helper`.
//!
//! git has no command that lists them (`git config --get-urlmatch` gives only the most specific value,
//! but helpers add up). A test compares every rule with the installed git.
//!
//! Source: git's `urlmatch.c`, and `credential.c` for the keys that `urlmatch.c` does not accept as a URL.

use super::{SERVER, Setting};

/// The parts of a URL: of a remote, or in a key. A part that is missing is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlParts {
    /// The part before `://`.
    pub protocol: String,
    /// An empty user name is not the same as none.
    pub username: Option<String>,
    /// With its port.
    pub host: String,
    /// With the slash before it, and with the query and the fragment.
    path: String,
}

impl UrlParts {
    /// Source: `credential_from_url_1`, with `allow_partial_url`.
    pub fn parse(url: &str) -> UrlParts {
        let (protocol, rest) = url.split_once("://").unwrap_or(("", url));
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, host) = match authority.split_once('@') {
            Some((user, host)) => (user.split(':').next(), host),
            None => (None, authority),
        };
        UrlParts {
            protocol: protocol.to_owned(),
            username: user.map(decoded),
            host: decoded(host),
            path: decoded(path),
        }
    }

    /// The positions of the helpers among these settings that git asks for this URL, in git's order. An empty value
    /// resets the list.
    pub(super) fn helpers_in(&self, settings: &[Setting]) -> Vec<usize> {
        let mut asked = Vec::new();
        for (position, setting) in settings.iter().enumerate() {
            if !setting.is_helper() || !setting.applies_to(self) {
                continue;
            }
            if setting.is_reset() {
                asked.clear();
            } else {
                asked.push(position);
            }
        }
        asked
    }

    /// The settings that git applies to this URL, in its order. All of `settings` are `http.*` with the same name. If it
    /// has one value, the last one counts. git skips a setting that comes after one with a more specific URL.
    ///
    /// Source: `urlmatch_config_entry` and `cmp_matches`.
    pub fn applied<'s>(&self, settings: impl Iterator<Item = &'s Setting>) -> Vec<&'s Setting> {
        let mut most = None;
        let mut applied = Vec::new();
        for setting in settings.filter(|setting| setting.applies_to(self)) {
            let specificity = setting.pattern().map(|pattern| pattern.specificity());
            if specificity >= most {
                most = specificity;
                applied.push(setting);
            }
        }
        applied
    }

    /// How specific this is among the URLs in keys that match a URL: by the length of the host, the length of the path,
    /// and the user name.
    fn specificity(&self) -> (usize, usize, bool) {
        let host = self.host.split(':').next().map_or(0, str::len);
        let path = self.directories().map_or(0, |path| path.len());
        (host, path, self.username.is_some())
    }

    /// Source: `match_urls`. None if this is not a whole URL.
    fn covers_as_url(&self, request: &UrlParts) -> Option<bool> {
        let (labels, port) = self.labels_and_port()?;
        let (names, number) = request.labels_and_port()?;
        let directories = self.directories()?;
        let is_user = match &self.username {
            Some(user) => !user.is_empty() && Some(user) == request.username.as_ref(),
            None => true,
        };
        let is_label = |(label, name): (&String, &String)| label == "*" || label == name;
        Some(
            self.protocol.eq_ignore_ascii_case(&request.protocol)
                && is_user
                && labels.len() == names.len()
                && labels.iter().zip(&names).all(is_label)
                && port == number
                && request.segments()?.starts_with(&directories),
        )
    }

    /// The parts of the host between its dots, in lower case, and the port. A dot at the end makes no difference.
    fn labels_and_port(&self) -> Option<(Vec<String>, u16)> {
        let is_of_host = |c: char| c.is_ascii_alphanumeric() || ".-_*:".contains(c);
        let (name, port) = self.host.rsplit_once(':').unwrap_or((&self.host, ""));
        let default = match self.protocol.to_ascii_lowercase().as_str() {
            "" => return None,
            "http" => 80,
            _ => 443,
        };
        let port = if port.is_empty() {
            default
        } else {
            port.parse().ok()?
        };
        if name.is_empty() || !self.host.chars().all(is_of_host) {
            return None;
        }
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        Some((name.split('.').map(str::to_owned).collect(), port))
    }

    /// The parts of the path between its slashes, with `.` and `..` resolved.
    fn segments(&self) -> Option<Vec<&str>> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        let mut segments = Vec::new();
        for segment in path.split('/') {
            match segment {
                "." => {}
                ".." => drop(segments.pop()?),
                segment => segments.push(segment),
            }
        }
        Some(segments)
    }

    /// The segments of the path, without the empty one after a trailing slash.
    fn directories(&self) -> Option<Vec<&str>> {
        let mut directories = self.segments()?;
        directories.pop_if(|last| last.is_empty());
        Some(directories)
    }

    /// Source: `credential_match`: every part that is there is exactly the same.
    fn covers_as_parts(&self, request: &UrlParts) -> bool {
        let path = |parts: &UrlParts| parts.path.trim_matches('/').to_owned();
        let is_part = |part: &str, given: &str| part.is_empty() || part == given;
        is_part(&self.protocol, &request.protocol)
            && (self.username.is_none() || self.username == request.username)
            && is_part(&self.host, &request.host)
            && is_part(&path(self), &path(request))
    }
}

impl Setting {
    /// Whether it is a credential helper, for any URL.
    pub(super) fn is_helper(&self) -> bool {
        self.key == "credential.helper"
            || self.key.starts_with("credential.") && self.key.ends_with(".helper")
    }

    /// Whether it resets the list of helpers.
    pub(super) fn is_reset(&self) -> bool {
        self.is_helper() && self.has_value && self.value.is_empty()
    }

    /// Whether it is the user name for requests without one.
    pub(super) fn is_username(&self) -> bool {
        self.key == "credential.username"
            || self.key.starts_with("credential.") && self.key.ends_with(".username")
    }

    /// The URL in its key.
    fn pattern(&self) -> Option<UrlParts> {
        let (_, rest) = self.key.split_once('.')?;
        Some(UrlParts::parse(rest.rsplit_once('.')?.0))
    }

    /// Whether git applies it to this URL. Only for keys of `credential` and `http`.
    pub fn applies_to(&self, url: &UrlParts) -> bool {
        self.pattern()
            .is_none_or(|pattern| self.is_covered(&pattern, url))
    }

    /// Whether git applies it to Heroku's git server, or to one app or user there. Only for keys of
    /// `credential` and `http`.
    pub(super) fn concerns_heroku(&self) -> bool {
        self.pattern().is_none_or(|pattern| {
            let host = UrlParts {
                username: None,
                path: String::new(),
                ..pattern
            };
            self.is_covered(&host, &UrlParts::parse(SERVER))
        })
    }

    /// Whether the URL in its key has another user name than the request.
    pub(super) fn is_for_another_user(&self, username: Option<&str>) -> bool {
        let wanted = self.pattern().and_then(|pattern| pattern.username);
        wanted.is_some_and(|wanted| Some(wanted.as_str()) != username)
    }

    /// Whether this URL from the key covers a request for `url`.
    fn is_covered(&self, pattern: &UrlParts, url: &UrlParts) -> bool {
        pattern
            .covers_as_url(url)
            .unwrap_or_else(|| self.key.starts_with("credential.") && pattern.covers_as_parts(url))
    }
}

/// Keeps a `%` that begins no valid escape, as git does.
fn decoded(text: &str) -> String {
    let bytes = percent_encoding::percent_decode_str(text);
    bytes.decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
