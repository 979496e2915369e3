//! A world in which everything that may be secret or personal says so: none of it may be in the file.

use super::{On, report, says};
use crate::world::{Engine, claim};

/// Part of every text that may not be in the file.
const MARK: &str = "xq7";

/// The settings, but for the database's; everything in them is all right.
const SETTINGS: &str = "\
[schedule]
time_zone = \"Europe/Paris\"
[calendars]
default = \"xq7calendar\"
[calendars.xq7calendar]
time_zone = \"Europe/Paris\"
holidays = [{ date = \"2026-12-24\", name = \"xq7holiday\" }]
closures = [{ date = \"2026-12-23\", name = \"xq7closure\" }]
[rules.review]
calendar = \"xq7calendar\"
[escalation]
support_url = \"https://xq7support.example.com/xq7path\"
claim_url = \"https://xq7claims.example.com/{claim_id}\"
[[escalation.levels]]
to = [\"Xq7name <xq7local@xq7domain.example>\"]
cc = [\"xq7copy@example.com\"]
webhooks = [\"xq7hook\"]
[[escalation.routes]]
program = \"xq7program*\"
calendar = \"xq7calendar\"
to = [\"xq7route@example.com\"]
[[escalation.routes]]
program = \"xq7program*\"
paying_entity = \"*xq7entity\"
to = [\"xq7never@example.com\"]
[escalation.all_is_well]
to = [\"xq7well@example.com\"]
[mail]
transport = \"smtp\"
from = \"Xq7from <xq7from@example.com>\"
reply_to = \"xq7reply@example.com\"
[mail.smtp]
host = \"xq7mail.invalid\"
username = \"xq7user\"
password = \"xq7password\"
[mail.file]
directory = \"/home/xq7home/outbox\"
[webhooks.xq7hook]
url = \"https://xq7chat.invalid/hooks/xq7token\"
secret = \"whsec_eHE3c2VjcmV0eHE3c2VjcmV0eHE3c2VjcmV0\"
[http]
listen = \"127.0.0.1:9464\"
token = \"xq7httptoken\"
";

/// What follows in the configuration and makes it wrong.
const WRONG: &str = "xq7key = \"xq7value\"\n[xq7table]\nxq7inner = 1\n[rules.xq7rule]\ntarget = \"xq7span\"\n\
    [mail.sendmail]\nprogram = [\"xq7list\"]\nxq7other = true\n";

/// What follows and is no TOML.
const BROKEN: &str = "[xq7table]\nxq7secret = \"xq7unclosed\n";

/// Rows with such texts wherever there is room for one.
async fn fill(on: &On) {
    on.sql("INSERT INTO programs (program_id, name, calendar) VALUES ('xq7program1', 'xq7programname', 'xq7nowhere')")
        .await;
    for (id, status) in [("xq7claim1", "submitted"), ("xq7claim2", "xq7status"), ("xq7claim3", "disputed")] {
        let claim = claim(id, status).with("program_id", "xq7program1").with("partner_name", "xq7partner");
        let claim = claim.with("title", "xq7title").on("submitted_at", "2024-06-03T10:00:00Z");
        on.sql(&claim.statement()).await;
    }
    on.run(&["scan"]).done();
    on.sql(
        "INSERT INTO claim_payments (payment_id, claim_id, paying_entity) VALUES ('xq7line', 'xq7claim1', 'xq7entity'); \
         INSERT INTO claim_history (claim_id, at, note) VALUES ('xq7claim1', '2024-06-03T10:00:00.000000Z', 'xq7note'); \
         UPDATE sla_alerts SET note = 'xq7alertnote', acknowledged_by = 'xq7person'; \
         UPDATE outbox SET state = 'dead', next_attempt_at = NULL, lease_holder = 'xq7holder', reply = 'xq7reply', \
         last_error = 'RCPT TO: 550 5.1.1 <xq7local@xq7domain.example> xq7answer: no xq7mailbox here'; \
         INSERT INTO scans (began_at, settings, deadlines, error) VALUES ('2024-01-01T00:00:00.000000Z', 'xq7', 'xq7', \
         'the database failed: duplicate key (claim_id)=(xq7claim1) at xq7host'); \
         INSERT INTO recipients (address, refusals, refused_at, words, disabled_at) VALUES ('xq7local@xq7domain.example', 3, \
         '2024-01-01T00:00:00.000000Z', '550 xq7words', '2024-01-01T00:00:00.000000Z'); \
         CREATE TABLE xq7table (xq7column text); CREATE INDEX xq7index ON claims (title); \
         CREATE VIEW xq7view AS SELECT * FROM claims",
    )
    .await;
}

#[track_caller]
fn nothing_private(report: &str, more: &[&str]) {
    let lower = report.to_lowercase();
    let found: Vec<&str> = lower.lines().filter(|line| line.contains(MARK)).collect();
    assert!(found.is_empty(), "{found:#?}");
    for text in more.iter().filter(|text| !text.is_empty()) {
        assert!(!report.contains(*text), "{text:?} is in {report}");
    }
    assert!(!report.contains("eHE3c2Vj") && !report.contains("127.0.0.1") && !report.contains("9464"), "{report}");
    assert!(!report.contains('@'), "{report}");
}

async fn nothing_that_may_be_secret_or_personal_is_in_the_file(engine: Engine) {
    let on = On::engine(engine, "").await;
    on.run(&["migrate"]);
    let before = on.settings();
    on.configure(&format!("{before}{SETTINGS}"));
    fill(&on).await;
    // Where the test's own database is.
    let url = on.database.url();
    let name = url.rsplit('/').next().and_then(|name| name.split('?').next()).unwrap_or_default().to_owned();
    let folder = on.path("").display().to_string();
    let more = [folder.trim_end_matches('/'), if engine == Engine::Postgres { &name } else { "" }];

    let whole = report(&on);
    nothing_private(&whole, &more);
    says(
        &whole,
        &[
            "schedule.time_zone: Europe/Paris\n",
            "mail.smtp.password: \"…\" (set)\n",
            "webhooks.(1).secret: \"…\" (set)\n",
            "escalation.routes[1].program: \"…\" (text of ",
            "dead, by mail, with: RCPT TO, 550, 5.1.1: ",
            "FAILED: \"…\" (text of 68 characters, with: the database failed, duplicate key)",
            "recipients: WRONG, \"…\" (text of 26 characters) is disabled since 2024-01-01T00:00:00Z",
            "claims: 3 rows; indexes: ",
            "escalation: doubtful, route 2 (",
        ],
    );
    // In a variable too, and with [source] over a view of such a name.
    on.configure(&format!("{before}[source]\nclaims = \"xq7view\"\n{SETTINGS}"));
    let mut with_variables = on.command(&["doctor", "--output", "-"]);
    with_variables.env("CLAIMWATCH__MAIL__SMTP__PASSWORD", "xq7variable").env("CLAIMWATCH__XQ7__KEY", "xq7value");
    for mut command in [on.command(&["doctor", "--output", "-"]), with_variables] {
        let output = command.output().expect("the program starts");
        assert!(output.status.success());
        nothing_private(&String::from_utf8(output.stdout).expect("text"), &more);
    }
    for (wrong, expected) in [(WRONG, "unknown key"), (BROKEN, "not TOML")] {
        on.configure(&format!("{before}{SETTINGS}{wrong}"));
        let whole = report(&on);
        nothing_private(&whole, &more);
        says(&whole, &["WRONG at line ", expected]);
    }
    // A server that is not there, and a file that is no database.
    for url in ["postgres://xq7role:xq7password@xq7db.invalid:5432/xq7database", "sqlite:/xq7folder/xq7.db"] {
        on.configure(&format!("[database]\nurl = \"{url}\"\n{SETTINGS}"));
        let whole = report(&on);
        nothing_private(&whole, &more);
        says(&whole, &["does not open: \"…\" (text of "]);
    }
}

mod sqlite {
    #[tokio::test]
    async fn nothing_that_may_be_secret_or_personal_is_in_the_file() {
        super::nothing_that_may_be_secret_or_personal_is_in_the_file(super::Engine::Sqlite).await;
    }
}

mod postgres {
    #[tokio::test]
    async fn nothing_that_may_be_secret_or_personal_is_in_the_file() {
        super::nothing_that_may_be_secret_or_personal_is_in_the_file(super::Engine::Postgres).await;
    }
}
