//! The events of a file, as they are written: what their properties say is read only once it matters.

use icalendar::parser::Property;

use super::IcsError;
use super::error::{Warnings, Wrong};
use super::lines::{Line, Lines};
use super::name::{is_observance, shown};

/// A property's value, with the line where it begins.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub line: usize,
    pub value: String,
}

/// What Apple's feeds say of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    DayOff,
    WorkedRestDay,
    Birthday,
}

/// A VEVENT. Of a property that may occur once, the first counts.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// That of its BEGIN.
    pub line: usize,
    pub start: Option<Field>,
    pub end: Option<Field>,
    pub duration: Option<Field>,
    pub instance: Option<Field>,
    pub summary: String,
    pub uid: Option<String>,
    pub rules: Vec<Field>,
    pub more_days: Vec<Field>,
    pub excluded: Vec<Field>,
    pub cancelled: bool,
    pub tentative: bool,
    /// Whether it is marked as lasting all day, whatever its times are.
    pub all_day: bool,
    pub special: Option<Special>,
    /// Whether its description says that it is an observance.
    pub observance: bool,
    description: Option<String>,
}

impl Event {
    fn new(line: usize) -> Self {
        Self {
            line,
            start: None,
            end: None,
            duration: None,
            instance: None,
            summary: String::new(),
            uid: None,
            rules: Vec::new(),
            more_days: Vec::new(),
            excluded: Vec::new(),
            cancelled: false,
            tentative: false,
            all_day: false,
            special: None,
            observance: false,
            description: None,
        }
    }

    /// Takes what is of interest; the name is in capitals.
    fn take(&mut self, name: &str, line: &Line<'_>) -> Result<(), Wrong> {
        let number = line.number;
        let field = || value(name, line).map(|value| Field { line: number, value });
        match name {
            "DTSTART" => set(&mut self.start, field()?),
            "DTEND" => set(&mut self.end, field()?),
            "DURATION" => set(&mut self.duration, field()?),
            "RECURRENCE-ID" => {
                if parameters(line).contains("THISANDFUTURE") {
                    return Err(Wrong::at(number, "RANGE=THISANDFUTURE", "a RECURRENCE-ID of one day"));
                }
                set(&mut self.instance, field()?);
            }
            "SUMMARY" if self.summary.is_empty() => self.summary = value(name, line)?,
            "UID" => set(&mut self.uid, value(name, line)?.trim().to_owned()),
            "DESCRIPTION" => set(&mut self.description, value(name, line)?.chars().take(500).collect()),
            "RRULE" => self.rules.push(field()?),
            "RDATE" => self.more_days.push(field()?),
            "EXDATE" => self.excluded.push(field()?),
            "EXRULE" => return Err(Wrong::at(number, "EXRULE", "EXDATE for days on which an event does not recur")),
            "STATUS" => {
                let status = value(name, line)?;
                self.cancelled |= status.trim().eq_ignore_ascii_case("CANCELLED");
                self.tentative |= status.trim().eq_ignore_ascii_case("TENTATIVE");
            }
            "X-MICROSOFT-CDO-ALLDAYEVENT" | "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT" | "X-FUNAMBOL-ALLDAY" => {
                let value = value(name, line)?;
                self.all_day |= matches!(value.trim(), "1") || value.trim().eq_ignore_ascii_case("TRUE");
            }
            "X-APPLE-SPECIAL-DAY" => {
                self.special = match value(name, line)?.trim().to_ascii_uppercase().as_str() {
                    "WORK-HOLIDAY" => Some(Special::DayOff),
                    "ALTERNATE-WORKDAY" => Some(Special::WorkedRestDay),
                    "BIRTHDAY" => Some(Special::Birthday),
                    _ => self.special,
                };
            }
            _ => {}
        }
        Ok(())
    }

    fn done(mut self) -> Self {
        let description = self.description.take();
        self.observance = description.is_some_and(|text| is_observance(&text, self.uid.as_deref()));
        self
    }
}

fn set<T>(field: &mut Option<T>, value: T) {
    field.get_or_insert(value);
}

/// The name of a line's property, as it is written.
fn property_name<'a>(line: &'a Line<'_>) -> &'a str {
    let end = line.text.find([':', ';']).unwrap_or(line.text.len());
    line.text[..end].trim()
}

/// The parameters of a line's property in capitals, as they are written; perhaps with some of its value.
fn parameters(line: &Line<'_>) -> String {
    line.text.split(':').next().unwrap_or_default().to_ascii_uppercase()
}

/// The value of a line's property, whose name in capitals is `name`; text is unescaped.
fn value(name: &str, line: &Line<'_>) -> Result<String, Wrong> {
    let after_name = line.text.find([':', ';']).map_or("", |end| &line.text[end..]);
    let content = format!("{name}{after_name}");
    match Property::try_from(content.as_str()) {
        // The library takes a line that it cannot split for a name alone.
        Ok(property) if !property.val.as_str().is_empty() || content.trim_end().ends_with(':') => {
            Ok(property.val.as_str().to_owned())
        }
        _ => Err(Wrong::at(line.number, shown(&line.text), format!("{name}:VALUE or {name};PARAMETER=VALUE:VALUE"))),
    }
}

/// How deep components may lie within each other; calendars need three.
const DEEPEST: usize = 16;

/// Reads the events of all calendars of a file. What is within another component, as an alarm or a time zone, is none
/// of theirs.
pub(super) fn read_events(file: &str, bytes: &[u8], warnings: &mut Warnings) -> Result<Vec<Event>, IcsError> {
    let mut reader = Reader { open: Vec::new(), events: Vec::new(), event: None, warnings };
    reader.read(bytes).map_err(|wrong| wrong.of(file))?;
    Ok(reader.events)
}

struct Reader<'a> {
    /// The components that are open, in capitals.
    open: Vec<String>,
    events: Vec<Event>,
    event: Option<Event>,
    warnings: &'a mut Warnings,
}

impl Reader<'_> {
    fn read(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        let mut any = false;
        for line in Lines::new(bytes)? {
            let line = line?;
            if !any && !is_begin_of_calendar(&line) {
                return Err(not_a_calendar(&line));
            }
            any = true;
            self.line(&line)?;
        }
        if let Some(event) = &self.event {
            return Err(Wrong::at(event.line, "an event that the end of the file cuts off", "END:VEVENT"));
        }
        if !self.open.is_empty() {
            return Err(Wrong::in_file("no END:VCALENDAR: the file is cut off", "a whole file"));
        }
        Ok(())
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), Wrong> {
        // A line of a text that lacks its fold.
        if !line.text.contains(':') {
            return Ok(());
        }
        let name = property_name(line).to_ascii_uppercase();
        match name.as_str() {
            "BEGIN" => self.begin(component(line), line.number),
            "END" => {
                self.end(&component(line));
                Ok(())
            }
            "CALSCALE" => {
                let scale = value(&name, line)?;
                if scale.trim().eq_ignore_ascii_case("GREGORIAN") {
                    return Ok(());
                }
                Err(Wrong::value(line.number, "CALSCALE", &scale, "GREGORIAN: other calendars are not read"))
            }
            _ => match &mut self.event {
                Some(event) if self.open.last().is_some_and(|open| open == "VEVENT") => event.take(&name, line),
                _ => Ok(()),
            },
        }
    }

    fn begin(&mut self, component: String, line: usize) -> Result<(), Wrong> {
        // What only a calendar can contain ends whatever lacks its END.
        let outer = match component.as_str() {
            "VCALENDAR" => 0,
            "VEVENT" | "VTODO" | "VJOURNAL" | "VFREEBUSY" | "VTIMEZONE" => 1,
            _ => self.open.len(),
        };
        if self.open.len() > outer {
            if let Some(event) = &self.event {
                let begun = event.line;
                self.warnings.warn(line, || {
                    format!("found BEGIN:{component}, expected END:VEVENT of the event at line {begun} first")
                });
            }
            self.close(outer);
        }
        if self.open.len() >= DEEPEST {
            return Err(Wrong::at(line, format!("more than {DEEPEST} components within each other"), "three or fewer"));
        }
        if component == "VEVENT" {
            self.event = Some(Event::new(line));
        }
        self.open.push(component);
        Ok(())
    }

    fn end(&mut self, component: &str) {
        if let Some(at) = self.open.iter().rposition(|open| open == component) {
            self.close(at);
        }
    }

    /// Closes all but the outermost `left` components.
    fn close(&mut self, left: usize) {
        let is_event_closed = self.open.iter().skip(left).any(|open| open == "VEVENT");
        self.open.truncate(left);
        if is_event_closed {
            self.events.extend(self.event.take().map(Event::done));
        }
    }
}

/// The component that a BEGIN or END names, in capitals.
fn component(line: &Line<'_>) -> String {
    line.text.split_once(':').map_or("", |(_, name)| name).trim().to_ascii_uppercase()
}

fn is_begin_of_calendar(line: &Line<'_>) -> bool {
    property_name(line).eq_ignore_ascii_case("BEGIN") && component(line) == "VCALENDAR"
}

fn not_a_calendar(line: &Line<'_>) -> Wrong {
    let text = line.text.trim_start();
    let found = if text.starts_with('<') {
        "a page of HTML or XML".to_owned()
    } else if text.starts_with(['{', '[']) {
        "JSON".to_owned()
    } else {
        shown(text)
    };
    Wrong::at(line.number, found, "a calendar (BEGIN:VCALENDAR)")
}
