//! What falls due: looked for beside everything else, since that takes seconds where there are many claims. Whoever asks gets
//! what was found last, and waits for nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::facts::Facts;
use crate::report::{Forecast, Outlook, forecast};
use crate::store::StoreError;

/// So many business days of the default calendar, today's included.
pub(super) const DAYS: u32 = 10;
/// How old what was found may be before it is looked for again.
const EVERY: Duration = Duration::from_mins(15);
/// When it is looked for again after a failure.
const AGAIN: Duration = Duration::from_mins(1);
/// The longest that looking may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Keeps what falls due up to date, for as long as it is polled.
pub(super) async fn keep(facts: &Facts) {
    loop {
        let rest = match timeout(PATIENCE, look(facts)).await {
            Ok(Ok(found)) => {
                facts.kept.ahead.send_replace(Some(Arc::new(found)));
                EVERY
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "what falls due cannot be found");
                AGAIN
            }
            Err(_) => {
                tracing::debug!(seconds = PATIENCE.as_secs(), "what falls due was not found in time");
                EVERY
            }
        };
        sleep(rest).await;
    }
}

async fn look(facts: &Facts) -> Result<Forecast, StoreError> {
    let calendars = facts.calendars.borrow().clone();
    let outlook = Outlook { days: DAYS, rules: &facts.rules, calendars: &calendars, now: facts.time.now() };
    forecast(&mut *facts.store.snapshot().await?, &outlook, &|| {}).await
}
