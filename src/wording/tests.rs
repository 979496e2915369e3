mod page;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::*;
use crate::calendar::{Calendar, ChosenBy, Days, FIRST_DAY, Holiday, Origin, Zone};
use crate::claim::Currency;
use crate::sla::{BEYOND_CALENDAR, Explanation, Rule, Target, explain};

fn en() -> Words {
    Words::new(Language::En)
}

fn fr() -> Words {
    Words::new(Language::Fr)
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn zone(name: &str) -> Zone {
    Zone::named(name).expect("a zone")
}

/// Each message's arguments, by its id, as the source has them.
fn arguments(language: Language) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut messages: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    let mut id = "";
    for line in language.sources().into_iter().flat_map(str::lines).filter(|line| !line.starts_with('#')) {
        if line.starts_with(|c: char| c.is_ascii_lowercase()) {
            id = line.split(" =").next().expect("an id");
            assert!(!messages.contains_key(id), "{id} is there twice in {language:?}");
        }
        let names = line.split('$').skip(1).map(|rest| rest.split([' ', '}']).next().expect("a name"));
        messages.entry(id).or_default().extend(names);
    }
    messages.remove("");
    messages
}

#[test]
fn both_languages_have_the_same_messages_with_the_same_arguments() {
    assert_eq!(arguments(Language::En), arguments(Language::Fr));
    assert!(arguments(Language::En).len() > 60);
}

#[test]
fn every_source_is_read_without_an_error_and_to_its_last_message() {
    for language in Language::ALL {
        for source in language.sources() {
            let resource = FluentResource::try_new(source.to_owned());
            assert!(resource.is_ok(), "{:?}", resource.err().map(|(_, errors)| errors));
        }
        let words = Words::new(language);
        for id in arguments(language).keys() {
            assert!(
                words.bundle.get_message(id).is_some_and(|message| message.value().is_some()),
                "{id} in {language:?}"
            );
        }
    }
}

#[test]
fn every_message_is_used_and_every_used_message_exists() {
    let code = [
        include_str!("mod.rs"),
        include_str!("date.rs"),
        include_str!("explanation.rs"),
        include_str!("../mail/mod.rs"),
        include_str!("../mail/render.rs"),
        include_str!("../mail/trial.rs"),
        include_str!("../mail/view/mod.rs"),
        include_str!("../mail/view/case.rs"),
        include_str!("../mail/view/coverage.rs"),
        include_str!("../mail/view/month.rs"),
        include_str!("../mail/view/opening.rs"),
        include_str!("../mail/view/settled.rs"),
    ];
    let templates = [
        include_str!("../mail/templates/base.txt.j2"),
        include_str!("../mail/templates/base.html.j2"),
        include_str!("../mail/templates/digest/body.txt.j2"),
        include_str!("../mail/templates/digest/body.html.j2"),
    ];
    let in_code = code.iter().flat_map(|source| source.lines()).flat_map(|line| line.split('"').skip(1).step_by(2));
    let in_templates =
        templates.iter().flat_map(|source| source.split("t(\"").skip(1)).filter_map(|t| t.split('"').next());
    let is_id = |text: &&str| text.contains('-') && text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let known: BTreeSet<_> = arguments(Language::En).into_keys().filter(|id| !id.starts_with(PAGE)).collect();
    let literals: BTreeSet<_> = in_code.chain(in_templates.clone()).collect();
    assert_eq!(known.difference(&literals).collect::<Vec<_>>(), Vec::<&&str>::new(), "not used");
    let used: BTreeSet<_> = literals.iter().copied().filter(is_id).chain(in_templates).collect();
    assert_eq!(used.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new(), "no such message");
}

/// What the ids of the page's messages begin with.
const PAGE: &str = "page-";

#[test]
fn plurals_follow_each_language() {
    let days = |words: Words| [0, 1, 2, 1500].map(|count| words.business_days_late(count));
    assert_eq!(
        days(en()),
        ["less than one business day late", "1 business day late", "2 business days late", "1,500 business days late"]
    );
    assert_eq!(
        days(fr()),
        [
            "moins d’un jour ouvré de retard",
            "1 jour ouvré de retard",
            "2 jours ouvrés de retard",
            "1\u{A0}500 jours ouvrés de retard"
        ]
    );
}

#[test]
fn every_built_in_rule_has_its_own_words_and_another_one_its_own_name() {
    for rule in Rule::built_in() {
        for words in [en(), fr()] {
            assert!(!words.rule(&rule.name).contains('_'), "{}", rule.name);
            assert_ne!(words.rule_count(&rule.name, 2), format!("2\u{A0}×\u{A0}{}", rule.name));
        }
    }
    assert_eq!(en().rule("tax_invoice_payment"), "payment after tax invoice");
    assert_eq!(fr().rule_count("dispute", 2), "2 contestations");
    assert_eq!(en().rule("export\r\n_check"), "export  _check");
    assert_eq!(en().rule_count("export_check", 3), "3\u{A0}×\u{A0}export_check");
}

#[test]
fn every_status_has_its_own_words_and_an_unknown_one_is_shown_as_it_is() {
    for status in Status::ALL {
        assert!(!en().status(status.as_str()).contains('_') && !fr().status(status.as_str()).contains('_'));
    }
    assert_eq!(fr().status("Under Review"), "en cours d’examen");
    assert_eq!(en().status("Waiting\u{1b} for bank"), "Waiting  for bank");
}

#[test]
fn lists_end_with_and() {
    let items =
        |count: usize| ["one", "two", "three"].iter().take(count).map(|&item| item.to_owned()).collect::<Vec<_>>();
    assert_eq!([0, 1, 2, 3].map(|count| en().list(&items(count))), ["", "one", "one and two", "one, two and three"]);
    assert_eq!(fr().list(&items(3)), "one, two et three");
    assert_eq!(fr().clauses(&items(2)), "one\u{A0}; two");
}

#[test]
fn amounts_are_grouped_have_their_currencys_decimals_and_lose_no_digit() {
    let amount = |words: Words, amount: &str, currency: &str| {
        words.amount(amount.parse().expect("an amount"), Currency::parse(currency).expect("a currency"))
    };
    assert_eq!(amount(en(), "1234.5", "EUR"), "1,234.50 EUR");
    assert_eq!(amount(fr(), "1234.5", "EUR"), "1\u{A0}234,50\u{A0}EUR");
    assert_eq!(amount(en(), "1234567.8900", "USD"), "1,234,567.89 USD");
    assert_eq!(amount(en(), "1250000", "JPY"), "1,250,000 JPY");
    assert_eq!(amount(en(), "0.5", "JPY"), "0.5 JPY");
    assert_eq!(amount(en(), "12", "KWD"), "12.000 KWD");
    assert_eq!(amount(en(), "-999.999", "EUR"), "-999.999 EUR");
    assert_eq!(amount(en(), "-1000", "EUR"), "-1,000.00 EUR");
    assert_eq!(amount(en(), "0", "EUR"), "0.00 EUR");
}

#[test]
fn days_have_long_names() {
    assert_eq!(en().date(day("2026-11-25")), "Wednesday, 25 November 2026");
    assert_eq!(fr().date(day("2026-11-25")), "mercredi 25 novembre 2026");
    assert_eq!(fr().date(day("2026-02-01")), "dimanche 1er février 2026");
}

#[test]
fn every_weekday_and_month_has_its_own_name() {
    for words in [en(), fr()] {
        let week: BTreeSet<_> = (1..=7).map(|n| words.date(day(&format!("2026-06-0{n}")))).collect();
        let weekdays: BTreeSet<_> = week.iter().map(|date| date.split([',', ' ']).next()).collect();
        assert_eq!(weekdays.len(), 7);
        let months: BTreeSet<_> =
            (1..=12).map(|n| words.short_date(day(&format!("2026-{n:02}-02")), Some(2026))).collect();
        assert_eq!(months.iter().map(|date| date.rsplit(' ').next()).collect::<BTreeSet<_>>().len(), 12);
    }
}

#[test]
fn instants_are_local_times_with_their_offset() {
    let paris = zone("Europe/Paris");
    let (winter, summer) = (instant("2026-11-25T09:00:00Z"), instant("2026-06-30T22:30:05Z"));
    assert_eq!(en().instant(winter, &paris), "Wednesday, 25 November 2026, 10:00 (UTC+1)");
    assert_eq!(fr().instant_in_zone(summer, &paris), "mercredi 1er juillet 2026 à 00:30:05 (Europe/Paris, UTC+2)");
    assert_eq!(en().instant(winter, None), "Wednesday, 25 November 2026, 09:00 (UTC)");
    assert_eq!(en().instant(winter, &zone("America/St_Johns")), "Wednesday, 25 November 2026, 05:30 (UTC-3:30)");
    assert_eq!(en().instant(winter, &zone("Asia/Kolkata")), "Wednesday, 25 November 2026, 14:30 (UTC+5:30)");
}

fn paris() -> Calendar {
    Calendar::new("fr", zone("Europe/Paris"))
        .with_holiday(day("2026-11-11"), "Armistice 1918")
        .with_holiday(day("2026-12-25"), "Noël")
        .with_holiday(day("2026-12-24"), "")
}

fn explained(calendar: &Calendar, target: &str, start: &str) -> Explanation {
    explain(&target.parse::<Target>().expect("a target"), calendar, instant(start)).expect("a deadline")
}

fn sentence(words: Words, rule: &str, calendar: &Calendar, target: &str, start: &str) -> String {
    words.explanation(rule, &explained(calendar, target, start), calendar.zone()).sentence
}

#[test]
fn a_review_submitted_on_saturday_is_explained_day_by_day() {
    assert_eq!(
        sentence(en(), "review", &paris(), "2 business days", "2026-11-21T09:00:00Z"),
        "Submitted Saturday, 21 November 2026, 10:00 (Europe/Paris, UTC+1); the day itself is not counted; counted: \
         2 business days (Mon 23, Tue 24 Nov); skipped: Sun 22 Nov (weekend); due at the end of Tuesday, \
         24 November 2026"
    );
    assert_eq!(
        sentence(fr(), "review", &paris(), "2 business days", "2026-11-21T09:00:00Z").replace('\u{A0}', " "),
        "Soumise le samedi 21 novembre 2026 à 10:00 (Europe/Paris, UTC+1) ; ce jour-là ne compte pas ; comptés : \
         2 jours ouvrés (lun. 23, mar. 24 nov.) ; sautés : dim. 22 nov. (week-end) ; échéance à la fin du mardi \
         24 novembre 2026"
    );
}

#[test]
fn many_days_are_told_by_their_number_and_each_holiday_by_its_date_and_name() {
    let explanation = explained(&paris(), "45 business days", "2026-11-02T09:00:00Z");
    let explained = en().explanation("payment", &explanation, paris().zone());
    assert_eq!(explained.counted, "45 business days (from Tue 3 Nov 2026 to Thu 7 Jan)");
    assert_eq!(
        explained.skipped,
        "18 weekend days; Wed 11 Nov 2026 (Armistice 1918); Thu 24 Dec 2026 (holiday); Fri 25 Dec 2026 (Noël)"
    );
    assert_eq!(explained.due, "end of Thursday, 7 January 2027");
    assert_eq!(
        fr().explanation("payment", &explanation, paris().zone()).skipped.replace('\u{A0}', " "),
        "18 jours de week-end ; mer. 11 nov. 2026 (Armistice 1918) ; jeu. 24 déc. 2026 (jour férié) ; \
         ven. 25 déc. 2026 (Noël)"
    );
}

#[test]
fn a_week_of_holidays_is_told_once_and_a_year_of_them_is_cut() {
    let week = (1..=7).fold(Calendar::new("cn", zone("Asia/Shanghai")), |calendar, n| {
        calendar.with_holiday(day(&format!("2026-10-0{n}")), "National Day")
    });
    let explanation = explained(&week, "1 business day", "2026-09-30T02:00:00Z");
    assert_eq!(
        en().skipped_days(&explanation),
        "Sat 3, Sun 4 Oct (weekend); Thu 1, Fri 2, Mon 5, Tue 6, Wed 7 Oct (National Day)"
    );
    let year = day("2026-01-01")
        .iter_days()
        .take(365)
        .fold(Calendar::new("none", zone("UTC")), |calendar, date| calendar.with_holiday(date, format!("Day {date}")));
    let skipped = en().skipped_days(&explained(&year, "1 business day", "2026-01-05T00:00:00Z"));
    assert!(skipped.ends_with("; and 238 more days"), "{skipped}");
    assert_eq!(skipped.matches("(Day ").count(), 20);
}

#[test]
fn every_skipped_day_is_named_where_that_is_asked_for() {
    let explanation = explained(&paris(), "45 business days", "2026-11-02T09:00:00Z");
    let every = en().every_skipped_day(&explanation);
    let weekend = every.split("; ").next().expect("the weekend");
    assert_eq!(weekend.matches("Sat ").count() + weekend.matches("Sun ").count(), 18, "{every}");
    assert!(every.ends_with("; Wed 11 Nov 2026 (Armistice 1918); Thu 24 Dec 2026 (holiday); Fri 25 Dec 2026 (Noël)"));
}

fn feast() -> Days {
    let feast = |date: &str, estimated| Holiday { date: day(date), name: "Feast".into(), estimated };
    Days {
        holidays: vec![feast("2026-03-19", false), feast("2026-03-20", true), feast("2026-03-23", true)],
        coverage: Some(FIRST_DAY..=day("2026-03-23")),
        ..Days::none(Origin::Country("AE".into()))
    }
}

#[test]
fn a_day_off_that_may_still_move_is_marked_as_estimated() {
    let explanation = explained(&paris().with_days(feast()), "1 business day", "2026-03-18T09:00:00Z");
    let skipped = "Sat 21, Sun 22 Mar (weekend); Thu 19 Mar (Feast); Fri 20, Mon 23 Mar (Feast) (estimated)";
    assert_eq!(en().skipped_days(&explanation), skipped);
    assert_eq!(en().every_skipped_day(&explanation), skipped);
    assert!(fr().skipped_days(&explanation).ends_with("ven. 20, lun. 23 mars (Feast) (estimé)"));
}

#[test]
fn days_that_the_calendar_does_not_know_are_told_from_what_it_knows() {
    let notes = |words: Words, days: Days| {
        let explanation = explained(&paris().with_days(days), "1 business day", "2026-03-18T09:00:00Z");
        assert!(explanation.notes.iter().any(|note| note.starts_with(BEYOND_CALENDAR)), "{:?}", explanation.notes);
        words.explanation("review", &explanation, None).notes
    };
    assert_eq!(
        notes(en(), feast()),
        ["AE knows no holidays after Monday, 23 March 2026: later days were counted without them"]
    );
    let since = Days { coverage: Some(day("2026-01-01")..=day("2026-03-23")), ..feast() };
    assert_eq!(
        notes(fr(), since),
        ["AE ne connaît les jours fériés que du jeudi 1er janvier 2026 au lundi 23 mars 2026\u{A0}: les autres jours \
          sont comptés sans eux"]
    );
}

#[test]
fn the_calendar_is_told_with_why_it_serves_and_with_its_versions() {
    let mut explanation = explained(&paris(), "2 business days", "2026-11-21T09:00:00Z");
    (explanation.calendar_version, explanation.zone_data) = ("5be2f4a09c31".into(), "2026b (system)".into());
    let mut told = |words: Words, by| {
        explanation.chosen_by = by;
        words.explanation("review", &explanation, None).calendar
    };
    assert_eq!(told(en(), Some(ChosenBy::Program)), "fr, which its program names");
    assert_eq!(told(en(), Some(ChosenBy::Rule)), "fr, which the rule names");
    assert_eq!(told(en(), Some(ChosenBy::Default)), "fr, the default one");
    assert_eq!(told(fr(), Some(ChosenBy::Default)), "fr, celui par défaut");
    assert_eq!(told(en(), None), "fr");
    let versions = |explanation: &Explanation| en().explanation("review", explanation, None).versions;
    assert_eq!(versions(&explanation), "calendar version 5be2f4a09c31, zone data 2026b (system)");
    explanation.holiday_data = Some("holidays 0.109".into());
    explanation.calendar_version.clear();
    assert_eq!(
        versions(&explanation),
        "holidays 0.109, zone data 2026b (system)",
        "as stored before there were versions"
    );
}

#[test]
fn an_elapsed_target_is_due_at_a_time_of_day() {
    assert_eq!(
        sentence(en(), "dispute", &paris(), "1 business day elapsed", "2026-11-23T09:15:00Z"),
        "Disputed Monday, 23 November 2026, 10:15 (Europe/Paris, UTC+1); counted to the same time of day; counted: \
         1 business day (Tue 24 Nov); due on Tuesday, 24 November 2026, 10:15 (UTC+1)"
    );
}

#[test]
fn an_elapsed_target_from_a_day_off_says_where_the_count_begins_and_says_it_once() {
    assert_eq!(
        sentence(en(), "own_rule", &paris(), "1 business day elapsed", "2026-11-28T10:00:00Z"),
        "Clock started Saturday, 28 November 2026, 11:00 (Europe/Paris, UTC+1); no business day: counted from the \
         start of Mon 30 Nov; counted: 1 business day (Tue 1 Dec); skipped: Sun 29 Nov (weekend); due on Tuesday, \
         1 December 2026, 00:00 (UTC+1)"
    );
}

#[test]
fn a_day_that_the_zone_skips_is_told_in_words() {
    let apia = Calendar::new("ws", zone("Pacific/Apia"));
    let explanation = explained(&apia, "3 days", "2011-12-29T02:00:00Z");
    assert_eq!(en().skipped_days(&explanation), "Fri 30 Dec 2011 (a day that the time zone left out)");
}

#[test]
fn every_note_of_an_explanation_is_said_in_french_too() {
    let notes = |calendar: &Calendar, target: &str, start: &str| {
        let explanation = explained(calendar, target, start);
        assert_eq!(explanation.notes.len(), 1, "{:?}", explanation.notes);
        fr().explanation("review", &explanation, calendar.zone()).notes.join("").replace('\u{A0}', " ")
    };
    let moved = notes(&paris(), "30 days roll", "2026-10-08T09:00:00Z");
    assert!(moved.starts_with("le dernier jour n’est pas ouvré"), "{moved}");
    let gap = notes(&paris(), "1 day elapsed", "2026-03-28T01:30:00Z");
    assert!(gap.starts_with("cette heure locale n’existe pas"), "{gap}");
    let twice = notes(&paris(), "1 day elapsed", "2026-10-24T00:30:00Z");
    assert!(twice.starts_with("cette heure locale existe deux fois"), "{twice}");
    let mut explanation = explained(&paris(), "2 business days", "2026-11-23T09:00:00Z");
    explanation.notes =
        vec!["calendar \"w\\u{1b}orks\" is not configured; \"fr\" serves".into(), "something else".into()];
    let explained = fr().explanation("review", &explanation, None);
    assert_eq!(
        explained.notes,
        ["le calendrier \"w\\u{1b}orks\" n’est pas configuré\u{A0}; \"fr\" en tient lieu", "something else"]
    );
}

#[test]
fn an_end_of_day_is_the_day_before_even_where_the_next_one_begins_late() {
    let cairo = Calendar::new("eg", zone("Africa/Cairo")).with_weekend([chrono::Weekday::Fri, chrono::Weekday::Sat]);
    let explanation = explained(&cairo, "1 business day", "2025-04-23T09:00:00Z");
    assert_eq!(explanation.due_at, instant("2025-04-24T22:00:00Z"), "01:00 on Friday: midnight does not exist");
    assert_eq!(en().explanation("review", &explanation, cairo.zone()).due, "end of Thursday, 24 April 2025");
}
