//! The same desk with the claims in PostgreSQL: what is typed and what comes out differ in where they are alone.

use std::fs;
use std::ops::Deref;

use serde_json::{Value, json};

use super::{DATABASE, Desk};
use crate::world::{Database, Engine, legible};

const NOW: &str = "2024-06-10T09:00:00Z";
const LATER: &str = "2024-06-10T10:00:00Z";

const MORE: &str = "[rules.review]\nwarn = \"1 business day\"\n\
    [[escalation.levels]]\nto = [\"support@example.com\"]\n\
    [mail]\ntransport = \"file\"\n[mail.file]\ndirectory = \"mails\"\n";

const PROGRAMS: &str = "program_id,requires_tax_invoice\nP-1,false\nP-2,true\n";
const CLAIMS: &str = "\
claim_id,program_id,partner_name,status,submitted_at,disputed_at,tax_invoice_approved_at,approved_at,amount,currency
C-1,P-1,Contoso,submitted,2024-06-03T10:00:00Z,,,,100.00,EUR
C-2,P-1,Zażółć,Under review,2024-06-06T10:00:00Z,,,,99999999999999999999.00000001,JPY
C-3,P-1,,disputed,,,,,,
C-4,P-2,Fabrikam,approved,,,2024-04-01T10:00:00Z,2024-03-01T10:00:00Z,5,USD
c-5,P-9,Fabrikam,disputed,,2024-05-06T10:00:00.5Z,,,-0.10,USD
";
const PAYMENTS: &str = "payment_id,claim_id,paying_entity,amount,currency,paid_at\nL-1,C-4,MIOL,2.50,EUR,\n\
    L-2,C-4,MSL,2.5,USD,2024-06-01T10:00:00Z\n";
const HISTORY: &str = "claim_id,at,status,note\nc-5,2024-05-01T10:00:00Z,rejected,\"no proof,\nno money\"\n";
const REVIEWED: &str = "\
claim_id,program_id,status,submitted_at,reviewed_at
C-1,P-1,rejected,2024-06-03T10:00:00Z,2024-06-10T09:30:00Z
";

/// A desk whose database is on the engine.
pub(super) struct On {
    desk: Desk,
    pub database: Database,
}

impl Deref for On {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl On {
    pub async fn engine(engine: Engine, more: &str) -> Self {
        let desk = Desk::with("");
        let database = match engine {
            Engine::Sqlite => Database::Sqlite(desk.path("claims.db")),
            Engine::Postgres => Database::empty(engine, &desk.folder).await,
        };
        let on = Self { desk, database };
        on.configure(&format!("{}{more}", on.settings()));
        on
    }

    /// What the configuration says of the database.
    pub fn settings(&self) -> String {
        match self.database.engine() {
            Engine::Sqlite => DATABASE.to_owned(),
            Engine::Postgres => format!("[database]\nurl = \"{}\"\n", self.database.url()),
        }
    }

    pub async fn sql(&self, statements: &str) -> Vec<Vec<String>> {
        legible(self.database.rows(statements).await.unwrap_or_else(|error| panic!("{statements}: {error}")))
    }

    /// Types all of this, and gives what came out of each command.
    fn day(&self) -> Vec<(String, String)> {
        let files = [("programs", PROGRAMS), ("claims", CLAIMS), ("payments", PAYMENTS), ("history", HISTORY)];
        for (name, text) in files {
            self.file(&format!("{name}.csv"), text);
        }
        self.file("reviewed.csv", REVIEWED);
        let all = "import --programs programs.csv --claims claims.csv --payments payments.csv --history history.csv";
        let commands = [
            all,
            all,
            &format!("scan --at {NOW} --dry-run --json"),
            &format!("scan --at {NOW} --json"),
            "alerts list --json",
            "alerts list --state open --rule review --json",
            "alerts list --claim c-5 --json",
            "import --claims reviewed.csv",
            &format!("scan --at {LATER} --json"),
            &format!("scan --at {LATER}"),
            "alerts list --state resolved",
            "alerts show C-1",
            "alerts show C-4 --json",
            "outbox list --json",
            "outbox deliver",
            "outbox list",
            "explain C-1",
            "diff --config claimwatch.toml",
        ];
        let told = |command: &str| self.run(&command.split(' ').collect::<Vec<_>>());
        let said = |told: super::Told| format!("{} {} {}", told.code, told.out, told.err);
        commands.into_iter().map(|command| (command.to_owned(), alike(&said(told(command))))).collect()
    }
}

/// Without what is another at each run: ids, what time it is, and how long something took.
fn alike(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("took "));
    let lines: Vec<&str> = lines.map(|line| line.split(", as of ").next().unwrap_or_default()).collect();
    let mut text = lines.join("\n");
    while let Some(start) = text.find("\"elapsed_ms\":") {
        let end = text[start..].find(['}', ',']).expect("an end") + start;
        text.replace_range(start..end, "");
    }
    let is_id = |word: &str| word.len() == 36 && uuid::Uuid::try_parse(word).is_ok();
    let words = text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let word = |word: &str| {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_id(bare) { word.replace(bare, "ID") } else { word.to_owned() }
    };
    words.map(word).collect()
}

#[tokio::test]
async fn a_day_at_the_desk_says_the_same_on_either_engine() {
    let (sqlite, postgres) = (On::engine(Engine::Sqlite, MORE).await, On::engine(Engine::Postgres, MORE).await);
    for (one, other) in sqlite.day().into_iter().zip(postgres.day()) {
        assert_eq!(one, other);
        assert!(one.1.starts_with("0 "), "{one:?}");
    }
    let mails = |on: &On| fs::read_dir(on.path("mails")).expect("mails").count();
    assert_eq!((mails(&sqlite), mails(&postgres)), (1, 1));
    for (table, rows) in [("claims", "5"), ("sla_alerts", "4"), ("scans", "3")] {
        for on in [&sqlite, &postgres] {
            assert_eq!(on.sql(&format!("SELECT count(*) FROM {table}")).await, [[rows]], "{table}");
        }
    }
}

#[tokio::test]
async fn without_migration_a_database_without_our_schema_is_refused_and_left_alone() {
    let on = On::engine(Engine::Postgres, "").await;
    on.run(&["--no-migrate", "scan"])
        .refused(1, &["no claimwatch tables in schema \"claimwatch\" yet; run `claimwatch migrate`"]);
    assert_eq!(on.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'claimwatch'").await, [["0"]]);
    for _ in 0..2 {
        let told = on.run(&["migrate"]);
        assert_eq!((told.code, told.out.as_str()), (0, ""));
        told.complains(&["the schema is up to date\n"]);
    }
    on.run(&["--no-migrate", "scan"]).done();
}

#[tokio::test]
async fn claims_that_are_another_schemas_view_are_read_and_a_changed_source_waits_for_its_migration() {
    let on = On::engine(Engine::Postgres, "").await;
    on.run(&["migrate"]);
    on.sql(
        "CREATE SCHEMA theirs; CREATE VIEW theirs.coop_claims AS SELECT * FROM claims WHERE claim_id LIKE 'C-%'; \
         INSERT INTO claims (claim_id, status, disputed_at) VALUES ('C-1', 'disputed', '2024-05-06T10:00:00Z'), \
         ('X-1', 'disputed', '2024-05-06T10:00:00Z')",
    )
    .await;
    on.configure(&format!("{}[source]\nclaims = \"theirs.coop_claims\"\n", on.settings()));
    for args in [&["scan"][..], &["alerts", "list"], &["--no-migrate", "scan"], &["run"]] {
        on.run(args).refused(1, &["found claims = \"theirs.coop_claims\"", "run `claimwatch migrate`"]);
    }
    assert_eq!(on.run(&["migrate"]).code, 0);
    let scan = on.run(&["scan", "--at", NOW, "--json"]).done().json();
    assert_eq!((&scan["opened"], &scan["data_problems"]), (&json!(1), &json!(1)));
    let claims: Vec<Value> = on.alerts(&[]).into_iter().map(|alert| alert["claim_id"].clone()).collect();
    assert_eq!(claims, ["C-1"]);
    on.configure(&format!("{}[source]\nclaims = \"theirs.nothing\"\n", on.settings()));
    on.run(&["migrate"]).refused(1, &["claims: \"theirs.nothing\": found no such table or view"]);
}
