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
pub(crate) enum BusConnection {
    /// One byte at a time, each after this pause.
    Slow(Duration),
    /// Ends after so many bytes.
    ClosesAfter(usize),
    /// Every byte from this one on is 0xff, so lengths and texts are invalid.
    CorruptsFrom(usize),
    /// Closes the connection if a message comes in one piece with the authentication, as
    /// xdg-dbus-proxy 0.1.4 does.
    NeedsAuthenticationFirst,
}

impl World {
    /// Every program started from here on uses this connection to the bus.
    pub(crate) fn connects_to_the_bus_over(&self, connection: BusConnection) {
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
                carry(
                    program.unwrap(),
                    UnixStream::connect(&bus).unwrap(),
                    connection,
                );
            }
        });
    }
}

fn carry(program: UnixStream, bus: UnixStream, connection: BusConnection) {
    let (mut from, mut to) = (program.try_clone().unwrap(), bus.try_clone().unwrap());
    thread::spawn(move || {
        // Either end may close the connection at any time.
        let mut first = [0; 4096];
        let length = from.read(&mut first).unwrap_or_default();
        let is_hasty = memchr::memmem::find(&first[..length], b"BEGIN\r\n").is_some();
        if matches!(connection, BusConnection::NeedsAuthenticationFirst) && is_hasty {
            let _ = from.shutdown(Shutdown::Both);
        } else if to.write_all(&first[..length]).is_ok() {
            let _ = std::io::copy(&mut from, &mut to);
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let _ = carry_back(&bus, &program, connection);
        let _ = program.shutdown(Shutdown::Both);
        let _ = bus.shutdown(Shutdown::Both);
    });
}

fn carry_back(
    bus: &UnixStream,
    mut program: &UnixStream,
    connection: BusConnection,
) -> std::io::Result<()> {
    for (at, byte) in BufReader::new(bus).bytes().enumerate() {
        let byte = byte?;
        match connection {
            BusConnection::Slow(pause) => {
                thread::sleep(pause);
                program.write_all(&[byte])?;
            }
            BusConnection::ClosesAfter(end) if at == end => return Ok(()),
            BusConnection::CorruptsFrom(from) if at >= from => program.write_all(&[0xff])?,
            BusConnection::ClosesAfter(_)
            | BusConnection::CorruptsFrom(_)
            | BusConnection::NeedsAuthenticationFirst => {
                program.write_all(&[byte])?;
            }
        }
    }
    Ok(())
}
