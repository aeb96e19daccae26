//! Answers the programs that use a credential helper: git and docker.

pub mod docker;
pub mod git;
mod offered;
