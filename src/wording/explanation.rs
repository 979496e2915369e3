//! Why a deadline is when it is, in words: the start, the days counted, the days skipped and the reason for each.

use chrono::{Datelike, NaiveDate};

use crate::calendar::{ChosenBy, FIRST_DAY, HOLIDAY, Off, SKIPPED_BY_ZONE, Zone};
use crate::claim::clean_line;
use crate::sla::{BEYOND_CALENDAR, Beyond, COUNT_BEGINS, Counting, DayCount, DayKind, Explanation, Target, Unit};

use super::date::day_ending_at;
use super::{MAX_NAME, Words, name};

/// An explanation's parts in words, to be laid out; as one sentence in `sentence`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// What started the clock: `Submitted`.
    pub started: String,
    /// When it started: `Saturday, 21 November 2026, 10:00 (Europe/Paris, UTC+1)`.
    pub start: String,
    /// What is made of the start: `the day itself is not counted`.
    pub convention: String,
    /// `2 business days (Mon 23, Tue 24 Nov)`.
    pub counted: String,
    /// `Sun 22 Nov (weekend)`; empty: no day was skipped.
    pub skipped: String,
    /// `end of Tuesday, 24 November 2026`, or an instant.
    pub due: String,
    /// The calendar, and why it serves: `fr, which its program names`.
    pub calendar: String,
    /// What the deadline was derived from: `calendar version 5be2f4a09c31, zone data 2025b (system)`.
    pub versions: String,
    /// What else there is to know, such as a calendar that is not configured.
    pub notes: Vec<String>,
    /// All of it in one sentence, without a full stop.
    pub sentence: String,
}

/// More counted days than these are given by the first and the last.
const MAX_COUNTED: usize = 7;
/// More weekend days than these are given by their number.
const MAX_WEEKEND: usize = 4;
/// Other skipped days are listed up to this number.
const MAX_SKIPPED: usize = 20;
/// The longest note.
const MAX_NOTE: usize = 300;

impl Words {
    /// An explanation in words, for a clock of `rule`, with local times of `zone` (the explanation's own; `None`: UTC).
    #[must_use]
    pub fn explanation<'z>(
        self,
        rule: &str,
        explanation: &Explanation,
        zone: impl Into<Option<&'z Zone>>,
    ) -> Explained {
        let zone = zone.into();
        let target = explanation.target.parse::<Target>().ok();
        let to_end_of_day = target.is_none_or(|target| target.counting == Counting::EndOfDay);
        let last_day = explanation.days.last().map_or_else(|| day_ending_at(explanation.due_at, zone), |day| day.date);
        let started = self.say("clock-started", [("rule", rule.into())]);
        let start = self.instant_in_zone(explanation.start, zone);
        let convention = match begin_day(explanation) {
            Some(day) => self.say("start-moved", [("day", self.short_date(day, Some(last_year(explanation))).into())]),
            None if to_end_of_day => self.say("start-day-not-counted", []),
            None => self.say("start-time-kept", []),
        };
        let counted = self.counted(explanation, target);
        let skipped = self.skipped_days(explanation);
        let (due, due_clause) = if to_end_of_day {
            let date = self.date(last_day);
            let due = self.say("due-end-of-day", [("date", date.as_str().into())]);
            (due, self.say("clause-due-at-end", [("date", date.into())]))
        } else {
            let instant = self.instant(explanation.due_at, zone);
            let clause = self.say("clause-due", [("instant", instant.as_str().into())]);
            (instant, clause)
        };
        // What the note on a start on a day off says is in the convention.
        let others = explanation.notes.iter().filter(|note| !note.starts_with("the start on "));
        let others = others.filter(|note| explanation.beyond_calendar.is_none() || !note.starts_with(BEYOND_CALENDAR));
        let mut notes: Vec<String> = others.map(|note| self.note(note)).collect();
        notes.extend(explanation.beyond_calendar.as_ref().map(|beyond| self.beyond(beyond)));

        let clause = |id: &str, name: &'static str, text: &str| self.say(id, [(name, text.to_owned().into())]);
        let mut clauses = vec![
            self.say("clause-started", [("started", started.as_str().into()), ("start", start.as_str().into())]),
            convention.clone(),
            clause("clause-counted", "days", &counted),
        ];
        if !skipped.is_empty() {
            clauses.push(clause("clause-skipped", "days", &skipped));
        }
        clauses.push(due_clause);
        clauses.extend(notes.iter().cloned());
        Explained {
            started,
            start,
            convention,
            counted,
            skipped,
            due,
            calendar: self.chosen(explanation),
            versions: self.versions(explanation),
            notes,
            sentence: self.clauses(&clauses),
        }
    }

    /// The calendar's name, and why it serves if that is known.
    fn chosen(self, explanation: &Explanation) -> String {
        let by = explanation.chosen_by.map(ChosenBy::as_str).unwrap_or_default();
        self.say("calendar-chosen", [("by", by.into()), ("calendar", name(&explanation.calendar).into())])
    }

    /// What of the calendar, the built-in holidays and the zone data was used, as far as the explanation says.
    fn versions(self, explanation: &Explanation) -> String {
        let Explanation { calendar_version, holiday_data, zone_data, .. } = explanation;
        let calendar = (!calendar_version.is_empty())
            .then(|| self.say("version-of-calendar", [("version", name(calendar_version).into())]));
        let holidays = holiday_data.as_deref().map(|release| name(release).into_owned());
        let zones = self.say("version-of-zone-data", [("version", name(zone_data).into())]);
        let versions: Vec<String> = [calendar, holidays, Some(zones)].into_iter().flatten().collect();
        self.joined("list-comma", &versions).unwrap_or_default()
    }

    /// That days were counted of which the calendar does not know.
    fn beyond(self, beyond: &Beyond) -> String {
        let Beyond { source, known_from, known_until } = beyond;
        let until = self.date(*known_until);
        if *known_from == FIRST_DAY {
            return self.say("note-beyond-end", [("source", name(source).into()), ("until", until.into())]);
        }
        let from = self.date(*known_from);
        let args = [("source", name(source).into()), ("from", from.into()), ("until", until.into())];
        self.say("note-beyond-range", args)
    }

    fn counted(self, explanation: &Explanation, target: Option<Target>) -> String {
        let year = Some(last_year(explanation));
        let days: Vec<NaiveDate> = dates(explanation, DayKind::Counted).map(|day| day.date).collect();
        let count = match target.map(|target| target.span.unit) {
            Some(Unit::Days) => self.say("days", [("count", days.len().into())]),
            _ => self.say("business-days", [("count", days.len().into())]),
        };
        match days.as_slice() {
            [first, .., last] if days.len() > MAX_COUNTED => {
                let (first, last) = (self.short_date(*first, year), self.short_date(*last, year));
                self.say("days-from-to", [("count", count.into()), ("first", first.into()), ("last", last.into())])
            }
            days => self.say("days-each", [("count", count.into()), ("days", self.short_dates(days, year).into())]),
        }
    }

    /// The skipped days with the reason for each: many weekend days as their number, all others by date, those of one
    /// reason together.
    #[must_use]
    pub fn skipped_days(self, explanation: &Explanation) -> String {
        self.skipped(explanation, MAX_WEEKEND, MAX_SKIPPED)
    }

    /// Every skipped day by its date, with the reason for each, those of one reason together.
    #[must_use]
    pub fn every_skipped_day(self, explanation: &Explanation) -> String {
        self.skipped(explanation, usize::MAX, usize::MAX)
    }

    fn skipped(self, explanation: &Explanation, max_weekend: usize, max_others: usize) -> String {
        let year = Some(last_year(explanation));
        let mut weekend = Vec::new();
        let mut others: Vec<((String, bool), Vec<NaiveDate>)> = Vec::new();
        let (mut listed, mut more) = (0_usize, 0_usize);
        let begins = begin_day(explanation);
        for day in dates(explanation, DayKind::Skipped).filter(|day| Some(day.date) != begins) {
            match self.day_reason(day) {
                None => weekend.push(day.date),
                Some(_) if listed >= max_others => more += 1,
                Some(reason) => {
                    listed += 1;
                    let reason = (reason, day.estimated);
                    match others.iter_mut().find(|(known, _)| *known == reason) {
                        Some((_, days)) => days.push(day.date),
                        None => others.push((reason, vec![day.date])),
                    }
                }
            }
        }
        let because = |days: &[NaiveDate], (reason, estimated): (String, bool)| {
            let days = self.short_dates(days, year);
            if reason.is_empty() {
                return days;
            }
            let id = if estimated { "skipped-because-estimated" } else { "skipped-because" };
            self.say(id, [("days", days.into()), ("reason", reason.into())])
        };
        let mut groups = Vec::with_capacity(others.len() + 2);
        if weekend.len() > max_weekend {
            groups.push(self.say("skipped-weekend-days", [("count", weekend.len().into())]));
        } else if !weekend.is_empty() {
            groups.push(because(&weekend, (self.say("skipped-weekend", []), false)));
        }
        groups.extend(others.into_iter().map(|(reason, days)| because(&days, reason)));
        if more > 0 {
            groups.push(self.say("skipped-more", [("count", more.into())]));
        }
        self.clauses(&groups)
    }

    /// Why a day was skipped; `None`: it is a weekend day. The calendar gives its reasons in English; the weekday's name
    /// says no more than its date does.
    #[must_use]
    pub fn day_reason(self, day: &DayCount) -> Option<String> {
        let reason = day.reason.as_deref().unwrap_or_default();
        if reason == Off::Weekend(day.date.weekday()).to_string() {
            None
        } else if reason == HOLIDAY {
            Some(self.say("skipped-holiday", []))
        } else if reason == SKIPPED_BY_ZONE {
            Some(self.say("skipped-by-zone", []))
        } else {
            let name = reason.strip_prefix(HOLIDAY).and_then(|rest| rest.strip_prefix(": "));
            Some(clean_line(name.unwrap_or(reason), MAX_NAME).into_owned())
        }
    }

    /// A note of the explanation in words. They are kept in English; those that we write ourselves are known by their
    /// beginnings, any other is shown as it is.
    fn note(self, note: &str) -> String {
        if note.starts_with("the last day, ") {
            return self.say("note-last-day-moved", []);
        }
        if note.contains(" does not exist in ") {
            return self.say("note-no-such-time", []);
        }
        if note.contains(" occurs twice in ") {
            return self.say("note-time-twice", []);
        }
        let unknown = note.strip_prefix("calendar ").and_then(|rest| rest.split_once(" is not configured; "));
        match unknown.and_then(|(unknown, rest)| Some((unknown, rest.strip_suffix(" serves")?))) {
            Some((unknown, serves)) => {
                self.say("note-unknown-calendar", [("unknown", name(unknown).into()), ("serves", name(serves).into())])
            }
            None => clean_line(note, MAX_NOTE).into_owned(),
        }
    }
}

fn dates(explanation: &Explanation, kind: DayKind) -> impl Iterator<Item = &DayCount> {
    explanation.days.iter().filter(move |day| day.kind == kind)
}

/// The business day from whose start on is counted, if the clock started on a day off and hours matter.
fn begin_day(explanation: &Explanation) -> Option<NaiveDate> {
    dates(explanation, DayKind::Skipped).find(|day| day.reason.as_deref() == Some(COUNT_BEGINS)).map(|day| day.date)
}

/// The year of the last day: days in it are shown without their year.
fn last_year(explanation: &Explanation) -> i32 {
    explanation.days.last().map_or(explanation.due_at.year(), |day| day.date.year())
}
