//! Whole digests as checked-in files, one folder a language: `UPDATE_SNAPSHOTS=1` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::calendar::{Days, FIRST_DAY, Holiday, Origin};

/// Every rule, every kind of row: late by little and by much, new and reminded, acknowledged, disputed with a reason.
fn sample_cases() -> Vec<Case> {
    let mut paid_late = case("C-1007", "payment", "45 business days", "2026-08-20T14:30:00Z", 12);
    let alert = &mut paid_late.alert;
    (alert.claim_status, alert.payment_id) = ("approved".into(), Some("P-1007-2".into()));
    (alert.paying_entity, alert.amount) = (Some("Contoso Japan KK".into()), "1250000".parse().ok());
    alert.currency = Currency::parse("JPY");

    let mut reviewed_late = review("C-1042");
    reviewed_late.reminder = true;
    reviewed_late.alert.acknowledged_at = Some(instant("2026-12-04T15:12:00Z"));
    reviewed_late.alert.acknowledged_by = Some("Leila Haddad".into());
    reviewed_late.alert.note = Some("Waiting for the partner's proof of execution".into());

    let mut disputed = case("C-0993", "dispute", "5 business days", "2026-11-06T16:45:10Z", 16);
    disputed.alert.claim_status = "disputed".into();
    disputed.alert.partner_name = Some("Łódź & Søn <Ltd>".into());
    disputed.alert.amount = "84210.75".parse().ok();
    let entry = |at: &str, status: &str, note: Option<&str>| HistoryEntry {
        claim_id: "C-0993".into(),
        at: Some(instant(at)),
        status: Some(status.into()),
        note: note.map(Into::into),
    };
    disputed.history = vec![
        entry("2026-11-02T10:00:00Z", "under_review", None),
        entry(
            "2026-11-05T09:20:00Z",
            "rejected",
            Some("Proof of execution missing; invoice 88-104 is dated outside the campaign period."),
        ),
        entry(
            "2026-11-06T16:45:10Z",
            "disputed",
            Some("The campaign period was extended in writing on 12 October, see the attached letter."),
        ),
    ];

    let mut invoiced = case("C-1100", "tax_invoice_payment", "30 days", "2026-11-05T08:00:00Z", 1);
    (invoiced.alert.claim_status, invoiced.title) = ("approved".into(), None);
    (invoiced.alert.amount, invoiced.alert.currency) = (None, None);

    let mut elapsed = case("C-1101", "review", "2 business days elapsed", "2026-12-03T06:30:00Z", 0);
    elapsed.alert.amount = "99.999".parse().ok();
    elapsed.alert.currency = Currency::parse("USD");
    elapsed.alert.explanation.notes.push("calendar \"works\" is not configured; \"fr\" serves".into());
    elapsed.alert.explanation.chosen_by = Some(ChosenBy::Default);

    let mut feast = case("C-1103", "review", "2 business days", "2026-12-02T10:00:00Z", 0);
    let estimated = Days {
        holidays: vec![Holiday { date: day("2026-12-03"), name: "Eid al-Fitr".into(), estimated: true }],
        coverage: Some(FIRST_DAY..=day("2026-12-03")),
        ..Days::none(Origin::Country("FR".into()))
    };
    let target = "2 business days".parse().expect("a target");
    let calendar = paris().with_days(estimated);
    feast.alert.explanation = explain(&target, &calendar, feast.alert.clock_started_at).expect("a deadline");
    feast.alert.due_at = feast.alert.explanation.due_at;
    feast.alert.explanation.chosen_by = Some(ChosenBy::Rule);
    (feast.alert.amount, feast.alert.currency) = (None, None);
    feast.alert.explanation.zone_data = "2026b (system)".into();
    feast.alert.explanation.holiday_data = Some("holidays 0.109".into());

    let mut own_rule = case("C-1102", "export_check", "1 business day elapsed", "2026-11-28T10:00:00Z", 0);
    own_rule.alert.claim_status = "Waiting for bank".into();
    vec![disputed, paid_late, reviewed_late, invoiced, elapsed, feast, own_rule]
}

fn hold(path: &Path, made: &str) {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, made).expect("a file");
    }
    let kept = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(kept == made, "{} differs; UPDATE_SNAPSHOTS=1 writes it anew. Made:\n{made}", path.display());
}

#[test]
fn a_digest_reads_as_its_checked_in_copy_in_every_language() {
    for language in Language::ALL {
        let mail = compose(&digest(language), sample_cases());
        let read = read(&mail);
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mail")).join(language.tag());
        for made in [&mail.subject, &read.text, &read.html] {
            assert!(!made.contains("{$") && !made.contains("{ $"), "an argument is missing: {made}");
        }
        hold(&folder.join("subject.txt"), &format!("{}\n", mail.subject));
        hold(&folder.join("body.txt"), &read.text);
        hold(&folder.join("body.html"), &read.html);
        hold(&folder.join("claims.csv"), &read.csv);
    }
}
