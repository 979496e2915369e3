//! Draining the outbox: lease, look again, render once, send, record.

mod fingerprint;
pub mod transport;
