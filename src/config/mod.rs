//! The configuration: one file, laid over by the environment, secrets from files of their own.
//!
//! What the file looks like stays inside; what comes out are the rooms' own types. Everything has a default, and an empty
//! file is the embedded default. Unknown keys, wrong types and contradictions are errors that name place, key, found and
//! expected, all at once. What is understood but cannot be had (a feature that this version lacks, a secret that cannot be
//! read) is no error but an [`Obstacle`]: only the commands that need it refuse.
//! Source: `deploy/claimwatch.toml`, which is the whole shape with comments.

mod calendars;
mod changes;
mod environment;
mod error;
mod escalation;
mod fingerprint;
mod holiday_file;
mod load;
mod mail;
mod recipe;
pub mod reference;
mod rules;
mod secret;
mod section;
mod service;
mod templates;
mod tree;
mod webhooks;

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Mailbox;

use crate::calendar::{Calendars, Zone};
use crate::delivery::transport::TransportSettings;
use crate::delivery::webhook::WebhookSettings;
use crate::escalation::Policy;
use crate::mail::Templates;
use crate::schedule::Schedule;
use crate::sla::Rule;
use crate::store::SourceRelations;

pub use changes::{Change, changes};
pub use environment::Environment;
pub use error::{ConfigError, Place, Problem};
pub use load::{USUAL, find, load, load_tables, written};
pub use service::{DatabaseSettings, DatabaseUrl, HttpSettings, LogFormat, LogLevel, LogSettings};
pub use tree::{Node, Table, Value};

use recipe::{Failure, Made, Recipes};
use section::{Findings, Section};

/// The configuration, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file that it came from; `None`: the embedded default.
    pub file: Option<PathBuf>,
    pub database: DatabaseSettings,
    pub source: SourceRelations,
    pub schedule: Schedule,
    pub calendars: Calendars,
    /// The built-in rules as configured, also those that are switched off.
    pub rules: Vec<Rule>,
    pub policy: Policy,
    pub mail: MailSettings,
    /// Where messages go beside mail, by name.
    pub webhooks: Vec<WebhookSettings>,
    /// `None`: nothing is served.
    pub http: Option<HttpSettings>,
    pub log: LogSettings,
    /// What the settings ask for and cannot be had.
    pub obstacles: Vec<Obstacle>,
    /// What was left out of holiday files and may surprise, a line each.
    pub warnings: Vec<String>,
    recipes: Recipes,
    written: changes::Written,
}

/// How messages leave, and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSettings {
    pub transport: TransportSettings,
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
    pub templates: Templates,
    /// So many messages one address gets within an hour.
    pub most_an_hour: u32,
    /// The longest that one attempt to hand on one message may take.
    pub timeout: Duration,
}

/// A setting that is understood and cannot be had as things are. Whatever needs it must refuse, not guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    pub affects: Affects,
    /// Where it is set: `claimwatch.toml:26:8: calendars.fr.ics`.
    pub place: String,
    /// What was found, why it cannot be had, and what to do.
    pub detail: String,
}

/// What an [`Obstacle`] stands in the way of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affects {
    /// Computing deadlines.
    Deadlines,
    /// Opening the database.
    Store,
    /// Handing on messages.
    Delivery,
    /// Serving HTTP.
    Http,
    /// How messages look; they go out all the same.
    Looks,
}

impl Settings {
    /// Reads the text of `file` (`None`: no file, paths are relative to the working directory), laid over by
    /// `environment`. Reads no other files than holiday files and those that hold
    /// secrets.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub fn parse(file: Option<&Path>, text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let mut tree = tree::parse(text).map_err(|problems| ConfigError::new(file, problems))?;
        let problems = environment.lay_over(&mut tree);
        Self::of_tree(file, &tree, problems, environment.state_directory())
    }

    /// Reads `tree`, in which `problems` were found so far.
    fn of_tree(
        file: Option<&Path>,
        tree: &Table,
        problems: Vec<Problem>,
        state_directory: &Path,
    ) -> Result<Self, ConfigError> {
        let findings = Findings { file, problems: problems.into(), obstacles: Vec::new().into() };
        let settings = read(Section::root(tree, &findings), state_directory);
        let problems = findings.problems.into_inner();
        match settings {
            Some(settings) if problems.is_empty() => {
                let (file, written) = (file.map(Path::to_owned), changes::Written::of(tree));
                Ok(Self { file, written, obstacles: findings.obstacles.into_inner(), ..settings })
            }
            _ => Err(ConfigError::new(file, problems)),
        }
    }

    /// What stands in the way of work that needs all of `needs`, one line each; `None`: nothing.
    #[must_use]
    pub fn refusal(&self, needs: &[Affects]) -> Option<String> {
        let in_the_way = self.obstacles.iter().filter(|obstacle| needs.contains(&obstacle.affects));
        let lines: Vec<String> =
            in_the_way.map(|obstacle| format!("{}: {}", obstacle.place, obstacle.detail)).collect();
        if lines.is_empty() { None } else { Some(lines.join("\n")) }
    }

    /// The same with calendars made anew from the holiday files and the zone data as they are now; `None`: neither has
    /// changed since these were made.
    ///
    /// # Errors
    /// What cannot be used of them, one line each: then the calendars there are stay in force.
    pub fn with_present_calendars(&mut self) -> Result<Option<Self>, String> {
        if !self.recipes.have_changed() {
            return Ok(None);
        }
        let Made { calendars, warnings, failures } = self.recipes.make();
        let mut wrong: Vec<String> =
            failures.into_iter().map(|Failure { place, detail }| format!("{place}: {detail}")).collect();
        match calendars {
            Ok(calendars) if wrong.is_empty() => Ok(Some(Self { calendars, warnings, ..self.clone() })),
            Ok(_) => Err(wrong.join("\n")),
            Err(why) => {
                wrong.push(why);
                Err(wrong.join("\n"))
            }
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }
}

/// Reads every table. `None` only together with a reported problem.
fn read(root: Section<'_>, state_directory: &Path) -> Option<Settings> {
    let database = service::database(root.section("database"), state_directory);
    let source = service::source(root.section("source"));
    let (calendar_names, made) = calendars::read(&root.section("calendars"));
    let default_zone = made.as_ref().map(|(_, calendars, _)| calendars.default().zone().clone());
    let schedule = service::schedule(root.section("schedule"), default_zone);
    let rules = rules::read(&root.section("rules"), &calendar_names);
    let (mail, way) = mail::read(root.section("mail"), state_directory);
    let (webhook_names, webhooks) = webhooks::read(&root.section("webhooks"));
    let known = escalation::Known { rules: &rules, calendars: &calendar_names, webhooks: &webhook_names };
    let policy = escalation::read(root.section("escalation"), known, &way);
    let http = service::http(root.section("http"));
    let log = service::log(root.section("log"));
    root.finish();
    let (recipes, calendars, warnings) = made?;
    Some(Settings {
        file: None,
        database,
        source,
        schedule: schedule?,
        calendars,
        rules,
        policy,
        mail,
        webhooks,
        http,
        log,
        obstacles: Vec::new(),
        warnings,
        recipes,
        written: changes::Written::default(),
    })
}

/// The zone of instants, which every installation has.
fn read_zone(node: &tree::Node) -> Result<Zone, String> {
    Zone::named(section::line(node, "the name of a time zone, as \"Europe/Paris\"")?).map_err(|error| error.to_string())
}

/// A mailbox: `Name <user@example.com>` or the address alone.
fn read_mailbox(node: &tree::Node) -> Result<Mailbox, String> {
    let what = "an address, as \"Name <user@example.com>\"";
    section::line(node, what)?.parse().map_err(|_| section::expected(node, what))
}
