//! Which settings apply to a request: git's own rules for the URL in a key such as
//! `credential.https://*.heroku.com.helper`.
//!
//! git has no command that lists them (`git config --get-urlmatch` gives only the most specific value,
//! but helpers add up). A test compares every rule with the installed git.
//!
//! Source: git's `urlmatch.c`, and `credential.c` for the keys that `urlmatch.c` does not accept as a URL.

use super::Setting;

/// What git asks its helpers for: the parts of a remote's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    parts: Parts,
    normal: Option<NormalUrl>,
}

/// The parts of a URL as `credential.c` splits it. Any of them may be missing in a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Parts {
    protocol: Option<Vec<u8>>,
    username: Option<Vec<u8>>,
    host: Option<Vec<u8>>,
    path: Option<Vec<u8>>,
}

/// A URL in `urlmatch.c`'s normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NormalUrl {
    scheme: Vec<u8>,
    user: Option<Vec<u8>>,
    host: Vec<u8>,
    port: Vec<u8>,
    /// The path, with the query and the fragment.
    path: Vec<u8>,
}

impl Request {
    /// The request that git makes for this URL.
    pub fn for_url(url: &str) -> Request {
        let parts = Parts::parse(url);
        let normal = NormalUrl::parse(&parts.to_url(), Globs::Literal);
        Request { parts, normal }
    }

    /// The user name in the URL.
    pub fn username(&self) -> Option<String> {
        let name = self.parts.username.as_deref()?;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    /// Whether a setting of `credential.*` applies to this request.
    fn is_covered_by(&self, setting: &Setting) -> bool {
        let Some(pattern) = setting.pattern() else {
            return true;
        };
        match NormalUrl::parse(pattern.as_bytes(), Globs::Allowed) {
            Some(pattern) => self.normal.as_ref().is_some_and(|url| pattern.covers(url)),
            None => Parts::parse(pattern).covers(&self.parts),
        }
    }

    /// The positions of the helpers among these settings that git asks, in git's order. An empty value
    /// resets the list.
    pub(super) fn helpers_in(&self, settings: &[Setting]) -> Vec<usize> {
        let mut asked = Vec::new();
        for (position, setting) in settings.iter().enumerate() {
            if !setting.is_helper() || !self.is_covered_by(setting) {
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
}

impl Setting {
    /// Whether it is a credential helper, for any URL.
    pub(super) fn is_helper(&self) -> bool {
        self.key == "credential.helper"
            || self.key.starts_with("credential.") && self.key.ends_with(".helper")
    }

    /// The URL in its key.
    fn pattern(&self) -> Option<&str> {
        let (_, rest) = self.key.split_once('.')?;
        Some(rest.rsplit_once('.')?.0)
    }

    /// Whether it applies to Heroku's git server, or to one app or user there. Only for keys of
    /// `credential` and `http`.
    pub fn covers_heroku(&self) -> bool {
        let heroku = Request::for_url("https://git.heroku.com");
        let Some(pattern) = self.pattern() else {
            return true;
        };
        if let Some(mut pattern) = NormalUrl::parse(pattern.as_bytes(), Globs::Allowed) {
            pattern.user = None;
            pattern.path = b"/".to_vec();
            return heroku.normal.is_some_and(|url| pattern.covers(&url));
        }
        let pattern = Parts {
            username: None,
            path: None,
            ..Parts::parse(pattern)
        };
        self.key.starts_with("credential.") && pattern.covers(&heroku.parts)
    }
}

impl Parts {
    /// Source: `credential_from_url_1`, with `allow_partial_url`.
    fn parse(url: &str) -> Parts {
        let (protocol, rest) = match url.split_once("://") {
            Some((protocol, rest)) => (Some(protocol), rest),
            None => (None, url),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, host) = match authority.split_once('@') {
            Some((user, host)) => (user.split(':').next(), host),
            None => (None, authority),
        };
        let set = |text: &str| Some(decoded(text)).filter(|text| !text.is_empty());
        let mut path = set(path.trim_start_matches('/'));
        while let Some([_, .., b'/']) = path.as_deref() {
            path.as_mut().map(Vec::pop);
        }
        Parts {
            protocol: protocol.and_then(|text| Some(text.into()).filter(|_| !text.is_empty())),
            // Kept even if empty: then it matches no request, since none has an empty user name.
            username: user.map(decoded),
            host: set(host),
            path,
        }
    }

    /// Source: `credential_match`. git rejects a whole pattern if one part contains a line feed.
    fn covers(&self, request: &Parts) -> bool {
        let pairs = [
            (&self.protocol, &request.protocol),
            (&self.username, &request.username),
            (&self.host, &request.host),
            (&self.path, &request.path),
        ];
        pairs.into_iter().all(|(wanted, given)| match wanted {
            Some(wanted) => !wanted.contains(&b'\n') && Some(wanted) == given.as_ref(),
            None => true,
        })
    }

    /// Source: `credential_format`.
    fn to_url(&self) -> Vec<u8> {
        let mut url = self.protocol.clone().unwrap_or_default();
        url.extend_from_slice(b"://");
        if let Some(username) = self.username.as_ref().filter(|name| !name.is_empty()) {
            for byte in username {
                push_encoded(&mut url, *byte);
            }
            url.push(b'@');
        }
        url.extend_from_slice(self.host.as_deref().unwrap_or_default());
        if let Some(path) = &self.path {
            url.push(b'/');
            for byte in path {
                match byte {
                    b'/' => url.push(b'/'),
                    byte => push_encoded(&mut url, *byte),
                }
            }
        }
        url
    }
}

/// Appends a byte, percent-encoded unless it is a letter, a digit or one of `-._~`.
fn push_encoded(url: &mut Vec<u8>, byte: u8) {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        url.push(byte);
    } else {
        url.extend(format!("%{byte:02X}").bytes());
    }
}

/// The value of two hexadecimal digits at the start.
fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits.get(..2)?).ok()?;
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16)
        .ok()
        .filter(|_| is_hexadecimal)
}

/// Source: `url_decode_internal`, which keeps a `%` that begins no valid escape.
fn decoded(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        let code = hexadecimal(after).filter(|code| *first == b'%' && *code != 0);
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    bytes
}

/// Whether a label of the host may be `*`, which matches any label.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Globs {
    Allowed,
    Literal,
}

impl NormalUrl {
    /// Source: `url_normalize_1`.
    fn parse(url: &[u8], globs: Globs) -> Option<NormalUrl> {
        let is_of_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+.-".contains(byte);
        let colon = url.iter().position(|byte| !is_of_scheme(byte))?;
        let (scheme, rest) = (&url[..colon], url[colon..].strip_prefix(b"://")?);
        let scheme = scheme.to_ascii_lowercase();
        if !scheme.first()?.is_ascii_alphabetic() {
            return None;
        }
        let end = rest.iter().position(|byte| b"/?#".contains(byte));
        let (authority, path) = rest.split_at(end.unwrap_or(rest.len()));
        let at = authority.iter().position(|byte| *byte == b'@');
        let (user, host) = match at {
            Some(at) => {
                let user = normalized_escapes(&authority[..at])?;
                let end = user.iter().position(|byte| *byte == b':');
                let user = user[..end.unwrap_or(user.len())].to_vec();
                (Some(user), &authority[at + 1..])
            }
            None => (None, authority),
        };
        let colon = host.iter().rposition(|byte| b":]".contains(byte));
        let colon = colon.filter(|colon| host[*colon] == b':');
        let (host, port) = match colon {
            Some(colon) => (&host[..colon], normal_port(&host[colon + 1..], &scheme)?),
            None => (host, Vec::new()),
        };
        let is_of_host = |byte: &u8| {
            byte.is_ascii_alphanumeric()
                || b".-_[:]".contains(byte)
                || *byte == b'*' && globs == Globs::Allowed
        };
        if !host.iter().all(is_of_host) || host.is_empty() && scheme != b"file" {
            return None;
        }
        Some(NormalUrl {
            scheme,
            user,
            host: host.to_ascii_lowercase(),
            port,
            path: normal_path(path)?,
        })
    }

    /// Source: `match_urls`.
    fn covers(&self, url: &NormalUrl) -> bool {
        let is_label = |(pattern, label): (&[u8], &[u8])| pattern == b"*" || pattern == label;
        self.scheme == url.scheme
            && (self.user.is_none() || self.user == url.user)
            && self.labels().count() == url.labels().count()
            && self.labels().zip(url.labels()).all(is_label)
            && self.port == url.port
            && self.covers_path(&url.path)
    }

    /// The parts of the host; a dot at its end makes no difference.
    fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let host = self.host.strip_suffix(b".").unwrap_or(&self.host);
        host.split(|byte| *byte == b'.')
    }

    /// Source: `url_match_prefix`: whole directories.
    fn covers_path(&self, path: &[u8]) -> bool {
        let prefix = self.path.strip_suffix(b"/").unwrap_or(&self.path);
        let rest = path.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }
}

/// The port without leading zeros; empty if it is the scheme's default.
fn normal_port(port: &[u8], scheme: &[u8]) -> Option<Vec<u8>> {
    if port.is_empty() {
        return Some(Vec::new());
    }
    if !port.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let zeros = port.iter().take_while(|digit| **digit == b'0').count();
    let digits = std::str::from_utf8(&port[zeros..]).ok()?;
    match (scheme, digits.parse::<u16>().ok()?) {
        (b"http", 80) | (b"https", 443) => Some(Vec::new()),
        _ => Some(digits.into()),
    }
}

/// A path with its `.` and `..` resolved, and the query and the fragment after it.
fn normal_path(path: &[u8]) -> Option<Vec<u8>> {
    let end = path.iter().position(|byte| b"?#".contains(byte));
    let (path, after) = path.split_at(end.unwrap_or(path.len()));
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let mut segments: Vec<Vec<u8>> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        let segment = normalized_escapes(segment)?;
        match segment.as_slice() {
            b"." => {}
            b".." => drop(segments.pop()?),
            _ => segments.push(segment),
        }
    }
    let mut normal = b"/".to_vec();
    normal.extend(segments.join(&b'/'));
    normal.extend(normalized_escapes(after)?);
    Some(normal)
}

/// Source: `append_normalized_escapes`; none if a `%` begins no valid escape.
fn normalized_escapes(text: &[u8]) -> Option<Vec<u8>> {
    const UNSAFE: &[u8] = b" <>\"%{}|\\^`";
    const RESERVED: &[u8] = b":/?#[]@!$&'()*+,;=";
    let mut normal = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let is_escaped = *first == b'%';
        let byte = if is_escaped {
            hexadecimal(after)?
        } else {
            *first
        };
        rest = if is_escaped { &after[2..] } else { after };
        let is_kept = (0x20..0x7f).contains(&byte)
            && !UNSAFE.contains(&byte)
            && !(is_escaped && RESERVED.contains(&byte));
        if is_kept {
            normal.push(byte);
        } else {
            normal.extend(format!("%{byte:02X}").bytes());
        }
    }
    Some(normal)
}

#[cfg(test)]
mod tests;
