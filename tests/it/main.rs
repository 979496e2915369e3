//! Everything that needs a database, a mail server or the program itself, in one binary.

mod escalation;
mod import;
mod lookback;
mod scan;
mod store;
mod world;
