//! Addresses that their mail server refuses: counted in a row, disabled after some, told of once. Statements that both engines
//! share word for word.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// An address that refused so many deliveries in a row, none taken in between, is disabled.
pub const REFUSALS: i32 = 3;

/// An address to which nothing is sent any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DisabledAddress {
    pub address: String,
    pub disabled_at: DateTime<Utc>,
    /// What its mail server said last.
    pub words: String,
    /// When the next level was told; `None`: it is still to be.
    pub told_at: Option<DateTime<Utc>>,
}

/// The recipient of delivery `$1` was refused at `$2`, in the words `$3`; `$4` is how many refusals disable it.
pub(super) const REFUSED: &str = "INSERT INTO recipients (address, refusals, refused_at, words, disabled_at) \
     SELECT recipient, 1, $2, $3, NULL FROM outbox WHERE id = $1 \
     ON CONFLICT (address) DO UPDATE SET refusals = recipients.refusals + 1, refused_at = excluded.refused_at, \
     words = excluded.words, disabled_at = coalesce(recipients.disabled_at, \
     CASE WHEN recipients.refusals + 1 >= $4 THEN excluded.refused_at END)";

/// Whether the recipient of a delivery that is changed was refused before and not taken since.
pub(super) const WAS_REFUSED: &str = "\
     EXISTS (SELECT 1 FROM recipients r WHERE r.address = outbox.recipient AND r.refusals > 0) AS was_refused";

/// Messages were taken for the recipients of the deliveries whose id is one of `these`, a condition.
pub(super) fn taken(these: &str) -> String {
    format!(
        "UPDATE recipients SET refusals = 0, disabled_at = NULL, told_at = NULL \
         WHERE refusals > 0 AND address IN (SELECT recipient FROM outbox WHERE id {these})"
    )
}

/// The address `$1` is right again.
pub(super) const ENABLED: &str = "UPDATE recipients SET refusals = 0, disabled_at = NULL, told_at = NULL \
     WHERE address = $1 AND disabled_at IS NOT NULL";

/// What was not sent to `$1` while it was disabled is due at `$2`.
pub(super) const DUE_AGAIN: &str = "UPDATE outbox SET state = 'pending', next_attempt_at = $2 \
     WHERE recipient = $1 AND state = 'dead' AND attempts = 0 AND last_error LIKE 'not tried: %'";

/// What waits for disabled addresses is given up, unless someone has it in hand.
pub(super) const GIVEN_UP: &str = "UPDATE outbox SET state = 'dead', next_attempt_at = NULL, \
     last_error = 'not tried: the address is disabled, since its mail server refuses it: ' || recipients.words \
     FROM recipients WHERE recipients.address = outbox.recipient AND recipients.disabled_at IS NOT NULL \
     AND outbox.state = 'pending' AND outbox.lease_holder IS NULL AND outbox.attempts = 0";

/// The disabled addresses, the one that was disabled first before the others.
pub(super) const DISABLED: &str = "SELECT address, disabled_at, words, told_at FROM recipients \
     WHERE disabled_at IS NOT NULL ORDER BY disabled_at, address";
