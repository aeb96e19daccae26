//! The three streams of the process.

use std::io::{self, Read, Write};

/// The three streams of the process, as parameters: a test needs no process.
pub struct Streams<'a> {
    /// stdin: what git or a pipe writes to us.
    pub input: Box<dyn Read + Send>,
    /// stdout: the reply to git, or the data that a command prints. Nothing else goes there.
    pub output: &'a mut dyn Write,
    /// stderr: messages for the user.
    pub errors: &'a mut dyn Write,
}

/// A stderr writer that ignores write errors, so that a closed pipe never stops a command half-way.
pub struct IgnoreWriteErrors<W>(pub W);

impl<W: Write> Write for IgnoreWriteErrors<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}
