//! Which settings apply to a request: git's own rules for the URL in a key such as
//! `credential.https://*.heroku.com.helper`.
//!
//! git has no command that lists them (`git config --get-urlmatch` gives only the most specific value,
//! but helpers add up). A test compares every rule with the installed git.
//!
//! Source: git's `urlmatch.c`, and `credential.c` for the keys that `urlmatch.c` does not accept as a URL.

use super::Setting;

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
            let is_covered = || setting.pattern().is_none_or(|pattern| pattern.covers(self));
            if !setting.is_helper() || !is_covered() {
                continue;
            }
            if setting.value.is_empty() {
                asked.clear();
            } else {
                asked.push(position);
            }
        }
        asked
    }

    /// Whether a setting of `credential.*` with this URL in its key applies to a request for that one.
    fn covers(&self, request: &UrlParts) -> bool {
        self.covers_as_url(request)
            .unwrap_or_else(|| self.covers_as_parts(request))
    }

    /// Source: `match_urls`. None if this is not a whole URL.
    fn covers_as_url(&self, request: &UrlParts) -> Option<bool> {
        let (labels, port) = self.labels_and_port()?;
        let (names, number) = request.labels_and_port()?;
        let mut directories = self.segments()?;
        directories.pop_if(|last| last.is_empty());
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

    /// The URL in its key.
    fn pattern(&self) -> Option<UrlParts> {
        let (_, rest) = self.key.split_once('.')?;
        Some(UrlParts::parse(rest.rsplit_once('.')?.0))
    }

    /// Whether it applies to Heroku's git server, or to one app or user there. Only for keys of
    /// `credential` and `http`.
    pub fn covers_heroku(&self) -> bool {
        let heroku = UrlParts::parse("https://git.heroku.com");
        let Some(pattern) = self.pattern() else {
            return true;
        };
        let host = UrlParts {
            username: None,
            path: String::new(),
            ..pattern
        };
        host.covers_as_url(&heroku)
            .unwrap_or_else(|| self.key.starts_with("credential.") && host.covers_as_parts(&heroku))
    }
}

/// Keeps a `%` that begins no valid escape, as git does.
fn decoded(text: &str) -> String {
    let bytes = percent_encoding::percent_decode_str(text);
    bytes.decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
