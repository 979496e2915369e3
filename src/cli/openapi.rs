//! `claimwatch openapi`.

use super::Failure;
use super::output::say;
use crate::http::document;

/// Prints the OpenAPI document of the API.
pub fn run() -> Result<(), Failure> {
    match document().to_pretty_json() {
        Ok(text) => say(&text),
        Err(error) => Err(Failure::failed(format!("the document cannot be written: {error}"))),
    }
}
