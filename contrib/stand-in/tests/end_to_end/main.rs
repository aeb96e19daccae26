//! The stand-in with real clients: git, curl, and a script that starts the program.

#![allow(clippy::unwrap_used, reason = "a test says what it expects")]

mod clients;
mod faults;
mod held_requests;
mod logins;
mod other_hosts;
mod pushes;
mod the_api;
mod the_program;
mod the_registry;
