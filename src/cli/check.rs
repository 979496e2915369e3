//! `claimwatch check`.

use clap::Args;

use super::output::{json, say};
use super::{Context, Failure};
use crate::app::{self, App, Schema};
use crate::check::{self, Check};
use crate::claim::clean_line;
use crate::config::{DatabaseUrl, Settings};

#[derive(Args, Debug)]
pub struct CheckArgs {
    #[arg(long)]
    json: bool,
}

pub async fn run(args: &CheckArgs, context: &Context) -> Result<(), Failure> {
    let settings = context.settings()?;
    let checks = all(settings, context).await;
    if args.json {
        json(&checks)?;
    } else {
        let lines: Vec<String> = checks.iter().map(describe).collect();
        say(&lines.join("\n"))?;
    }
    match checks.iter().filter(|check| !check.ok).count() {
        0 => Ok(()),
        wrong => Err(Failure::failed(format!("{wrong} of {} checks failed", checks.len()))),
    }
}

async fn all(settings: Settings, context: &Context) -> Vec<Check> {
    let file = settings.file.as_deref().map_or("built-in defaults".into(), |file| file.display().to_string());
    let mut checks = vec![Check::ok("configuration", file)];
    checks.extend(
        settings
            .obstacles
            .iter()
            .map(|obstacle| Check::wrong("configuration", &obstacle.place, obstacle.detail.clone())),
    );
    checks.extend(check::calendars(&settings.calendars));
    checks.extend(check::rules(&settings.rules, &settings.policy));
    match app::transport(&settings) {
        Ok(transport) => checks.push(check::mail(&*transport).await),
        Err(error) => checks.push(Check::wrong("mail", error.to_string(), "see [mail]")),
    }
    let url = settings.database.url.to_string();
    if let DatabaseUrl::Sqlite(path) = &settings.database.url
        && !path.exists()
    {
        checks.push(Check::ok("database", format!("{url}: not there yet; the first start makes it")));
        return checks;
    }
    match App::open(settings, context.time.clone(), Schema::Verify).await {
        Ok(app) => {
            checks.push(Check::ok("database", format!("{url}: the schema is up to date")));
            checks.extend(check::store(&*app.store, &app.settings.rules, &app.settings.calendars).await);
        }
        Err(error) => checks.push(Check::wrong("database", format!("{url}: {error}"), "run `claimwatch migrate`")),
    }
    checks
}

fn describe(check: &Check) -> String {
    let mark = if check.ok { "ok   " } else { "WRONG" };
    let line = format!("{mark}  {:<13}  {}", check.check, clean_line(&check.detail, 500));
    match &check.fix {
        Some(fix) => format!("{line}\n       {:<13}  → {}", "", clean_line(fix, 500)),
        None => line,
    }
}
