//! `claimwatch doctor`: what whoever is to help needs to know, in one file.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;

use super::output::{remark, say, written};
use super::{Context, Failure};
use crate::config::Environment;
use crate::doctor;

#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// The file to make; there must be none of that name. `-`: standard output [default: claimwatch-doctor-DATE-TIME.txt]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Makes the file.
///
/// # Errors
/// Exit code 1 if it cannot be made; whatever is wrong with what is looked at is in it.
pub async fn run(args: &DoctorArgs, context: &Context) -> Result<(), Failure> {
    let to = args.output.clone().unwrap_or_else(|| name(context.time.now()).into());
    let to_stdout = to.as_os_str() == "-";
    if !to_stdout {
        doctor::must_be_free(&to).map_err(Failure::failed)?;
    }
    let report = doctor::report(context.config.as_deref(), &Environment::of_process(), &context.time).await;
    if to_stdout {
        written(std::io::Write::write_all(&mut std::io::stdout().lock(), report.as_bytes()))?;
    } else {
        doctor::write_new(&to, &report).map_err(Failure::failed)?;
        say(&to.display().to_string())?;
    }
    remark("What may be secret or personal is masked. Look at all of it before you send it.");
    Ok(())
}

/// `claimwatch-doctor-20261123-090000.txt`, in UTC.
fn name(now: DateTime<Utc>) -> String {
    format!("claimwatch-doctor-{}.txt", now.format("%Y%m%d-%H%M%S"))
}
