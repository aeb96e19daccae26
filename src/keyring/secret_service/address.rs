//! Where the session bus listens: `DBUS_SESSION_BUS_ADDRESS`, then `$XDG_RUNTIME_DIR/bus`, since the
//! variable may be older than the bus, as in a terminal multiplexer.
//!
//! Only local sockets are used. No bus is started, since a new one would have no keyring on it.
//!
//! Source: D-Bus specification, "Server Addresses".

use percent_encoding::percent_decode_str;
use rustix::net::SocketAddrUnix;

use crate::environment::Environment;
use crate::keyring::{Missing, Unavailable};

/// The sockets to try, in order.
///
/// # Errors
/// [`Missing::Bus`], or [`Unavailable::RemoteBus`] if the bus uses a transport other than a local socket.
pub fn addresses(environment: &Environment) -> Result<Vec<SocketAddrUnix>, Unavailable> {
    let no_bus = Unavailable::NoKeyring(Missing::Bus);
    let standard = environment.runtime_dir.as_ref().map(|dir| dir.join("bus"));
    let Some(text) = &environment.bus_address else {
        let bus = standard.filter(|bus| bus.exists());
        let bus = bus.and_then(|bus| SocketAddrUnix::new(bus).ok());
        return bus.map(|bus| vec![bus]).ok_or(no_bus);
    };
    let mut local: Vec<_> = text.split(';').filter_map(parse).collect();
    if local.is_empty() && text.split(';').all(means_no_bus) {
        return Err(no_bus);
    }
    // Also if the name is too long for a socket.
    let is_local = text.split(';').any(|one| one.starts_with("unix:"));
    if let Some(standard) = standard.and_then(|bus| SocketAddrUnix::new(bus).ok())
        && is_local
        && !local.contains(&standard)
    {
        local.push(standard);
    }
    if local.is_empty() {
        return Err(Unavailable::RemoteBus);
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

/// One address, `unix:path=…,guid=…`. None for any other transport, and none if no socket can have this name.
fn parse(text: &str) -> Option<SocketAddrUnix> {
    let parts = text.strip_prefix("unix:")?.split(',');
    let pairs: Option<Vec<_>> = parts.map(|part| part.split_once('=')).collect();
    pairs?.into_iter().find_map(|(key, value)| {
        let name: Vec<u8> = percent_decode_str(value).collect();
        match key {
            "path" => SocketAddrUnix::new(name).ok(),
            #[cfg(target_os = "linux")]
            "abstract" => SocketAddrUnix::new_abstract_name(&name).ok(),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_LOCAL: Unavailable = Unavailable::RemoteBus;
    const NO_BUS: Unavailable = Unavailable::NoKeyring(Missing::Bus);

    fn path(path: impl AsRef<std::path::Path>) -> SocketAddrUnix {
        SocketAddrUnix::new(path.as_ref()).unwrap()
    }

    fn read(address: &str) -> Result<Vec<SocketAddrUnix>, Unavailable> {
        addresses(&Environment {
            bus_address: Some(address.to_owned()),
            ..Environment::default()
        })
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn local_sockets_are_found_among_several_addresses() {
        assert_eq!(
            read("tcp:host=h,port=1;unix:path=/run/a%20b,guid=0;unix:abstract=/tmp/x").unwrap(),
            [
                path("/run/a b"),
                SocketAddrUnix::new_abstract_name(b"/tmp/x").unwrap()
            ]
        );
    }

    #[test]
    fn a_bus_on_another_machine_is_rejected() {
        for address in [
            "tcp:host=h,port=1",
            "unixexec:path=/bin/x",
            "unix:path=%00",
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
        let standard = path("/run/user/1000/bus");
        assert_eq!(
            addresses(&environment("unix:path=/tmp/stale")).unwrap(),
            [path("/tmp/stale"), standard.clone()]
        );
        let same = environment("unix:path=/run/user/1000/bus");
        assert_eq!(addresses(&same).unwrap(), std::slice::from_ref(&standard));
        let too_long = environment(&format!("unix:path=/{}", "x".repeat(200)));
        assert_eq!(addresses(&too_long).unwrap(), [standard]);
        assert_eq!(addresses(&environment("tcp:host=h")), Err(NOT_LOCAL));
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
        assert_eq!(addresses(&environment).unwrap(), [path(bus)]);
    }
}
