//! How we did, from all that a database knows. The calendar is Paris without holidays; 2026-11-23 is a Monday, and now.

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use claimwatch::alert::Answer;
use claimwatch::claim::Totals;
use claimwatch::report::{Dimension, Figures, Outcome, Quantiles, Question, Report, RuleReport, csv, html, report};
use claimwatch::store::{Dossier, Page};

use crate::on_every_engine;
use crate::world::{World, at, claim};

fn november() -> RangeInclusive<NaiveDate> {
    let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).expect("a day");
    day(1)..=day(30)
}

async fn reported(world: &World, days: RangeInclusive<NaiveDate>) -> Report {
    let plan = &world.plan;
    let question = Question { days, rules: &plan.rules, calendars: &plan.calendars, now: world.time.now() };
    report(&mut *world.store.snapshot().await.unwrap(), &question, &|| {}).await.expect("a report")
}

fn of<'a>(report: &'a Report, rule: &str) -> &'a RuleReport {
    report.rules.iter().find(|found| found.rule == rule).unwrap_or_else(|| panic!("{rule}: {report:#?}"))
}

fn group<'a>(rule: &'a RuleReport, dimension: Dimension, name: Option<&str>) -> &'a Figures {
    let found = rule.by.iter().find(|group| group.dimension == dimension && group.name.as_deref() == name);
    &found.unwrap_or_else(|| panic!("{name:?}: {rule:#?}")).figures
}

/// Clocks, met, late, of them overdue, open, restarted.
fn counts(figures: &Figures) -> [u64; 6] {
    [figures.clocks, figures.met, figures.late, figures.overdue, figures.open, figures.restarted]
}

fn sums(totals: &Totals) -> Vec<String> {
    totals.iter().map(|sum| format!("{} {}", sum.amount, sum.currency)).collect()
}

/// Reviews of every outcome whose deadline is in November.
async fn reviews(world: &World) {
    world.program("P-1", None, false).await;
    world.program("P-2", None, false).await;
    let review = |id: &str, status: &str, start: &str| claim(id, status).on("submitted_at", start);
    let rejected = |id: &str, start: &str, stop: &str| review(id, "rejected", start).on("reviewed_at", stop);
    for claim in [
        rejected("C-1", "2026-11-02T10:00:00Z", "2026-11-03T15:00:00Z").with("partner_name", "=Contoso"),
        rejected("C-2", "2026-11-02T10:00:00Z", "2026-11-09T15:00:00Z").with("partner_name", "Fabrikam"),
        review("C-3", "under_review", "2026-11-10T10:00:00Z").with("program_id", "P-2"),
        review("C-4", "submitted", "2026-11-20T10:00:00Z"),
        rejected("C-5", "2026-11-12T10:00:00Z", "2026-11-13T15:00:00Z"),
        // Its last day is the 30th of October, although it is due as November begins.
        rejected("C-6", "2026-10-28T10:00:00Z", "2026-10-29T15:00:00Z"),
    ] {
        world.put(claim).await;
    }
    world.history("C-5", &[("2026-11-03T10:00:00Z", "submitted"), ("2026-11-12T10:00:00Z", "submitted")]).await;
}

on_every_engine! {
    async fn each_clock_is_counted_once_where_its_deadline_is(world in World) {
        reviews(&world).await;
        let report = reported(&world, november()).await;
        let review = of(&report, "review");
        assert_eq!(counts(&review.total), [6, 2, 2, 1, 1, 1], "{report:#?}");
        assert_eq!(review.total.percent_met.map(|percent| percent.to_string()).as_deref(), Some("50.0"));
        // C-1 and C-5 on the next business day, C-2 after a week, C-3 has stood for nine.
        assert_eq!(review.total.business_days, Some(Quantiles { median: 1, p90: 9, p95: 9 }));
        assert_eq!(counts(group(review, Dimension::Program, Some("P-2"))), [1, 0, 1, 1, 0, 0]);
        assert_eq!(counts(group(review, Dimension::Partner, Some("Fabrikam"))), [1, 0, 1, 0, 0, 0]);
        assert_eq!(counts(group(review, Dimension::Month, Some("2026-11"))), counts(&review.total));
        assert_eq!(report.claims, 6);
        let worst: Vec<_> = report.worst.iter().map(|one| (one.claim_id.as_str(), one.outcome, one.business_days_late)).collect();
        assert_eq!(worst, [("C-3", Outcome::Overdue, 6), ("C-2", Outcome::Late, 2)]);

        let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).expect("a day");
        let october = reported(&world, day(10, 1)..=day(10, 31)).await;
        assert_eq!(counts(&of(&october, "review").total), [1, 1, 0, 0, 0, 0]);
        assert_eq!(reported(&world, day(9, 1)..=day(9, 30)).await.rules, []);
    }

    async fn payment_lines_are_counted_by_their_entity_and_never_added_across_currencies(world in World) {
        world.program("P-1", None, false).await;
        // 45 business days later is the 12th of November.
        world.put(claim("C-1", "approved").on("approved_at", "2026-09-10T10:00:00Z")).await;
        world.line("L-1", "C-1", "60.00", "EUR", Some("2026-11-20T09:00:00Z")).await;
        world.line("L-2", "C-1", "40.00", "USD", None).await;
        world.line("L-3", "C-1", "10.00", "EUR", Some("2026-10-01T09:00:00Z")).await;
        world.sql("UPDATE claim_payments SET paying_entity = 'Ireland' WHERE payment_id <> 'L-2'").await;
        let report = reported(&world, november()).await;
        let payment = of(&report, "payment");
        assert_eq!(counts(&payment.total), [3, 1, 2, 1, 0, 0], "{report:#?}");
        assert_eq!(sums(&payment.total.done_late), ["60.00 EUR"]);
        assert_eq!(sums(&payment.total.overdue_money), ["40.00 USD"]);
        assert_eq!(counts(group(payment, Dimension::PayingEntity, Some("Ireland"))), [2, 1, 1, 0, 0, 0]);
    }

    async fn promises_are_kept_if_the_clock_stops_in_their_time(world in World) {
        world.program("P-1", None, false).await;
        let ids = ["C-1", "C-2", "C-3", "C-4", "C-5"];
        let late = |id: &str| claim(id, "submitted").on("submitted_at", "2026-11-02T10:00:00Z");
        world.put_all(ids.map(late)).await;
        world.scan("2026-11-09T09:00:00Z").await;
        let mut alerts = world.alerts().await;
        alerts.sort_by(|a, b| a.claim_id.cmp(&b.claim_id));
        let promises = [("2026-11-13T00:00:00Z", 0), ("2026-11-13T00:00:00Z", 1), ("2026-12-24T00:00:00Z", 2), ("2026-11-13T00:00:00Z", 3)];
        for (until, place) in promises {
            let answer = Answer::Acknowledge { until: at(until), note: None };
            world.store.answer(at("2026-11-09T09:45:00Z"), "Ada", &[(alerts[place].id, answer)]).await.unwrap();
        }
        // C-4's is replaced by one that is still open; nobody takes C-5 on.
        let longer = Answer::Acknowledge { until: at("2026-12-24T00:00:00Z"), note: None };
        world.store.answer(at("2026-11-10T09:00:00Z"), "Ada", &[(alerts[3].id, longer)]).await.unwrap();
        world.put(late("C-1").with("status", "rejected").on("reviewed_at", "2026-11-12T09:00:00Z")).await;
        world.scan("2026-11-16T09:00:00Z").await;
        let figures = of(&reported(&world, november()).await, "review").total.clone();
        let promises = figures.promises;
        assert_eq!((promises.kept, promises.broken, promises.open), (1, 1, 2), "{figures:#?}");
        let taken = figures.acknowledgements.expect("four were taken on");
        assert_eq!((taken.count, taken.minutes.median), (4, 45));
    }

    async fn a_claim_that_is_gone_is_known_from_its_alerts(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-02T10:00:00Z").with("partner_name", "Contoso")).await;
        world.scan("2026-11-09T09:00:00Z").await;
        world.sql("DELETE FROM claims").await;
        world.scan("2026-11-16T09:00:00Z").await;
        let report = reported(&world, november()).await;
        let gone = group(of(&report, "review"), Dimension::Partner, Some("Contoso"));
        assert_eq!((gone.clocks, gone.withdrawn, gone.late, report.claims), (1, 1, 0, 1), "{report:#?}");
    }

    async fn dossiers_come_in_pages_and_each_claim_once(world in World) {
        reviews(&world).await;
        world.line("L-1", "C-3", "1.00", "EUR", None).await;
        world.line("L-2", "C-3", "2.00", "EUR", None).await;
        world.put(claim("C-9", "submitted").on("submitted_at", "2026-11-02T10:00:00Z")).await;
        world.scan("2026-11-16T09:00:00Z").await;
        world.sql("DELETE FROM claims WHERE claim_id = 'C-9'").await;
        let mut pages: Vec<Vec<Dossier>> = Vec::new();
        for limit in [1, 2, 100] {
            let mut snapshot = world.store.snapshot().await.unwrap();
            let (mut found, mut page) = (Vec::new(), Page::First);
            loop {
                let dossiers = snapshot.dossiers(page, limit).await.unwrap();
                assert!(dossiers.len() <= limit as usize);
                page = Page::Next;
                if dossiers.is_empty() {
                    break;
                }
                found.extend(dossiers);
            }
            pages.push(found);
        }
        assert_eq!(pages[0].len(), 7, "{:#?}", pages[0]);
        assert_eq!(pages[0], pages[1]);
        assert_eq!(pages[0], pages[2]);
        assert_eq!(pages[0].iter().map(|dossier| dossier.subjects.len()).collect::<Vec<_>>(), [1, 1, 3, 1, 1, 1, 0]);
        assert_eq!(pages[0].iter().map(|dossier| dossier.alerts.len()).sum::<usize>(), 2);
        assert_eq!(pages[0][4].history.len(), 2);
    }
}

#[tokio::test]
async fn in_a_spreadsheet_no_name_is_a_formula_and_in_a_page_none_is_markup() {
    let world = World::on_sqlite().await;
    reviews(&world).await;
    world.sql("UPDATE claims SET program_id = '<script>alert(1)</script>' WHERE claim_id = 'C-2'").await;
    let report = reported(&world, november()).await;
    let rows = csv(&report).expect("CSV");
    assert!(rows.contains("\r\nreview,partner,'=Contoso,1,1,0,"), "{rows}");
    let page = html(&report).expect("a page");
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
    for outside in ["http://", "src=", "url(", "@import"] {
        let found: Vec<_> = page.match_indices(outside).map(|(at, _)| &page[at..(at + 60).min(page.len())]).collect();
        // The name of SVG's own language is the only address.
        assert!(found.iter().all(|found| found.starts_with("http://www.w3.org/2000/svg")), "{found:?}");
    }
}
