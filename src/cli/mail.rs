//! `claimwatch mail`: what would be sent.

mod preview;

use clap::Subcommand;

use super::Failure;
use crate::app::App;

#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Write what the next scan would send as .eml files, and as pages to open in a browser; send and record nothing
    Preview(preview::PreviewArgs),
}

pub async fn run(command: MailCommand, app: &App) -> Result<(), Failure> {
    match command {
        MailCommand::Preview(args) => preview::run(&args, app).await,
    }
}
