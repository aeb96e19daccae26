//! One connection to the session bus, with one deadline over all of it.
//!
//! Calls are written together and answered in any order, so that a conversation has as few waits
//! as its questions depend on each other. The socket never blocks: each wait is a `poll` that is
//! given what is left until the deadline. Memory that held a message is wiped.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use zeroize::Zeroizing;

use super::Failure;
use super::address::Address;
use super::calls::hello;
use super::message::{Call, LARGEST, Message};
use super::wire::Writer;

/// A connection to the session bus.
pub(super) struct Bus {
    stream: UnixStream,
    incoming: Zeroizing<Vec<u8>>,
    deadline: Instant,
    limit: Duration,
    last_serial: u32,
    /// What goes out before the first call; the Hello call follows it.
    opening: Option<&'static [u8]>,
    /// The bus's own answer to the greeting has not come yet.
    unwelcomed: bool,
    waiting: Vec<Message>,
}

/// Who we are, as the kernel says: a number of ours would be another one in a user namespace.
const AUTHENTICATION: &[u8] = b"\0AUTH EXTERNAL\r\nDATA\r\n";
const BEGIN: &[u8] = b"BEGIN\r\n";
const AUTHENTICATION_AND_BEGIN: &[u8] = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";

impl Bus {
    /// Connects, and says nothing yet: the greeting goes out with the first calls.
    ///
    /// `limit` runs from here, over everything that is done with this connection.
    pub(super) fn connect(addresses: &[Address], limit: Duration) -> Result<Bus, Failure> {
        Bus::connect_until(addresses, Instant::now() + limit, limit)
    }

    /// Connects once more, and waits to be let in before the first message goes out. Takes the place
    /// of a bus that hung up without a word: xdg-dbus-proxy before 0.1.6 does that if `BEGIN` and a
    /// message come in one piece.
    pub(super) fn connect_in_steps(self, addresses: &[Address]) -> Result<Bus, Failure> {
        let mut bus = Bus::connect_until(addresses, self.deadline, self.limit)?;
        bus.write(AUTHENTICATION)?;
        bus.welcome()?;
        bus.opening = Some(BEGIN);
        Ok(bus)
    }

    /// Whether nothing at all has come from the bus.
    pub(super) fn has_heard_nothing(&self) -> bool {
        self.unwelcomed && self.incoming.is_empty()
    }

    fn connect_until(
        addresses: &[Address],
        deadline: Instant,
        limit: Duration,
    ) -> Result<Bus, Failure> {
        let mut failure = Failure::Unreachable;
        for address in addresses {
            match connect(address, deadline) {
                Ok(stream) if is_trusted(&stream, address) => {
                    return Ok(Bus::new(stream, deadline, limit));
                }
                Ok(_) => failure = Failure::NotLetIn,
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return Err(Failure::TimedOut(limit));
                }
                Err(_) => {}
            }
        }
        Err(failure)
    }

    fn new(stream: UnixStream, deadline: Instant, limit: Duration) -> Bus {
        Bus {
            stream,
            incoming: Zeroizing::new(Vec::new()),
            deadline,
            limit,
            last_serial: 0,
            opening: Some(AUTHENTICATION_AND_BEGIN),
            unwelcomed: true,
            waiting: Vec::new(),
        }
    }

    /// Moves the deadline to `limit` from here, as a person takes longer than a program; gives the
    /// limit that was in force.
    pub(super) fn extend(&mut self, limit: Duration) -> Duration {
        self.deadline = Instant::now() + limit;
        std::mem::replace(&mut self.limit, limit)
    }

    /// Writes calls in one piece, and gives the serials by which their answers are known.
    pub(super) fn send<const N: usize>(
        &mut self,
        calls: [&Call<'_>; N],
    ) -> Result<[u32; N], Failure> {
        let mut serials = [0; N];
        self.write_calls(calls.into_iter().zip(&mut serials))?;
        Ok(serials)
    }

    /// The same for as many calls as there are.
    pub(super) fn send_all(&mut self, calls: &[Call<'_>]) -> Result<Vec<u32>, Failure> {
        let mut serials = vec![0; calls.len()];
        self.write_calls(calls.iter().zip(&mut serials))?;
        Ok(serials)
    }

    fn write_calls<'a>(
        &mut self,
        calls: impl Iterator<Item = (&'a Call<'a>, &'a mut u32)>,
    ) -> Result<(), Failure> {
        let mut out = Writer::new();
        if let Some(opening) = self.opening.take() {
            out.raw(opening);
            hello().write_to(&mut out, self.next_serial());
        }
        for (call, serial) in calls {
            *serial = self.next_serial();
            call.write_to(&mut out, *serial);
        }
        self.write(out.written())
    }

    fn next_serial(&mut self) -> u32 {
        self.last_serial += 1;
        self.last_serial
    }

    /// One call and its answer.
    pub(super) fn call(&mut self, call: &Call<'_>) -> Result<Message, Failure> {
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
            if let Some((message, length)) = Message::parse(&self.incoming)? {
                self.incoming.drain(..length);
                return Ok(message);
            }
            self.read_more()?;
        }
    }

    /// The line by which the bus lets us in, before any message. It may ask who we are before that.
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
                Some(4) if self.incoming.starts_with(b"DATA") => {
                    self.incoming.drain(..6);
                }
                Some(_) => return Err(Failure::NotLetIn),
                None if self.incoming.len() > LONGEST_LINE => return Err(Failure::Garbled),
                None => self.read_more()?,
            }
        }
    }

    fn read_more(&mut self) -> Result<(), Failure> {
        const PIECE: usize = 4096;
        self.wait_for(PollFlags::IN)?;
        let length = self.incoming.len();
        if length > LARGEST {
            return Err(Failure::Garbled);
        }
        if self.incoming.capacity() < length + PIECE {
            // Growing in place would leave what was read in memory that is not wiped.
            let mut larger = Zeroizing::new(Vec::with_capacity((length + PIECE) * 4));
            larger.extend_from_slice(&self.incoming);
            self.incoming = larger;
        }
        self.incoming.resize(length + PIECE, 0);
        let read = self.stream.read(&mut self.incoming[length..]);
        let more = read.as_ref().copied().unwrap_or_default();
        self.incoming.truncate(length + more);
        match read {
            Ok(0) => Err(Failure::HungUp),
            Err(error) if !is_passing(&error) => Err(Failure::HungUp),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if is_passing(&error) => self.wait_for(PollFlags::OUT)?,
                Err(_) => return Err(Failure::HungUp),
            }
        }
        Ok(())
    }

    /// Waits until the socket can be read or written, or until the deadline.
    fn wait_for(&self, what: PollFlags) -> Result<(), Failure> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            // None would wait for ever: what fits no timespec is no time at all.
            let left = Timespec::try_from(left).unwrap_or_default();
            let ready = poll(&mut [PollFd::new(&self.stream, what)], Some(&left));
            match ready {
                Ok(0) => return Err(Failure::TimedOut(self.limit)),
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Err(Failure::HungUp),
            }
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, WouldBlock};
    matches!(error.kind(), Interrupted | WouldBlock)
}

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
    Ok(UnixStream::from(socket))
}

/// Whether the listener runs as this user or as root. Anyone may bind an abstract name or a path in
/// `/tmp` that a stale variable still points to, and would be sent the token in plain text.
#[cfg(target_os = "linux")]
fn is_trusted(stream: &UnixStream, _: &Address) -> bool {
    let listener = rustix::net::sockopt::socket_peercred(stream);
    listener.is_ok_and(|listener| may_be_trusted(listener.uid.as_raw()))
}

/// The owner of the socket file: who listens on a connected socket cannot be asked through rustix here.
#[cfg(not(target_os = "linux"))]
fn is_trusted(_: &UnixStream, address: &Address) -> bool {
    use std::os::unix::fs::MetadataExt;
    let Address::Path(path) = address else {
        return false;
    };
    std::fs::metadata(path).is_ok_and(|socket| may_be_trusted(socket.uid()))
}

fn may_be_trusted(user: u32) -> bool {
    user == 0 || user == rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::received;
    use super::*;
    use proptest::prelude::*;

    fn bus(limit: Duration) -> (Bus, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Bus::new(ours, Instant::now() + limit, limit), theirs)
    }

    fn ask() -> Call<'static> {
        Call::new("a.b", "/a", "a.b", "Ask").with("s", |body| body.text("x"))
    }

    #[test]
    fn the_greeting_and_the_calls_go_out_in_one_piece() {
        let (mut bus, mut service) = bus(Duration::from_secs(5));
        let serials = bus.send([&ask(), &ask()]).unwrap();
        assert_eq!(serials, [2, 3], "1 is the greeting's own");
        let mut bytes = vec![0; 4096];
        let length = service.read(&mut bytes).unwrap();
        assert!(bytes.starts_with(AUTHENTICATION_AND_BEGIN));
        let mut at = AUTHENTICATION_AND_BEGIN.len();
        for expected in ["Hello", "Ask", "Ask"] {
            let (member, message, size) = received(&bytes[at..length]);
            assert_eq!(member, expected);
            if expected == "Ask" {
                assert_eq!(message.body("s").unwrap().text().unwrap(), "x");
            }
            at += size;
        }
        assert_eq!(at, length);
    }

    #[test]
    fn the_two_ways_to_begin_say_the_same() {
        let in_steps = [AUTHENTICATION, BEGIN].concat();
        assert_eq!(in_steps, AUTHENTICATION_AND_BEGIN);
    }

    #[test]
    fn a_service_that_says_nothing_is_given_up_in_time() {
        let limit = Duration::from_millis(30);
        let (mut bus, _service) = bus(limit);
        let asked = bus.call(&ask());
        assert_eq!(asked.err().unwrap(), Failure::TimedOut(limit));
    }

    #[test]
    fn a_service_that_takes_nothing_is_given_up_in_time() {
        let limit = Duration::from_millis(30);
        let (mut bus, _service) = bus(limit);
        let large = "x".repeat(4_000_000);
        let call = Call::new("a.b", "/a", "a.b", "Ask").with("s", |body| body.text(&large));
        let asked = bus.send([&call]);
        assert_eq!(asked.err().unwrap(), Failure::TimedOut(limit));
    }

    #[test]
    fn a_service_that_hangs_up_is_told_from_one_that_is_slow() {
        let (mut bus, service) = bus(Duration::from_secs(5));
        drop(service);
        assert_eq!(bus.call(&ask()).err().unwrap(), Failure::HungUp);
    }

    #[test]
    fn a_bus_that_lets_nobody_in_is_no_keyring() {
        let (mut bus, mut service) = bus(Duration::from_secs(5));
        service.write_all(b"REJECTED EXTERNAL\r\n").unwrap();
        assert_eq!(bus.call(&ask()).err().unwrap(), Failure::NotLetIn);
    }

    #[test]
    fn a_full_queue_at_the_bus_is_given_up_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bus");
        let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&socket, 0).unwrap();
        let limit = Duration::from_millis(50);
        let addresses = [Address::Path(path)];
        let mut queue = Vec::new();
        let failure = loop {
            match Bus::connect(&addresses, limit) {
                Ok(bus) => queue.push(bus),
                Err(failure) => break failure,
            }
            assert!(queue.len() < 100, "the queue never fills");
        };
        assert_eq!(failure, Failure::TimedOut(limit));
    }

    proptest! {
        #[test]
        fn whatever_a_bus_says_ends_in_an_answer_or_a_failure(bytes: Vec<u8>, let_in: bool) {
            let (mut bus, mut service) = bus(Duration::from_secs(5));
            if let_in {
                service.write_all(b"OK 0\r\n").unwrap();
            }
            service.write_all(&bytes).unwrap();
            service.shutdown(std::net::Shutdown::Write).unwrap();
            bus.call(&ask()).err().unwrap();
        }
    }
}
