//! All calendars by name, and which of them serves a claim.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Calendar, CalendarError};

/// The configured calendars; one of them is the default.
#[derive(Clone, Debug)]
pub struct Calendars {
    by_name: BTreeMap<String, Arc<Calendar>>,
    default: Arc<Calendar>,
}

/// Why a calendar serves a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// The claim's program names it.
    Program,
    /// The rule names it.
    Rule,
    /// It is the default one.
    Default,
}

impl ChosenBy {
    /// The text that explanations have.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Rule => "rule",
            Self::Default => "default",
        }
    }
}

/// The calendar that serves a claim.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'c, 'n> {
    pub calendar: &'c Arc<Calendar>,
    pub by: ChosenBy,
    /// A name that was asked for and is not configured: the default serves instead, and that is to be reported.
    pub unknown: Option<&'n str>,
}

impl Calendars {
    /// These calendars, with the one named `default` for all that name none.
    ///
    /// # Errors
    /// [`CalendarError`]: a calendar without a working day, a name that occurs twice, no calendar of the default's name.
    pub fn new(default: &str, calendars: impl IntoIterator<Item = Calendar>) -> Result<Self, CalendarError> {
        let mut by_name = BTreeMap::new();
        for calendar in calendars {
            let calendar = Arc::new(calendar.build()?);
            let name = calendar.name().to_owned();
            if by_name.insert(name.clone(), calendar).is_some() {
                return Err(CalendarError::Twice { calendar: name });
            }
        }
        match by_name.get(default).cloned() {
            Some(default) => Ok(Self { by_name, default }),
            None => Err(CalendarError::UnknownDefault {
                calendar: default.to_owned(),
                known: by_name.into_keys().collect(),
            }),
        }
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Calendar>> {
        self.by_name.get(name)
    }

    /// The calendar for programs and rules that name none.
    #[must_use]
    pub fn default(&self) -> &Arc<Calendar> {
        &self.default
    }

    /// The calendars' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The calendars by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Calendar>> {
        self.by_name.values()
    }

    /// The calendar that a program names, else the one that the rule names, else the default. For a name that is not
    /// configured the default serves, whatever the rule names.
    #[must_use]
    pub fn choose<'n>(&self, program: Option<&'n str>, rule: Option<&'n str>) -> Choice<'_, 'n> {
        let asked = program.map(|name| (name, ChosenBy::Program)).or(rule.map(|name| (name, ChosenBy::Rule)));
        let default = |unknown| Choice { calendar: &self.default, by: ChosenBy::Default, unknown };
        let Some((name, by)) = asked else { return default(None) };
        self.get(name).map_or(default(Some(name)), |calendar| Choice { calendar, by, unknown: None })
    }
}
