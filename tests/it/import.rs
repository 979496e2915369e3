//! CSV files into a real database: all of them or none, twice without harm, a newer snapshot over an older one.

use std::fmt::Write as _;
use std::fs;
use std::ops::Deref;
use std::path::PathBuf;

use claimwatch::calendar::Zone;
use claimwatch::import::{ImportError, ImportFiles, ImportReport, Progress, Stage, import};
use claimwatch::samples::sample_claims;
use claimwatch::store::{ImportMode, RowCounts};
use tempfile::TempDir;

use crate::on_every_engine;
use crate::world::{World, at, paris};

const PROGRAMS: &str = "program_id,name,requires_tax_invoice\nP-1,Fairs,false\n";
const CLAIMS: &str = "\
claim_id,program_id,title,status,submitted_at,amount,currency
C-1,P-1,\"Road show, Lyon\",Under Review,2026-11-20T10:00:00+01:00,1200.50,EUR
C-2,P-1,,approved,2026-11-19T10:00:00Z,99999999999999999999.00000001,JPY
";
const PAYMENTS: &str = "payment_id,claim_id,paying_entity,amount,currency,paid_at\nL-1,C-2,MIOL,10.10,EUR,\n";
const HISTORY: &str = "claim_id,at,status,note\nC-1,2026-11-20T09:00:00Z,submitted,\"filed,\nby hand\"\n";

/// A database and a folder for the files that go into it.
struct Importing {
    world: World,
    folder: TempDir,
}

impl Deref for Importing {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Importing {
    fn into(world: World) -> Self {
        Self { world, folder: tempfile::tempdir().expect("a folder") }
    }

    fn file(&self, name: &str, text: &str) -> Option<PathBuf> {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("a file");
        Some(path)
    }

    fn files(&self) -> ImportFiles {
        ImportFiles {
            programs: self.file("programs.csv", PROGRAMS),
            claims: self.file("claims.csv", CLAIMS),
            payments: self.file("payments.csv", PAYMENTS),
            history: self.file("history.csv", HISTORY),
        }
    }

    async fn import(&self, files: &ImportFiles, mode: ImportMode) -> ImportReport {
        import(&*self.store, files, None, mode, &mut |_| {}).await.expect("an import")
    }

    /// Everything that the input relations hold.
    async fn everything(&self) -> Vec<Vec<String>> {
        self.tables(&["programs", "claims", "claim_payments", "claim_history"]).await
    }
}

fn counts(new: u64, changed: u64, same: u64) -> RowCounts {
    RowCounts { new, changed, same }
}

on_every_engine! {
    async fn rows_are_stored_as_the_contract_spells_values(world in World) {
        let world = Importing::into(world);
        let report = world.import(&world.files(), ImportMode::Store).await;
        assert_eq!(report.complaint(), None);
        assert!(report.counts.stored);
        assert_eq!(report.counts.claims, counts(2, 0, 0));
        let claims =
            world.sql("SELECT claim_id, title, status, submitted_at, amount, currency FROM claims ORDER BY 1").await;
        assert_eq!(claims[0], ["C-1", "Road show, Lyon", "under_review", "2026-11-20T09:00:00.000000Z", "1200.50", "EUR"]);
        assert_eq!(claims[1][4], "99999999999999999999.00000001", "an amount is exact");
        assert_eq!(claims[1][1], "null", "an empty field is no text");
        assert_eq!(world.sql("SELECT note FROM claim_history").await, [["filed,\nby hand"]]);
    }

    async fn importing_twice_changes_nothing(world in World) {
        let world = Importing::into(world);
        let files = world.files();
        world.import(&files, ImportMode::Store).await;
        let before = world.everything().await;
        let again = world.import(&files, ImportMode::Store).await.counts;
        assert_eq!(world.everything().await, before);
        assert_eq!([again.programs, again.claims, again.payments, again.history].map(|it| it.same), [1, 2, 1, 1]);
        assert_eq!([again.programs, again.claims, again.payments, again.history].map(|it| it.new + it.changed), [0; 4]);
    }

    async fn a_newer_snapshot_updates_what_changed_and_empties_what_became_empty(world in World) {
        let world = Importing::into(world);
        world.import(&world.files(), ImportMode::Store).await;
        let newer = "claim_id,program_id,status,approved_at\n\
            C-1,P-1,approved,2026-11-23T08:00:00Z\nC-3,P-1,editing,\n";
        let files = ImportFiles { claims: world.file("newer.csv", newer), ..ImportFiles::default() };
        let report = world.import(&files, ImportMode::Store).await;
        assert_eq!(report.counts.claims, counts(1, 1, 0));
        let claims = world.sql("SELECT claim_id, status, title, amount, approved_at FROM claims ORDER BY 1").await;
        assert_eq!(claims[0], ["C-1", "approved", "null", "null", "2026-11-23T08:00:00.000000Z"]);
        assert_eq!(claims.len(), 3, "a claim that the newer file lacks stays");
    }

    async fn a_dry_run_counts_what_it_would_do_and_changes_nothing(world in World) {
        let world = Importing::into(world);
        let files = world.files();
        let report = world.import(&files, ImportMode::DryRun).await;
        assert!(!report.counts.stored);
        assert_eq!(report.counts.claims, counts(2, 0, 0));
        assert!(world.everything().await.is_empty());
    }

    async fn one_wrong_row_of_ten_thousand_keeps_all_of_them_out(world in World) {
        let world = Importing::into(world);
        let mut claims = String::from("claim_id,status,submitted_at\n");
        for n in 2..=10_001 {
            let day = if n == 1842 { 31 } else { 30 };
            writeln!(claims, "C-{n},submitted,2026-11-{day}T10:00:00Z").expect("text");
        }
        let claims = world.file("claims.csv", &claims);
        let files = ImportFiles { claims, programs: world.file("programs.csv", PROGRAMS), ..ImportFiles::default() };
        let report = world.import(&files, ImportMode::Store).await;
        let complaint = report.complaint().expect("a complaint");
        let expected = "claims.csv:1842: submitted_at of claim C-1842: found \"2026-11-31T10:00:00Z\", expected a day that \
            exists; nothing imported";
        assert!(complaint.ends_with(expected), "{complaint}");
        assert!(!report.counts.stored);
        assert!(world.everything().await.is_empty());
    }

    async fn history_and_payments_may_refer_to_claims_that_only_the_database_has(world in World) {
        let world = Importing::into(world);
        world.import(&world.files(), ImportMode::Store).await;
        let mut history = String::from("claim_id,at,status\n");
        for n in 0..1200 {
            writeln!(history, "C-{},2026-11-21T09:{:02}:{:02}Z,under_review", 1 + n % 2, n / 60, n % 60).expect("text");
        }
        let payments = "payment_id,claim_id\nL-2,C-1\n";
        let mut files = ImportFiles {
            history: world.file("more.csv", &history),
            payments: world.file("lines.csv", payments),
            ..ImportFiles::default()
        };
        let report = world.import(&files, ImportMode::Store).await;
        assert_eq!((report.counts.history, report.counts.payments), (counts(1200, 0, 0), counts(1, 0, 0)));

        history.push_str("C-404,2026-11-21T09:00:00Z,under_review\nC-1,2026-11-21T10:00:00Z,under_review\n");
        files.history = world.file("more.csv", &history);
        files.payments = world.file("lines.csv", "payment_id,claim_id\nL-3,C-405\n");
        let before = world.everything().await;
        let report = world.import(&files, ImportMode::Store).await;
        let rejected: Vec<_> = report.rejections.iter().map(|it| (it.line, it.found.as_str())).collect();
        assert_eq!(rejected, [(2, "\"C-405\""), (1202, "\"C-404\"")], "in the order of the files");
        assert_eq!(world.everything().await, before);
    }

    async fn a_claim_whose_program_is_unknown_is_taken(world in World) {
        let world = Importing::into(world);
        let claims = "claim_id,program_id,status\nC-1,P-404,editing\n";
        let files = ImportFiles { claims: world.file("claims.csv", claims), ..ImportFiles::default() };
        assert_eq!(world.import(&files, ImportMode::Store).await.counts.claims, counts(1, 0, 0));
    }

    async fn local_times_are_stored_as_instants_of_the_zone_that_is_named(world in World) {
        let world = Importing::into(world);
        let claims = "claim_id,status,submitted_at\nC-1,submitted,2026-07-01T10:00:00\n";
        let files = ImportFiles { claims: world.file("claims.csv", claims), ..ImportFiles::default() };
        let refused = world.import(&files, ImportMode::Store).await;
        assert!(refused.complaint().is_some_and(|complaint| complaint.contains("--time-zone")));
        let zone = Zone::named("Europe/Paris").expect("a zone");
        let report = import(&*world.store, &files, Some(&zone), ImportMode::Store, &mut |_| {}).await.expect("an import");
        assert!(report.counts.stored);
        assert_eq!(world.sql("SELECT submitted_at FROM claims").await, [["2026-07-01T08:00:00.000000Z"]]);
    }

    async fn a_missing_file_stops_the_import_before_it_begins(world in World) {
        let world = Importing::into(world);
        let files = ImportFiles { history: Some(world.folder.path().join("none.csv")), ..world.files() };
        let failed = import(&*world.store, &files, None, ImportMode::Store, &mut |_| {}).await;
        assert!(matches!(failed, Err(ImportError::Open { .. })), "{failed:?}");
        assert!(world.everything().await.is_empty());
    }

    async fn a_file_that_changes_after_it_was_checked_is_not_stored(world in World) {
        let world = Importing::into(world);
        let mut claims = String::from("claim_id,status\n");
        (0..2500).for_each(|n| writeln!(claims, "C-{n},editing").expect("text"));
        let files = ImportFiles { claims: world.file("claims.csv", &claims), ..ImportFiles::default() };
        let mut change = |progress: Progress| {
            if progress.stage == Stage::Checking {
                world.file("claims.csv", &claims.replacen("editing", "mislaid", 1));
            }
        };
        let report = import(&*world.store, &files, None, ImportMode::Store, &mut change).await.expect("an import");
        assert_eq!((report.rejected_total, report.rejections[0].line), (1, 2));
        assert!(world.everything().await.is_empty());
    }

    async fn progress_is_told_by_bytes_in_both_stages(world in World) {
        let world = Importing::into(world);
        let mut claims = String::from("claim_id,status\n");
        (0..2500).for_each(|n| writeln!(claims, "C-{n},editing").expect("text"));
        let bytes = claims.len() as u64;
        let files = ImportFiles { claims: world.file("claims.csv", &claims), ..ImportFiles::default() };
        let mut told = Vec::new();
        let mut tell = |progress: Progress| told.push(progress);
        import(&*world.store, &files, None, ImportMode::Store, &mut tell).await.expect("an import");
        let stages: Vec<_> = told.iter().map(|progress| progress.stage).collect();
        assert_eq!(stages, [Stage::Checking, Stage::Checking, Stage::Storing, Stage::Storing]);
        assert!(
            told.iter().all(|progress| progress.of_bytes == bytes && (1..=bytes).contains(&progress.bytes)),
            "{told:?}"
        );
        assert!(told[0].bytes < told[1].bytes);
    }

    async fn the_samples_can_be_imported_and_scanned_twice(world in World) {
        let world = Importing::into(world);
        let now = "2026-11-23T09:00:00Z";
        let mut rows = sample_claims(at(now), &paris(), &paris()).into_iter().map(Some);
        let counts = world.store.import(&mut rows, ImportMode::Store).await.expect("an import");
        assert_eq!((counts.programs.new, counts.claims.new), (3, 44));
        let first = world.scan(now).await;
        assert!(first.opened > 0 && first.data_problems == 1, "{first:?}");
        assert_eq!(world.scan(now).await.opened, 0);
    }
}
