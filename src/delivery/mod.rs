//! Draining the outbox: lease, look again, render once, send, record.

mod fingerprint;
pub mod transport;

/// stub
pub struct Courier;
/// stub
#[derive(serde::Serialize)]
pub struct DrainReport {
    pub sent: u64,
    pub again: u64,
    pub dead: u64,
    pub settled: u64,
    pub last_error: Option<String>,
}
impl Courier {
    #[must_use]
    pub fn new(_: std::sync::Arc<dyn crate::store::Store>, _: std::sync::Arc<crate::calendar::Calendars>, _: crate::mail::Frame, _: std::sync::Arc<dyn transport::Transport>, _: crate::now::TimeSource, _: std::time::Duration) -> Self { Self }
    /// # Errors
    /// stub
    pub async fn drain(&self, _: &tokio_util::sync::CancellationToken) -> Result<DrainReport, crate::store::StoreError> { todo!() }
}
