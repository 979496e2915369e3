//! Any bytes as an `.ics` file: what the reader promises is in `tests/it/ics/invariants.rs`.
#![no_main]

#[path = "../../tests/it/ics/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::check(bytes));
