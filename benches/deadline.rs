//! One deadline, with and without its explanation, and the cutoffs that a scan starts with.

use std::hint::black_box;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use claimwatch::calendar::{Calendar, Zone};
use claimwatch::sla::{Target, business_days_between, cutoff, due_at, explain};
use criterion::{Criterion, criterion_group, criterion_main};

/// Paris with eleven holidays a year for thirty years, as a built-in country has them.
fn calendar() -> Calendar {
    let zone = Zone::named("Europe/Paris").expect("Europe/Paris");
    let holidays = [(1, 1), (4, 6), (5, 1), (5, 8), (5, 14), (5, 25), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)];
    let dates = (2010..2040)
        .flat_map(|year| holidays.iter().filter_map(move |(month, day)| NaiveDate::from_ymd_opt(year, *month, *day)));
    dates.fold(Calendar::new("fr", zone), |calendar, date| calendar.with_holiday(date, "a holiday"))
}

fn deadlines(c: &mut Criterion) {
    let calendar = calendar();
    let start = DateTime::<Utc>::from_timestamp(1_772_442_000, 0).expect("an instant");
    for text in ["2 business days", "5 business days", "45 business days", "45 business days elapsed", "30 days"] {
        let target: Target = text.parse().expect("a target");
        c.bench_function(&format!("due_at {text}"), |b| b.iter(|| due_at(&target, &calendar, black_box(start))));
        c.bench_function(&format!("explain {text}"), |b| b.iter(|| explain(&target, &calendar, black_box(start))));
    }
    let late = start + TimeDelta::days(1_000);
    c.bench_function("business_days_between over 1000 days", |b| {
        b.iter(|| business_days_between(&calendar, black_box(start), late));
    });
}

fn cutoffs(c: &mut Criterion) {
    let calendar = calendar();
    let now = DateTime::<Utc>::from_timestamp(1_772_442_000, 0).expect("an instant");
    for text in ["2 business days", "45 business days", "45 business days elapsed", "10000 business days elapsed"] {
        let target: Target = text.parse().expect("a target");
        c.bench_function(&format!("cutoff {text}"), |b| b.iter(|| cutoff(&target, None, &calendar, black_box(now))));
    }
}

criterion_group!(benches, deadlines, cutoffs);
criterion_main!(benches);
