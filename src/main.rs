//! The `claimwatch` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    claimwatch::cli::main()
}
