//! What calendars are made of, kept so that they can be made again when a holiday file or the zone data changes.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{NaiveDate, Weekday};

use crate::calendar::ics::{IcsDays, read_ics};
use crate::calendar::{
    Calendar, CalendarError, Calendars, Days, FIRST_DAY, Origin, Zone, reread_zone_data, zone_data_directory,
    zone_data_version,
};

use super::error::show_path;
use super::holiday_file::{self, Stamp};

/// What one calendar is made of.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    pub name: String,
    pub time_zone: String,
    /// `None`: the country's, else Saturday and Sunday.
    pub weekend: Option<Vec<Weekday>>,
    /// What the configuration itself says of days.
    pub own: Days,
    pub country: Option<Days>,
    pub files: Vec<HolidayFile>,
}

/// An `.ics` file that a calendar takes days off from.
#[derive(Clone, Debug)]
pub(super) struct HolidayFile {
    pub path: PathBuf,
    /// As the configuration names it.
    pub shown: String,
    /// The last day of which it knows, if the configuration says so; else that is found in the file.
    pub known_until: Option<NaiveDate>,
    /// Where the configuration names it: `claimwatch.toml:28:8: calendars.fr.ics`.
    pub place: String,
}

/// All calendars' recipes, and what the calendars were last made from.
#[derive(Clone, Debug)]
pub(super) struct Recipes {
    default: String,
    recipes: Arc<[Recipe]>,
    made_from: Option<Ingredients>,
    /// Whether a file could not be used: that may pass without any file changing.
    failed: bool,
}

/// What may change without the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ingredients {
    zone_data: String,
    /// `None`: the file is not there.
    files: Vec<Option<Stamp>>,
    /// Of each calendar's zone: its file may be written before or after the version.
    zones: Vec<Option<Stamp>>,
}

/// Calendars, made from what is there now.
pub(super) struct Made {
    pub calendars: Result<Calendars, String>,
    /// What was left out of the files, a line each.
    pub warnings: Vec<String>,
    /// Files that cannot be used: the calendars are without their days.
    pub failures: Vec<Failure>,
}

/// A holiday file that cannot be used.
pub(super) struct Failure {
    pub place: String,
    pub detail: String,
}

impl Recipe {
    /// A calendar of UTC, with Saturdays and Sundays off.
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            time_zone: "UTC".into(),
            weekend: None,
            own: Days::none(Origin::Configuration),
            country: None,
            files: Vec::new(),
        }
    }

    /// Checks what does not hang on files: whether any day is worked.
    ///
    /// # Errors
    /// [`CalendarError`]
    pub fn check(&self) -> Result<(), CalendarError> {
        let Ok(zone) = Zone::named(&self.time_zone) else { return Ok(()) };
        self.with_country_and_weekend(Calendar::new(&self.name, zone).with_days(self.own.clone())).build().map(drop)
    }

    /// With what is said beside the files and the configuration's own days.
    fn with_country_and_weekend(&self, mut calendar: Calendar) -> Calendar {
        if let Some(country) = self.country.clone() {
            calendar = calendar.with_days(country);
        }
        match &self.weekend {
            Some(weekend) => calendar.with_weekend(weekend.iter().copied()),
            None => calendar,
        }
    }

    fn make(&self, made: &mut Made) -> Result<Calendar, String> {
        let zone = Zone::named(&self.time_zone).map_err(|error| error.to_string())?;
        let mut calendar = Calendar::new(&self.name, zone).with_days(self.own.clone());
        for file in &self.files {
            match file.read() {
                Ok(IcsDays { days, warnings }) => {
                    made.warnings.extend(warnings.iter().map(ToString::to_string));
                    calendar = calendar.with_days(days);
                }
                Err(detail) => made.failures.push(Failure { place: file.place.clone(), detail }),
            }
        }
        Ok(self.with_country_and_weekend(calendar))
    }
}

impl HolidayFile {
    /// Its days off. Of days before its first one it is not asked: nobody keeps past closures in a file.
    fn read(&self) -> Result<IcsDays, String> {
        let shown = show_path(&self.path);
        let bytes = holiday_file::read(&self.path).map_err(|why| format!("{shown}: {why}"))?;
        let mut read = read_ics(&self.shown, &bytes).map_err(|error| error.to_string())?;
        let until = self.known_until.or(read.days.coverage.as_ref().map(|known| *known.end()));
        read.days.coverage = until.map(|until| FIRST_DAY..=until);
        Ok(read)
    }
}

impl Recipes {
    pub fn new(default: String, recipes: Vec<Recipe>) -> Self {
        Self { default, recipes: recipes.into(), made_from: None, failed: false }
    }

    /// Whether a holiday file or the zone data is another than what the calendars were last made from, or was of no use.
    pub fn have_changed(&self) -> bool {
        self.failed || self.made_from.as_ref() != Some(&self.ingredients())
    }

    /// Makes the calendars from what is there now.
    pub fn make(&mut self) -> Made {
        let now = self.ingredients();
        if self
            .made_from
            .as_ref()
            .is_some_and(|before| (&before.zone_data, &before.zones) != (&now.zone_data, &now.zones))
        {
            reread_zone_data();
        }
        self.made_from = Some(now);
        let mut made = Made { calendars: Err(String::new()), warnings: Vec::new(), failures: Vec::new() };
        let calendars: Result<Vec<Calendar>, String> =
            self.recipes.iter().map(|recipe| recipe.make(&mut made)).collect();
        self.failed = !made.failures.is_empty();
        made.calendars =
            calendars.and_then(|calendars| Calendars::new(&self.default, calendars).map_err(|error| error.to_string()));
        made
    }

    fn ingredients(&self) -> Ingredients {
        let files = self.recipes.iter().flat_map(|recipe| &recipe.files);
        let zones = zone_data_directory();
        let zone = |recipe: &Recipe| zones.as_ref().and_then(|zones| Stamp::of(&zones.join(&recipe.time_zone)).ok());
        Ingredients {
            zone_data: zone_data_version(),
            files: files.map(|file| Stamp::of(&file.path).ok()).collect(),
            zones: self.recipes.iter().map(zone).collect(),
        }
    }
}
