//! `claimwatch routes`: who is told of a claim, at which level, and why.

use clap::Subcommand;
use serde::Serialize;
use uuid::Uuid;

use super::Failure;
use super::alerts::known_rule;
use super::output::{json, say, table};
use crate::alert;
use crate::app::App;
use crate::claim::{Subject, clean_line};
use crate::escalation::{Mismatch, Pending, Policy, Recipients, Route, addresses, webhook_recipient};
use crate::sla::{self, Clock, Rule, Watches};

#[derive(Debug, Subcommand)]
pub enum RoutesCommand {
    /// List levels and routes, in the order in which they are tried
    List {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Say which route and recipients a claim gets at each level, and why
    Test(TestArgs),
}

#[derive(clap::Args, Debug)]
pub struct TestArgs {
    /// The claim's id
    #[arg(long, value_name = "ID")]
    claim: String,
    /// Only by this rule; else by every rule that is on
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

/// Who gets a level, as `routes list` shows it.
#[derive(Serialize)]
struct Listed {
    level: Option<u32>,
    /// The route's number, from 1; null: a level's own recipients.
    route: Option<usize>,
    conditions: String,
    /// How long after the deadline a level goes out; null: when it is missed, and for routes.
    after: Option<String>,
    /// How often a level is repeated; null: never, and for routes.
    remind_every: Option<String>,
    /// The calendar of the sending hours.
    calendar: String,
    to: Vec<String>,
    cc: Vec<String>,
    webhooks: Vec<String>,
}

/// Who is told of one clock at one level, as `routes test` shows it.
#[derive(Serialize)]
struct Chosen {
    rule: String,
    payment_id: Option<String>,
    level: u32,
    /// The route's number, from 1; null: the level's own recipients.
    route: Option<usize>,
    to: Vec<String>,
    cc: Vec<String>,
    webhooks: Vec<String>,
    /// The calendar of the sending hours.
    calendar: String,
    because: Vec<String>,
}

pub async fn run(command: RoutesCommand, app: &App) -> Result<(), Failure> {
    match command {
        RoutesCommand::List { json } => list(json, app),
        RoutesCommand::Test(args) => test(&args, app).await,
    }
}

fn list(as_json: bool, app: &App) -> Result<(), Failure> {
    let policy = &app.settings.policy;
    let calendar = |route| policy.sending_calendar(&app.settings.calendars, route).name().to_owned();
    let routes = (1..).zip(&policy.routes).map(|(number, route)| Listed {
        level: route.level,
        route: Some(number),
        conditions: route.conditions(),
        after: None,
        remind_every: None,
        calendar: calendar(Some(number - 1)),
        to: addresses(&route.recipients.to),
        cc: addresses(&route.recipients.cc),
        webhooks: route.recipients.webhooks.clone(),
    });
    let levels = (1..).zip(&policy.levels).map(|(number, level)| Listed {
        level: Some(number),
        route: None,
        conditions: "what no route is for".into(),
        after: level.after.map(|after| after.to_string()),
        remind_every: level.remind_every.map(|every| every.to_string()),
        calendar: calendar(None),
        to: addresses(&level.recipients.to),
        cc: addresses(&level.recipients.cc),
        webhooks: level.recipients.webhooks.clone(),
    });
    let all: Vec<Listed> = routes.chain(levels).collect();
    if as_json {
        return json(&all);
    }
    let row = |listed: &Listed| {
        [
            listed.route.map_or_else(|| "-".to_owned(), |number| number.to_string()),
            listed.level.map_or_else(|| "every".to_owned(), |level| level.to_string()),
            described(listed),
            listed.calendar.clone(),
            recipients(&listed.to, &listed.cc, &listed.webhooks),
        ]
    };
    say(&table(["route", "level", "for", "hours of", "recipients"], all.iter().map(row)))
}

/// What a route is for, and when a level goes out.
fn described(listed: &Listed) -> String {
    let Listed { conditions, after, remind_every, .. } = listed;
    if listed.route.is_some() {
        return conditions.clone();
    }
    let when = after
        .as_ref()
        .map_or_else(|| "when the deadline is missed".to_owned(), |after| format!("{after} after the deadline"));
    let again = remind_every.as_ref().map(|every| format!(", again every {every}")).unwrap_or_default();
    format!("{conditions}, {when}{again}")
}

async fn test(args: &TestArgs, app: &App) -> Result<(), Failure> {
    let rules = &app.settings.rules;
    known_rule(args.rule.as_deref(), app)?;
    let subjects = app.store.subjects(&args.claim).await?;
    if subjects.is_empty() {
        let shown = clean_line(&args.claim, 200);
        return Err(Failure::failed(format!("no claim has the id {shown:?}")));
    }
    let asked = |rule: &&Rule| args.rule.as_deref().map_or(rule.enabled, |only| rule.name == only);
    let mut chosen = Vec::new();
    for rule in rules.iter().filter(asked) {
        for subject in subjects.iter().filter(|subject| could_run(rule, subject, app)) {
            let pending = pending(rule, subject, app);
            chosen
                .extend((1..).zip(&app.settings.policy.levels).map(|(level, _)| choose(&pending, level, subject, app)));
        }
    }
    if args.json {
        return json(&chosen);
    }
    let row = |chosen: &Chosen| {
        [
            chosen.rule.clone(),
            chosen.payment_id.as_deref().map(|id| clean_line(id, 40).into_owned()).unwrap_or_default(),
            chosen.level.to_string(),
            recipients(&chosen.to, &chosen.cc, &chosen.webhooks),
            chosen.calendar.clone(),
            chosen.because.join("; "),
        ]
    };
    let head = ["rule", "payment", "level", "recipients", "hours of", "because"];
    say(&table(head, chosen.iter().map(row)))
}

/// Whether a clock of `rule` could run on `subject`, now or at another time.
fn could_run(rule: &Rule, subject: &Subject, app: &App) -> bool {
    let of_claim = rule.watches == Watches::Payments || subject.payment.is_none();
    let rule = Rule { enabled: true, ..rule.clone() };
    of_claim && !matches!(sla::observe(&rule, subject, app.time.now()), Clock::Unwatched(_))
}

/// The clock of `rule` on `subject` as routes look at it, late or not.
fn pending(rule: &Rule, subject: &Subject, app: &App) -> Pending {
    let (amount, currency) = subject.money();
    let now = app.time.now();
    let context = alert::Context { rule, calendars: &app.settings.calendars, now };
    Pending {
        alert_id: Uuid::nil(),
        rule: rule.name.clone(),
        claim_id: subject.claim.claim_id.clone(),
        program_id: subject.claim.program_id.clone(),
        partner_name: subject.claim.partner_name.clone(),
        paying_entity: subject.payment.as_ref().and_then(|line| line.paying_entity.clone()),
        amount,
        currency,
        calendar: context.calendar(subject).name().to_owned(),
        due_at: now,
        inherited_at: None,
        acknowledged: false,
        promised_until: None,
        sent: Vec::new(),
    }
}

fn choose(pending: &Pending, level: u32, subject: &Subject, app: &App) -> Chosen {
    let policy = &app.settings.policy;
    let (route, recipients) = policy.recipients(pending, level);
    let Recipients { to, cc, webhooks } = recipients.cloned().unwrap_or_default();
    Chosen {
        rule: pending.rule.clone(),
        payment_id: subject.payment.as_ref().map(|line| line.payment_id.clone()),
        level,
        route: route.map(|number| number + 1),
        to: addresses(&to),
        cc: addresses(&cc),
        webhooks,
        calendar: policy.sending_calendar(&app.settings.calendars, route).name().to_owned(),
        because: because(policy, pending, level, route),
    }
}

/// Why this route, or none: which were tried before, and on what each failed.
fn because(policy: &Policy, pending: &Pending, level: u32, route: Option<usize>) -> Vec<String> {
    let tried = policy.routes.iter().enumerate().take(route.unwrap_or(policy.routes.len()));
    let mut reasons: Vec<String> = tried
        .filter_map(|(number, tried)| Some(format!("not route {}: {}", number + 1, why_not(tried, pending, level)?)))
        .collect();
    reasons.push(match route {
        Some(number) => format!("route {} fits: {}", number + 1, policy.routes[number].conditions()),
        None => format!("the recipients of level {level}"),
    });
    reasons
}

fn why_not(route: &Route, pending: &Pending, level: u32) -> Option<String> {
    let shown = |text: Option<&str>| text.map_or_else(|| "none".to_owned(), |text| clean_line(text, 60).into_owned());
    Some(match route.mismatch(pending, level)? {
        Mismatch::Level => format!("it is for level {}", route.level.unwrap_or_default()),
        Mismatch::Rule => format!("the rule is {}", pending.rule),
        Mismatch::Program => format!("the program is {}", shown(pending.program_id.as_deref())),
        Mismatch::PayingEntity => format!("the paying entity is {}", shown(pending.paying_entity.as_deref())),
        Mismatch::Currency => {
            let currency = pending.currency.map(|currency| currency.to_string());
            format!("the currency is {}", shown(currency.as_deref()))
        }
        Mismatch::Amount => {
            let amount = pending.amount.map(|amount| amount.to_string());
            format!("the amount is {}", shown(amount.as_deref()))
        }
    })
}

fn recipients(to: &[String], cc: &[String], webhooks: &[String]) -> String {
    let webhooks = webhooks.iter().map(|name| webhook_recipient(name));
    let to = to.iter().cloned().chain(webhooks).collect::<Vec<_>>().join(", ");
    let copies = if cc.is_empty() { String::new() } else { format!(" (cc {})", cc.join(", ")) };
    format!("{to}{copies}")
}
