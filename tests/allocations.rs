//! How much memory things take: deciding when something is due takes none, so that a scan of millions of clocks leaves the
//! allocator alone; a message takes little, however many alerts it is about.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use claimwatch::alert::{Alert, State};
use claimwatch::calendar::{Calendar, Zone};
use claimwatch::claim::Currency;
use claimwatch::escalation::{Case, Coverage, Digest, Kind, Language, Recipients, Settled};
use claimwatch::mail::{Composer, Frame, Templates};
use claimwatch::sla::{Target, at_risk_at, cutoff, due_at, explain};
use uuid::Uuid;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// Bytes in use, less those in use when the count began; and the most that there were.
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static MOST: Cell<i64> = const { Cell::new(0) };
}

fn grow(from: usize, to: usize) {
    let bytes = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
    let live = LIVE.with(Cell::get) + bytes(to) - bytes(from);
    LIVE.with(|count| count.set(live));
    MOST.with(|most| most.set(most.get().max(live)));
}

struct Counting;

// SAFETY: it only counts, and leaves the work to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        grow(0, layout.size());
        // SAFETY: the caller keeps the same promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        grow(layout.size(), 0);
        // SAFETY: the caller keeps the same promises.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        grow(layout.size(), size);
        // SAFETY: the caller keeps the same promises.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_of(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

#[test]
fn deciding_when_clocks_are_due_or_at_risk_allocates_nothing() {
    let calendar = Calendar::new("fr", Zone::named("Europe/Paris").expect("a zone")).build().expect("a calendar");
    let targets: Vec<Target> = ["2 business days", "45 business days elapsed", "30 days", "30 days roll"]
        .map(|text| text.parse().expect("a target"))
        .into();
    let warn = "1 business day".parse().expect("a span");
    let start = DateTime::<Utc>::from_timestamp(1_772_442_000, 0).expect("an instant");
    let decide = || {
        for target in &targets {
            for hours in 0..2_000 {
                let start = start + TimeDelta::hours(hours);
                assert!(due_at(target, &calendar, start).is_ok() && at_risk_at(target, warn, &calendar, start).is_ok());
            }
            assert!(cutoff(target, Some(warn), &calendar, start) > DateTime::UNIX_EPOCH);
        }
    };
    assert!(allocations_of(|| drop(vec![0_u8])) > 0, "the count counts");
    // The arrays are made when first asked for.
    decide();
    assert_eq!(allocations_of(decide), 0);
}

/// The bytes that `work` had in use at once.
fn most_bytes_of<T>(work: impl FnOnce() -> T) -> (i64, T) {
    LIVE.with(|live| live.set(0));
    MOST.with(|most| most.set(0));
    let done = work();
    (MOST.with(Cell::get), done)
}

/// A payment that is late by a calendar without holidays, with ids that tell nothing of each other.
fn late_payment(number: u128) -> Case {
    let start = DateTime::<Utc>::from_timestamp(1_772_442_000, 0).expect("an instant");
    let calendar = Calendar::new("fr", Zone::named("Europe/Paris").expect("a zone"));
    let target: Target = "45 business days".parse().expect("a target");
    let explanation = explain(&target, &calendar, start).expect("a deadline");
    let id = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let alert = Alert {
        id: Uuid::from_u128(id),
        rule: "payment".into(),
        claim_id: format!("C-{:09}", id % 1_000_000_007),
        payment_id: Some(format!("P-{:09}", id % 998_244_353)),
        program_id: Some("SURFACE-FR".into()),
        partner_name: Some(format!("Partner {}", id % 4_999)),
        claim_status: "approved".into(),
        state: State::Breached,
        resolution: None,
        clock_started_at: start,
        due_at: explanation.due_at,
        detected_at: explanation.due_at,
        stopped_at: None,
        resolved_at: None,
        amount: "1234.50".parse().ok(),
        currency: Currency::parse("EUR"),
        paying_entity: Some("Contoso SARL".into()),
        calendar: "fr".into(),
        escalation_level: 1,
        last_escalated_at: None,
        acknowledged_at: None,
        acknowledged_by: None,
        acknowledged_until: None,
        note: None,
        snoozed_until: None,
        held_since: None,
        inherited_at: None,
        backfilled_at: None,
        next_escalation_at: None,
        explanation,
    };
    Case {
        alert,
        reminder: false,
        business_days_late: 12,
        title: None,
        history: Vec::new(),
        silenced: None,
        promise_broken: false,
    }
}

fn digest() -> Digest {
    Digest {
        kind: Kind::Escalation,
        level: 1,
        route: None,
        thread: "level 1".into(),
        at: DateTime::UNIX_EPOCH,
        recipients: Recipients::people(vec!["support@example.com".parse().expect("a mailbox")]),
        language: Language::En,
        escalated: Vec::new(),
        reminded: Vec::new(),
        silenced: BTreeMap::new(),
        broken: Vec::new(),
        settled: Settled::default(),
        coverage: Coverage::default(),
        plausible: None,
        bounced: Vec::new(),
        month: None,
    }
}

#[test]
fn a_message_takes_little_memory_however_many_alerts_it_is_about() {
    const MOST_BYTES: i64 = 16_000_000;
    let from = "claims@example.com".parse().expect("a mailbox");
    let frame = Frame { from, reply_to: None, support_url: None, claim_url: None, templates: Templates::default() };
    let digest = digest();
    let (most, mail) = most_bytes_of(|| {
        let mut composer = Composer::new(&frame, Uuid::nil(), &digest, DateTime::UNIX_EPOCH);
        for number in 0..20_000 {
            composer.add(late_payment(number)).expect("a case");
        }
        composer.finish().expect("a message").expect("something to say")
    });
    assert!(mail.subject.contains("20,000 payments are late"), "{}", mail.subject);
    assert!(most < MOST_BYTES, "{most} bytes for a message of {}", mail.bytes.len());
}
