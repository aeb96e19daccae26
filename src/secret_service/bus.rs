//! One connection to the session bus, with one deadline over all of it.
//!
//! Calls are written together and answered in any order, so that a conversation has as few waits
//! as its questions depend on each other. The socket is ours, because no D-Bus crate bounds the
//! whole of a conversation.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use zeroize::Zeroizing;

use super::Failure;
use super::address::Address;
use super::message::{Call, LARGEST, Message, parse};

/// A connection to the session bus.
pub(super) struct Bus {
    stream: UnixStream,
    incoming: Zeroizing<Vec<u8>>,
    deadline: Instant,
    limit: Duration,
    last_serial: u32,
    /// What is to go out before the first call.
    greeting: Vec<u8>,
    /// The bus's own answer to the greeting has not come yet.
    unwelcomed: bool,
    waiting: Vec<Message>,
}

impl Bus {
    /// Connects, and says nothing yet: the greeting goes out with the first calls.
    ///
    /// `limit` runs from here, over everything that is done with this connection.
    pub(super) fn connect(addresses: &[Address], limit: Duration) -> Result<Bus, Failure> {
        let deadline = Instant::now() + limit;
        let mut failure = Failure::Unreachable;
        for address in addresses {
            match connect(address, deadline) {
                Ok(stream) => return Ok(Bus::new(stream, deadline, limit)),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    failure = Failure::TimedOut(limit);
                }
                Err(_) => {}
            }
        }
        Err(failure)
    }

    fn new(stream: UnixStream, deadline: Instant, limit: Duration) -> Bus {
        let user = rustix::process::geteuid().as_raw().to_string();
        // The digits of the user's number, each in hex.
        let hex: String = user.chars().flat_map(|digit| ['3', digit]).collect();
        Bus {
            stream,
            incoming: Zeroizing::new(Vec::new()),
            deadline,
            limit,
            last_serial: 0,
            greeting: format!("\0AUTH EXTERNAL {hex}\r\nBEGIN\r\n").into_bytes(),
            unwelcomed: true,
            waiting: Vec::new(),
        }
    }

    /// Gives a person time to answer a prompt: the deadline moves to `limit` from here.
    pub(super) fn extend(&mut self, limit: Duration) {
        self.deadline = Instant::now() + limit;
        self.limit = limit;
    }

    /// Writes calls in one piece, and gives the serials by which their answers are known.
    pub(super) fn send<const N: usize>(&mut self, calls: [&Call; N]) -> Result<[u32; N], Failure> {
        let body: usize = calls.iter().map(|call| call.length() + 512).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(body + self.greeting.len() + 512));
        if !self.greeting.is_empty() {
            bytes.append(&mut self.greeting);
            self.last_serial += 1;
            let hello = Call::new(BUS, "/org/freedesktop/DBus", BUS, "Hello");
            hello.write_to(&mut bytes, self.last_serial)?;
        }
        let mut serials = [0; N];
        for (call, serial) in calls.iter().zip(&mut serials) {
            self.last_serial += 1;
            *serial = self.last_serial;
            call.write_to(&mut bytes, self.last_serial)?;
        }
        self.write(&bytes)?;
        Ok(serials)
    }

    /// One call and its answer.
    pub(super) fn call(&mut self, call: &Call) -> Result<Message, Failure> {
        let [serial] = self.send([call])?;
        self.answer(serial)
    }

    /// The answer to the call of this serial.
    pub(super) fn answer(&mut self, serial: u32) -> Result<Message, Failure> {
        self.next(|message| message.answers(serial))?.into_result()
    }

    /// The next message of this kind; the others wait until they are asked for.
    pub(super) fn next(&mut self, wanted: impl Fn(&Message) -> bool) -> Result<Message, Failure> {
        const MOST_WAITING: usize = 1000;
        loop {
            if let Some(index) = self.waiting.iter().position(&wanted) {
                return Ok(self.waiting.swap_remove(index));
            }
            if self.waiting.len() > MOST_WAITING {
                return Err(Failure::Garbled);
            }
            let message = self.receive()?;
            self.waiting.push(message);
        }
    }

    fn receive(&mut self) -> Result<Message, Failure> {
        if self.unwelcomed {
            self.welcome()?;
        }
        loop {
            if let Some((message, length)) = parse(&self.incoming)? {
                self.incoming.drain(..length);
                return Ok(message);
            }
            self.read_more()?;
        }
    }

    /// The line by which the bus lets us in, before any message.
    fn welcome(&mut self) -> Result<(), Failure> {
        const LONGEST_LINE: usize = 512;
        loop {
            let line = self.incoming.windows(2).position(|pair| pair == b"\r\n");
            match line {
                Some(end) if self.incoming.starts_with(b"OK ") => {
                    self.incoming.drain(..end + 2);
                    self.unwelcomed = false;
                    return Ok(());
                }
                Some(_) => return Err(Failure::NotLetIn),
                None if self.incoming.len() > LONGEST_LINE => return Err(Failure::Garbled),
                None => self.read_more()?,
            }
        }
    }

    fn read_more(&mut self) -> Result<(), Failure> {
        const PIECE: usize = 4096;
        let limit = self.time_left()?;
        self.stream
            .set_read_timeout(Some(limit))
            .map_err(|e| self.broken(&e))?;
        let length = self.incoming.len();
        if length + PIECE > LARGEST {
            return Err(Failure::Garbled);
        }
        if self.incoming.capacity() < length + PIECE {
            let mut larger = Zeroizing::new(Vec::with_capacity((length + PIECE) * 4));
            larger.extend_from_slice(&self.incoming);
            self.incoming = larger;
        }
        self.incoming.resize(length + PIECE, 0);
        let read = loop {
            match self.stream.read(&mut self.incoming[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.incoming
            .truncate(length + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => Err(Failure::HungUp),
            Ok(_) => Ok(()),
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let limit = self.time_left()?;
        let stream = &mut self.stream;
        let written = stream
            .set_write_timeout(Some(limit))
            .and_then(|()| stream.write_all(bytes));
        written.map_err(|error| self.broken(&error))
    }

    fn time_left(&self) -> Result<Duration, Failure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(Failure::TimedOut(self.limit)),
            false => Ok(left),
        }
    }

    fn broken(&self, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Failure::TimedOut(self.limit),
            _ => Failure::HungUp,
        }
    }
}

/// The bus's own name, and the name of its interface.
pub(super) const BUS: &str = "org.freedesktop.DBus";

/// Connects within the deadline. A bus whose queue is full makes a blocking `connect` wait for as
/// long as it likes, so this one does not block.
fn connect(address: &Address, deadline: Instant) -> io::Result<UnixStream> {
    const PAUSE: Duration = Duration::from_millis(10);
    let target = match address {
        Address::Path(path) => SocketAddrUnix::new(path)?,
        #[cfg(target_os = "linux")]
        Address::Abstract(name) => SocketAddrUnix::new_abstract_name(name)?,
        #[cfg(not(target_os = "linux"))]
        Address::Abstract(_) => return Err(io::ErrorKind::Unsupported.into()),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    while let Err(error) = rustix::net::connect(&socket, &target) {
        if error != rustix::io::Errno::AGAIN {
            return Err(error.into());
        }
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(PAUSE);
    }
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bus(limit: Duration) -> (Bus, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Bus::new(ours, Instant::now() + limit, limit), theirs)
    }

    #[test]
    fn the_greeting_and_the_calls_go_out_in_one_piece() {
        let (mut bus, mut service) = bus(Duration::from_secs(5));
        let call = Call::new("a.b", "/a", "a.b", "Ask").with(&"x").unwrap();
        assert_eq!(
            bus.send([&call, &call]).unwrap(),
            [2, 3],
            "1 is the greeting's own"
        );
        let mut bytes = vec![0; 4096];
        let length = service.read(&mut bytes).unwrap();
        assert!(bytes.starts_with(b"\0AUTH EXTERNAL "));
        let at = bytes.windows(7).position(|w| w == b"BEGIN\r\n").unwrap() + 7;
        let (hello, first) = parse(&bytes[at..length]).unwrap().unwrap();
        assert_eq!(hello.header.member.as_deref(), Some("Hello"));
        let (ask, second) = parse(&bytes[at + first..length]).unwrap().unwrap();
        assert_eq!(ask.read::<&str>("s").unwrap(), "x");
        let (_, third) = parse(&bytes[at + first + second..length]).unwrap().unwrap();
        assert_eq!(at + first + second + third, length);
    }

    #[test]
    fn a_service_that_says_nothing_is_given_up_in_time() {
        let (mut bus, _service) = bus(Duration::from_millis(30));
        let asked = bus.call(&Call::new("a.b", "/a", "a.b", "Ask"));
        assert!(matches!(asked.err().unwrap(), Failure::TimedOut(_)));
    }

    #[test]
    fn a_service_that_hangs_up_is_told_from_one_that_is_slow() {
        let (mut bus, service) = bus(Duration::from_secs(5));
        drop(service);
        let asked = bus.call(&Call::new("a.b", "/a", "a.b", "Ask"));
        assert!(matches!(asked.err().unwrap(), Failure::HungUp));
    }

    #[test]
    fn a_bus_that_lets_nobody_in_is_no_keychain() {
        let (mut bus, mut service) = bus(Duration::from_secs(5));
        service.write_all(b"REJECTED EXTERNAL\r\n").unwrap();
        let asked = bus.call(&Call::new("a.b", "/a", "a.b", "Ask"));
        assert!(matches!(asked.err().unwrap(), Failure::NotLetIn));
    }
}
