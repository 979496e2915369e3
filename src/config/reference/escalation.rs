//! `[escalation]` and what is in it: who is told of what, and when.

use super::Fallback::{Depends, Required, Unset, Value};
use super::{Setting, Table};

pub const TABLES: &[Table] = &[
    Table { heading: "[escalation]", about: "How it works: [escalation.md](escalation.md).", settings: ESCALATION },
    Table {
        heading: "[[escalation.levels]]",
        about: "In order, level 1 first. A level goes out once about each alert that is breached and not snoozed.",
        settings: LEVEL,
    },
    Table {
        heading: "[[escalation.routes]]",
        about: "The first route that fits an alert and a level replaces that level's recipients. In patterns, `*` stands for any text \
                and `?` for one character. `claimwatch routes test` says which one fits, and why.",
        settings: ROUTE,
    },
    Table {
        heading: "[escalation.brake]",
        about: "When new alerts are too many to be believed: [escalation.md](escalation.md#never-cry-wolf).",
        settings: BRAKE,
    },
    Table { heading: "[escalation.all_is_well]", about: "", settings: ALL_IS_WELL },
    Table {
        heading: "[[escalation.monthly_reports]]",
        about: "[The report](report.md) of the month before by mail, when the first business day's sending hours open: one for all \
                programs, or several for those of a pattern each.",
        settings: MONTHLY_REPORT,
    },
];

const ADDRESSES: &str = r#"a list of addresses, as `["support@example.com"]`"#;
const WEBHOOKS: &str = r#"a list of webhooks, as `["tickets"]`"#;
const COUNT: &str = "a number from 1 to 1000000000";

const ESCALATION: &[Setting] = &[
    Setting {
        key: "levels",
        takes: "a list of tables: `[[escalation.levels]]`",
        default: Depends {
            words: "one, to support@localhost, if `transport` is `\"file\"`; else needed",
            usually: r#"[{ to = ["support@localhost"] }]"#,
        },
        example: r#"[{ to = ["support@example.com"] }]"#,
        effect: "who is told, level by level: `[[escalation.levels]]`",
        change: "mail is to reach people",
    },
    Setting {
        key: "routes",
        takes: "a list of tables: `[[escalation.routes]]`",
        default: Value("[]"),
        example: r#"[{ rule = "payment", to = ["payments@example.com"] }]"#,
        effect: "who is told in place of a level's recipients: `[[escalation.routes]]`",
        change: "not everybody is to be told of everything",
    },
    Setting {
        key: "send_hours",
        takes: r#"hours, as `"08:00-19:00"`"#,
        default: Unset("any time"),
        example: r#""08:00-19:00""#,
        effect: "messages are written between these, on business days of the default calendar (or that of a route), in its zone; \
                 `24:00` is the end of the day",
        change: "nobody reads mail at night",
    },
    Setting {
        key: "language",
        takes: r#"one of `"en"`, `"fr"`"#,
        default: Value(r#""en""#),
        example: r#""fr""#,
        effect: "the language of mails",
        change: "the readers read French",
    },
    Setting {
        key: "monthly_reports",
        takes: "a list of tables: `[[escalation.monthly_reports]]`",
        default: Value("[]"),
        example: r#"[{ to = ["managers@example.com"] }]"#,
        effect: "who gets the report of each month: `[[escalation.monthly_reports]]`",
        change: "someone wants to know how it went",
    },
    Setting {
        key: "support_url",
        takes: r#"an address, as `"https://example.com/support"`"#,
        default: Depends {
            words: "Microsoft's page for support requests on incentives",
            usually: "\"https://partner.microsoft.com/dashboard/support/incentives/servicerequests?category=incentives\"",
        },
        example: r#""https://example.com/support""#,
        effect: "named in each mail; `\"\"`: none",
        change: "support is asked for elsewhere",
    },
    Setting {
        key: "claim_url",
        takes: r#"an address, as `"https://claims.example.com/claims/{claim_id}"`"#,
        default: Value(r#""""#),
        example: r#""https://claims.example.com/claims/{claim_id}""#,
        effect: "a claim's own page, with `{claim_id}` in it after the host; mails link each claim to it",
        change: "claims have pages in another system",
    },
];

/// Who gets a copy, of a level and of a route alike.
const COPIES: Setting = Setting {
    key: "cc",
    takes: ADDRESSES,
    default: Value("[]"),
    example: r#"["lead@example.com"]"#,
    effect: "who gets a copy; nobody twice",
    change: "someone is to know without having to act",
};

/// Which webhooks are told, by a level and by a route alike.
const TOLD_WEBHOOKS: Setting = Setting {
    key: "webhooks",
    takes: WEBHOOKS,
    default: Value("[]"),
    example: r#"["tickets"]"#,
    effect: "names of [webhooks](webhook.md), which get it too",
    change: "a chat or ticket system is to be told",
};

const LEVEL: &[Setting] = &[
    Setting {
        key: "after",
        takes: r#"a text, as `"2 business days"`"#,
        default: Unset("when the deadline is missed; needed from level 2 on"),
        example: r#""2 business days""#,
        effect: "a span after the deadline, in the alert's calendar; each longer than that of the level before",
        change: "the next ones to be told are to wait for longer, or for less",
    },
    Setting {
        key: "to",
        takes: ADDRESSES,
        default: Required("needed, unless there are `webhooks`"),
        example: r#"["Claims support <support@example.com>"]"#,
        effect: "who is told; addresses, alone or as `Name <address>`",
        change: "people come and go",
    },
    COPIES,
    TOLD_WEBHOOKS,
    Setting {
        key: "remind_every",
        takes: r#"a text, as `"2 business days"`"#,
        default: Unset("never"),
        example: r#""1 business day""#,
        effect: "a span: goes out again until the alert is acknowledged or resolved",
        change: "one mail is easily lost among others",
    },
];

const ROUTE: &[Setting] = &[
    Setting {
        key: "rule",
        takes: "a pattern of rules",
        default: Unset("every rule"),
        example: r#""*payment""#,
        effect: "which rules it is for",
        change: "reviews and payments are other people's",
    },
    Setting {
        key: "program",
        takes: r#"a program's id, as `"SURFACE-*"`"#,
        default: Unset("every program, and none"),
        example: r#""SURFACE-*""#,
        effect: "a pattern: which programs it is for",
        change: "a program has people of its own",
    },
    Setting {
        key: "paying_entity",
        takes: r#"a paying entity, as `"*Ireland*"`"#,
        default: Unset("every entity, and none"),
        example: r#""*Ireland*""#,
        effect: "a pattern: which entities' payment lines it is for",
        change: "each entity has a payments desk",
    },
    Setting {
        key: "currency",
        takes: r#"a currency of ISO 4217, as `"EUR"`"#,
        default: Unset("every currency, and none"),
        example: r#""EUR""#,
        effect: "which currency it is for",
        change: "a currency has people of its own, or you set `min_amount`",
    },
    Setting {
        key: "min_amount",
        takes: r#"an amount, as `"10000"` or `"2500.50"`"#,
        default: Unset("any amount"),
        example: r#""10000""#,
        effect: "the least one that it is for, in `currency`, which it needs",
        change: "large sums go to someone else",
    },
    Setting {
        key: "level",
        takes: "a number from 1 to the number of levels",
        default: Unset("every level"),
        example: "1",
        effect: "which level's recipients it replaces",
        change: "only one of the levels goes elsewhere",
    },
    Setting {
        key: "calendar",
        takes: "the name of a calendar",
        default: Unset("the default one"),
        example: r#""fr""#,
        effect: "`send_hours` are kept on its business days, by its clock, for these people",
        change: "they work in another zone or on other days",
    },
    Setting {
        key: "to",
        takes: ADDRESSES,
        default: Required("needed, unless there are `webhooks`"),
        example: r#"["payments@example.com"]"#,
        effect: "who is told in place of the level's",
        change: "people come and go",
    },
    COPIES,
    TOLD_WEBHOOKS,
];

const BRAKE: &[Setting] = &[
    Setting {
        key: "enabled",
        takes: "true or false",
        default: Value("true"),
        example: "false",
        effect: "`false`: nothing is ever held",
        change: "nobody is there to release what is held",
    },
    Setting {
        key: "max_new",
        takes: COUNT,
        default: Value("1000"),
        example: "200",
        effect: "a scan that would open more alerts holds them",
        change: "more than that is an ordinary day for you, or a fraction of it is an accident",
    },
    Setting {
        key: "times_usual",
        takes: COUNT,
        default: Value("20"),
        example: "10",
        effect: "so does one that would open more than so many times the usual: the median of the scans of 30 days that opened any, \
                 five of them at least",
        change: "your days differ more, or less, than that",
    },
    Setting {
        key: "at_least",
        takes: COUNT,
        default: Depends { words: "`100`, at most `max_new`", usually: "100" },
        example: "50",
        effect: "so many are never held",
        change: "you have few claims, and fifty at once are an accident",
    },
];

const MONTHLY_REPORT: &[Setting] = &[
    Setting {
        key: "program",
        takes: r#"a program's id, as `"SURFACE-*"`"#,
        default: Unset("every program, and none"),
        example: r#""SURFACE-*""#,
        effect: "a pattern: which programs it is about",
        change: "a program has people of its own",
    },
    Setting {
        key: "to",
        takes: ADDRESSES,
        default: Required("needed, unless there are `webhooks`"),
        example: r#"["managers@example.com"]"#,
        effect: "who gets it",
        change: "someone wants to know how it went",
    },
    COPIES,
    TOLD_WEBHOOKS,
];

const ALL_IS_WELL: &[Setting] = &[
    Setting {
        key: "to",
        takes: ADDRESSES,
        default: Value("[]"),
        example: r#"["operations@example.com"]"#,
        effect: "addresses that get a statement each business day, with the first scan within the sending hours",
        change: "silence is to mean that something is wrong",
    },
    Setting {
        key: "webhooks",
        takes: WEBHOOKS,
        default: Value("[]"),
        example: r#"["tickets"]"#,
        effect: "names of [webhooks](webhook.md) that get it",
        change: "a system is to notice that the statement does not come",
    },
];
