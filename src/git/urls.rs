//! URLs of Heroku's git server as users write them, and the credentials in them.

use zeroize::Zeroizing;

use crate::token::Token;

/// A URL of Heroku's git server.
#[derive(Debug)]
pub struct HerokuUrl {
    /// How it reaches the server.
    pub way: Way,
    /// The token in it, as password or as user name.
    pub token: Option<Token>,
    /// Whether it contains a password, a token or not. To git, an empty password is one too.
    pub has_password: bool,
    /// Whether an `@` in the user name or the password is not written as `%40`. git reads what follows it as the host.
    pub has_bare_at: bool,
    /// The same URL without user name and password, over https.
    pub clean: String,
}

/// How a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The only way that works.
    Https,
    /// Unencrypted: what is sent can be read on the network.
    Http,
    /// Heroku's git server has not supported it since November 2021.
    Ssh,
}

impl HerokuUrl {
    /// Whether other people must not see it.
    pub fn has_secret(&self) -> bool {
        self.has_password || self.token.is_some()
    }

    /// Whether git connects to Heroku's git server with it, and may ask a helper.
    pub fn is_valid(&self) -> bool {
        self.way == Way::Https && !self.has_bare_at
    }

    /// The app; none if the path is not that of an app.
    pub fn app(&self) -> Option<&str> {
        let path = self.clean.strip_prefix("https://git.heroku.com/")?;
        let name = path.trim_end_matches('/').trim_end_matches(".git");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
    }

    /// Parses a URL; none if it does not lead to Heroku's git server.
    pub fn parse(url: &str) -> Option<HerokuUrl> {
        let (scheme, authority, path) = match url.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (scheme, authority, path)
            }
            // The short form of SSH, `git@heroku.com:app.git`; with brackets, a port may follow the host. With a slash
            // before the colon it is a local path.
            None => {
                let (authority, path) = url.split_once("]:").or_else(|| url.split_once(':'))?;
                if authority.contains('/') {
                    return None;
                }
                ("ssh", authority, path)
            }
        };
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (user, host),
            None => ("", authority),
        };
        let host = host.to_ascii_lowercase();
        let way = match (scheme.to_ascii_lowercase().as_str(), host.as_str()) {
            ("https", "git.heroku.com" | "git.heroku.com:443") => Way::Https,
            ("http", "git.heroku.com" | "git.heroku.com:80") => Way::Http,
            ("ssh" | "git+ssh" | "ssh+git", host) if leads_to_heroku_by_ssh(host) => Way::Ssh,
            _ => return None,
        };
        let path = match way {
            Way::Https | Way::Http => path.strip_prefix('/').unwrap_or(path),
            Way::Ssh => path.trim_start_matches('/'),
        };
        if way == Way::Ssh && path.is_empty() {
            return None;
        }
        let (name, password) = user
            .split_once(':')
            .map_or((user, None), |(name, password)| (name, Some(password)));
        let as_token = |text: &str| Token::parse(&Zeroizing::new(text.to_owned())).ok();
        let in_name = || as_token(name).filter(Token::has_known_form);
        Some(HerokuUrl {
            way,
            token: password.and_then(as_token).or_else(in_name),
            has_password: password.is_some(),
            has_bare_at: way != Way::Ssh && user.contains('@'),
            clean: format!("https://git.heroku.com/{path}"),
        })
    }
}

/// Whether SSH connects to Heroku with this host, which may be in brackets and have a port.
fn leads_to_heroku_by_ssh(host: &str) -> bool {
    let plain = host.replace(['[', ']'], "");
    let name = plain.split(':').next().unwrap_or_default();
    matches!(name, "heroku.com" | "git.heroku.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";
    const CLEAN: &str = "https://git.heroku.com/app.git";

    #[test]
    fn a_token_is_found_as_password_and_as_user() {
        for user in [
            format!("x:{TOKEN}"),
            format!(":{TOKEN}"),
            TOKEN.to_owned(),
            format!("{TOKEN}:"),
        ] {
            let url =
                HerokuUrl::parse(&format!("https://{user}@GIT.heroku.com:443/app.git")).unwrap();
            assert_eq!(url.token.unwrap().expose(), TOKEN);
            assert_eq!(url.clean, CLEAN);
        }
        let url = HerokuUrl::parse("https://heroku@git.heroku.com/app.git").unwrap();
        assert!(url.token.is_none() && !url.has_password);
        let url = HerokuUrl::parse("https://heroku:@git.heroku.com/app.git").unwrap();
        assert!(url.token.is_none() && url.has_password);
    }

    #[test]
    fn an_at_before_the_host_has_to_be_encoded() {
        for (user, is_valid) in [
            ("ann%40example.com", true),
            ("ann@example.com", false),
            ("ann%40example.com:pa%40ss", true),
            ("ann:pa@ss", false),
        ] {
            let url = HerokuUrl::parse(&format!("https://{user}@git.heroku.com/app.git")).unwrap();
            assert_eq!(url.is_valid(), is_valid, "{user}");
            assert_eq!(url.clean, CLEAN);
        }
    }

    #[test]
    fn each_kind_of_heroku_url_is_recognized() {
        for (url, way) in [
            (CLEAN, Way::Https),
            ("http://git.heroku.com/app.git", Way::Http),
            ("git@heroku.com:app.git", Way::Ssh),
            ("git@heroku.com:/app.git", Way::Ssh),
            ("[git@heroku.com:22]:app.git", Way::Ssh),
            ("git@[heroku.com:22]:app.git", Way::Ssh),
            ("git@[heroku.com]:app.git", Way::Ssh),
            ("ssh://git@heroku.com:/app.git", Way::Ssh),
            ("ssh://git@[heroku.com]:2222//app.git", Way::Ssh),
            ("heroku.com:app.git", Way::Ssh),
            ("ssh://git@heroku.com/app.git", Way::Ssh),
            ("ssh://git@heroku.com:22/app.git", Way::Ssh),
            ("git+ssh://git.heroku.com/app.git", Way::Ssh),
        ] {
            let parsed = HerokuUrl::parse(url).unwrap();
            assert_eq!((parsed.way, parsed.clean.as_str()), (way, CLEAN), "{url}");
        }
    }

    #[test]
    fn the_app_is_the_path() {
        for (path, app) in [
            ("blue-sky.git", Some("blue-sky")),
            ("blue-sky", Some("blue-sky")),
            ("blue-sky.git/", Some("blue-sky")),
            ("", None),
            ("../account.git", None),
            ("blue%2Fsky.git", None),
        ] {
            let url = HerokuUrl::parse(&format!("https://git.heroku.com/{path}")).unwrap();
            assert_eq!(url.app(), app, "{path}");
        }
    }

    #[test]
    fn other_servers_are_not_heroku() {
        for url in [
            "https://x:y@github.com/git.heroku.com",
            "git@github.com:a/b",
            "https://example.com/git@heroku.com:app.git",
            "git@example.com:git@heroku.com:app.git",
            "/srv/git@heroku.com:app.git",
            "git@heroku.com:",
            "ssh://git@heroku.com/",
            "/srv/git.heroku.com",
            "https://git.heroku.com.evil.example/a",
        ] {
            assert!(HerokuUrl::parse(url).is_none(), "{url}");
        }
    }
}
