//! How an attempt ended → delivered, again at an instant, or a dead letter. No I/O.
//!
//! Delays double from a minute to four hours, each a fifth longer or shorter, so that what failed together is not tried
//! together again. The deviation follows from the delivery and its attempts: the same facts give the same instant.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::fingerprint::fingerprint;
use super::transport::Attempt;
use crate::store::Delivery;

/// What is transient is tried for so long before it is given up.
pub const PATIENCE: TimeDelta = TimeDelta::days(5);

/// What is transient is tried so often before it is given up, however long nobody was there to try.
pub const ENOUGH_ATTEMPTS: u32 = 20;

/// The doubling delays between attempts: the first, and the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Delays {
    first: TimeDelta,
    longest: TimeDelta,
}

/// The other side is away or busy.
const USUAL: Delays = Delays { first: TimeDelta::minutes(1), longest: TimeDelta::hours(4) };

/// A mailbox is full: seldom for a minute.
const SLOW: Delays = Delays { first: TimeDelta::hours(1), longest: TimeDelta::hours(4) };

/// Someone has to put something right here, and wants to see soon whether it is.
const OURS: Delays = Delays { first: TimeDelta::minutes(1), longest: TimeDelta::minutes(15) };

/// A delivery, as far as its next attempt depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    pub delivery: Uuid,
    /// How often it was tried before this attempt.
    pub before: u32,
    /// Since when it is to be delivered.
    pub since: DateTime<Utc>,
}

/// What becomes of the delivery whose attempt ended at `now`.
#[must_use]
pub fn follow_up(tried: &Tried, attempt: Attempt, now: DateTime<Utc>) -> Delivery {
    match attempt {
        Attempt::Accepted { reply } => Delivery::Sent { reply },
        Attempt::Permanent { error } => Delivery::Dead { error, refused: false },
        Attempt::Refused { error } => Delivery::Dead { error, refused: true },
        Attempt::Misconfigured { error } => held_up(tried, error, now),
        Attempt::Full { error } => again_or_dead(tried, SLOW, error, now),
        Attempt::Unreachable { error } | Attempt::Transient { error } => again_or_dead(tried, USUAL, error, now),
        Attempt::Unknown { error } => match again_or_dead(tried, USUAL, error, now) {
            Delivery::Again { at, error, .. } => Delivery::Again { at, error, perhaps_delivered: true },
            ended => ended,
        },
    }
}

/// What becomes of a delivery that our own side holds up: it is tried again, however often.
#[must_use]
pub fn held_up(tried: &Tried, error: String, now: DateTime<Utc>) -> Delivery {
    Delivery::Again { at: now + OURS.before(tried), error, perhaps_delivered: false }
}

fn again_or_dead(tried: &Tried, delays: Delays, error: String, now: DateTime<Utc>) -> Delivery {
    let attempts = tried.before.saturating_add(1);
    if now - tried.since >= PATIENCE && attempts >= ENOUGH_ATTEMPTS {
        let error = format!("given up after {attempts} attempts: {error}");
        return Delivery::Dead { error, refused: false };
    }
    Delivery::Again { at: now + delays.before(tried), error, perhaps_delivered: false }
}

impl Delays {
    /// How long after the attempt that is described by `tried` the next one comes.
    fn before(self, tried: &Tried) -> TimeDelta {
        // Past 20 doublings every delay is the longest.
        let doubled = self.first * (1 << tried.before.min(20));
        let milliseconds = doubled.min(self.longest).num_milliseconds();
        let [a, b, c, d] = tried.before.to_be_bytes();
        let seed: Vec<u8> = tried.delivery.as_bytes().iter().copied().chain([a, b, c, d]).collect();
        // From 800 to 1200 thousandths; FNV's high bits are the better mixed ones.
        let thousandths = 800 + i64::try_from((fingerprint(&seed) >> 32) % 401).unwrap_or(0);
        TimeDelta::milliseconds(milliseconds * thousandths / 1000)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tried(before: u32) -> Tried {
        Tried { delivery: Uuid::from_u128(7), before, since: DateTime::UNIX_EPOCH }
    }

    fn transient() -> Attempt {
        Attempt::Transient { error: "451 later".into() }
    }

    fn delay(tried: &Tried, attempt: Attempt, now: DateTime<Utc>) -> Option<TimeDelta> {
        match follow_up(tried, attempt, now) {
            Delivery::Again { at, .. } => Some(at - now),
            _ => None,
        }
    }

    #[test]
    fn a_message_that_was_taken_is_sent_and_one_refused_for_good_is_dead_at_once() {
        let now = DateTime::UNIX_EPOCH;
        let accepted = Attempt::Accepted { reply: "250 queued".into() };
        assert_eq!(follow_up(&tried(3), accepted, now), Delivery::Sent { reply: "250 queued".into() });
        let permanent = Attempt::Permanent { error: "550 no such user".into() };
        assert_eq!(
            follow_up(&tried(0), permanent, now),
            Delivery::Dead { error: "550 no such user".into(), refused: false }
        );
        let refused = Attempt::Refused { error: "550 5.1.1".into() };
        assert_eq!(follow_up(&tried(0), refused, now), Delivery::Dead { error: "550 5.1.1".into(), refused: true });
    }

    #[test]
    fn a_message_that_was_perhaps_delivered_is_sent_again() {
        let unknown = Attempt::Unknown { error: "cut".into() };
        assert!(delay(&tried(0), unknown, DateTime::UNIX_EPOCH).is_some());
    }

    #[test]
    fn a_dead_letter_after_days_keeps_the_last_words() {
        let now = DateTime::UNIX_EPOCH + PATIENCE;
        let error = "given up after 20 attempts: 451 later".into();
        assert_eq!(follow_up(&tried(ENOUGH_ATTEMPTS - 1), transient(), now), Delivery::Dead { error, refused: false });
    }

    #[test]
    fn a_daemon_that_was_away_for_days_does_not_give_up_at_its_first_attempt() {
        assert!(delay(&tried(0), transient(), DateTime::UNIX_EPOCH + TimeDelta::days(30)).is_some());
    }

    /// Follows `attempt` until it is given up (or for 60 days); how long that took and how many attempts.
    fn endure(delivery: Uuid, attempt: &Attempt) -> (TimeDelta, u32) {
        let since = DateTime::UNIX_EPOCH;
        let (mut now, mut before) = (since, 0);
        while now - since < TimeDelta::days(60) {
            let Delivery::Again { at, .. } = follow_up(&Tried { delivery, before, since }, attempt.clone(), now) else {
                break;
            };
            (now, before) = (at, before + 1);
        }
        (now - since, before + 1)
    }

    proptest! {
        #[test]
        fn delays_double_from_a_minute_to_four_hours_give_or_take_a_fifth(id: u128, before in 0_u32..100) {
            let tried = Tried { delivery: Uuid::from_u128(id), ..tried(before) };
            let ideal = TimeDelta::minutes(2_i64.pow(before.min(10)).min(240));
            let found = delay(&tried, transient(), DateTime::UNIX_EPOCH).expect("not given up on the first day");
            prop_assert!(found >= ideal * 4 / 5 && found <= ideal * 6 / 5, "{} after {} attempts", found, before);
        }

        #[test]
        fn the_same_delivery_and_attempts_give_the_same_instant(id: u128, before: u32) {
            let tried = Tried { delivery: Uuid::from_u128(id), ..tried(before) };
            let now = DateTime::UNIX_EPOCH;
            prop_assert_eq!(follow_up(&tried, transient(), now), follow_up(&tried, transient(), now));
        }

        #[test]
        fn what_is_transient_is_tried_for_five_days_and_not_for_six(id: u128, full: bool) {
            let error = "later".to_owned();
            let attempt = if full { Attempt::Full { error } } else { Attempt::Transient { error } };
            let (lasted, attempts) = endure(Uuid::from_u128(id), &attempt);
            prop_assert!(lasted >= PATIENCE && lasted < TimeDelta::days(6), "{} with {} attempts", lasted, attempts);
        }

        #[test]
        fn what_is_ours_to_put_right_is_tried_for_ever_about_every_quarter_of_an_hour(id: u128, before: u32) {
            let tried = Tried { delivery: Uuid::from_u128(id), ..tried(before) };
            let now = DateTime::UNIX_EPOCH + TimeDelta::days(1000);
            let found = delay(&tried, Attempt::Misconfigured { error: "535".into() }, now);
            prop_assert!(found.is_some_and(|delay| delay <= TimeDelta::minutes(18)), "{:?}", found);
        }
    }

    #[test]
    fn deliveries_that_failed_together_are_not_tried_together_again() {
        let delays: std::collections::BTreeSet<_> = (0..100)
            .filter_map(|id| {
                delay(&Tried { delivery: Uuid::from_u128(id), ..tried(8) }, transient(), DateTime::UNIX_EPOCH)
            })
            .collect();
        assert!(delays.len() > 70, "{} different delays of 100", delays.len());
    }
}
