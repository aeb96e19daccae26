//! Requests that the user composes, for paths of the API and for no other host.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::request::{Request, SECOND_FACTOR};
use super::{Auth, HerokuApi};
use crate::notice::Notice;
use crate::secret_buf::SecretBuf;

impl HerokuApi {
    /// A request that the user composes, without a token so far. Each of its `headers` is a line `Name: value`, and is
    /// sent in place of ours with the same name. The body is JSON, unless a header says otherwise.
    ///
    /// The client's limit bounds the wait for the headers, and then each read of the body, since a large list may
    /// take longer.
    ///
    /// # Errors
    /// Why it cannot be sent, without the value of a header.
    pub fn compose(
        &self,
        method: &str,
        path: &str,
        query: &[(String, String)],
        headers: &[String],
        body: Option<SecretBuf>,
    ) -> Result<Request<'static>, Notice> {
        /// The largest reply, in bytes.
        const LARGEST: usize = 16 * 1024 * 1024;
        let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let url = self.address(path, query)?.to_string();
        let request = Request {
            headers: read_headers(headers)?,
            body,
            limit: None,
            largest: LARGEST,
            ..Request::new(method, url, Auth::Anonymous, self.limit)
        };
        // A code can be used once.
        let has_code = request.headers.contains_key(SECOND_FACTOR);
        Ok(if has_code { request.once() } else { request })
    }

    /// The URL of a path, with or without its first slash, or of a whole URL.
    ///
    /// # Errors
    /// If its host is not exactly this API's, or if another URL parser could read another path.
    fn address(&self, path: &str, query: &[(String, String)]) -> Result<Url, Notice> {
        let refused = |what| Notice::usage(what, "give a path: git credential-heroku-rs api apps");
        let no_path = || refused("not a path of Heroku's API");
        // Two URL parsers differ in how they normalize other characters.
        let is_plain = |c: char| c.is_ascii_graphic() && c != '\\' && c != '#';
        if !path.chars().all(is_plain) {
            return Err(no_path());
        }
        if has_dot_segment(path) {
            return Err(refused("a path must not contain . or .. segments"));
        }
        let base = self.host.url();
        let text = match path.split_once("://") {
            Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphabetic()) => path.to_owned(),
            _ => format!("{base}/{}", path.trim_start_matches('/')),
        };
        let (Ok(mut url), Ok(base)) = (Url::parse(&text), Url::parse(&base)) else {
            return Err(no_path());
        };
        let has_user = !url.username().is_empty() || url.password().is_some();
        if url.origin() != base.origin() || has_user {
            let what = "not a URL of Heroku's API: the token is not sent to other hosts";
            return Err(refused(what));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

/// Whether a segment of a path is `.` or `..`, also percent-encoded: it would be resolved, here or by the server,
/// and a name that a script puts into a path must not make it another path.
fn has_dot_segment(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let decoded = path.to_ascii_lowercase().replace("%2e", ".");
    let decoded = decoded.replace("%2f", "/").replace("%5c", "/");
    decoded.split('/').any(|part| [".", ".."].contains(&part))
}

/// Headers that only this program sets: authentication, host and framing of the request.
const OURS: [&str; 12] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers in lines `Name: value`. If a name is given several times, all its values are sent.
///
/// # Errors
/// Why the first invalid line cannot be sent, without its value.
pub fn read_headers(lines: &[impl AsRef<str>]) -> Result<HeaderMap, Notice> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = header(line.as_ref())?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn header(line: &str) -> Result<(HeaderName, HeaderValue), Notice> {
    const HELP: &str = "see: git credential-heroku-rs api -h";
    let Some((name, value)) = line.split_once(':') else {
        return Err(Notice::usage(
            "a header must have the form 'Name: value'",
            HELP,
        ));
    };
    let Ok(name) = HeaderName::try_from(name.trim()) else {
        return Err(Notice::usage("invalid header name", HELP));
    };
    if OURS.contains(&name.as_str()) {
        let fix = match name {
            AUTHORIZATION => {
                "use --account EMAIL for another account, or HEROKU_API_KEY for another token"
            }
            _ => "leave it out",
        };
        let what = format!("only this program may set the header {name}");
        return Err(Notice::usage(what, fix));
    }
    let Ok(mut value) = HeaderValue::from_str(value.trim_matches([' ', '\t'])) else {
        let what = format!("the value of the header {name} has an invalid character");
        return Err(Notice::usage(what, HELP));
    };
    // The value may be a secret: the HTTP client leaves it out of its logs.
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::hosts::Heroku;
    use crate::notice::Kind;
    use proptest::prelude::*;
    use std::time::Duration;

    fn api(heroku_host: Option<&str>) -> HerokuApi {
        let environment = Environment {
            heroku: heroku_host.map_or_else(Heroku::default, Heroku::parse),
            ..Environment::default()
        };
        HerokuApi::new(&environment, Duration::from_secs(1)).unwrap()
    }

    fn address(path: &str) -> Result<String, Notice> {
        let address = api(None).address(path, &[]);
        address.map(|url| url.to_string())
    }

    fn assert_refused(path: &str, why: &str) {
        let refused = address(path).unwrap_err();
        assert_eq!(refused.kind(), Kind::Usage);
        assert!(refused.what().contains(why), "{path:?}: {refused}");
    }

    #[test]
    fn the_first_slash_of_a_path_is_optional() {
        for path in [
            "apps?x=y",
            "/apps?x=y",
            "//apps?x=y",
            "https://api.heroku.com/apps?x=y",
            "HTTPS://API.heroku.com:443/apps?x=y",
        ] {
            assert_eq!(
                address(path).unwrap(),
                "https://api.heroku.com/apps?x=y",
                "{path}"
            );
        }
        assert_eq!(
            address("/x?u=https://evil.example").unwrap(),
            "https://api.heroku.com/x?u=https://evil.example"
        );
    }

    #[test]
    fn fields_are_added_to_the_query() {
        let query = [("a[]".to_owned(), "x&y=z".to_owned())];
        let url = api(None).address("apps?b=1", &query).unwrap();
        assert_eq!(
            url.as_str(),
            "https://api.heroku.com/apps?b=1&a%5B%5D=x%26y%3Dz"
        );
    }

    #[test]
    fn another_host_is_rejected() {
        for path in [
            "https://evil.example/apps",
            "http://api.heroku.com/apps",
            "https://api.heroku.com.evil.example/",
            "https://api.heroku.com@evil.example/",
            "https://ann@api.heroku.com/",
            "https://api.heroku.com:8443/",
            "https://git.heroku.com/",
            "ftp://api.heroku.com/",
        ] {
            assert_refused(path, "the token is not sent to other hosts");
        }
        for path in [
            "a b",
            "apps\r\nHost: evil.example",
            "\\\\evil.example",
            "apps#x",
            "äpps",
            "https://",
        ] {
            assert_refused(path, "not a path of Heroku's API");
        }
    }

    #[test]
    fn a_path_is_never_resolved_to_another_one() {
        for path in [
            "apps/../account",
            "apps/x/..",
            "..",
            "./apps",
            "apps/%2e%2e/account",
            "apps/.%2E/account?x=y",
            "apps/%2e/x",
            "apps/x%2f..%2Faccount",
            "apps/x%5c..%5caccount",
            "https://api.heroku.com/apps/../account",
        ] {
            assert_refused(path, "must not contain . or .. segments");
        }
        for path in ["apps/...", "apps/a..b", "apps/.git", "apps?x=/../y"] {
            assert_eq!(
                address(path).unwrap(),
                format!("https://api.heroku.com/{path}")
            );
        }
    }

    #[test]
    fn the_configured_host_is_the_only_one() {
        let staging = api(Some("staging.herokudev.com"));
        let url = staging.address("apps", &[]).unwrap();
        assert_eq!(url.as_str(), "https://api.staging.herokudev.com/apps");
        staging
            .address("https://api.heroku.com/apps", &[])
            .unwrap_err();
    }

    #[test]
    fn no_header_changes_authentication_or_host() {
        for line in [
            "Authorization: Bearer x",
            "AUTHORIZATION : Basic x",
            "Host: evil.example",
            "host:evil.example",
            "Content-Length: 0",
            "Transfer-Encoding: chunked",
            "Proxy-Authorization: Basic x",
        ] {
            let refused = read_headers(&[line]).unwrap_err();
            assert!(refused.what().contains("only this program"), "{line}");
        }
    }

    #[test]
    fn a_header_cannot_contain_another_header() {
        for line in [
            "X: a\r\nAuthorization: b",
            "X: a\nb",
            "X: \0",
            "X\r\nHost: a",
            "X Y: a",
            ": a",
            "no colon",
        ] {
            read_headers(&[line]).unwrap_err();
        }
    }

    #[test]
    fn all_values_of_a_name_are_sent() {
        let lines = ["accept: b", "Accept: c", "If-None-Match: \"x:y\""];
        let map = read_headers(&lines).unwrap();
        let all = |name| -> Vec<_> {
            map.get_all(name)
                .iter()
                .map(|v| v.to_str().unwrap())
                .collect()
        };
        assert_eq!(all("accept"), ["b", "c"]);
        assert_eq!(all("if-none-match"), ["\"x:y\""]);
    }

    #[test]
    fn debug_output_contains_no_value() {
        let shown = format!("{:?}", read_headers(&["X-Key: open-sesame"]).unwrap());
        assert!(
            shown.contains("x-key") && !shown.contains("sesame"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn no_path_leads_to_another_host(path in "[-a-z0-9@:/.\\\\?#%\\[\\]]{0,40}") {
            if let Ok(url) = api(None).address(&path, &[]) {
                prop_assert!(url.as_str().starts_with("https://api.heroku.com/"));
                let given = path.split('?').next().unwrap_or_default();
                prop_assert!(given.ends_with(url.path().trim_start_matches('/')), "{} {}", path, url);
            }
        }
    }
}
