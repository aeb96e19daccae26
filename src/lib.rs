//! A git credential helper for Heroku, as a library with a thin program around it.

pub mod atomic_file;
pub mod credential;
pub mod environment;
pub mod git_config;
pub mod heroku_cli;
pub mod hosts;
pub mod known_authorizations;
pub mod problem;
pub mod protocol;
