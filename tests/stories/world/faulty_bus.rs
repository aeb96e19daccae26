//! A bus that fails: a proxy in front of the real bus counts messages and fails at one of them.
//!
//! Messages are separated as the D-Bus specification frames them, so that a fault strikes between
//! two or in the middle of one. It happens once: a later connection works.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use super::{Outcome, World};

/// Who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The tested program.
    Program,
    /// The bus, for itself or for the keyring.
    Bus,
}

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The connection is closed before it.
    ClosesBefore,
    /// The connection is closed in the middle of it.
    ClosesWithin,
    /// Half of it comes through, and nothing after that in either direction.
    HangsWithin,
}

/// One fault, at the message of this number (from 0) from this side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BusFault {
    pub(crate) side: Side,
    pub(crate) message: usize,
    pub(crate) how: Failure,
}

/// The proxy. Its threads end with it.
pub(crate) struct FaultyBus {
    socket: PathBuf,
    state: Arc<State>,
    acceptor: Option<JoinHandle<()>>,
}

struct State {
    fault: Option<BusFault>,
    seen: [AtomicUsize; 2],
    struck: AtomicBool,
    closing: AtomicBool,
}

impl World {
    /// A way to this world's bus on which this fault happens; without one it only counts.
    pub(crate) fn bus_with(&self, fault: Option<BusFault>) -> FaultyBus {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let run = self.root.path().join("run");
        FaultyBus::start(
            run.join(format!("faulty-{number}")),
            &run.join("bus"),
            fault,
        )
    }

    /// Runs a command line with this bus as its D-Bus session.
    #[must_use = "say at least whether it succeeds"]
    pub(crate) fn runs_over(&self, bus: &FaultyBus, line: &str, input: &str) -> Outcome<'_> {
        let limit = match bus.state.fault.map(|fault| fault.how) {
            Some(Failure::HangsWithin) => "HEROKU_RS_TIMEOUT=0.2",
            Some(Failure::ClosesBefore | Failure::ClosesWithin) | None => "",
        };
        let address = format!(
            "DBUS_SESSION_BUS_ADDRESS=unix:path={}",
            bus.socket.display()
        );
        self.shell(&format!("{limit} {address} {line}"), input.as_bytes())
    }
}

impl FaultyBus {
    fn start(socket: PathBuf, real: &Path, fault: Option<BusFault>) -> FaultyBus {
        let listener = UnixListener::bind(&socket).unwrap();
        let state = Arc::new(State {
            fault,
            seen: Default::default(),
            struck: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        });
        let (shared, real) = (Arc::clone(&state), real.to_owned());
        let acceptor = thread::spawn(move || {
            for client in listener.incoming() {
                if shared.closing.load(Ordering::SeqCst) {
                    return;
                }
                Link::open(&client.unwrap(), &real, &shared);
            }
        });
        FaultyBus {
            socket,
            state,
            acceptor: Some(acceptor),
        }
    }

    /// How many messages have come from this side.
    pub(crate) fn messages_from(&self, side: Side) -> usize {
        self.state.seen[side as usize].load(Ordering::SeqCst)
    }

    /// Whether the fault has happened.
    pub(crate) fn has_happened(&self) -> bool {
        self.state.struck.load(Ordering::SeqCst)
    }
}

impl Drop for FaultyBus {
    fn drop(&mut self) {
        self.state.closing.store(true, Ordering::SeqCst);
        let woken = UnixStream::connect(&self.socket);
        if let (Ok(_), Some(acceptor)) = (woken, self.acceptor.take()) {
            let _ = acceptor.join();
        }
    }
}

/// One connection, seen from one of its ends.
struct Link {
    side: Side,
    from: UnixStream,
    to: UnixStream,
    stalled: Arc<AtomicBool>,
    state: Arc<State>,
}

impl Link {
    fn open(client: &UnixStream, real: &Path, state: &Arc<State>) {
        let bus = UnixStream::connect(real).unwrap();
        let stalled = Arc::new(AtomicBool::new(false));
        for (side, from, to) in [(Side::Program, client, &bus), (Side::Bus, &bus, client)] {
            let line = Link {
                side,
                from: from.try_clone().unwrap(),
                to: to.try_clone().unwrap(),
                stalled: Arc::clone(&stalled),
                state: Arc::clone(state),
            };
            thread::spawn(move || line.carry());
        }
    }

    /// Carries messages until one end closes; then both are closed.
    fn carry(mut self) {
        let mut waiting = Vec::new();
        let mut greeted = false;
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = self.from.read(&mut piece) {
            waiting.extend_from_slice(&piece[..length]);
            while let Some(length) = first_message(&waiting, self.side, greeted) {
                // A connection that begins in steps says who it is, and waits.
                greeted = self.side == Side::Bus || !waiting[..length].ends_with(b"DATA\r\n");
                let message: Vec<u8> = waiting.drain(..length).collect();
                if self.pass(&message).is_err() {
                    self.close();
                }
            }
        }
        self.close();
    }

    fn pass(&mut self, message: &[u8]) -> std::io::Result<()> {
        let number = self.state.seen[self.side as usize].fetch_add(1, Ordering::SeqCst);
        let fault = self.state.fault;
        let fault = fault.filter(|fault| fault.side == self.side && fault.message == number);
        let half = &message[..message.len() / 2];
        self.state
            .struck
            .fetch_or(fault.is_some(), Ordering::SeqCst);
        match fault.map(|fault| fault.how) {
            _ if self.stalled.load(Ordering::SeqCst) => {}
            None => self.to.write_all(message)?,
            Some(Failure::ClosesBefore) => self.close(),
            Some(Failure::ClosesWithin) => {
                self.to.write_all(half)?;
                self.close();
            }
            Some(Failure::HangsWithin) => {
                self.stalled.store(true, Ordering::SeqCst);
                self.to.write_all(half)?;
            }
        }
        Ok(())
    }

    /// Both ends may be closed already.
    fn close(&self) {
        let _ = self.from.shutdown(Shutdown::Both);
        let _ = self.to.shutdown(Shutdown::Both);
    }
}

/// The length of the first message, where all of it has come. The lines by which a connection
/// begins count as one.
fn first_message(bytes: &[u8], side: Side, greeted: bool) -> Option<usize> {
    if !greeted {
        let end_of = |text: &[u8], from: usize| {
            memchr::memmem::find(&bytes[from..], text).map(|at| from + at + text.len())
        };
        return match side {
            Side::Program if bytes.ends_with(b"DATA\r\n") => Some(bytes.len()),
            Side::Program => end_of(b"BEGIN\r\n", 0),
            Side::Bus => end_of(b"\r\n", end_of(b"OK ", 0)?),
        };
    }
    let number = |at: usize| {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().unwrap();
        let number = match bytes[0] {
            b'l' => u32::from_le_bytes(four),
            _ => u32::from_be_bytes(four),
        };
        usize::try_from(number).ok()
    };
    let length = 16 + number(12)?.next_multiple_of(8) + number(4)?;
    (bytes.len() >= length).then_some(length)
}
