//! Every table that claimwatch owns, column by column. A test holds it against the schemas of both engines
//! (`tests/it/copy.rs`), so that a migration that adds a column has to add it here.

use super::Cell;
use crate::store::relations::FINGERPRINT;

/// A table of ours.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    /// How many columns, from the first on, name a row.
    pub key: usize,
    pub columns: &'static [Column],
    /// How many rows a batch has: fewer where one may hold a whole mail.
    pub batch: usize,
    /// Rows that belong to the database itself, as a condition in SQL; they are not moved.
    pub except: Option<&'static str>,
}

/// A column of a table of ours.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    /// SQLite has it in `sla_alerts` alone, for the row's `alert_id`.
    pub of_alert: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// 32 bits on PostgreSQL.
    Integer,
    /// 64 bits.
    Count,
    Flag,
    Amount,
    Instant,
    Id,
    Json,
    Bytes,
}

impl Kind {
    /// What is expected of such a value, for people.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Text => "text in UTF-8",
            Self::Integer => "an integer of 32 bits",
            Self::Count => "an integer",
            Self::Flag => "true or false",
            Self::Amount => "a plain decimal of up to 28 digits, such as 1234.50",
            Self::Instant => "an instant of the years 1 to 9999, in UTC, such as 2018-06-29T12:00:00.000000Z",
            Self::Id => "an id such as 00000000-0000-0000-0000-000000000000",
            Self::Json => "JSON",
            Self::Bytes => "bytes",
        }
    }
}

const BATCH: usize = 500;
const BATCH_OF_MAILS: usize = 8;

impl Table {
    /// A table whose first column names a row.
    const fn new(name: &'static str, columns: &'static [Column]) -> Self {
        Self { name, key: 1, columns, batch: BATCH, except: None }
    }

    const fn keyed_by(self, key: usize) -> Self {
        Self { key, ..self }
    }

    const fn of_mails(self) -> Self {
        Self { batch: BATCH_OF_MAILS, ..self }
    }

    /// A row as it is named to people: its table and its key.
    #[must_use]
    pub fn row_name(&self, row: &[Cell]) -> String {
        let key = self.columns.iter().zip(row).take(self.key);
        let key: Vec<String> = key.map(|(column, cell)| format!("{} {}", column.name, cell.shown())).collect();
        format!("{}, {}", self.name, key.join(", "))
    }

    /// `WHERE` and the condition for the rows that are moved; empty: all.
    pub(in crate::store) fn moved(&self) -> String {
        self.except.map_or_else(String::new, |except| format!(" WHERE NOT ({except})"))
    }
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, of_alert: false }
}

const fn text(name: &'static str) -> Column {
    column(name, Kind::Text)
}

const fn integer(name: &'static str) -> Column {
    column(name, Kind::Integer)
}

const fn count(name: &'static str) -> Column {
    column(name, Kind::Count)
}

const fn flag(name: &'static str) -> Column {
    column(name, Kind::Flag)
}

const fn amount(name: &'static str) -> Column {
    column(name, Kind::Amount)
}

const fn instant(name: &'static str) -> Column {
    column(name, Kind::Instant)
}

const fn id(name: &'static str) -> Column {
    column(name, Kind::Id)
}

const fn json(name: &'static str) -> Column {
    column(name, Kind::Json)
}

const fn bytes(name: &'static str) -> Column {
    column(name, Kind::Bytes)
}

/// PostgreSQL has the claim beside each alert's id, so that tables can be distributed by it.
const CLAIM_OF_ALERT: Column = Column { name: "claim_id", kind: Kind::Text, of_alert: true };

/// The settings that are each database's own: over which relations its views are, and what its links are sealed with.
const OWN_SETTINGS: &str = "name IN ('source', 'link_key')";
const _: () = assert!(matches!(FINGERPRINT.as_bytes(), b"source"));

/// The tables in which it is written who leads on a database, and in which term.
pub const LEADERSHIP: [&str; 2] = ["leases", "terms"];

/// Tables that stay: who leads on a database and in which term, and which migrations it has, is its own; whoever is signed in signs in anew.
pub const NOT_MOVED: [&str; 5] = ["leases", "terms", "_sqlx_migrations", "schema_versions", "sessions"];

/// The tables, each after those that its rows refer to.
pub static TABLES: [Table; 15] = [
    Table::new(
        "programs",
        &[text("program_id"), text("name"), text("calendar"), flag("requires_tax_invoice"), text("payment_currency")],
    ),
    Table::new(
        "claims",
        &[
            text("claim_id"),
            text("program_id"),
            text("partner_name"),
            text("title"),
            text("status"),
            instant("submitted_at"),
            instant("reviewed_at"),
            instant("disputed_at"),
            instant("dispute_resolved_at"),
            instant("approved_at"),
            instant("tax_invoice_approved_at"),
            instant("paid_at"),
            amount("amount"),
            text("currency"),
            instant("updated_at"),
        ],
    ),
    Table::new(
        "claim_payments",
        &[
            text("payment_id"),
            text("claim_id"),
            text("paying_entity"),
            amount("amount"),
            text("currency"),
            instant("paid_at"),
        ],
    ),
    Table::new("claim_history", &[text("claim_id"), instant("at"), text("status"), text("note")]).keyed_by(2),
    Table::new(
        "sla_alerts",
        &[
            id("id"),
            text("rule"),
            text("claim_id"),
            text("payment_id"),
            text("program_id"),
            text("partner_name"),
            text("claim_status"),
            text("state"),
            text("resolution"),
            instant("clock_started_at"),
            instant("due_at"),
            instant("detected_at"),
            instant("stopped_at"),
            instant("resolved_at"),
            amount("amount"),
            text("currency"),
            text("paying_entity"),
            text("calendar"),
            integer("escalation_level"),
            instant("last_escalated_at"),
            instant("acknowledged_at"),
            text("acknowledged_by"),
            instant("acknowledged_until"),
            text("note"),
            instant("snoozed_until"),
            instant("held_since"),
            instant("inherited_at"),
            instant("backfilled_at"),
            instant("next_escalation_at"),
            json("explanation"),
        ],
    ),
    Table::new(
        "sla_alert_events",
        &[id("alert_id"), integer("seq"), CLAIM_OF_ALERT, instant("at"), text("kind"), text("actor"), json("detail")],
    )
    .keyed_by(2),
    Table::new(
        "data_problems",
        &[
            text("claim_id"),
            text("kind"),
            text("detail"),
            instant("first_seen_at"),
            instant("last_seen_at"),
            instant("resolved_at"),
        ],
    )
    .keyed_by(2),
    Table::new(
        "alert_escalations",
        &[id("alert_id"), integer("level"), CLAIM_OF_ALERT, instant("first_sent_at"), instant("last_sent_at")],
    )
    .keyed_by(2),
    Table::new(
        "outbox_messages",
        &[
            id("id"),
            instant("created_at"),
            integer("level"),
            integer("alerts"),
            json("facts"),
            text("thread"),
            id("first_message"),
            instant("rendered_at"),
            text("message_id"),
            text("subject"),
            bytes("bytes"),
            text("about"),
        ],
    )
    .of_mails(),
    Table::new(
        "outbox",
        &[
            id("id"),
            id("message"),
            text("recipient"),
            text("state"),
            integer("attempts"),
            instant("next_attempt_at"),
            text("lease_holder"),
            instant("leased_until"),
            text("last_error"),
            flag("perhaps_delivered"),
            text("own_subject"),
            bytes("own_bytes"),
            text("own_about"),
            instant("sent_at"),
            text("reply"),
            id("folded_into"),
        ],
    )
    .of_mails(),
    Table::new("threads", &[text("name"), id("first_message"), instant("told_at")]),
    Table::new(
        "recipients",
        &[
            text("address"),
            integer("refusals"),
            instant("refused_at"),
            text("words"),
            instant("disabled_at"),
            instant("told_at"),
        ],
    ),
    Table::new(
        "silences",
        &[
            id("id"),
            text("rule"),
            text("program"),
            text("partner"),
            text("entity"),
            text("claim"),
            text("author"),
            text("reason"),
            instant("created_at"),
            instant("ends_at"),
            instant("expired_at"),
            text("expired_by"),
        ],
    ),
    Table::new(
        "scans",
        &[
            count("id"),
            instant("began_at"),
            instant("scheduled_for"),
            instant("finished_at"),
            text("settings"),
            text("deadlines"),
            count("opened"),
            count("warned"),
            count("met"),
            count("late"),
            count("restarted"),
            count("withdrawn"),
            count("messages"),
            count("data_problems"),
            text("opening"),
            text("error"),
        ],
    ),
    Table { except: Some(OWN_SETTINGS), ..Table::new("settings", &[text("name"), text("value")]) },
];
