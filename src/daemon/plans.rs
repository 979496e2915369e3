//! The plan in force: made at the start, and made again when a holiday file or the zone data changes.
//!
//! It is looked at before each scan, so that what was changed decides from then on, open deadlines included. What cannot
//! be used changes nothing: the plan before stays in force, and that is said once.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::app::{self, AppError};
use crate::calendar::Calendars;
use crate::config::Settings;
use crate::scan::Plan;

pub(super) struct Plans {
    last: Mutex<Last>,
    calendars: watch::Sender<Arc<Calendars>>,
}

/// The plan that was last made.
struct Last {
    /// What it is made from.
    settings: Settings,
    plan: Arc<Plan>,
    /// Why what is there now cannot be used, if it cannot: said once.
    broken: Option<String>,
}

impl Plans {
    /// The plan of the start.
    ///
    /// # Errors
    /// [`AppError::Settings`]
    pub fn new(settings: &Settings) -> Result<Self, AppError> {
        let plan = app::plan(settings)?;
        Ok(Self {
            calendars: watch::Sender::new(Arc::new(plan.calendars.clone())),
            last: Mutex::new(Last { settings: settings.clone(), plan: Arc::new(plan), broken: None }),
        })
    }

    /// The calendars in force, now and later.
    pub fn calendars(&self) -> watch::Receiver<Arc<Calendars>> {
        self.calendars.subscribe()
    }

    /// The plan in force, by what files and zone data say now. Reads files.
    pub fn present(&self) -> Arc<Plan> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let made = match last.settings.with_present_calendars() {
            Ok(None) => return Arc::clone(&last.plan),
            Ok(Some(fresh)) => app::plan(&fresh).map(|plan| (fresh, plan)).map_err(|error| error.to_string()),
            Err(why) => Err(why),
        };
        match made {
            Ok((settings, plan)) => {
                if last.broken.is_some() {
                    tracing::info!("the calendars can be made anew");
                }
                self.say_what_changed(&plan);
                settings.warnings.iter().for_each(|warning| tracing::warn!(warning, "in a holiday file"));
                self.calendars.send_replace(Arc::new(plan.calendars.clone()));
                *last = Last { settings, plan: Arc::new(plan), broken: None };
            }
            Err(why) => {
                if last.broken.as_ref() != Some(&why) {
                    for why in why.lines() {
                        tracing::error!(why, "a calendar cannot be made anew; the one before stays in force");
                    }
                }
                last.broken = Some(why);
            }
        }
        Arc::clone(&last.plan)
    }

    fn say_what_changed(&self, plan: &Plan) {
        let before = Arc::clone(&self.calendars.borrow());
        for calendar in plan.calendars.iter() {
            let known = before.get(calendar.name()).filter(|known| known.version() != calendar.version());
            if let Some(known) = known {
                tracing::info!(
                    calendar = calendar.name(),
                    before = known.version(),
                    now = calendar.version(),
                    "a calendar changed: open deadlines are derived again"
                );
            }
        }
        let zone_data = |calendars: &Calendars| calendars.default().zone().data_version().to_owned();
        let (before, now) = (zone_data(&before), zone_data(&plan.calendars));
        if before != now {
            tracing::info!(before, now, "the zone data changed: open deadlines are derived again");
        }
    }
}
