//! claimwatch watches co-op incentive claims: it finds every review, dispute and payment that is past its deadline,
//! keeps one alert for each, and escalates by mail.
//!
//! The rooms, in reading order; `docs/architecture.md` says which may use which, and `tests/rooms.rs` holds them to it.

pub mod now;

pub mod calendar;
pub mod claim;
pub mod sla;

pub mod alert;
pub mod escalation;
pub mod explain;
pub mod mail;
pub mod seal;
pub mod wording;

pub mod store;

pub mod answers;
pub mod backfill;
pub mod check;
pub mod delivery;
pub mod health;
pub mod http;
pub mod import;
pub mod report;
pub mod retention;
pub mod samples;
pub mod scan;
pub mod schedule;
pub mod transfer;
pub mod vitals;

pub mod app;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod doctor;
pub mod telemetry;
