//! Facts as rows of the claims' tables, on either engine.

use rust_decimal::Decimal;

use super::facts::{COLUMNS, Claim, Facts, Line, Program, UNREADABLE};
use crate::world::{Engine, quoted};

impl Facts {
    /// Statements that make the tables say this and nothing else.
    pub fn statements(&self, engine: Engine) -> String {
        let text = |text: Option<&str>| text.map_or("NULL".to_owned(), quoted);
        let instant = |at: &Option<String>| text(at.as_deref().map(|at| instant(at, engine)));
        let begin = match engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        };
        let mut sql = format!("{begin}; DELETE FROM programs; DELETE FROM claims; DELETE FROM claim_payments;");
        for (id, Program { calendar, requires_tax_invoice }) in &self.programs {
            let row = format!("'{id}', {}, {requires_tax_invoice}", text(*calendar));
            sql += &format!("INSERT INTO programs (program_id, calendar, requires_tax_invoice) VALUES ({row});");
        }
        for (id, Claim { program, status, instants, amount }) in &self.claims {
            sql += &format!(
                "INSERT INTO claims (claim_id, program_id, status, amount, currency, {}) VALUES \
                ('{id}', {}, '{status}', '{}', 'EUR', {});",
                COLUMNS.join(", "),
                text(*program),
                number(amount, engine),
                instants.each_ref().map(instant).join(", ")
            );
        }
        for (id, Line { claim, amount, paid_at }) in &self.lines {
            let row = format!("'{id}', '{claim}', '{}', 'USD', {}", number(amount, engine), instant(paid_at));
            sql += &format!(
                "INSERT INTO claim_payments (payment_id, claim_id, amount, currency, paid_at) VALUES ({row});"
            );
        }
        sql + "COMMIT;"
    }
}

/// In place of what the engine refuses, what it keeps and nobody can read either.
fn instant(at: &str, engine: Engine) -> &str {
    let unreadable = UNREADABLE.iter().position(|unreadable| *unreadable == at);
    match (unreadable, engine) {
        (Some(n), Engine::Postgres) => engine.unreadable_instants()[n],
        _ => at,
    }
}

/// The same of amounts; one that is too long is a number nevertheless.
fn number(amount: &'static str, engine: Engine) -> &'static str {
    let kept = amount.parse::<Decimal>().is_ok() || amount.bytes().all(|byte| byte.is_ascii_digit());
    if kept || engine == Engine::Sqlite { amount } else { engine.unreadable_amount() }
}
