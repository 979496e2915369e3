//! Deciding when something is due takes no memory: a scan of millions of clocks leaves the allocator alone.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use chrono::{DateTime, TimeDelta, Utc};
use claimwatch::calendar::{Calendar, Zone};
use claimwatch::sla::{Target, at_risk_at, cutoff, due_at};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: it only counts, and leaves the work to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the same promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the same promises.
        unsafe { System.dealloc(block, layout) }
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
