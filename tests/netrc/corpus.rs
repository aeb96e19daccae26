//! Files as users have them, what we serve from each, and what `clean` leaves of it.
//!
//! `GOOD` is a placeholder for the live token, `OLD` for one that must not be served. In a row with `Doubt`, programs
//! that read netrc would read different tokens.

/// What is served for git's host.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Get {
    Good,
    Nothing,
    Doubt(usize),
}

/// What is left of the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Clean {
    All,
    Only(&'static [u8]),
    Refused(usize),
}

pub(crate) type Row = (&'static str, &'static [u8], Get, Clean);

use Clean::{All, Only, Refused};
use Get::{Doubt, Good, Nothing};

#[rustfmt::skip]
pub(crate) const FORMS: &[Row] = &[
    ("the CLI's own form", b"machine api.heroku.com\n  login ann@example.com\n  password GOOD\nmachine git.heroku.com\n  login ann@example.com\n  password GOOD\n", Good, Only(b"")),
    ("one line", b"machine git.heroku.com login a password GOOD\n", Good, Only(b"")),
    ("one line without an end", b"machine git.heroku.com login a password GOOD", Good, Only(b"")),
    ("an old CLI's method", b"machine git.heroku.com\n  login a\n  password GOOD\n  method interactive\n", Good, Only(b"")),
    ("an old CLI's org", b"machine git.heroku.com\n  org b\n  login a\n  password GOOD\n", Good, Only(b"")),
    ("one word a line", b"machine\ngit.heroku.com\nlogin\na\npassword\nGOOD\n", Good, Only(b"")),
    ("an empty line inside", b"machine git.heroku.com\n\nlogin a\n\npassword GOOD\n", Good, Only(b"")),
    ("several blanks", b"machine  git.heroku.com   login  a    password     GOOD \n", Good, Only(b"")),
    ("tabs", b"\tmachine\tgit.heroku.com\tlogin\ta\tpassword\tGOOD\t\n", Good, Only(b"")),
    ("user for login", b"machine git.heroku.com user a password GOOD\n", Good, Only(b"")),
    ("passwd for password", b"machine git.heroku.com login a passwd GOOD\n", Good, Only(b"")),
    ("password first", b"machine git.heroku.com password GOOD login a\n", Good, Only(b"")),
    ("no login", b"machine git.heroku.com password GOOD\n", Good, Only(b"")),
    ("an account", b"machine git.heroku.com login a account b password GOOD\n", Good, Only(b"")),
    ("no password", b"machine git.heroku.com login a\n", Nothing, Only(b"")),
    ("a name alone", b"machine git.heroku.com\n", Nothing, Only(b"")),
    ("only the API's", b"machine api.heroku.com login a password GOOD\n", Good, Only(b"")),
    ("git's without a password, the API's with one", b"machine git.heroku.com login a\nmachine api.heroku.com login a password GOOD\n", Good, Only(b"")),
    ("git's before the API's", b"machine api.heroku.com login a password OLD\nmachine git.heroku.com login a password GOOD\n", Good, Only(b"")),
    ("CRLF", b"machine x login y\r\nmachine git.heroku.com\r\n  login a\r\n  password GOOD\r\nmachine z\r\n", Good, Only(b"machine x login y\r\nmachine z\r\n")),
    ("CRLF in our entry alone", b"machine x\nmachine git.heroku.com login a password GOOD\r\nmachine z\n", Good, Only(b"machine x\nmachine z\n")),
    ("a byte order mark", b"\xef\xbb\xbfmachine git.heroku.com login a password GOOD\nmachine x\n", Good, Only(b"\xef\xbb\xbfmachine x\n")),
    ("a byte order mark alone", b"\xef\xbb\xbf", Nothing, All),
    ("keywords in capitals", b"MACHINE git.heroku.com LOGIN a PASSWORD GOOD\n", Good, Only(b"")),
    ("the host in capitals", b"machine Git.Heroku.Com login a password GOOD\n", Good, Only(b"")),
    ("port 443", b"machine git.heroku.com port 443 login a password GOOD\n", Good, Only(b"")),
    ("port https", b"machine git.heroku.com protocol https login a password GOOD\n", Good, Only(b"")),
    ("a quoted password", b"machine git.heroku.com login a password \"GOOD\"\n", Good, Only(b"")),
    ("all values quoted", b"machine \"git.heroku.com\" login \"a\" password \"GOOD\"\n", Good, Only(b"")),
    ("an escaped letter in quotes", b"machine git.heroku.com login \"\\a\" password GOOD\n", Good, Only(b"")),
    ("a hash inside a value", b"machine git.heroku.com login a#b password GOOD\n", Good, Only(b"")),
    ("a keyword as a value", b"machine git.heroku.com login machine password GOOD\n", Good, Only(b"")),
];

#[rustfmt::skip]
pub(crate) const NEIGHBOURS: &[Row] = &[
    ("an empty file", b"", Nothing, All),
    ("blank lines alone", b"\n\r\n \t\n", Nothing, All),
    ("strangers alone", b"machine x login y password z\ndefault login d password e\n", Nothing, All),
    ("default first", b"default login d password e\nmachine git.heroku.com login a password GOOD\n", Good, Only(b"default login d password e\n")),
    ("default last", b"machine git.heroku.com login a password GOOD\ndefault login d password e", Good, Only(b"default login d password e")),
    ("the same login twice", b"machine git.heroku.com login a password GOOD\nmachine git.heroku.com login a password OLD\n", Good, Only(b"")),
    ("two logins", b"machine git.heroku.com login a password GOOD\nmachine git.heroku.com login b password OLD\n", Good, Only(b"")),
    ("a stranger twice", b"machine x login y\nmachine git.heroku.com password GOOD\nmachine x login z\n", Good, Only(b"machine x login y\nmachine x login z\n")),
    ("strangers around", b"machine x\n login y\n\nmachine git.heroku.com\n login a\n password GOOD\n\nmachine z\n", Good, Only(b"machine x\n login y\n\n\nmachine z\n")),
    ("a stranger before on the line", b"machine x login y password z machine git.heroku.com password GOOD\nmachine w\n", Good, Only(b"machine x login y password z\nmachine w\n")),
    ("a stranger behind on the line", b"  machine git.heroku.com password GOOD machine x login y\n", Good, Only(b"machine x login y\n")),
    ("strangers on both sides", b"machine w machine git.heroku.com password GOOD  machine x\r\n", Good, Only(b"machine w machine x\r\n")),
    ("both of ours on one line", b"machine api.heroku.com password GOOD machine git.heroku.com password GOOD\nmachine x\n", Good, Only(b"machine x\n")),
    ("Latin-1 elsewhere", b"machine x login M\xfcller password gr\xfc\xdfe\nmachine git.heroku.com password GOOD\n", Good, Only(b"machine x login M\xfcller password gr\xfc\xdfe\n")),
    ("a stranger's unknown word", b"machine x login y stray password z\nmachine git.heroku.com password GOOD\n", Good, Only(b"machine x login y stray password z\n")),
    ("a stranger's odd escapes", b"machine x login a\\b password \"p\\nq\"r\nmachine git.heroku.com password GOOD\n", Good, Only(b"machine x login a\\b password \"p\\nq\"r\n")),
    ("a stranger with our words in quotes", b"machine x login y password \"machine git.heroku.com password OLD\"\n", Nothing, All),
    ("a stranger whose login is machine", b"machine x login machine password git.heroku.com\n", Nothing, All),
    ("a longer name", b"machine git.heroku.com.evil.example password OLD\nmachine x.git.heroku.com password OLD\n", Nothing, All),
    ("a name with a port", b"machine git.heroku.com:443 password OLD\n", Nothing, All),
    ("the registry", b"machine registry.heroku.com login _ password OLD\n", Nothing, All),
    ("words before any machine", b"login a password OLD\nmachine git.heroku.com password GOOD\n", Good, Only(b"login a password OLD\n")),
];

#[rustfmt::skip]
pub(crate) const COMMENTS_AND_MACROS: &[Row] = &[
    ("a commented entry", b"# machine git.heroku.com login a password OLD\n", Nothing, All),
    ("a commented entry above the live one", b"#machine git.heroku.com login a password OLD\nmachine git.heroku.com login a password GOOD\n", Good, Only(b"#machine git.heroku.com login a password OLD\n")),
    ("comments above and below", b"# work\nmachine git.heroku.com password GOOD\n# home\nmachine x\n", Good, Only(b"# work\n# home\nmachine x\n")),
    ("a comment inside", b"machine git.heroku.com\n# mine\n  login a\n  password GOOD\n", Good, Only(b"")),
    ("a comment behind", b"machine git.heroku.com login a password GOOD # old password OLD\nmachine x\n", Good, Only(b"machine x\n")),
    ("a comment behind a stranger too", b"machine x machine git.heroku.com password GOOD # note\n", Good, Only(b"machine x\n")),
    ("a quote in a comment", b"# Ann's \"login\nmachine git.heroku.com password GOOD\n", Good, Only(b"# Ann's \"login\n")),
    ("a macro with our words", b"macdef up\nmachine git.heroku.com password OLD\n\n", Nothing, All),
    ("a macro with our words, then ours", b"macdef up\nmachine git.heroku.com password OLD\n\nmachine git.heroku.com password GOOD\n", Good, Only(b"macdef up\nmachine git.heroku.com password OLD\n\n")),
    ("a macro with umlauts", b"macdef up\nput gr\xc3\xb6\xc3\x9fe\n\nmachine git.heroku.com password GOOD\n", Good, Only(b"macdef up\nput gr\xc3\xb6\xc3\x9fe\n\n")),
    ("a macro in CRLF", b"macdef up\r\nput x\r\n\r\nmachine git.heroku.com password GOOD\r\n", Good, Only(b"macdef up\r\nput x\r\n\r\n")),
    ("a macro past a line of blanks", b"macdef up\nput x\n \nmachine git.heroku.com password OLD\n", Nothing, All),
    ("a macro without an end", b"machine x\nmacdef up\nput x", Nothing, All),
    ("a stranger's macro below ours", b"machine git.heroku.com password GOOD\nmachine x\nmacdef init\nput x\n\n", Good, Only(b"machine x\nmacdef init\nput x\n\n")),
    ("our own macro", b"machine x\nmachine git.heroku.com password GOOD\nmacdef init\nput x\n\n", Good, Refused(2)),
    ("our own macro, a line apart", b"machine git.heroku.com password GOOD\n\n# note\nmacdef init\nput x\n\n", Good, Refused(1)),
];

#[rustfmt::skip]
pub(crate) const DOUBTS: &[Row] = &[
    ("another port", b"machine git.heroku.com port 8443 password OLD\n", Doubt(1), Refused(1)),
    ("another protocol", b"machine git.heroku.com protocol http password OLD\n", Doubt(1), Refused(1)),
    ("a path", b"machine git.heroku.com path /a.git password OLD\n", Doubt(1), Refused(1)),
    ("a comment where a value belongs", b"machine git.heroku.com login a password\n# OLD\n", Doubt(2), Refused(2)),
    ("a quote never closed above", b"machine x password \"y\nmachine git.heroku.com password OLD\n", Doubt(1), Refused(1)),
    ("a quote never closed below", b"machine git.heroku.com password OLD\nmachine x password \"y", Doubt(2), Refused(2)),
    ("a newline in quotes", b"machine git.heroku.com password \"OLD\n\"\n", Doubt(1), Refused(1)),
    ("an escaped newline", b"machine git.heroku.com password \"OLD\\n\"\n", Doubt(1), Refused(1)),
    ("a backslash outside quotes", b"machine git.heroku.com password OLD\\x\n", Doubt(1), Refused(1)),
    ("text behind a quote", b"machine git.heroku.com password \"OLD\"x\n", Doubt(1), Refused(1)),
    ("a login without a value", b"machine git.heroku.com\n  login\n  password OLD\n", Doubt(3), Refused(3)),
    ("a password without a value", b"machine git.heroku.com login a password", Doubt(1), Refused(1)),
    ("a word too many", b"machine git.heroku.com login a b password OLD\n", Doubt(1), Refused(1)),
    ("a word too many at the end", b"machine x\nmachine git.heroku.com login a password OLD extra\n", Doubt(2), Refused(2)),
    ("the password twice", b"machine git.heroku.com password OLD\n  password OLD\n", Doubt(2), Refused(2)),
    ("login and user", b"machine git.heroku.com login a user b password OLD\n", Doubt(1), Refused(1)),
    ("a letter outside ASCII", b"machine git.heroku.com login \xc3\xa4 password OLD\n", Doubt(1), Refused(1)),
    ("a fixed blank", b"machine git.heroku.com login\xc2\xa0a password OLD\n", Doubt(1), Refused(1)),
    ("a zero byte", b"machine x\nmachine git.heroku.com password OLD\0\n", Doubt(2), Refused(2)),
    ("a machine without a name", b"machine git.heroku.com password OLD\nmachine\n", Doubt(2), Refused(2)),
    ("a password that is no token", b"machine git.heroku.com password short\n", Doubt(1), Only(b"")),
    ("a doubt in the API's does not touch git's", b"machine git.heroku.com password GOOD\nmachine api.heroku.com password OLD extra\n", Good, Refused(2)),
];
