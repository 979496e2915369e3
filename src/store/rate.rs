//! How many messages one address gets in an hour: what goes now, what waits, and what goes along with a later one. No I/O.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// In so long an address gets so many messages at most.
pub(super) const WINDOW: TimeDelta = TimeDelta::hours(1);

/// A delivery that waits for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub id: Uuid,
    pub thread: String,
    /// Whether nobody has tried it yet: then it may go along with a later one.
    pub fresh: bool,
    /// Whether its time has come.
    pub due: bool,
}

/// What becomes of the deliveries that wait for an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rationed {
    /// Deliveries, each with the later one of its thread that takes it in.
    pub folded: Vec<(Uuid, Uuid)>,
    /// Deliveries, each with when it goes.
    pub postponed: Vec<(Uuid, DateTime<Utc>)>,
}

/// Decides about `waiting`, the oldest first, of an address that was sent messages at `sent` within the [`WINDOW`] before
/// `now`, the earliest first, and may get `most` in it.
pub(super) fn ration(waiting: &[Waiting], sent: &[DateTime<Utc>], most: usize, now: DateTime<Utc>) -> Rationed {
    let room = most.saturating_sub(sent.len());
    let due = waiting.iter().filter(|one| one.due).count();
    let mut rationed = Rationed::default();
    if due <= room {
        return rationed;
    }
    let latest: BTreeMap<&str, Uuid> =
        waiting.iter().filter(|one| one.fresh).map(|one| (one.thread.as_str(), one.id)).collect();
    let takes_in = |one: &Waiting| latest.get(one.thread.as_str()).copied().filter(|id| one.fresh && *id != one.id);
    rationed.folded = waiting.iter().filter_map(|one| Some((one.id, takes_in(one)?))).collect();
    let left = waiting.iter().filter(|one| one.due && takes_in(one).is_none());
    // Each place becomes free an hour after the message that has it; those that go now have the last ones.
    let free_again = sent.iter().map(|sent| *sent + WINDOW).chain(std::iter::repeat(now + WINDOW));
    let over = sent.len().saturating_sub(most);
    rationed.postponed = left.skip(room).map(|one| one.id).zip(free_again.skip(over)).collect();
    rationed
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn waiting(id: u128, thread: &str) -> Waiting {
        Waiting { id: Uuid::from_u128(id), thread: thread.to_owned(), fresh: true, due: true }
    }

    fn ids(pairs: &[(u128, u128)]) -> Vec<(Uuid, Uuid)> {
        pairs.iter().map(|(old, new)| (Uuid::from_u128(*old), Uuid::from_u128(*new))).collect()
    }

    #[test]
    fn what_has_room_goes_as_it_is() {
        let all = [waiting(1, "level 1"), waiting(2, "level 1")];
        assert_eq!(ration(&all, &[at(0)], 3, at(10)), Rationed::default());
    }

    #[test]
    fn where_more_waits_than_has_room_a_thread_goes_as_one() {
        let all = [waiting(1, "level 1"), waiting(2, "level 2"), waiting(3, "level 1"), waiting(4, "level 1")];
        let rationed = ration(&all, &[], 3, at(10));
        assert_eq!(rationed.folded, ids(&[(1, 4), (3, 4)]));
        assert_eq!(rationed.postponed, []);
    }

    #[test]
    fn what_has_no_room_even_so_goes_when_the_hour_has() {
        let all = [waiting(1, "level 1"), waiting(2, "level 2"), waiting(3, "level 3")];
        let rationed = ration(&all, &[at(5), at(20)], 3, at(30));
        let later = [(Uuid::from_u128(2), at(65)), (Uuid::from_u128(3), at(80))];
        assert_eq!(rationed, Rationed { folded: Vec::new(), postponed: later.into() });
    }

    #[test]
    fn what_was_tried_goes_by_itself() {
        let tried = Waiting { fresh: false, ..waiting(1, "level 1") };
        let rationed = ration(&[tried, waiting(2, "level 1"), waiting(3, "level 1")], &[], 1, at(0));
        assert_eq!(rationed.folded, ids(&[(2, 3)]));
        assert_eq!(rationed.postponed, [(Uuid::from_u128(3), at(60))]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_more_goes_now_than_has_room(
            threads in proptest::collection::vec((0..4_u8, any::<bool>(), any::<bool>()), 0..12),
            sent in proptest::collection::vec(0..60_i64, 0..8),
            most in 1..6_usize,
        ) {
            let mut sent: Vec<_> = sent.into_iter().map(at).collect();
            sent.sort_unstable();
            let all: Vec<Waiting> = (1..).zip(threads).map(|(id, (thread, fresh, due))| {
                Waiting { fresh, due: due || !fresh, ..waiting(id, &thread.to_string()) }
            }).collect();
            let now = at(60);
            let Rationed { folded, postponed } = ration(&all, &sent, most, now);
            let gone: BTreeSet<Uuid> = folded.iter().map(|(old, _)| *old).collect();
            for (old, new) in &folded {
                let of = |id: &Uuid| all.iter().position(|one| one.id == *id).expect("known");
                prop_assert!(of(old) < of(new) && all[of(old)].thread == all[of(new)].thread && all[of(old)].fresh);
                prop_assert!(!gone.contains(new), "what takes in another is there itself");
            }
            let later: BTreeSet<Uuid> = postponed.iter().map(|(id, _)| *id).collect();
            let goes = all.iter().filter(|one| one.due && !gone.contains(&one.id) && !later.contains(&one.id)).count();
            prop_assert!(goes <= most.saturating_sub(sent.len()));
            prop_assert!(postponed.iter().all(|(id, at)| *at > now - WINDOW && *at <= now + WINDOW && !gone.contains(id)));
        }
    }
}
