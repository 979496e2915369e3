//! `claimwatch diff`.

use serde_json::{Value, json};

use super::{DATABASE, Desk, Told};
use crate::world::claim;

const NOW: &str = "2024-06-10T09:00:00Z";

/// Two late reviews, of which one would not be late with a longer target, as `new.toml` has it; scanned at [`NOW`].
async fn desk() -> Desk {
    let desk = Desk::with_database("").await;
    desk.put(claim("C-1", "submitted").on("submitted_at", "2024-06-03T10:00:00Z")).await;
    desk.put(claim("C-2", "submitted").on("submitted_at", "2024-06-05T10:00:00Z")).await;
    desk.run(&["scan", "--at", NOW]).done();
    desk.file("new.toml", format!("{DATABASE}[rules.review]\ntarget = \"4 business days\"\n"));
    desk
}

#[tokio::test]
async fn a_comparison_has_the_shape_of_the_contract() {
    let desk = desk().await;
    let mut found = desk.run(&["diff", "--config", "new.toml", "--at", NOW, "--json"]).done().json();
    let mut scan = |by: &str| found[by].as_object_mut().expect("an outcome").remove("scan").expect("a scan");
    let (present, new) = (scan("present"), scan("new"));
    assert_eq!(
        (&present["dry_run"], &present["resolved"]["withdrawn"], &new["resolved"]["withdrawn"]),
        (&json!(true), &json!(0), &json!(1))
    );
    let none = json!({"at_risk": 0, "breached": 0});
    let clock = |id: &str, start: &str, present: Value, new: Value| json!({"claim_id": id, "payment_id": null, "clock_started_at": start, "present": present, "new": new});
    let side = |due_at: &str, state: Option<&str>| json!({"due_at": due_at, "calendar": "default", "state": state});
    let late = Some("breached");
    let second =
        clock("C-2", "2024-06-05T10:00:00Z", side("2024-06-08T00:00:00Z", late), side("2024-06-12T00:00:00Z", None));
    let first =
        clock("C-1", "2024-06-03T10:00:00Z", side("2024-06-06T00:00:00Z", late), side("2024-06-08T00:00:00Z", late));
    let expected = json!({
        "at": "2024-06-10T09:00:00Z",
        "settings": [{"setting": "rules.review.target", "present": "2 business days", "new": "4 business days"}],
        "present": {"send_at": "2024-06-10T09:00:00Z", "messages": []},
        "new": {"send_at": "2024-06-10T09:00:00Z", "messages": []},
        "programs": [{
            "rule": "review", "program": "P-1", "clocks": 2, "calendar": null,
            "deadlines": {"earlier": 0, "later": 2, "watched": 0, "unwatched": 0},
            "alerts": {"raised": none, "withdrawn": {"at_risk": 0, "breached": 1}, "to_breached": 0, "to_at_risk": 0},
            "told": {"present": 0, "new": 0}, "messages": {"present": 0, "new": 0},
            "examples": {"later": [second, first], "withdrawn": [second]},
        }],
    });
    assert_eq!(found, expected);
}

#[tokio::test]
async fn nothing_is_written_whatever_would_change() {
    let desk = desk().await;
    let before = desk.everything().await;
    for new in ["[rules.review]\ntarget = \"1 business day\"\n", "[rules.review]\nenabled = false\n", ""] {
        desk.file("new.toml", format!("{DATABASE}{new}"));
        desk.run(&["diff", "--config", "new.toml", "--at", "2024-07-01T09:00:00Z"]).done();
    }
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn a_database_that_is_not_there_or_not_of_this_version_is_left_alone() {
    let desk = Desk::with("");
    desk.run(&["diff", "--config", "claimwatch.toml"]).refused(1, &["sqlite:claims.db: there is no database yet"]);
    assert!(!desk.path("claims.db").exists());
    std::fs::write(desk.path("claims.db"), "").expect("an empty file");
    desk.run(&["diff", "--config", "claimwatch.toml"]).refused(1, &["claimwatch migrate"]);
    assert_eq!(desk.sql("SELECT count(*) FROM sqlite_schema").await, [["0"]]);
}

#[tokio::test]
async fn a_person_reads_what_changes_and_for_whom() {
    let desk = desk().await;
    let told = desk.run(&["diff", "--config", "new.toml", "--at", NOW]).done();
    told.says(&[
        "a scan at 2024-06-10 09:00:00Z by new.toml instead of claimwatch.toml; nothing was changed\n",
        "rules.review.target  2 business days  4 business days\n",
        "review  P-1                2       2 later    1 withdrawn  0\n",
        "messages due: 0, the same by both\n",
        "deadlines that would be later:\n",
        "alerts that would be withdrawn:\n",
        "review  C-2             2024-06-08 00:00:00Z default breached  2024-06-12 00:00:00Z default\n",
    ]);
    desk.run(&["diff", "--config", "claimwatch.toml", "--at", NOW]).done().says(&["nothing would change\n"]);
    desk.file("new.toml", format!("{DATABASE}[rules.payment]\ntarget = \"4 business days\"\n"));
    desk.run(&["diff", "--config", "new.toml"]).done().says(&["no deadline, alert or message would change\n"]);
}

#[tokio::test]
async fn a_mistake_that_would_tell_of_everything_is_seen_before() {
    let desk = desk().await;
    desk.sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 900) \
         INSERT INTO claims (claim_id, program_id, status, disputed_at) \
         SELECT 'D-' || n, 'P-1', 'disputed', '2024-06-06T10:00:00.000000Z' FROM n",
    )
    .await;
    let levels = "[[escalation.levels]]\nto = [\"lead@example.com\"]\n[escalation]\nsend_hours = \"08:00-09:00\"\n";
    desk.file("new.toml", format!("{DATABASE}[rules.dispute]\ntarget = \"1 business day\"\n{levels}"));
    desk.run(&["diff", "--config", "new.toml", "--at", NOW, "--examples", "1"]).done().says(&[
        "dispute  P-1                900     900 earlier  900 raised  0 → 900\n",
        "present: 0 messages due\n",
        "new: 1 message due, when the sending hours open at 2024-06-11 08:00:00Z\n  level 1 to lead@example.com: 900 late\n",
        "escalation.send_hours",
        "dispute  D-1             2024-06-14 00:00:00Z default  2024-06-08 00:00:00Z default breached\n",
    ]);
}

/// A [`Desk`] whose present configuration is not in the usual place.
#[tokio::test]
async fn the_present_configuration_is_named_by_from_or_before_the_command() {
    let desk = desk().await;
    std::fs::rename(desk.path("claimwatch.toml"), desk.path("present.toml")).expect("moved");
    let words = "by new.toml instead of present.toml";
    let args = ["diff", "--config", "new.toml"];
    Told::by(&mut desk.command_with("present.toml", &args)).done().says(&[words]);
    let plain = |args: &[&str]| {
        let mut command = desk.command_with("present.toml", args);
        let mut bare = std::process::Command::new(command.get_program());
        bare.args(args).current_dir(desk.folder.path()).env_clear().env("HOME", desk.path("home"));
        command = bare;
        Told::by(&mut command)
    };
    plain(&["diff", "--config", "new.toml", "--from", "present.toml"]).done().says(&[words]);
    std::fs::rename(desk.path("present.toml"), desk.path("claimwatch.toml")).expect("moved");
    plain(&["diff", "--config", "new.toml"]).done().says(&["by new.toml instead of claimwatch.toml"]);
}

#[tokio::test]
async fn what_is_wrong_with_the_new_configuration_is_said_with_its_place() {
    let desk = desk().await;
    desk.file("new.toml", "[rules.review]\ntargit = \"2 days\"\n");
    desk.run(&["diff", "--config", "new.toml"])
        .refused(2, &["claimwatch: new.toml:2:1: rules.review.targit: unknown key; did you mean \"target\"?"]);
    desk.run(&["diff", "--config", "none.toml"]).refused(2, &["none.toml: no such file"]);
    desk.run(&["diff"]).refused(2, &["--config <FILE>"]);
}

#[tokio::test]
async fn what_the_comparison_leaves_out_is_said() {
    let desk = desk().await;
    desk.file("new.toml", "[database]\nurl = \"sqlite:other.db\"\n[source]\nhistory = \"\"\n");
    let told = desk.run(&["diff", "--config", "new.toml"]);
    assert_eq!((told.code, told.out.as_str()), (0, "nothing would change\n"));
    told.complains(&[
        "new.toml names another database, sqlite:other.db; looked at is sqlite:claims.db\n",
        "[source] of new.toml differs, which is left out: claims are read as claimwatch.toml says\n",
    ]);
    assert!(!desk.path("other.db").exists());
    desk.configure(&format!("{DATABASE}[rules.review]\ntarget = \"3 business days\"\n"));
    desk.run(&["diff", "--config", "claimwatch.toml"])
        .complains(&["the last scan decided by other settings than claimwatch.toml: what these change is left out\n"]);
}
