//! Who gives an answer, and what people write.

use std::io::{self, BufRead, Write};

use clap::Args;

use super::Failure;
use crate::answers::{self, MAX_NAME};
use crate::claim::clean_line;

#[derive(Args, Debug)]
pub struct By {
    /// In whose name
    #[arg(long, value_name = "WHO")]
    by: String,
}

impl By {
    /// The name, as it is recorded.
    ///
    /// # Errors
    /// [`Failure`] if it is none.
    pub fn name(&self) -> Result<&str, Failure> {
        line("--by", &self.by, MAX_NAME)?;
        Ok(self.by.trim())
    }
}

/// Asks `question` on the terminal; whether the answer is yes.
///
/// # Errors
/// [`Failure`] if there is no answer to be had.
pub fn confirmed(question: &str) -> Result<bool, Failure> {
    let mut answer = String::new();
    let _ = write!(io::stderr().lock(), "{question} [y/N] ");
    io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::failed(format!("standard input: {error}")))?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// A line of text of at most `longest` characters, as it is recorded.
///
/// # Errors
/// [`Failure`] that names `option`.
pub fn line(option: &str, text: &str, longest: usize) -> Result<String, Failure> {
    answers::line(text, longest).ok_or_else(|| {
        Failure::usage(format!(
            "{option}: found {:?}, expected a line of 1 to {longest} characters without control characters",
            clean_line(text, 200)
        ))
    })
}
