//! What an upgrade of the system's zone data does to deadlines that are open.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Desk, Told};
use crate::world::claim;

const PARIS: &str = "[calendars.fr]\ntime_zone = \"Europe/Paris\"\n";

/// A folder of zone data of that version, in which Paris keeps the time of `place`.
fn zone_data(desk: &Desk, version: &str, place: &str) -> PathBuf {
    let folder = desk.path(version);
    fs::create_dir_all(folder.join("Europe")).expect("a folder");
    let system = std::env::var_os("TZDIR").map_or_else(|| PathBuf::from("/usr/share/zoneinfo"), PathBuf::from);
    for (from, to) in [(place, "Europe/Paris"), ("UTC", "UTC")] {
        fs::copy(system.join(from), folder.join(to)).expect("the system's zone data");
    }
    fs::write(folder.join("tzdata.zi"), format!("# version {version}\n")).expect("a version");
    folder
}

fn scan(desk: &Desk, zone_data: &Path, at: &str) -> Told {
    Told::by(desk.command(&["scan", "--at", at, "--json"]).env("TZDIR", zone_data)).done()
}

#[tokio::test]
async fn newer_zone_data_moves_open_deadlines_and_the_event_says_so() {
    let desk = Desk::with_database(PARIS).await;
    desk.put(claim("C-1", "submitted").on("submitted_at", "2026-11-09T10:00:00Z")).await;
    let (before, after) = (zone_data(&desk, "2026x", "Europe/Paris"), zone_data(&desk, "2026y", "Europe/London"));
    assert_eq!(scan(&desk, &before, "2026-11-16T09:00:00Z").json()["opened"], 1);
    assert_eq!(scan(&desk, &before, "2026-11-16T09:05:00Z").json()["opened"], 0);
    let moved = "SELECT json_extract(detail, '$.previous_due_at'), json_extract(detail, '$.due_at'), \
                 json_extract(detail, '$.changed[0]'), json_extract(detail, '$.changed[1]') \
                 FROM sla_alert_events WHERE kind = 'moved'";
    assert_eq!(desk.sql(moved).await, [[""; 4]; 0]);
    scan(&desk, &after, "2026-11-16T09:10:00Z");
    let changed = "zone data: 2026x (system), now 2026y (system)";
    assert_eq!(desk.sql(moved).await, [["2026-11-11T23:00:00Z", "2026-11-12T00:00:00Z", changed, "null"]]);
}
