//! What people answer: one place for the terminal, the page and the links of mails.
//!
//! Reads what somebody wrote, sorts what can be answered from what cannot, and looks up what a silence would reach. Whoever
//! calls says who answers, and has it recorded by [`crate::store::Answers`]. Source: docs/domain.md, "Alerts"; docs/acting.md.

mod give;
mod matching;
mod written;

pub use give::{Given, sort};
pub use matching::{Matching, matching};
pub use written::{MAX_NAME, MAX_NOTE, MAX_TEXT, instant, instant_or_day, line, zone_of};
