//! Everything that needs a database, a mail server or the program itself, in one binary.

mod config;
mod escalation;
mod lookback;
mod scan;
mod store;
mod world;
