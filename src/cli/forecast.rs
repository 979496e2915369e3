//! `claimwatch forecast`: what is coming.

use clap::Args;

use super::Failure;
use super::output::{counted, json, say, table};
use crate::app::App;
use crate::claim::clean_line;
use crate::report::{DayAhead, Due, Forecast, Outlook, forecast};
use crate::wording::{Language, Words};

#[derive(Args, Debug)]
pub struct ForecastArgs {
    /// How many business days of the default calendar, today included
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// The longest name in a table.
const WIDE: usize = 32;

pub async fn run(args: &ForecastArgs, app: &App) -> Result<(), Failure> {
    let plan = app.plan()?;
    let outlook = Outlook { days: args.days, rules: &plan.rules, calendars: &plan.calendars, now: app.time.now() };
    let forecast = forecast(&mut *app.store.snapshot().await?, &outlook, &|| {}).await?;
    if args.json { json(&forecast) } else { say(&text(&forecast)) }
}

fn text(forecast: &Forecast) -> String {
    let at = super::alerts::utc(forecast.at);
    let mut parts = vec![format!("what falls due from {} to {}, as of {at}", forecast.from, forecast.to)];
    let mut rows: Vec<[String; 6]> = rows("overdue", &forecast.overdue);
    rows.extend(forecast.days.iter().flat_map(day_rows));
    parts.push(table(["at the end of", "rule", "program", "clocks", "late on form", "money"], rows));
    let mut lines = Vec::new();
    if !forecast.busiest.is_empty() {
        let days: Vec<String> = forecast.busiest.iter().map(|day| day.format("%a %Y-%m-%d").to_string()).collect();
        lines.push(format!("most falls due on {}", days.join(", ")));
    }
    if forecast.later > 0 {
        lines.push(format!("later: {}", counted(forecast.later, "clock", "clocks")));
    }
    for form in &forecast.form {
        let late = counted(form.late, "was late", "were late");
        let clocks = counted(form.clocks, "clock", "clocks");
        lines.push(format!("form of {}: of {clocks} within a year, {late}", clean_line(&form.rule, WIDE)));
    }
    if forecast.form.is_empty() {
        lines.push("there is no form: no clock was met or late within a year".to_owned());
    } else {
        lines.push(
            "late on form: how many of them will be late if as many are as were of those of their age".to_owned(),
        );
    }
    parts.push(lines.join("\n"));
    parts.join("\n\n")
}

fn day_rows(day: &DayAhead) -> Vec<[String; 6]> {
    let date = day.date.format("%a %Y-%m-%d").to_string();
    if day.due.is_empty() {
        return vec![[date, "-".into(), String::new(), "0".into(), String::new(), String::new()]];
    }
    rows(&date, &day.due)
}

fn rows(when: &str, due: &[Due]) -> Vec<[String; 6]> {
    let words = Words::new(Language::En);
    let row = |due: &Due| {
        let sums: Vec<String> = due.money.iter().map(|sum| words.money(sum)).collect();
        [
            when.to_owned(),
            clean_line(&due.rule, WIDE).into_owned(),
            clean_line(due.program_id.as_deref().unwrap_or("(none)"), WIDE).into_owned(),
            due.clocks.to_string(),
            due.expected_late.map(|late| late.to_string()).unwrap_or_else(|| "-".to_owned()),
            sums.join(", "),
        ]
    };
    due.iter().map(row).collect()
}
