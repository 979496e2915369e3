use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::*;
use crate::claim::{Claim, Currency, HistoryEntry, Moment, Moments, Payment, Program};
use crate::store::ImportRow;

const WRONG: &str = "tests/data/wrong/import/";

/// Reads files as an import does, with a database that has some claims.
fn read(files: &ImportFiles, zone: Option<&Zone>, in_database: &[&str]) -> (Vec<Option<ImportRow>>, ImportReport) {
    let inputs = open(files).unwrap();
    let mut progress = |_, _| {};
    let mut rows = Rows::to_check(&inputs, zone, &mut progress);
    let read: Vec<_> = rows.by_ref().collect();
    for reference in std::mem::take(rows.pending()) {
        let is_known = in_database.contains(&reference.claim_id.as_str());
        rows.resolve(reference, is_known);
    }
    (read, ImportReport::rejecting(rows.finish().unwrap().rejections))
}

fn files(relation: &str, path: &Path) -> ImportFiles {
    let mut files = ImportFiles::default();
    let file = match relation {
        "programs" => &mut files.programs,
        "claims" => &mut files.claims,
        "payments" => &mut files.payments,
        "history" => &mut files.history,
        other => panic!("{other} is no relation"),
    };
    *file = Some(path.to_owned());
    files
}

/// Reads `text` as a file of `relation`.
fn read_text(relation: &str, text: impl AsRef<[u8]>) -> (Vec<Option<ImportRow>>, ImportReport) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.csv");
    fs::write(&path, text).unwrap();
    read(&files(relation, &path), None, &["C-1", "C-2"])
}

#[test]
fn every_wrong_file_is_rejected_with_the_message_beside_it() {
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(WRONG).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (relation, _) = name.split_once('-').unwrap();
        let (rows, report) = read(&files(relation, &path), None, &["C-1", "C-2"]);
        let complaint = report.complaint().unwrap().replace(WRONG, "") + "\n";
        let beside = path.with_extension("txt");
        let expected = fs::read_to_string(&beside).unwrap_or_else(|error| panic!("{}: {error}", beside.display()));
        assert_eq!(complaint, expected, "{name}");
        let refused_or_unknown = rows.contains(&None) || name.ends_with("-of-no-claim");
        assert!(refused_or_unknown, "{name}: the store must learn that a row was refused");
        seen.insert(name);
    }
    assert!(seen.len() >= 40, "{} wrong files", seen.len());
}

fn claims(rows: Vec<Option<ImportRow>>) -> Vec<Claim> {
    let claim = |row| match row {
        Some(ImportRow::Claim(claim)) => claim,
        other => panic!("{other:?} is no claim"),
    };
    rows.into_iter().map(claim).collect()
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn a_claim_is_read_with_its_columns_in_any_order_and_the_missing_ones_empty() {
    let text = "status,claim_id,amount,submitted_at\nUnder review,C-1,12.50,2026-03-02T10:00:00+01:00\n";
    let (rows, report) = read_text("claims", text);
    assert_eq!(report, ImportReport::default());
    let mut moments = Moments::default();
    moments.set(Moment::SubmittedAt, Some(utc("2026-03-02T09:00:00Z")));
    let claim = Claim {
        claim_id: "C-1".into(),
        program_id: None,
        partner_name: None,
        title: None,
        status_text: "under_review".into(),
        moments,
        amount: Some(Decimal::new(1250, 2)),
        currency: None,
    };
    assert_eq!(claims(rows), [claim]);
}

#[test]
fn every_instant_of_a_claim_is_read_into_its_own_column() {
    let columns = Moment::ALL.map(Moment::column).join(",");
    let instants: Vec<_> = (1..=8).map(|day| format!("2026-03-0{day}T00:00:00Z")).collect();
    let (rows, _) = read_text("claims", format!("claim_id,status,{columns}\nC-1,editing,{}\n", instants.join(",")));
    let claim = &claims(rows)[0];
    for (moment, text) in Moment::ALL.into_iter().zip(&instants) {
        assert_eq!(claim.moments.get(moment), Some(utc(text)), "{}", moment.column());
    }
}

#[test]
fn programs_payments_and_history_are_read() {
    let program = "program_id,name,calendar,requires_tax_invoice,payment_currency\nP-1,Fairs,fr,true,EUR\nP-2,,,,\n";
    let (rows, _) = read_text("programs", program);
    let bare = Program {
        program_id: "P-2".into(),
        name: None,
        calendar: None,
        requires_tax_invoice: false,
        payment_currency: None,
    };
    let full = Program {
        program_id: "P-1".into(),
        name: Some("Fairs".into()),
        calendar: Some("fr".into()),
        requires_tax_invoice: true,
        payment_currency: Currency::parse("EUR"),
    };
    assert_eq!(rows, [Some(ImportRow::Program(full)), Some(ImportRow::Program(bare))]);

    let payment =
        "payment_id,claim_id,paying_entity,amount,currency,paid_at\nL-1,C-1,MIOL,-5.10,JPY,2026-03-02T10:00:00Z\n";
    let (rows, _) = read_text("payments", payment);
    let line = Payment {
        payment_id: "L-1".into(),
        claim_id: "C-1".into(),
        paying_entity: Some("MIOL".into()),
        amount: Some(Decimal::new(-510, 2)),
        currency: Currency::parse("JPY"),
        paid_at: Some(utc("2026-03-02T10:00:00Z")),
    };
    assert_eq!(rows, [Some(ImportRow::Payment(line))]);

    let (rows, _) =
        read_text("history", "claim_id,at,status,note\nC-1,2026-03-02T10:00:00Z,Rejected,\"No proof,\nno date\"\n");
    let entry = HistoryEntry {
        claim_id: "C-1".into(),
        at: Some(utc("2026-03-02T10:00:00Z")),
        status: Some("rejected".into()),
        note: Some("No proof,\nno date".into()),
    };
    assert_eq!(rows, [Some(ImportRow::History(entry))]);
}

#[test]
fn a_byte_order_mark_and_either_line_end_are_accepted() {
    let plain = "claim_id,title,status\nC-1,\"Fair\nof May\",submitted\nC-2,,approved\n";
    let expected = claims(read_text("claims", plain).0);
    assert_eq!(expected.len(), 2);
    let marked = format!("\u{FEFF}{plain}");
    let quoted = plain.replacen("claim_id", "\u{FEFF}\"claim_id\"", 1);
    for other in [marked.as_str(), &quoted, plain.trim_end()] {
        assert_eq!(claims(read_text("claims", other).0), expected, "{other:?}");
    }
    let with_crlf = claims(read_text("claims", plain.replace('\n', "\r\n")).0);
    assert_eq!(with_crlf[0].title.as_deref(), Some("Fair\r\nof May"), "a line break in quotes is the field's own");
    assert_eq!(with_crlf[1], expected[1]);
}

#[test]
fn a_header_alone_is_a_file_without_rows() {
    for text in ["claim_id,status", "claim_id,status\n", "claim_id,status\r\n\r\n"] {
        let (rows, report) = read_text("claims", text);
        assert_eq!((rows.len(), report.rejected_total), (0, 0), "{text:?}");
    }
}

#[test]
fn hostile_text_is_taken_as_it_is_up_to_a_mebibyte() {
    let title = "=HYPERLINK(1)\r\n<script>\u{1b}[31m\u{202e}".to_owned() + &"x".repeat(1 << 20);
    let title = &title[..1 << 20];
    let (rows, _) = read_text("claims", format!("claim_id,title,status\nC-1,\"{title}\",editing\n"));
    assert_eq!(claims(rows)[0].title.as_deref(), Some(title));
    let (_, report) = read_text("claims", format!("claim_id,title,status\nC-1,\"{title}x\",editing\n"));
    let complaint = report.complaint().unwrap();
    let expected = "file.csv:2: title of claim C-1: found 1048577 bytes, expected at most 1048576; nothing imported";
    assert!(complaint.ends_with(expected), "{complaint}");
}

#[test]
fn a_claim_of_the_claims_file_may_be_referred_to_and_what_is_nowhere_is_told_in_the_order_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        Some(path)
    };
    let files = ImportFiles {
        programs: None,
        claims: write("claims.csv", "claim_id,status\nC-7,approved\nC-8,lost\n"),
        payments: write("payments.csv", "payment_id,claim_id,amount\nL-1,C-7,1\nL-2,C-8,1\nL-3,C-9,1\nL-4,C-1,x\n"),
        history: write("history.csv", "claim_id,at,status\nC-5,2026-03-02T10:00:00Z,editing\nC-7,,editing\n"),
    };
    let (rows, report) = read(&files, None, &["C-1"]);
    let places: Vec<_> = report.rejections.iter().map(|it| (it.line, it.found.as_str())).collect();
    let expected = [(3, "\"lost\""), (4, "\"C-9\""), (5, "\"x\""), (2, "\"C-5\""), (3, "an empty field")];
    assert_eq!(places, expected);
    assert_eq!(rows.len(), 8);
}

#[test]
fn where_the_claims_file_is_broken_nobody_is_blamed_for_referring_to_its_claims() {
    let folder = tempfile::tempdir().unwrap();
    let payments = folder.path().join("payments.csv");
    fs::write(&payments, "payment_id,claim_id\nL-1,C-2\n").unwrap();
    for broken in [
        "claim_id,state\nC-2,approved\n",
        "claim_id,status\nC-2\n",
        "claim_id,status\n\"C-2,approved\n",
        "status,claim_id\nediting,\n",
    ] {
        let claims = folder.path().join("claims.csv");
        fs::write(&claims, broken).unwrap();
        let files = ImportFiles { claims: Some(claims), payments: Some(payments.clone()), ..ImportFiles::default() };
        let (_, report) = read(&files, None, &[]);
        assert!(report.rejections.iter().all(|it| it.file.ends_with("claims.csv")), "{broken:?}: {report:?}");
        assert_eq!(report.rejected_total, 1, "{broken:?}: {report:?}");
    }
}

#[test]
fn each_file_counts_its_own_lines() {
    let folder = tempfile::tempdir().unwrap();
    let (claims, payments) = (folder.path().join("claims.csv"), folder.path().join("payments.csv"));
    fs::write(&claims, "claim_id,status\nC-1,editing\nC-2,editing\n").unwrap();
    for (text, line) in [("", 1), ("\n\nname\n", 3), ("payment_id,claim_id\n,\n", 2)] {
        fs::write(&payments, text).unwrap();
        let files =
            ImportFiles { claims: Some(claims.clone()), payments: Some(payments.clone()), ..ImportFiles::default() };
        let (_, report) = read(&files, None, &[]);
        assert!(!report.rejections.is_empty() && report.rejections.iter().all(|it| it.line == line), "{report:?}");
    }
}

#[test]
fn local_times_are_those_of_the_zone_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claims.csv");
    fs::write(
        &path,
        "claim_id,status,submitted_at,reviewed_at\nC-1,editing,2026-03-29T02:30:00,2026-03-29T02:30:00Z\n",
    )
    .unwrap();
    let paris = Zone::named("Europe/Paris").unwrap();
    let (rows, _) = read(&files("claims", &path), Some(&paris), &[]);
    let claim = &claims(rows)[0];
    assert_eq!(claim.moments.get(Moment::SubmittedAt), Some(utc("2026-03-29T01:00:00Z")), "the end of the gap");
    assert_eq!(claim.moments.get(Moment::ReviewedAt), Some(utc("2026-03-29T02:30:00Z")), "an offset is believed");
}

#[test]
fn what_is_no_file_is_told_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("claims.csv");
    let message = |path: &Path| open(&files("claims", path)).unwrap_err().to_string();
    assert!(message(&missing).ends_with("claims.csv: found no such file, expected a CSV file; nothing imported"));
    assert!(message(folder.path()).ends_with(": found a directory, expected a CSV file; nothing imported"));
    assert!(message(Path::new("/dev/null")).contains("found a pipe or device, which cannot be read twice"));
}
