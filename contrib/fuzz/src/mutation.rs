//! Mutants of a corpus, for the short run in the tests. The same seed gives the same mutants.

use fastrand::Rng;

/// Makes mutants of a corpus.
pub struct Mutator<'a> {
    corpus: &'a [Vec<u8>],
    random: Rng,
}

/// Bytes that often cause errors in parsers: line ends, quotes, special characters, lengths, names.
const PIECES: [&[u8]; 24] = [
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\x1b[31m",
    b"=",
    b"\"",
    b"\\",
    b"#",
    b" ",
    b"\t",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"-1",
    b"99999999999999999999",
    b"{",
    b"]",
    b"null",
    b"host=evil.example\n",
    b"machine git.heroku.com ",
    b"HRKU-01234567-89ab-cdef-0123-456789abcdef",
    b"\xe2\x80\xae",
];

impl<'a> Mutator<'a> {
    /// Mutants of `corpus`, which has at least one file.
    pub fn new(corpus: &'a [Vec<u8>], seed: u64) -> Mutator<'a> {
        Mutator {
            corpus,
            random: Rng::with_seed(seed),
        }
    }

    /// The next mutant: one of the corpus's files, changed in one to eight places.
    pub fn mutant(&mut self) -> Vec<u8> {
        let mut bytes = self.pick().to_vec();
        for _ in 0..self.random.usize(1..=8) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn pick(&mut self) -> &'a [u8] {
        let index = self.random.usize(..self.corpus.len());
        &self.corpus[index]
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let start = self.random.usize(..=bytes.len());
        let end = start + self.random.usize(..=(bytes.len() - start).min(40));
        match self.random.u8(..6) {
            0 => drop(bytes.drain(start..end)),
            1 => {
                let again = bytes[start..end].to_vec();
                bytes.splice(start..start, again);
            }
            2 => {
                let piece = PIECES[self.random.usize(..PIECES.len())];
                bytes.splice(start..end, piece.iter().copied());
            }
            3 => {
                let piece = PIECES[self.random.usize(..PIECES.len())];
                bytes.splice(start..start, piece.iter().copied());
            }
            4 => {
                let other = self.pick();
                let from = self.random.usize(..=other.len());
                bytes.splice(start.., other[from..].iter().copied());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte ^= 1 << self.random.u8(..8);
                }
            }
        }
    }
}
