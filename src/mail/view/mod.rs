//! What the templates are given: every fact of the message in words, cleaned, in the order in which it is read.

mod case;
mod coverage;
mod opening;
mod settled;

use serde::Serialize;

use crate::calendar::Zone;
use crate::escalation::Kind;
use crate::seal::AnswerLinks;
use crate::wording::Words;

use self::case::CaseView;
use self::coverage::coverage;
use self::opening::Opening;
use self::settled::SettledView;
use super::sums::Sums;
use super::{Composer, List};

/// The longest claim id in a subject or heading.
const MAX_ID: usize = 60;

/// The whole message.
#[derive(Debug, Serialize)]
pub(super) struct View {
    lang: &'static str,
    #[serde(flatten)]
    opening: Opening,
    /// What is late (or open) by rule, and what is to be said of each.
    rules_title: String,
    rules: Vec<RuleView>,
    money: Vec<String>,
    money_missing: Option<String>,
    cases: Vec<CaseView>,
    /// What is said of the attachment, and of the cases that are in it alone; empty: there is none.
    attachment: Vec<String>,
    settled: Option<SettledView>,
    /// What was looked at; empty: nobody noted it.
    coverage: Vec<Row>,
    covers: String,
    support_url: Option<String>,
}

#[derive(Debug, Serialize)]
struct RuleView {
    what: String,
    figures: String,
    is_late: bool,
}

/// A label and what is to be said under it, a line each.
#[derive(Debug, Serialize)]
struct Row {
    label: String,
    values: Vec<String>,
}

impl View {
    /// What `composer` says, with an attachment that came to `list`.
    pub(super) fn new(composer: &mut Composer<'_>, list: List) -> Self {
        let (words, kind) = (composer.words, composer.digest.kind);
        let zone = zone_of_all(composer);
        let rules = if kind == Kind::AllIsWell { open_by_rule(words, composer) } else { late_by_rule(words, composer) };
        let opening = Opening::new(composer, &what(words, &composer.sums), zone.as_ref());
        let Composer { frame, digest, now, zones, worst, sums, settled, links, .. } = composer;
        let claim_url = frame.claim_url.as_deref();
        let cases = (1..).zip(worst.cases()).map(|(number, case)| {
            let zone = zones.named(&case.alert.explanation.time_zone);
            let lang = digest.language.tag();
            let address = |(links, delivery): (&AnswerLinks, _)| links.address(delivery, case.alert.id, *now);
            let answer = links.map(|link| format!("{}?lang={lang}", address(link)));
            CaseView::new(words, number, case, zone, claim_url).answered_at(answer)
        });
        let cases: Vec<CaseView> = cases.collect();
        Self {
            lang: digest.language.tag(),
            opening,
            rules_title: rules_title(words, kind),
            rules,
            money: sums.money.iter().map(|money| words.money(money)).collect(),
            money_missing: (sums.money.uncounted() > 0)
                .then(|| words.say("held-up-without-amount", [("count", sums.money.uncounted().into())])),
            attachment: attachment(words, sums.cases, cases.len(), list),
            cases,
            settled: SettledView::new(words, digest, settled, zones, claim_url),
            coverage: coverage(words, digest, zone.as_ref()),
            covers: words.say(
                if sums.cases == 0 { "covers-without-cases" } else { "covers" },
                [("instant", words.instant_in_zone(*now, zone.as_ref()).into())],
            ),
            support_url: frame.support_url.clone(),
        }
    }
}

impl View {
    /// What it is about, in one line.
    pub(super) fn subject(&self) -> &str {
        self.opening.subject()
    }

    /// The message in short, for a chat: how it begins, then the worst cases, a line each.
    pub(super) fn chat(&self) -> String {
        const MAX_CASES: usize = 5;
        let cases = self.cases.iter().take(MAX_CASES).map(CaseView::line);
        self.opening.lines().chain(cases).chain(self.support_url.clone()).collect::<Vec<_>>().join("\n")
    }
}

/// The zone of what is said of the message as a whole: that of its worst case, else that of the first calendar.
fn zone_of_all(composer: &mut Composer<'_>) -> Option<Zone> {
    let Composer { digest, zones, worst, .. } = composer;
    let of_worst = worst.cases().first().map(|case| &case.alert.explanation.time_zone);
    let name = of_worst.or_else(|| digest.coverage.calendars.first().map(|reach| &reach.time_zone))?;
    zones.named(name).cloned()
}

/// `3 reviews and 1 dispute`, the rule with the worst case first.
fn what(words: Words, sums: &Sums) -> String {
    let counts = by_badness(sums).into_iter().map(|(rule, sum)| words.rule_count(rule, sum.cases));
    words.list(&counts.collect::<Vec<_>>())
}

fn by_badness(sums: &Sums) -> Vec<(&String, &super::sums::RuleSum)> {
    let mut rules: Vec<_> = sums.by_rule.iter().collect();
    rules.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.worst_days));
    rules
}

fn late_by_rule(words: Words, composer: &Composer<'_>) -> Vec<RuleView> {
    let rules = by_badness(&composer.sums).into_iter().map(|(rule, sum)| RuleView {
        what: words.rule_count(rule, sum.cases),
        figures: match sum.late {
            0 => words.say("not-late-yet", []),
            _ => words.say("worst-of-rule", [("days", words.business_days(sum.worst_days).into())]),
        },
        is_late: sum.late > 0,
    });
    rules.collect()
}

/// The rules with open alerts, whether anything is told of them here or not.
fn open_by_rule(words: Words, composer: &Composer<'_>) -> Vec<RuleView> {
    let open = composer.digest.coverage.open.iter().filter(|(_, (at_risk, late))| at_risk + late > 0);
    let rules = open.map(|(rule, (at_risk, late))| RuleView {
        what: words.rule(rule),
        figures: words.say("open-alerts", [("late", (*late).into()), ("risk", (*at_risk).into())]),
        is_late: *late > 0,
    });
    rules.collect()
}

fn rules_title(words: Words, kind: Kind) -> String {
    match kind {
        Kind::Held => words.say("held-by-rule", []),
        Kind::AllIsWell => words.say("open-by-rule", []),
        Kind::Escalation | Kind::Inherited | Kind::Resolved | Kind::Undeliverable => words.say("late-by-rule", []),
    }
}

fn attachment(words: Words, cases: usize, shown: usize, list: List) -> Vec<String> {
    let mut said = Vec::new();
    let file = list.name();
    match cases - shown {
        0 if cases == 0 => return said,
        0 => said.push(words.say("attachment", [("file", file.into())])),
        more if list.missing > 0 => said.push(words.say(
            "more-than-attachment",
            [("file", file.into()), ("count", more.into()), ("listed", list.rows.into()), ("total", cases.into())],
        )),
        more => said.push(words.say("more-in-attachment", [("file", file.into()), ("count", more.into())])),
    }
    if cases > shown {
        said.push(words.say("attachment-order", []));
    }
    if list.is_compressed {
        said.push(words.say("attachment-compressed", []));
    }
    said
}
