//! Where the session bus listens: `DBUS_SESSION_BUS_ADDRESS`, then `$XDG_RUNTIME_DIR/bus`, since the
//! variable may be older than the bus, as in a terminal multiplexer.
//!
//! Only local sockets are used. No bus is started, since a new one would have no keyring on it.
//!
//! Source: D-Bus specification, "Server Addresses".

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::environment::Environment;
use crate::keyring::{Missing, Unavailable};
use crate::secret_buf::from_hex;

/// A socket on which a bus may listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket in the file system.
    Path(PathBuf),
    /// A socket in Linux's abstract name space.
    Abstract(Vec<u8>),
}

/// The sockets to try, in order.
///
/// # Errors
/// [`Missing::Bus`], or [`Unavailable::RemoteBus`] if the bus uses a transport other than a local socket.
pub fn addresses(environment: &Environment) -> Result<Vec<Address>, Unavailable> {
    let no_bus = Unavailable::NoKeyring(Missing::Bus);
    let standard = environment.runtime_dir.as_ref().map(|dir| dir.join("bus"));
    let Some(text) = &environment.bus_address else {
        let bus = standard.filter(|bus| bus.exists()).ok_or(no_bus)?;
        return Ok(vec![Address::Path(bus)]);
    };
    let mut local: Vec<Address> = text.split(';').filter_map(parse).collect();
    if local.is_empty() && text.split(';').all(means_no_bus) {
        return Err(no_bus);
    }
    if local.is_empty() {
        return Err(Unavailable::RemoteBus);
    }
    if let Some(standard) = standard.map(Address::Path)
        && !local.contains(&standard)
    {
        local.push(standard);
    }
    Ok(local)
}

/// Whether this address means that there is no bus: container images with a browser and no desktop set such an address,
/// so that nothing connects.
fn means_no_bus(address: &str) -> bool {
    matches!(address, "" | "/dev/null")
        || address.starts_with("disabled:")
        || address.starts_with("autolaunch:")
}

/// One address, `unix:path=…,guid=…`. None for any other transport, and none if a part of it is not as the
/// specification requires.
fn parse(text: &str) -> Option<Address> {
    let parts = text.strip_prefix("unix:")?.split(',');
    let pairs = parts.map(|part| {
        let (key, value) = part.split_once('=')?;
        Some((key, unescaped(value)?))
    });
    let pairs: Vec<(&str, Vec<u8>)> = pairs.collect::<Option<_>>()?;
    pairs.into_iter().find_map(|(key, value)| match key {
        "path" => Some(Address::Path(OsString::from_vec(value).into())),
        "abstract" => Some(Address::Abstract(value)),
        _ => None,
    })
}

/// Bytes outside the specification's small set are written `%xx`.
fn unescaped(value: &str) -> Option<Vec<u8>> {
    let mut rest = value.bytes();
    let mut bytes = Vec::new();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => from_hex(rest.next()?, rest.next()?)?,
            byte => byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_LOCAL: Unavailable = Unavailable::RemoteBus;
    const NO_BUS: Unavailable = Unavailable::NoKeyring(Missing::Bus);

    fn read(address: &str) -> Result<Vec<Address>, Unavailable> {
        addresses(&Environment {
            bus_address: Some(address.to_owned()),
            ..Environment::default()
        })
    }

    #[test]
    fn local_sockets_are_found_among_several_addresses() {
        assert_eq!(
            read("tcp:host=h,port=1;unix:path=/run/a%20b,guid=0;unix:abstract=/tmp/x").unwrap(),
            [
                Address::Path("/run/a b".into()),
                Address::Abstract(b"/tmp/x".to_vec())
            ]
        );
    }

    #[test]
    fn a_bus_on_another_machine_is_rejected() {
        for address in [
            "tcp:host=h,port=1",
            "unixexec:path=/bin/x",
            "unix:path=%z",
            "unix:path=%+1",
            "unix:path=/a,guid",
        ] {
            assert_eq!(read(address), Err(NOT_LOCAL), "{address}");
        }
    }

    #[test]
    fn an_address_that_disables_the_bus_means_no_bus() {
        for address in [
            "disabled:",
            "/dev/null",
            "autolaunch:",
            "autolaunch:;disabled:",
        ] {
            assert_eq!(read(address), Err(NO_BUS), "{address}");
        }
    }

    #[test]
    fn the_standard_socket_is_tried_once_after_the_address() {
        let environment = |address: &str| Environment {
            bus_address: Some(address.to_owned()),
            runtime_dir: Some("/run/user/1000".into()),
            ..Environment::default()
        };
        let standard = Address::Path("/run/user/1000/bus".into());
        assert_eq!(
            addresses(&environment("unix:path=/tmp/stale")).unwrap(),
            [Address::Path("/tmp/stale".into()), standard.clone()]
        );
        let same = environment("unix:path=/run/user/1000/bus");
        assert_eq!(addresses(&same).unwrap(), [standard]);
    }

    #[test]
    fn without_an_address_the_socket_in_the_runtime_directory_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment {
            runtime_dir: Some(dir.path().to_owned()),
            ..Environment::default()
        };
        assert_eq!(addresses(&environment), Err(NO_BUS));
        let bus = dir.path().join("bus");
        let _listener = std::os::unix::net::UnixListener::bind(&bus).unwrap();
        assert_eq!(addresses(&environment).unwrap(), [Address::Path(bus)]);
    }
}
