//! What another program asks of a credential helper: git, and docker.

pub mod docker;
pub mod git;
