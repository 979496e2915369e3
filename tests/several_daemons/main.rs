//! Several real daemons on one PostgreSQL: one scans, all deliver, any may die, and what goes wrong is said well.
//!
//! `CLAIMWATCH_CHAOS_MINUTES=30 cargo test --test several_daemons` lets the disorder last that long instead of the seconds
//! that every run has time for; `CLAIMWATCH_CHAOS_SEED` repeats the order of a run that printed its seed.

#[path = "../support/chance.rs"]
mod chance;
mod chaos;
mod claims;
mod fence;
mod fleet;
mod full_disk;
mod gate;
mod giving_way;
mod heard;
#[path = "../it"]
mod it {
    #[expect(dead_code, reason = "made for the tests in tests/it, which use all of it")]
    pub mod smtp_server;
}
#[path = "../support/mails.rs"]
mod mails;
#[expect(dead_code, reason = "made for the tests in tests/it, which use all of it")]
#[path = "../support/postgres/mod.rs"]
mod postgres;
mod takeover;
mod upgrade;
mod verdict;
mod wire;
mod wrong;

use std::time::Duration;

use tokio::sync::RwLock;
use tokio::time::{Instant, sleep};

/// The longest that anything here may take, where nothing shorter is asked for.
const DEADLINE: Duration = Duration::from_secs(60);

/// Disorder leaves no core to those who measure how long something takes: it holds this alone, the others share it.
static QUIET: RwLock<()> = RwLock::const_new(());

/// Looks again and again until `is_so`; how long that took.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < DEADLINE, "expected in time: {what}");
        sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}
