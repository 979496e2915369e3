//! The report of a month by mail: when it goes out, to whom, what it says. 2026-11-02 is a Monday, and the first business day
//! of November in the French calendar; 2026-10-01 is a Thursday.

use chrono::TimeDelta;
use claimwatch::escalation::{Glob, Kind, MonthlyReport, Recipients};
use claimwatch::report::send_due;
use claimwatch::store::LeaseTime;
use mailparse::MailHeaderMap;

use crate::delivery::{courier, drain, server, text_of};
use crate::on_every_engine;
use crate::world::{World, at, claim};

fn wants(address: &str, program: Option<&str>) -> MonthlyReport {
    let recipients = Recipients::people(vec![address.parse().expect("an address")]);
    MonthlyReport { program: program.map(Glob::new), recipients }
}

/// Reviews of October: one met and one late of P-1, one late of SURFACE.
async fn october(world: &World) {
    world.program("P-1", None, false).await;
    world.program("SURFACE-1", None, false).await;
    let review = |id: &str, reviewed: &str| {
        claim(id, "rejected")
            .on("submitted_at", "2026-10-05T10:00:00Z")
            .on("reviewed_at", reviewed)
            .with("amount", "100.50")
            .with("currency", "EUR")
    };
    world.put(review("C-1", "2026-10-06T10:00:00Z")).await;
    world.put(review("C-2", "2026-10-12T10:00:00Z")).await;
    world.put(review("C-3", "2026-10-09T10:00:00Z").with("program_id", "SURFACE-1")).await;
}

async fn sent(world: &World, now: &str) -> u64 {
    send_due(&*world.store, &world.plan, at(now), None).await.expect("reports that are due")
}

on_every_engine! {
    async fn each_month_is_reported_once_to_those_who_want_it(mut world in World) {
        october(&world).await;
        world.plan.policy.monthly_reports = vec![wants("managers@example.com", None), wants("surface@example.com", Some("SURFACE-*"))];
        assert_eq!(sent(&world, "2026-11-01T12:00:00Z").await, 0, "a Sunday");
        assert_eq!(sent(&world, "2026-11-02T08:00:00Z").await, 2);
        assert_eq!(sent(&world, "2026-11-02T08:01:00Z").await, 0, "once");
        assert_eq!(sent(&world, "2026-11-30T08:00:00Z").await, 0, "once a month");

        let now = at("2026-11-02T08:05:00Z");
        let mut leased = world.store.lease(now, LeaseTime::At(now), "one", 10, TimeDelta::minutes(2)).await.unwrap();
        leased.sort_by(|a, b| a.recipient.cmp(&b.recipient));
        let months: Vec<_> = leased.iter().map(|delivery| {
            let digest = &delivery.digest;
            let month = digest.month.as_ref().expect("a month");
            let rules: Vec<_> = month.rules.iter().map(|rule| (rule.rule.as_str(), rule.met, rule.late)).collect();
            let worst: Vec<_> = month.worst.iter().map(|worst| (worst.claim_id.as_str(), worst.business_days_late)).collect();
            assert_eq!((digest.kind, month.from, month.to), (Kind::Report, "2026-10-01".parse().unwrap(), "2026-10-31".parse().unwrap()));
            assert!(month.page.contains("<!DOCTYPE html>") && month.list.contains("review,all"), "{month:?}");
            (delivery.recipient.as_str(), rules, worst, digest.thread.as_str())
        }).collect();
        assert_eq!(months, [
            ("managers@example.com", vec![("review", 1, 2)], vec![("C-2", 2), ("C-3", 1)], "report"),
            ("surface@example.com", vec![("review", 0, 1)], vec![("C-3", 1)], "report SURFACE-*"),
        ]);
    }

    async fn whoever_was_not_at_work_reports_the_last_month_alone(mut world in World) {
        october(&world).await;
        world.plan.policy.monthly_reports = vec![wants("managers@example.com", None)];
        assert_eq!(sent(&world, "2026-10-01T08:00:00Z").await, 1, "September");
        assert_eq!(sent(&world, "2026-12-17T08:00:00Z").await, 1, "November, in the middle of December");
        assert_eq!(sent(&world, "2026-12-18T08:00:00Z").await, 0);
        let waiting = world.waiting().await;
        assert_eq!(waiting.len(), 2);
        // The second answers the first.
        let threads = world.sql("SELECT count(DISTINCT first_message), count(*) FROM outbox_messages").await;
        assert_eq!(threads, [["1", "2"]]);
    }

    async fn a_report_reaches_its_readers_with_the_whole_attached(mut world in World) {
        october(&world).await;
        world.plan.policy.monthly_reports = vec![wants("managers@example.com", None)];
        world.time.set(at("2026-11-02T08:00:00Z"));
        assert_eq!(sent(&world, "2026-11-02T08:00:00Z").await, 1);
        let server = server().await;
        drain(&courier(&world, &server)).await;
        let received = server.received();
        assert_eq!(received.len(), 1);
        let mail = mailparse::parse_mail(&received[0].bytes).expect("a message");
        assert_eq!(mail.headers.get_first_value("X-Claimwatch-Kind").as_deref(), Some("report"));
        assert_eq!(
            mail.headers.get_first_value("Subject").as_deref(),
            Some("[claimwatch] October 2026: 1 of 3 deadlines met, 2 late")
        );
        let text = text_of(&received[0].bytes);
        assert!(text.contains("review (33.3 % met: 1 of 3, 2 late (201.00 EUR))"), "{text}");
        assert!(text.contains("C-2: review, 2 business days late"), "{text}");
        let names = mail.parts().filter_map(|part| part.get_content_disposition().params.get("filename").cloned());
        assert_eq!(names.collect::<Vec<_>>(), ["report-2026-10.html", "report-2026-10.csv"]);
    }
}
