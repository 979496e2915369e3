//! What has changed since a deadline was explained: why the same clock may have another one now.

use super::Explanation;

impl Explanation {
    /// What went into this deadline and is another in `now`, each as `what: before, now after`, for a person. Nothing else
    /// moves a deadline: it depends on the clock's start, the target, the calendar and the zone data alone.
    #[must_use]
    pub fn inputs_changed(&self, now: &Self) -> Vec<String> {
        let mut changed = Vec::new();
        let mut compare = |what: &str, before: &str, after: &str| {
            if before != after {
                let before = if before.is_empty() { "unknown" } else { before };
                changed.push(format!("{what}: {before}, now {after}"));
            }
        };
        compare("target", &self.target, &now.target);
        compare("calendar", &self.calendar, &now.calendar);
        compare("time zone", &self.time_zone, &now.time_zone);
        compare("zone data", &self.zone_data, &now.zone_data);
        if self.calendar == now.calendar {
            compare("calendar version", &self.calendar_version, &now.calendar_version);
        }
        let data = |explanation: &Self| explanation.holiday_data.clone().unwrap_or_else(|| "none".into());
        compare("built-in holidays", &data(self), &data(now));
        changed
    }
}
