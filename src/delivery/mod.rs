//! Draining the outbox: lease, look again, render once, send, record.

pub mod transport;
