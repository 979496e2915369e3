//! What would have been by other settings. The calendar is Paris without holidays; 2026-11-23 is a Monday, and now.

use chrono::NaiveDate;
use claimwatch::escalation::{Level, Recipients};
use claimwatch::report::{Backtest, Load, Regime, backtest};
use claimwatch::scan::{Both, Plan};
use claimwatch::schedule::Schedule;
use croner::parser::{CronParser, Seconds, Year};

use crate::answers::level;
use crate::on_every_engine;
use crate::world::{World, claim, paris, plan};

fn november(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).expect("a day")
}

/// The clocks that started from one day of November to another, by the world's plan and by `new`, with scans at every hour.
async fn compared(world: &World, new: &Plan, (first, last): (u32, u32)) -> Backtest {
    let (calendar, parser) = (paris(), CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).build());
    let cron = "0 0 * * * *".to_owned();
    let pattern = parser.parse(&cron).expect("a pattern");
    let hourly = Schedule { cron, pattern, time_zone: calendar.zone().clone() };
    let regimes =
        Both { present: Regime { plan: &world.plan, schedule: &hourly }, new: Regime { plan: new, schedule: &hourly } };
    let mut snapshot = world.store.snapshot().await.unwrap();
    let days = november(first)..=november(last);
    backtest(&mut *snapshot, days, regimes, world.time.now(), &|| {}).await.expect("a comparison")
}

/// A late review, one that is overdue, and one that was submitted again after its deadline.
async fn history(world: &World) {
    world.program("P-1", None, false).await;
    let review = |id: &str, status: &str, start: &str| claim(id, status).on("submitted_at", start);
    world.put(review("C-1", "rejected", "2026-11-02T10:00:00Z").on("reviewed_at", "2026-11-09T15:00:00Z")).await;
    world.put(review("C-2", "submitted", "2026-11-10T10:00:00Z")).await;
    world.put(review("C-3", "rejected", "2026-11-12T10:00:00Z").on("reviewed_at", "2026-11-13T15:00:00Z")).await;
    world.history("C-3", &[("2026-11-02T10:00:00Z", "submitted"), ("2026-11-12T10:00:00Z", "submitted")]).await;
}

/// Reminded every business day, and after two of them to the lead.
fn levels() -> Vec<Level> {
    vec![
        level(None, Some("1 business day"), "support@example.com"),
        level(Some("2 business days"), None, "lead@example.com"),
    ]
}

fn by_five_days() -> Plan {
    let mut new = plan();
    new.policy.levels = levels();
    new.rules[0].target.span = "5 business days".parse().expect("a span");
    new
}

fn load<'a>(found: &'a Backtest, recipient: &str) -> &'a Both<Load> {
    let one = found.recipients.iter().find(|one| one.recipient == recipient);
    &one.unwrap_or_else(|| panic!("{recipient}: {found:#?}")).load
}

on_every_engine! {
    async fn past_and_present_clocks_are_counted_by_both_settings(mut world in World) {
        history(&world).await;
        world.plan.policy.levels = levels();
        let found = compared(&world, &by_five_days(), (1, 30)).await;
        let review = &found.rules[0];
        let counts = |by: &claimwatch::report::Performance| [by.clocks, by.met, by.late, by.alerts];
        // C-3 was met the second time, and had its alert the first.
        assert_eq!(counts(&review.figures.present), [4, 1, 2, 3], "{found:#?}");
        assert_eq!(counts(&review.figures.new), [4, 2, 1, 2]);
        assert_eq!(review.figures.new.target.as_deref(), Some("5 business days"));
        assert_eq!(found.rules.len(), 1, "no other clock started");

        let first_days = compared(&world, &by_five_days(), (1, 9)).await;
        assert_eq!(counts(&first_days.rules[0].figures.present), [2, 0, 1, 2], "those that started then");
    }

    async fn who_would_have_been_told_when_is_what_escalation_decides(mut world in World) {
        history(&world).await;
        world.plan.policy.levels = levels();
        let found = compared(&world, &by_five_days(), (1, 30)).await;
        let support = load(&found, "support@example.com");
        // Of C-1 on the mornings of the 5th to the 7th, of C-3 on those until the 12th, of C-2 from the 13th on.
        assert_eq!((support.present.messages, support.present.alerts, support.present.most_a_day), (13, 16, 1), "{found:#?}");
        assert_eq!((support.new.messages, support.new.alerts), (7, 7));
        let lead = load(&found, "lead@example.com");
        assert_eq!((lead.present.messages, lead.present.alerts), (2, 3));
        assert_eq!((lead.new.messages, lead.new.alerts), (2, 2));
        let told = |day: u32| {
            let day = found.days.iter().find(|found| found.date == november(day)).expect("a day");
            let both = day.messages.get("support@example.com").cloned().unwrap_or_default();
            (day.opened.present, day.opened.new, both.present, both.new)
        };
        assert_eq!((told(5), told(6), told(10), told(13)), ((2, 0, 1, 0), (0, 0, 1, 0), (0, 1, 1, 1), (1, 0, 1, 0)));
    }

    async fn routes_and_sending_hours_are_those_of_each_settings(mut world in World) {
        history(&world).await;
        world.plan.policy.levels = levels();
        let mut new = plan();
        new.policy.levels = vec![Level { recipients: Recipients { webhooks: vec!["tickets".into()], ..Recipients::default() }, ..levels().remove(0) }];
        new.policy.send_hours = Some(claimwatch::escalation::SendHours {
            opens: "08:30:00".parse().expect("a time"),
            closes: "18:00:00".parse().expect("a time"),
        });
        let found = compared(&world, &new, (1, 30)).await;
        let tickets = &load(&found, "webhook:tickets").new;
        // Due in the night; the first scan after the hours open is that of nine.
        assert_eq!(tickets.first_at.map(|at| at.to_rfc3339()).as_deref(), Some("2026-11-05T08:00:00+00:00"), "{found:#?}");
        assert_eq!(load(&found, "support@example.com").new, Load::default());
    }

    async fn nothing_is_written(mut world in World) {
        history(&world).await;
        world.scan("2026-11-16T09:00:00Z").await;
        let tables = ["claims", "claim_history", "sla_alerts", "sla_alert_events", "outbox", "outbox_messages", "scans"];
        let before = world.tables(&tables).await;
        world.plan.policy.levels = levels();
        compared(&world, &by_five_days(), (1, 30)).await;
        assert_eq!(world.tables(&tables).await, before);
    }
}
