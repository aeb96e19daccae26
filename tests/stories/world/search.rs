//! The search at the end: no secret that this world's Heroku issued may be found anywhere in plain
//! text, in base64 or in hex, except where a story expects it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use memchr::memmem::Finder;

use super::World;

/// Texts shorter than this turn up by chance.
const SHORTEST: usize = 12;

/// What one program was given and what it said.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(super) command: String,
    pub(super) code: Option<i32>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Everything that was said in a world, and which secret was said where on purpose.
#[derive(Default)]
pub(super) struct Transcript {
    seen: Mutex<Vec<Seen>>,
    shown: Mutex<BTreeSet<(usize, String)>>,
    public: Mutex<BTreeSet<String>>,
    planted: Mutex<BTreeSet<PathBuf>>,
}

impl Seen {
    pub(super) fn to_text(&self) -> String {
        format!(
            "$ {}\nexit code: {:?}\nstdout: {}\nstderr: {}",
            self.command,
            self.code,
            String::from_utf8_lossy(&self.stdout),
            String::from_utf8_lossy(&self.stderr)
        )
    }
}

impl Transcript {
    pub(super) fn add(&self, seen: Seen) -> usize {
        let mut all = self.seen.lock().unwrap();
        all.push(seen);
        all.len() - 1
    }

    pub(super) fn is_shown(&self, number: usize, secret: &str) {
        let shown = (number, secret.to_owned());
        self.shown.lock().unwrap().insert(shown);
    }

    /// The whole transcript without its secrets, for the message of a failed story.
    pub(super) fn redacted_text(&self, secrets: &[String]) -> String {
        let mut text = String::from("the commands of this test:\n");
        for seen in self.seen.lock().unwrap().iter() {
            let _ = writeln!(text, "{}", seen.to_text());
        }
        secrets
            .iter()
            .fold(text, |text, secret| text.replace(secret, "SECRET"))
    }
}

impl World {
    /// A secret that this story shows to everyone, as in a remote's URL: it is not searched for.
    pub(crate) fn is_public(&self, secret: &str) {
        let mut public = self.transcript.public.lock().unwrap();
        public.insert(secret.to_owned());
    }

    /// A file in which this story put a secret itself, as a netrc: it is not searched.
    pub(crate) fn is_not_searched(&self, path: &Path) {
        let mut planted = self.transcript.planted.lock().unwrap();
        planted.insert(path.to_owned());
    }

    /// Where secrets were found that a story does not expect: one line for each place.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let public = self.transcript.public.lock().unwrap().clone();
        let mut secrets = self.heroku.secrets();
        secrets.retain(|secret| !public.contains(secret));
        let short = secrets.iter().filter(|secret| secret.len() < SHORTEST);
        assert_eq!(short.count(), 0, "a short secret would be found anywhere");
        let secrets: Vec<Wanted> = secrets.into_iter().enumerate().map(Wanted::new).collect();
        let mut findings = self.leaks_in_the_transcript(&secrets);
        let planted = self.transcript.planted.lock().unwrap();
        for path in files_under(self.root.path()) {
            if !planted.contains(&path) {
                let bytes = fs::read(&path).unwrap();
                findings.extend(sightings(&secrets, &bytes, || path.display().to_string()));
            }
        }
        findings
    }

    fn leaks_in_the_transcript(&self, secrets: &[Wanted]) -> Vec<String> {
        let shown = self.transcript.shown.lock().unwrap();
        let mut findings = Vec::new();
        for (number, seen) in self.transcript.seen.lock().unwrap().iter().enumerate() {
            let place = |stream| move || format!("{stream} of {}", without(secrets, &seen.command));
            findings.extend(sightings(secrets, seen.command.as_bytes(), place("argv")));
            findings.extend(sightings(secrets, &seen.stderr, place("stderr")));
            let hidden = secrets
                .iter()
                .filter(|wanted| !shown.contains(&(number, wanted.secret.clone())));
            findings.extend(sightings(hidden, &seen.stdout, place("stdout")));
        }
        findings
    }
}

/// A secret in every form in which it is searched for. They are made once for each world, since a world may have
/// seen thousands of texts.
struct Wanted {
    number: usize,
    secret: String,
    forms: Vec<(&'static str, Finder<'static>)>,
}

impl Wanted {
    fn new((number, secret): (usize, String)) -> Wanted {
        let forms = forms(secret.as_bytes()).into_iter();
        Wanted {
            number,
            forms: forms
                .map(|(form, text)| (form, Finder::new(&text).into_owned()))
                .collect(),
            secret,
        }
    }
}

fn sightings<'s>(
    secrets: impl IntoIterator<Item = &'s Wanted>,
    bytes: &[u8],
    place: impl Fn() -> String,
) -> Vec<String> {
    let mut found = Vec::new();
    for Wanted { number, forms, .. } in secrets {
        for (form, finder) in forms {
            if finder.find(bytes).is_some() {
                found.push(format!("secret {number} in {form} in {}", place()));
            }
        }
    }
    found
}

/// The ways in which a secret can be written down so that a search for its letters misses it.
/// In base64 a text has three forms, by its place among the three bytes of a group; the groups
/// at its ends hold bits of its neighbours, so they are left out.
fn forms(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let digits =
        |byte: &u8| [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
    let hex = secret.iter().flat_map(digits).collect();
    let mut forms = vec![("plain text", secret.to_vec()), ("hex", hex)];
    for skipped in 0..3 {
        let whole = &secret[skipped..];
        let whole = &whole[..whole.len() - whole.len() % 3];
        forms.push(("base64", base64(whole)));
    }
    forms
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = three
            .iter()
            .fold(0_usize, |sum, b| sum << 8 | usize::from(*b));
        [18, 12, 6, 0].map(|shift| LETTERS[bits >> shift & 63])
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

fn without(secrets: &[Wanted], text: &str) -> String {
    let hide = |text: String, wanted: &Wanted| text.replace(&wanted.secret, "SECRET");
    secrets.iter().fold(text.to_owned(), hide)
}

/// Every plain file under a directory; links are not followed, sockets are passed over.
pub(crate) fn files_under(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files.extend(files_under(&entry.path()));
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files
}
