//! `[calendars]`, `[calendars.NAME]` and `[rules.NAME]`: what deadlines are counted by.

use super::Fallback::{Depends, Unset, Value};
use super::{Setting, Table};

pub const TABLES: &[Table] = &[
    Table {
        heading: "[calendars]",
        about: "Without any calendar there is one, `default`: UTC, Saturday and Sunday off, no holidays.",
        settings: &[Setting {
            key: "default",
            takes: r#"the name of a calendar, as `"fr"`"#,
            default: Depends { words: "the only calendar there is; needed if there are more", usually: r#""fr""# },
            example: r#""il""#,
            effect: "counts for programs and rules that name no calendar",
            change: "there are two calendars or more",
        }],
    },
    Table {
        heading: "[calendars.NAME]",
        about: "What each of them means, and which goes first: [calendars.md](calendars.md).",
        settings: CALENDAR,
    },
    Table {
        heading: "[rules.NAME]",
        about: "`NAME` is `review`, `dispute`, `payment` or `tax_invoice_payment`: [what they watch](domain.md#the-deadlines-sla-rules).",
        settings: RULE,
    },
];

const DATES: &str = r#"a list of dates, as `["2026-12-24"]`"#;

const CALENDAR: &[Setting] = &[
    Setting {
        key: "time_zone",
        takes: r#"the name of a time zone, as `"Europe/Paris"`"#,
        default: Value(r#""UTC""#),
        example: r#""Europe/Paris""#,
        effect: "where its days begin and end",
        change: "its people do not live by UTC",
    },
    Setting {
        key: "weekend",
        takes: r#"a list of days, as `["sat", "sun"]`"#,
        default: Depends { words: "`country`'s, else `[\"sat\", \"sun\"]`", usually: r#"["sat", "sun"]"# },
        example: r#"["fri", "sat"]"#,
        effect: "days of the week that are off, by short or long names; `[]`: none",
        change: "its people rest on other days",
    },
    Setting {
        key: "holidays",
        takes: DATES,
        default: Value("[]"),
        example: r#"[{ date = "2026-12-25", name = "Christmas Day" }]"#,
        effect: "days off. With a `name`, that is the reason in explanations",
        change: "no `country` and no file has them",
    },
    Setting {
        key: "closures",
        takes: DATES,
        default: Value("[]"),
        example: r#"["2026-12-24"]"#,
        effect: "days off of one's own, written like holidays",
        change: "the office is closed on a day that is no public holiday",
    },
    Setting {
        key: "working_days",
        takes: DATES,
        default: Value("[]"),
        example: r#"["2026-10-10"]"#,
        effect: "days that are worked, whatever else says otherwise",
        change: "a Saturday or a holiday is worked",
    },
    Setting {
        key: "country",
        takes: r#"the two capital letters of a country, as `"FR"`"#,
        default: Unset("none"),
        example: r#""FR""#,
        effect: "its public holidays, weekend and worked rest days",
        change: "the calendar is a country's: it saves listing the dates, each year anew",
    },
    Setting {
        key: "subdivision",
        takes: r#"a part of the country, as `"BY"`"#,
        default: Unset("the whole country"),
        example: r#""BY""#,
        effect: "its holidays too",
        change: "the people work in a part with holidays of its own",
    },
    Setting {
        key: "ics",
        takes: r#"a list of files, as `["closures.ics"]`"#,
        default: Value("[]"),
        example: r#"[{ file = "closures.ics", known_until = "2030-12-31" }]"#,
        effect: "files with days off; `known_until` where one knows less or more than until the end of its last year",
        change: "someone keeps days off in a calendar program",
    },
];

const RULE: &[Setting] = &[
    Setting {
        key: "target",
        takes: r#"a text, as `"2 business days"`"#,
        default: Depends {
            words: "`review` 2 business days, `dispute` 5 business days, `payment` 45 business days, \
                    `tax_invoice_payment` 30 days",
            usually: r#""30 days""#,
        },
        example: r#""10 business days""#,
        effect: "a span: how long it may take from the clock's start",
        change: "your agreement with partners says otherwise",
    },
    Setting {
        key: "counting",
        takes: r#"one of `"end_of_day"`, `"elapsed"`"#,
        default: Value(r#""end_of_day""#),
        example: r#""elapsed""#,
        effect: "due at the end of the last day, or at the start's time of day on it",
        change: "your agreement counts hours from the start",
    },
    Setting {
        key: "roll",
        takes: r#"one of `"none"`, `"next_business_day"`"#,
        default: Value(r#""none""#),
        example: r#""next_business_day""#,
        effect: "whether a target in days that would end on a day off ends on the next business day",
        change: "your agreement says so",
    },
    Setting {
        key: "warn",
        takes: r#"a text, as `"2 business days"`"#,
        default: Unset("no warning"),
        example: r#""1 business day""#,
        effect: "a span: at risk this long before the deadline. Alerts at risk are in the table, not in mails",
        change: "a dashboard is to show what is about to be late",
    },
    Setting {
        key: "calendar",
        takes: "the name of a calendar",
        default: Unset("the default one"),
        example: r#""fr""#,
        effect: "counts for programs that name none",
        change: "other people do this work, elsewhere",
    },
    Setting {
        key: "enabled",
        takes: "true or false",
        default: Value("true"),
        example: "false",
        effect: "`false`: its clocks are not watched, its open alerts are withdrawn",
        change: "nobody answers for this deadline",
    },
];
