//! The company's work goes on meanwhile: claims are filed, most of them late by one rule or another, and some are settled.

use std::collections::BTreeSet;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::DEADLINE;
use crate::chance::Chance;
use crate::mails::Clock;
use crate::postgres::rows_of;

/// What settles a claim or a line that has an alert, by each rule.
const SETTLED: [&str; 4] = [
    "UPDATE claims SET status = 'rejected', reviewed_at = clock_timestamp() WHERE claim_id IN ({})",
    "UPDATE claims SET status = 'rejected', dispute_resolved_at = clock_timestamp() WHERE claim_id IN ({})",
    "UPDATE claim_payments SET paid_at = clock_timestamp() WHERE payment_id IN ({})",
    "UPDATE claims SET paid_at = clock_timestamp() WHERE claim_id IN ({})",
];
const RULES: [(&str, &str); 4] =
    [("review", "claim_id"), ("dispute", "claim_id"), ("payment", "payment_id"), ("tax_invoice_payment", "claim_id")];

/// Claims that were filed, and the clocks of theirs that are late.
pub struct Claims {
    url: String,
    chance: Chance,
    filed: u32,
    pub late: BTreeSet<Clock>,
}

impl Claims {
    pub async fn new(url: &str, chance: Chance) -> Self {
        let claims = Self { url: url.to_owned(), chance, filed: 0, late: BTreeSet::new() };
        claims
            .sql("INSERT INTO programs (program_id, requires_tax_invoice) VALUES ('P-1', false), ('P-2', true)")
            .await;
        claims
    }

    /// Files and settles claims until `stop`.
    pub async fn go_on(mut self, stop: CancellationToken) -> Self {
        while !stop.is_cancelled() {
            let count = self.chance.number(5, 25);
            self.file(count).await;
            if self.chance.number(1, 3) == 1 {
                self.settle().await;
            }
            sleep(self.chance.milliseconds(100, 500)).await;
        }
        self
    }

    /// Does what may be done twice, as often as it takes.
    async fn sql(&self, statements: &str) {
        let end = Instant::now() + DEADLINE;
        while let Err(error) = rows_of(&self.url, statements).await {
            assert!(Instant::now() < end, "{statements}: {error}");
            sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    pub async fn file(&mut self, count: u32) {
        let (mut claims, mut lines) = (Vec::new(), Vec::new());
        for n in self.filed..self.filed + count {
            let id = format!("C-{n:06}");
            let mut is_late = |rule: &str, line: Option<&str>| {
                self.late.insert((rule.to_owned(), id.clone(), line.map(str::to_owned)));
            };
            let row = |program: &str, status: &str, [disputed, approved, invoice]: [bool; 3]| {
                let ago = |is: bool| if is { "now() - interval '200 days'" } else { "NULL" };
                let started = [true, disputed, approved, invoice].map(ago).join(", ");
                format!("('{id}', '{program}', '{status}', {started}, 10.00, 'EUR')")
            };
            claims.push(match n % 5 {
                0 => {
                    is_late("review", None);
                    row("P-1", "submitted", [false; 3])
                }
                1 => {
                    is_late("dispute", None);
                    row("P-1", "disputed", [true, false, false])
                }
                2 => {
                    for line in ["A", "B"] {
                        let line = format!("{id}-{line}");
                        is_late("payment", Some(&line));
                        lines.push(format!("('{line}', '{id}', 5.00, 'USD')"));
                    }
                    row("P-1", "approved", [false, true, false])
                }
                3 => {
                    is_late("tax_invoice_payment", None);
                    row("P-2", "approved", [false, true, true])
                }
                _ => row("P-1", "editing", [false; 3]),
            });
        }
        self.filed += count;
        // One transaction: a claim never shows without its lines.
        let mut statements = format!(
            "INSERT INTO claims (claim_id, program_id, status, submitted_at, disputed_at, approved_at, \
             tax_invoice_approved_at, amount, currency) VALUES {} ON CONFLICT DO NOTHING",
            claims.join(", ")
        );
        if !lines.is_empty() {
            let lines = lines.join(", ");
            statements = format!(
                "{statements}; INSERT INTO claim_payments (payment_id, claim_id, amount, currency) \
                 VALUES {lines} ON CONFLICT DO NOTHING"
            );
        }
        self.sql(&statements).await;
    }

    /// Settles some of what has an alert by now, whether it was told already or not.
    async fn settle(&mut self) {
        let at = usize::try_from(self.chance.number(0, 3)).expect("an index");
        let ((rule, id), count) = (RULES[at], self.chance.number(1, 10));
        let order = self.chance.one_of(&["ASC", "DESC"]);
        let some = format!(
            "SELECT {id} FROM sla_alerts WHERE rule = '{rule}' AND state = 'breached' ORDER BY id {order} LIMIT {count}"
        );
        self.sql(&SETTLED[at].replace("{}", &some)).await;
    }
}
