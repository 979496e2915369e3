//! `claimwatch demo`.

use clap::Args;

use super::Failure;
use crate::now::TimeSource;

#[derive(Args, Debug)]
pub struct DemoArgs {}

pub async fn run(_args: &DemoArgs, _time: TimeSource) -> Result<(), Failure> {
    Err(Failure::failed("to come"))
}
