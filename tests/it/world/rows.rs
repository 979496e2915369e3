//! Rows of the claims' tables as someone would insert them: statements that every engine understands.

use super::{World, at};

/// The columns of a claim.
const COLUMNS: [&str; 15] = [
    "claim_id",
    "program_id",
    "partner_name",
    "title",
    "status",
    "submitted_at",
    "reviewed_at",
    "disputed_at",
    "dispute_resolved_at",
    "approved_at",
    "tax_invoice_approved_at",
    "paid_at",
    "amount",
    "currency",
    "updated_at",
];

/// Rows of a statement at most.
const ROWS: usize = 500;

impl World {
    /// Puts a claim into the database, in place of the one with its id.
    pub async fn put(&self, claim: ClaimRow) {
        self.sql(&claim.statement()).await;
    }

    /// Puts many claims into the database, each with the same columns, none of which is there.
    pub async fn put_all(&self, claims: impl IntoIterator<Item = ClaimRow>) {
        let claims: Vec<_> = claims.into_iter().collect();
        for claims in claims.chunks(ROWS) {
            let values: Vec<_> = claims.iter().map(ClaimRow::values).collect();
            self.sql(&format!("INSERT INTO claims ({}) VALUES {}", claims[0].columns(), values.join(", "))).await;
        }
    }

    /// Puts a program into the database, in place of the one with its id.
    pub async fn program(&self, id: &str, calendar: Option<&str>, requires_tax_invoice: bool) {
        let calendar = calendar.map_or("NULL".into(), quoted);
        self.sql(&format!(
            "INSERT INTO programs (program_id, calendar, requires_tax_invoice) \
             VALUES ({}, {calendar}, {requires_tax_invoice}) ON CONFLICT (program_id) \
             DO UPDATE SET calendar = excluded.calendar, requires_tax_invoice = excluded.requires_tax_invoice",
            quoted(id)
        ))
        .await;
    }

    /// Puts a payment line into the database, in place of the one with its id.
    pub async fn line(&self, id: &str, claim: &str, amount: &str, currency: &str, paid_at: Option<&str>) {
        let paid_at = paid_at.map_or("NULL".into(), |text| quoted(stored(text)));
        self.sql(&format!(
            "INSERT INTO claim_payments (payment_id, claim_id, paying_entity, amount, currency, paid_at) \
             VALUES ({}, {}, 'Entity {id}', '{amount}', '{currency}', {paid_at}) ON CONFLICT (payment_id) \
             DO UPDATE SET claim_id = excluded.claim_id, paying_entity = excluded.paying_entity, \
             amount = excluded.amount, currency = excluded.currency, paid_at = excluded.paid_at",
            quoted(id),
            quoted(claim)
        ))
        .await;
    }

    /// Appends to a claim's history: instants and statuses.
    pub async fn history(&self, claim_id: &str, entries: &[(&str, &str)]) {
        for (at, status) in entries {
            let row = [claim_id, &stored(at), status].map(quoted).join(", ");
            self.sql(&format!("INSERT INTO claim_history (claim_id, at, status) VALUES ({row})")).await;
        }
    }
}

/// A claim as someone would insert it.
#[derive(Clone, Debug)]
pub struct ClaimRow(Vec<(&'static str, String)>);

/// A claim of program P-1 in `status`.
pub fn claim(id: &str, status: &str) -> ClaimRow {
    ClaimRow(vec![
        ("claim_id", id.into()),
        ("status", status.into()),
        ("program_id", "P-1".into()),
        ("partner_name", "Contoso".into()),
        ("amount", "100.00".into()),
        ("currency", "EUR".into()),
    ])
}

impl ClaimRow {
    /// The statement that puts it into the database, in place of the one with its id: nothing of that one stays.
    pub fn statement(&self) -> String {
        let others: Vec<_> = COLUMNS[1..].iter().map(|column| format!("{column} = excluded.{column}")).collect();
        format!(
            "INSERT INTO claims ({}) VALUES {} ON CONFLICT (claim_id) DO UPDATE SET {}",
            self.columns(),
            self.values(),
            others.join(", ")
        )
    }

    fn columns(&self) -> String {
        self.0.iter().map(|(column, _)| *column).collect::<Vec<_>>().join(", ")
    }

    fn values(&self) -> String {
        format!("({})", self.0.iter().map(|(_, value)| quoted(value)).collect::<Vec<_>>().join(", "))
    }

    /// Sets an instant column, in the contract's form.
    pub fn on(self, column: &'static str, instant: &str) -> Self {
        let stored = stored(instant);
        self.with(column, &stored)
    }

    /// Sets any column, as it is.
    pub fn with(mut self, column: &'static str, value: &str) -> Self {
        self.0.retain(|(other, _)| *other != column);
        self.0.push((column, value.into()));
        self
    }
}

fn stored(instant: &str) -> String {
    at(instant).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// A text as a literal of either engine, of whatever type its column has.
pub fn quoted(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    if text.contains('\0') {
        // Only SQLite has such texts; its statements end there.
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        return format!("CAST(x'{hex}' AS TEXT)");
    }
    format!("'{}'", text.replace('\'', "''"))
}
