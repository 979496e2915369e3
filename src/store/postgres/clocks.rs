//! A rule as SQL: which rows its clocks run on. The texts are made from the rule's statuses and columns alone, all of
//! them names of ours; every value is bound.
//!
//! A payment rule's clocks are in three places, each with its own index: claims without payment lines, lines that were
//! never paid, and lines whose `paid_at` is left over from an earlier round.

use crate::claim::{Moment, Status};
use crate::sla::{Rule, TaxInvoice, Watches};

/// Columns of a subject, as [`super::rows::subject`] reads them; long texts are cut before they leave the database.
pub(super) const COLUMNS: &str = "c.claim_id, c.program_id, left(c.partner_name, 1000) AS partner_name, \
    left(c.status, 1000) AS status, c.submitted_at, c.reviewed_at, c.disputed_at, c.dispute_resolved_at, \
    c.approved_at, c.tax_invoice_approved_at, c.paid_at, c.updated_at, left(c.amount::text, 1000) AS amount, c.currency, \
    p.program_id AS p_program_id, p.calendar AS p_calendar, p.requires_tax_invoice AS p_requires_tax_invoice, \
    p.payment_currency AS p_payment_currency";

/// The columns of a payment line beside them.
pub(super) const LINE: &str = "l.payment_id AS l_payment_id, l.paying_entity AS l_paying_entity, \
    left(l.amount::text, 1000) AS l_amount, l.currency AS l_currency, l.paid_at AS l_paid_at";
const NO_LINE: &str = "NULL::text AS l_payment_id, NULL::text AS l_paying_entity, NULL::text AS l_amount, \
    NULL::text AS l_currency, NULL::timestamptz AS l_paid_at, false AS has_payments";

/// The status as it is compared. It stands here and in the indexes, and in no view: what a view computes, an index over
/// its table does not serve.
const STATUS_KEY: &str = "lower(replace(replace(replace(c.status, ' ', ''), '-', ''), '_', ''))";

/// Where clocks of a rule are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Claims, watched themselves.
    Claims,
    /// Payment lines that were never paid.
    OpenLines,
    /// Payment lines paid before the clock's start, or at an instant that cannot be read.
    LeftOverLines,
}

impl Part {
    /// The parts of `rule`, in the order in which they are read.
    pub fn of(rule: &Rule) -> &'static [Self] {
        match rule.watches {
            Watches::Claim => &[Self::Claims],
            Watches::Payments => &[Self::Claims, Self::OpenLines, Self::LeftOverLines],
        }
    }

    /// What a subject's payment line is.
    pub fn line_columns(self) -> String {
        match self {
            Self::Claims => NO_LINE.into(),
            Self::OpenLines | Self::LeftOverLines => format!("{LINE}, true AS has_payments"),
        }
    }

    /// The line that a clock of this part is on.
    pub fn line(self) -> &'static str {
        if self == Self::Claims { "NULL::text" } else { "l.payment_id" }
    }

    /// Whether alert `a` is about the clock's line, or about the claim itself.
    pub fn is_of_line(self) -> &'static str {
        if self == Self::Claims { "a.payment_id IS NULL" } else { "a.payment_id = l.payment_id" }
    }
}

/// `FROM … WHERE …`: the rows of `part` on which a clock of `rule` runs, but for what is asked of its start.
pub(super) fn running(rule: &Rule, part: Part) -> String {
    let from = match part {
        Part::Claims => "source_claims c",
        Part::OpenLines | Part::LeftOverLines => "source_payments l JOIN source_claims c ON c.claim_id = l.claim_id",
    };
    let start = rule.starts_at.column();
    let unpaid = match (rule.watches, part) {
        (Watches::Claim, _) => String::new(),
        (Watches::Payments, Part::Claims) => format!(" AND {} AND {WITHOUT_LINES}", claim_unpaid(rule)),
        (Watches::Payments, Part::OpenLines) => " AND l.paid_at IS NULL".into(),
        (Watches::Payments, Part::LeftOverLines) => {
            format!(" AND l.paid_at IS NOT NULL AND ({})", left_over("l.paid_at", &format!("c.{start}")))
        }
    };
    format!(
        "FROM {from} LEFT JOIN source_programs p ON p.program_id = c.program_id WHERE {}{unpaid}{}",
        in_status(rule),
        tax_invoice(rule)
    )
}

/// `FROM … WHERE …`: the claims on which a clock of `rule` runs that has a start, whatever their program or lines.
pub(super) fn begun(rule: &Rule) -> String {
    let start = format!("c.{}", rule.starts_at.column());
    let unpaid = match rule.watches {
        Watches::Claim => String::new(),
        Watches::Payments => format!(" AND {}", claim_unpaid(rule)),
    };
    format!(
        "FROM source_claims c WHERE {}{unpaid} AND {start} IS NOT NULL AND {}",
        in_status(rule),
        readable_instant(&start)
    )
}

/// `FROM … WHERE …`: the rows of `part` whose own stop column says that a clock of `rule` stopped, not before its start.
pub(super) fn stopped(rule: &Rule, part: Part) -> String {
    let (start, stop) = (format!("c.{}", rule.starts_at.column()), stop_column(rule, part));
    let (from, lines) = match (part, rule.watches) {
        (Part::Claims, Watches::Claim) => ("source_claims c", String::new()),
        (Part::Claims, Watches::Payments) => ("source_claims c", format!(" AND {WITHOUT_LINES}")),
        _ => ("source_payments l JOIN source_claims c ON c.claim_id = l.claim_id", String::new()),
    };
    format!(
        "FROM {from} LEFT JOIN source_programs p ON p.program_id = c.program_id \
         WHERE {stop} IS NOT NULL AND {start} <= {stop} AND NOT ({}){lines}{}",
        unreadable_instant(&start),
        tax_invoice(rule)
    )
}

/// The parts in which stopped clocks are looked for: a paid line is in one place.
pub(super) fn stopped_parts(rule: &Rule) -> &'static [Part] {
    match rule.watches {
        Watches::Claim => &[Part::Claims],
        Watches::Payments => &[Part::Claims, Part::OpenLines],
    }
}

/// The column that says when a clock stopped.
pub(super) fn stop_column(rule: &Rule, part: Part) -> String {
    match part {
        Part::Claims => format!("c.{}", rule.stops_at.column()),
        Part::OpenLines | Part::LeftOverLines => "l.paid_at".into(),
    }
}

/// `FROM … WHERE …`: which of the clocks `asked` (`$1` ids, `$2` claims, `$3` lines, `$4` starts) stand in the source and may
/// come up again: they run, whatever the program says, or their own stop is not before `$5`.
pub(super) fn may_come_up(rule: &Rule, part: Part) -> String {
    let (start, stop) = (format!("c.{}", rule.starts_at.column()), stop_column(rule, part));
    let (line, unpaid) = match (part, rule.watches) {
        (Part::Claims, Watches::Claim) => ("", String::new()),
        (Part::Claims, Watches::Payments) => ("", format!(" AND {} AND {WITHOUT_LINES}", claim_unpaid(rule))),
        _ => (
            "JOIN source_payments l ON l.payment_id = asked.payment_id AND l.claim_id = asked.claim_id ",
            format!(" AND (l.paid_at IS NULL OR {})", left_over("l.paid_at", &start)),
        ),
    };
    // Named a second time, as a list: what reaches a table of another server only as a join reads all of it.
    format!(
        "FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS asked (id, claim_id, payment_id, started) \
         JOIN source_claims c ON c.claim_id = asked.claim_id AND {start} = asked.started {line}\
         WHERE c.claim_id = ANY ($2) AND ({}{unpaid} OR {stop} >= $5)",
        in_status(rule)
    )
}

/// Whether the clock of alert `a` plainly runs on as recorded: nothing about it needs a second look. Never null; `$2` is
/// the calendar of programs that name none, `$3` that of programs that are not there.
pub(super) fn runs_on(rule: &Rule) -> String {
    let start = format!("c.{}", rule.starts_at.column());
    let unpaid = match rule.watches {
        Watches::Claim => String::new(),
        Watches::Payments => format!(
            " AND CASE WHEN a.payment_id IS NULL THEN {} AND {WITHOUT_LINES} \
             ELSE l.payment_id IS NOT NULL AND (l.paid_at IS NULL OR {}) END",
            claim_unpaid(rule),
            left_over("l.paid_at", &start)
        ),
    };
    format!(
        "coalesce({} AND a.clock_started_at = {start} AND a.calendar = CASE WHEN p.program_id IS NULL THEN $3 \
         ELSE coalesce(nullif(p.calendar, ''), $2) END{unpaid}{}, false)",
        in_status(rule),
        tax_invoice(rule)
    )
}

/// `OR …`: what of program `p` and of the lines of claim `s` keeps a clock of `rule` from running on the claim itself.
pub(super) fn not_admitted(rule: &Rule) -> String {
    let program = match rule.tax_invoice {
        TaxInvoice::Any => "",
        TaxInvoice::NotRequired => " OR coalesce(p.requires_tax_invoice, false)",
        TaxInvoice::Required => " OR NOT coalesce(p.requires_tax_invoice, false)",
    };
    match rule.watches {
        Watches::Claim => program.to_owned(),
        Watches::Payments => {
            format!("{program} OR EXISTS (SELECT FROM source_payments l WHERE l.claim_id = s.claim_id)")
        }
    }
}

/// Whether a stop, not null, belongs to an earlier round, or is no instant.
fn left_over(stop: &str, start: &str) -> String {
    format!("{stop} < {start} OR {}", unreadable_instant(stop))
}

pub(super) fn in_status(rule: &Rule) -> String {
    format!("{STATUS_KEY} IN ({})", status_keys(&rule.runs_while))
}

fn status_keys(statuses: &[Status]) -> String {
    let keys: Vec<String> = statuses.iter().map(|status| format!("'{}'", status.key())).collect();
    keys.join(", ")
}

/// Whether claim `c` has a status that we do not know; the same list as in the index.
pub(super) fn unknown_status() -> String {
    format!("({STATUS_KEY} NOT IN ({}) OR c.status IS NULL)", status_keys(&Status::ALL))
}

pub(super) fn claim_unpaid(rule: &Rule) -> String {
    let (start, stop) = (format!("c.{}", rule.starts_at.column()), format!("c.{}", rule.stops_at.column()));
    format!("({stop} IS NULL OR {})", left_over(&stop, &start))
}

const WITHOUT_LINES: &str = "NOT EXISTS (SELECT FROM source_payments other WHERE other.claim_id = c.claim_id)";

fn tax_invoice(rule: &Rule) -> &'static str {
    match rule.tax_invoice {
        TaxInvoice::Any => "",
        TaxInvoice::NotRequired => " AND NOT coalesce(p.requires_tax_invoice, false)",
        TaxInvoice::Required => " AND coalesce(p.requires_tax_invoice, false)",
    }
}

/// Claims `c` that may have an instant or amount that cannot be read; the same conditions as in the index.
pub(super) fn unreadable_claim() -> String {
    let instants = Moment::ALL.map(|moment| unreadable_instant(&format!("c.{}", moment.column())));
    format!("{} OR {}", instants.join(" OR "), unreadable_money("c"))
}

/// Payment lines `l` that may have an instant or amount that cannot be read.
pub(super) fn unreadable_payment() -> String {
    format!("{} OR {}", unreadable_instant("l.paid_at"), unreadable_money("l"))
}

/// Infinity, or a year that no calendar here counts.
pub(super) fn unreadable_instant(column: &str) -> String {
    format!("{column} < '0001-01-01 00:00:00+00' OR {column} >= '10000-01-01 00:00:00+00'")
}

/// The opposite, of a column that is not null, as a range of an index.
fn readable_instant(column: &str) -> String {
    format!("{column} >= '0001-01-01 00:00:00+00' AND {column} < '10000-01-01 00:00:00+00'")
}

fn unreadable_money(table: &str) -> String {
    format!(
        "{table}.amount NOT BETWEEN -1e28 AND 1e28 OR scale({table}.amount) > 28 \
         OR abs({table}.amount) * power(10::numeric, scale({table}.amount)::numeric) >= 1e28 OR {table}.currency !~ '^[A-Za-z]{{3}}$'"
    )
}
