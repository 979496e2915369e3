//! `claimwatch run`: the daemon.

use clap::Args;

use super::{Context, Failure};

#[derive(Args, Debug)]
pub struct RunArgs {}

pub async fn run(_args: &RunArgs, _context: &Context) -> Result<(), Failure> {
    Err(Failure::failed("to come"))
}
