//! One connection to the session bus, with one deadline over all of it.
//!
//! Calls are written together and answered in any order, so a call waits only for the answers that it depends on.
//! The socket never blocks: each wait is a `poll` with the time that is left until the deadline. Memory that held a
//! message is wiped.

use crate::secret_buf::SecretBuf;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::Failure;
use super::address::Address;
use super::calls::hello;
use super::message::{Call, LARGEST, Message};
use super::wire::Writer;

/// When to stop waiting for an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    /// The time.
    pub(super) at: Instant,
    /// The limit from which it was computed, for the message if that was too short.
    pub(super) limit: Duration,
}

impl Deadline {
    /// The same limit with a later deadline.
    pub(super) fn later_by(self, time: Duration) -> Deadline {
        Deadline {
            at: self.at + time,
            ..self
        }
    }

    /// The deadline of a limit that begins now.
    pub(super) fn after(limit: Duration) -> Deadline {
        Deadline {
            at: Instant::now() + limit,
            limit,
        }
    }
}

/// A connection to the session bus.
pub(super) struct Bus {
    stream: UnixStream,
    incoming: SecretBuf,
    deadline: Deadline,
    last_serial: u32,
    /// What is sent before the first call. The `Hello` call follows it.
    opening: Option<&'static [u8]>,
    /// Whether the bus has accepted this client.
    is_authenticated: bool,
    /// The serials of the calls that have no answer yet.
    open_calls: Vec<u32>,
    /// The prompt that has not ended yet.
    open_prompt: Option<String>,
    /// Expected messages that were not fetched yet.
    waiting: Vec<Message>,
    /// The number of bytes received in this operation.
    received: usize,
    /// The number of unexpected messages in this operation.
    dropped: usize,
}

/// The most bytes that are accepted in one operation. Ten thousand logins are 6 MiB.
const MOST_RECEIVED: usize = 32 * 1024 * 1024;

/// Without an identity in `DATA`, the bus uses the user ID that the kernel reports. An ID that we send would be a
/// different one in a user namespace.
const AUTHENTICATION: &[u8] = b"\0AUTH EXTERNAL\r\nDATA\r\n";
const BEGIN: &[u8] = b"BEGIN\r\n";
const AUTHENTICATION_AND_BEGIN: &[u8] = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";

impl Bus {
    /// Connects, and sends nothing yet: the authentication and `Hello` are sent with the first calls.
    pub(super) fn connect(addresses: &[Address], deadline: Deadline) -> Result<Bus, Failure> {
        let mut failure = Failure::Unreachable;
        for address in addresses {
            match connect(address, deadline.at) {
                Ok(stream) if is_trusted(&stream, address) => {
                    return Ok(Bus::new(stream, deadline));
                }
                Ok(_) => failure = Failure::NotLetIn,
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return Err(Failure::TimedOut(deadline.limit));
                }
                Err(_) => {}
            }
        }
        Err(failure)
    }

    /// Connects again, and waits for the authentication before it sends the first message. This replaces a connection
    /// that the bus closed without an answer: xdg-dbus-proxy before 0.1.6 does that if `BEGIN` and a message come in
    /// one piece.
    pub(super) fn connect_in_steps(self, addresses: &[Address]) -> Result<Bus, Failure> {
        let deadline = self.deadline;
        drop(self);
        let mut bus = Bus::connect(addresses, deadline)?;
        bus.write(AUTHENTICATION)?;
        bus.wait_for_authentication()?;
        bus.opening = Some(BEGIN);
        Ok(bus)
    }

    /// Whether the bus has sent nothing at all.
    pub(super) fn has_received_nothing(&self) -> bool {
        !self.is_authenticated && self.incoming.is_empty()
    }

    fn new(stream: UnixStream, deadline: Deadline) -> Bus {
        Bus {
            stream,
            incoming: SecretBuf::default(),
            deadline,
            last_serial: 0,
            opening: Some(AUTHENTICATION_AND_BEGIN),
            is_authenticated: false,
            open_calls: Vec::new(),
            open_prompt: None,
            waiting: Vec::new(),
            received: 0,
            dropped: 0,
        }
    }

    /// The current deadline.
    pub(super) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Sets another deadline.
    pub(super) fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    /// Begins an operation, which has its own limits.
    pub(super) fn begin(&mut self, deadline: Deadline) {
        self.deadline = deadline;
        self.received = 0;
        self.dropped = 0;
    }

    /// Writes calls in one piece. Returns their serials, by which their answers are found.
    pub(super) fn send<const N: usize>(
        &mut self,
        calls: [&Call<'_>; N],
    ) -> Result<[u32; N], Failure> {
        let mut serials = [0; N];
        self.write_calls(calls.into_iter().zip(&mut serials))?;
        Ok(serials)
    }

    /// As [`Bus::send`], for any number of calls.
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
            self.open_calls.push(*serial);
            call.write_to(&mut out, *serial);
        }
        self.write(out.written())
    }

    fn next_serial(&mut self) -> u32 {
        self.last_serial += 1;
        self.last_serial
    }

    /// Makes one call, and waits for its answer.
    pub(super) fn call(&mut self, call: &Call<'_>) -> Result<Message, Failure> {
        let [serial] = self.send([call])?;
        self.answer(serial)
    }

    /// Waits for the answer to the call with this serial.
    pub(super) fn answer(&mut self, serial: u32) -> Result<Message, Failure> {
        let answer = self.fetch(|message| message.answers(serial))?;
        answer.into_result()
    }

    /// From now on, keeps the end of this prompt for [`Bus::end_of_prompt`].
    pub(super) fn expect_end_of_prompt(&mut self, path: &str) {
        self.open_prompt = Some(path.to_owned());
    }

    /// Waits for the signal that ends the expected prompt.
    pub(super) fn end_of_prompt(&mut self) -> Result<Message, Failure> {
        let path = self.open_prompt.clone().unwrap_or_default();
        let end = self.fetch(|message| message.is_signal(&path, "Completed"));
        self.open_prompt = None;
        end
    }

    /// Waits for a message that is `wanted`. Other expected messages are kept until they are fetched.
    fn fetch(&mut self, wanted: impl Fn(&Message) -> bool) -> Result<Message, Failure> {
        loop {
            if let Some(index) = self.waiting.iter().position(&wanted) {
                return Ok(self.waiting.swap_remove(index));
            }
            let message = self.receive()?;
            if self.is_expected(&message) {
                self.waiting.push(message);
            } else {
                self.dropped += 1;
            }
        }
    }

    /// Whether a message answers an open call, or ends the expected prompt.
    fn is_expected(&mut self, message: &Message) -> bool {
        if let Some(call) = self
            .open_calls
            .iter()
            .position(|call| message.answers(*call))
        {
            self.open_calls.swap_remove(call);
            return true;
        }
        let prompt = self.open_prompt.as_ref();
        prompt.is_some_and(|path| message.is_signal(path, "Completed"))
    }

    fn receive(&mut self) -> Result<Message, Failure> {
        if !self.is_authenticated {
            self.wait_for_authentication()?;
        }
        loop {
            if let Some((message, length)) = Message::parse(&self.incoming)? {
                self.wipe_front(length);
                return Ok(message);
            }
            self.read_more()?;
        }
    }

    /// Removes and wipes the first received bytes. The buffer exists as long as the connection.
    fn wipe_front(&mut self, length: usize) {
        self.incoming.drain_front(length);
    }

    /// Waits for the line by which the bus accepts this client, before any message. The bus may first ask for an
    /// identity, with `DATA`.
    fn wait_for_authentication(&mut self) -> Result<(), Failure> {
        const LONGEST_LINE: usize = 512;
        loop {
            let line = self.incoming.windows(2).position(|pair| pair == b"\r\n");
            match line {
                Some(end) if self.incoming.starts_with(b"OK ") => {
                    self.wipe_front(end + 2);
                    self.is_authenticated = true;
                    return Ok(());
                }
                Some(4) if self.incoming.starts_with(b"DATA") => {
                    self.wipe_front(6);
                }
                Some(_) if self.incoming.starts_with(b"REJECTED") => {
                    return Err(Failure::NotLetIn);
                }
                Some(_) => return Err(Failure::Garbled),
                None if self.incoming.len() > LONGEST_LINE => return Err(Failure::Garbled),
                None => self.read_more()?,
            }
        }
    }

    fn read_more(&mut self) -> Result<(), Failure> {
        const PIECE: usize = 4096;
        self.wait_for(PollFlags::IN)?;
        if self.incoming.len() > LARGEST {
            return Err(Failure::Garbled);
        }
        if self.received > MOST_RECEIVED {
            return Err(Failure::Flooded(self.dropped));
        }
        let read = self.incoming.read_some(&mut self.stream, PIECE);
        self.received += read.as_ref().copied().unwrap_or_default();
        match read {
            Ok(0) => Err(Failure::HungUp),
            Err(error) if !is_temporary(&error) => Err(Failure::HungUp),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if is_temporary(&error) => self.wait_for(PollFlags::OUT)?,
                Err(_) => return Err(Failure::HungUp),
            }
        }
        Ok(())
    }

    /// Waits until the socket can be read or written, or until the deadline.
    fn wait_for(&self, what: PollFlags) -> Result<(), Failure> {
        loop {
            let left = self.deadline.at.saturating_duration_since(Instant::now());
            // `None` would wait for ever, so a time that does not fit a `Timespec` counts as zero.
            let left = Timespec::try_from(left).unwrap_or_default();
            let ready = poll(&mut [PollFd::new(&self.stream, what)], Some(&left));
            match ready {
                Ok(0) => return Err(Failure::TimedOut(self.deadline.limit)),
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Err(Failure::HungUp),
            }
        }
    }
}

fn is_temporary(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, WouldBlock};
    matches!(error.kind(), Interrupted | WouldBlock)
}

/// Connects within the deadline. A blocking `connect` to a bus with a full queue would wait without a limit, so this
/// one does not block.
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

/// Whether the listener runs as this user or as root. Any user can bind an abstract name or a path in `/tmp` that a
/// stale variable still names, and would then receive the token in plain text.
#[cfg(target_os = "linux")]
fn is_trusted(stream: &UnixStream, _: &Address) -> bool {
    let listener = rustix::net::sockopt::socket_peercred(stream);
    listener.is_ok_and(|listener| may_be_trusted(listener.uid.as_raw()))
}

/// Whether the socket file belongs to this user or to root. Here, rustix cannot ask who listens on a connected socket.
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
    use std::io::Read;

    fn bus(limit: Duration) -> (Bus, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Bus::new(ours, Deadline::after(limit)), theirs)
    }

    fn ask() -> Call<'static> {
        Call::new("a.b", "/a", "a.b", "Ask").with("s", |body| body.text("x"))
    }

    #[test]
    fn hello_and_the_calls_go_out_in_one_piece() {
        let (mut bus, mut service) = bus(Duration::from_secs(5));
        let serials = bus.send([&ask(), &ask()]).unwrap();
        assert_eq!(serials, [2, 3], "1 is the serial of Hello");
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
    fn both_ways_to_begin_send_the_same() {
        let in_steps = [AUTHENTICATION, BEGIN].concat();
        assert_eq!(in_steps, AUTHENTICATION_AND_BEGIN);
    }

    #[test]
    fn a_service_that_sends_nothing_times_out() {
        let limit = Duration::from_millis(30);
        let (mut bus, _service) = bus(limit);
        let asked = bus.call(&ask());
        assert_eq!(asked.err().unwrap(), Failure::TimedOut(limit));
    }

    #[test]
    fn a_service_that_reads_nothing_times_out() {
        let limit = Duration::from_millis(30);
        let (mut bus, _service) = bus(limit);
        let large = "x".repeat(4_000_000);
        let call = Call::new("a.b", "/a", "a.b", "Ask").with("s", |body| body.text(&large));
        let asked = bus.send([&call]);
        assert_eq!(asked.err().unwrap(), Failure::TimedOut(limit));
    }

    #[test]
    fn a_service_that_hangs_up_is_not_called_slow() {
        let (mut bus, service) = bus(Duration::from_secs(5));
        drop(service);
        assert_eq!(bus.call(&ask()).err().unwrap(), Failure::HungUp);
    }

    #[test]
    fn a_bus_that_rejects_this_user_is_reported() {
        let (mut bus, mut service) = bus(Duration::from_secs(5));
        service.write_all(b"REJECTED EXTERNAL\r\n").unwrap();
        assert_eq!(bus.call(&ask()).err().unwrap(), Failure::NotLetIn);
    }

    #[test]
    fn a_full_queue_at_the_bus_times_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bus");
        let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&socket, 0).unwrap();
        let limit = Duration::from_millis(50);
        let addresses = [Address::Path(path)];
        let mut queue = Vec::new();
        let failure = loop {
            match Bus::connect(&addresses, Deadline::after(limit)) {
                Ok(bus) => queue.push(bus),
                Err(failure) => break failure,
            }
            assert!(queue.len() < 100, "the queue never fills");
        };
        assert_eq!(failure, Failure::TimedOut(limit));
    }

    proptest! {
        #[test]
        fn whatever_a_bus_sends_becomes_an_answer_or_a_failure(bytes: Vec<u8>, is_accepted: bool) {
            let (mut bus, mut service) = bus(Duration::from_secs(5));
            if is_accepted {
                service.write_all(b"OK 0\r\n").unwrap();
            }
            service.write_all(&bytes).unwrap();
            service.shutdown(std::net::Shutdown::Write).unwrap();
            bus.call(&ask()).err().unwrap();
        }
    }
}
