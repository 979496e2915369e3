//! One deadline, with and without its explanation, what it is made of, and the cutoffs that a scan starts with.
//!
//! `tests/speed/deadlines` sets the figures of "a million" beside numpy's and pandas' on the same machine.

use std::hint::black_box;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use claimwatch::calendar::{Calendar, DayNumber, DayTable, Zone};
use claimwatch::sla::{Target, business_days_between, cutoff, due_at, explain};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Paris without holidays.
fn weekdays() -> Calendar {
    Calendar::new("fr", Zone::named("Europe/Paris").expect("Europe/Paris"))
}

/// Paris with so many holidays a year for thirty years; a built-in country has eleven or so.
fn with_holidays(a_year: i64) -> Calendar {
    let first = NaiveDate::from_ymd_opt(2010, 1, 1).expect("a date");
    let dates = (0..30 * a_year).map(|n| first + TimeDelta::days(n * 365 / a_year));
    dates.fold(weekdays(), |calendar, date| calendar.with_holiday(date, "a holiday"))
}

fn deadlines(c: &mut Criterion) {
    let calendar = with_holidays(11);
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

const MILLION: u64 = 1_000_000;

/// Instants from 2015 to 2025 in no order, always the same.
fn starts() -> Vec<DateTime<Utc>> {
    let mut state = 1_u64;
    let instants = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let second = i64::try_from((state >> 33) % 347_155_200).unwrap_or_default();
        DateTime::<Utc>::from_timestamp(1_420_070_400 + second, 0).expect("an instant")
    });
    instants.take(usize::try_from(MILLION).unwrap_or_default()).collect()
}

#[inline(never)]
fn instant_to_instant(target: &Target, calendar: &Calendar, starts: &[DateTime<Utc>], due: &mut [DateTime<Utc>]) {
    for (due, start) in due.iter_mut().zip(starts) {
        *due = due_at(target, calendar, *start).unwrap_or_default();
    }
}

#[inline(never)]
fn day_to_day(table: &DayTable, count: u32, days: &[DayNumber], last: &mut [DayNumber]) {
    for (last, day) in last.iter_mut().zip(days) {
        *last = table.nth_business_day_after(*day, count).unwrap_or(*day);
    }
}

/// What numpy's `busday_offset` and a whole job in pandas are compared with.
fn a_million(c: &mut Criterion) {
    let starts = starts();
    let mut group = c.benchmark_group("a million");
    group.throughput(Throughput::Elements(MILLION)).sample_size(20);
    for a_year in [0, 11, 100] {
        let calendar = if a_year == 0 { weekdays() } else { with_holidays(a_year) };
        let table = calendar.table();
        let days: Vec<DayNumber> = starts.iter().filter_map(|start| table.day_of(*start)).collect();
        for count in [2, 45, 1_000] {
            let target: Target = format!("{count} business days").parse().expect("a target");
            let case = format!("{a_year} holidays a year/{count} business days");
            let mut due = starts.clone();
            group.bench_function(BenchmarkId::new("instant to instant", &case), |b| {
                b.iter(|| instant_to_instant(&target, &calendar, black_box(&starts), &mut due));
            });
            let mut last = days.clone();
            group.bench_function(BenchmarkId::new("day to day", &case), |b| {
                b.iter(|| day_to_day(table, count, black_box(&days), &mut last));
            });
        }
    }
    group.finish();
}

fn building(c: &mut Criterion) {
    let first = DateTime::<Utc>::from_timestamp(1_772_442_000, 0).expect("an instant");
    let target: Target = "2 business days".parse().expect("a target");
    for zone in ["Europe/Paris", "Asia/Tokyo", "Africa/Casablanca"] {
        let zone = Zone::named(zone).expect("a zone");
        let calendar = Calendar::new("new", zone.clone());
        c.bench_function(&format!("build a calendar of {}", zone.name()), |b| {
            b.iter(|| due_at(&target, &calendar.clone().build().expect("a calendar"), black_box(first)));
        });
    }
}

fn cutoffs(c: &mut Criterion) {
    let calendar = with_holidays(11);
    let now = DateTime::<Utc>::from_timestamp(1_772_442_000, 0).expect("an instant");
    for text in ["2 business days", "45 business days", "45 business days elapsed", "10000 business days elapsed"] {
        let target: Target = text.parse().expect("a target");
        c.bench_function(&format!("cutoff {text}"), |b| b.iter(|| cutoff(&target, None, &calendar, black_box(now))));
    }
}

criterion_group!(benches, deadlines, a_million, building, cutoffs);
criterion_main!(benches);
