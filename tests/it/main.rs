//! Everything that needs a database, a mail server or the program itself, in one binary.

mod import;
mod lookback;
mod scan;
mod world;
