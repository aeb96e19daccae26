//! A connection to the bus that is slow, closes early or corrupts bytes. No program on a real bus can
//! do that, since the bus checks every message and passes it on complete.

use std::io::{BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

use super::World;

/// What the connection does to the bytes from the bus.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line {
    /// One byte at a time, each after this pause.
    Drips(Duration),
    /// Ends after so many bytes.
    Breaks(usize),
    /// Every byte from this one on is 0xff, so lengths and texts are invalid.
    Garbles(usize),
    /// Closes the connection if a message comes in one piece with the authentication, as
    /// xdg-dbus-proxy 0.1.4 does.
    WantsToBeWaitedFor,
}

impl World {
    /// Every program started from here on uses this connection to the bus.
    pub(crate) fn reaches_the_bus_over(&self, line: Line) {
        let bus = super::keyring::socket(self.root.path());
        let dir = tempfile::tempdir_in(self.root.path()).unwrap().keep();
        let path = dir.join("line");
        let listener = UnixListener::bind(&path).unwrap();
        self.sets(
            "DBUS_SESSION_BUS_ADDRESS",
            &format!("unix:path={}", path.display()),
        );
        // It ends with the test's own process; a world that has gone starts no more programs.
        thread::spawn(move || {
            for program in listener.incoming() {
                carry(program.unwrap(), UnixStream::connect(&bus).unwrap(), line);
            }
        });
    }
}

fn carry(program: UnixStream, bus: UnixStream, line: Line) {
    let (mut from, mut to) = (program.try_clone().unwrap(), bus.try_clone().unwrap());
    thread::spawn(move || {
        // Either end may close the connection at any time.
        let mut first = [0; 4096];
        let length = from.read(&mut first).unwrap_or_default();
        let is_hasty = memchr::memmem::find(&first[..length], b"BEGIN\r\n").is_some();
        if matches!(line, Line::WantsToBeWaitedFor) && is_hasty {
            let _ = from.shutdown(Shutdown::Both);
        } else if to.write_all(&first[..length]).is_ok() {
            let _ = std::io::copy(&mut from, &mut to);
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let _ = carry_back(&bus, &program, line);
        let _ = program.shutdown(Shutdown::Both);
        let _ = bus.shutdown(Shutdown::Both);
    });
}

fn carry_back(bus: &UnixStream, mut program: &UnixStream, line: Line) -> std::io::Result<()> {
    for (at, byte) in BufReader::new(bus).bytes().enumerate() {
        let byte = byte?;
        match line {
            Line::Drips(pause) => {
                thread::sleep(pause);
                program.write_all(&[byte])?;
            }
            Line::Breaks(end) if at == end => return Ok(()),
            Line::Garbles(from) if at >= from => program.write_all(&[0xff])?,
            Line::Breaks(_) | Line::Garbles(_) | Line::WantsToBeWaitedFor => {
                program.write_all(&[byte])?;
            }
        }
    }
    Ok(())
}
