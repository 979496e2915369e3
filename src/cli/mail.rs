//! `claimwatch mail`: what would be sent, and whether it would arrive.

mod preview;
mod samples;
mod trial;

use clap::Subcommand;

use super::{Context, Failure, open};

#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Write what the next scan would send as .eml files, and as pages to open in a browser; send and record nothing
    Preview(preview::PreviewArgs),
    /// Write the built-in templates to a folder, to begin one's own with, and a sample of every kind of message
    Templates(samples::TemplatesArgs),
    /// Send a test message to one address at once; if it is not taken, show what was said to the mail server and by it
    Test(trial::TestArgs),
}

pub async fn run(command: MailCommand, context: &Context) -> Result<(), Failure> {
    match command {
        MailCommand::Preview(args) => {
            let app = open(context, true).await?;
            let done = preview::run(&args, &app).await;
            app.store.close().await;
            done
        }
        MailCommand::Templates(args) => samples::run(&args, &context.settings()?),
        MailCommand::Test(args) => trial::run(&args, context).await,
    }
}
