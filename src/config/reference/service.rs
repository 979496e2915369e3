//! `[database]`, `[source]`, `[schedule]`; `[http]` and `[log]`.

use super::Fallback::{Depends, Unset, Value};
use super::{Setting, Table};

pub const BEFORE: &[Table] = &[
    Table {
        heading: "[database]",
        about: "",
        settings: &[
            Setting {
                key: "url",
                takes: r#"`"sqlite:"` and a path, or `"postgres://…"`"#,
                default: Depends {
                    words: "`claimwatch.db` in the state directory",
                    usually: r#""sqlite:/var/lib/claimwatch/claimwatch.db""#,
                },
                example: r#""postgres://claimwatch@db.example.com/claims""#,
                effect: "where claims are read and everything is kept. A SQLite file is made with the first start; \
                         `sqlite:///var/lib/claims.db` and `sqlite:/var/lib/claims.db` are the same, `sqlite:claims.db` is \
                         relative. Of PostgreSQL: [addresses](postgresql.md#addresses)",
                change: "your claims are in PostgreSQL, or the file is to lie elsewhere",
            },
            Setting {
                key: "password",
                takes: "a text",
                default: Unset("the one in `url`, in `PGPASSWORD` or in `.pgpass`"),
                example: r#""a-password""#,
                effect: "the password of PostgreSQL's role",
                change: "you try something out; `password_file` keeps it out of this file",
            },
            Setting {
                key: "password_file",
                takes: "the path of a file",
                default: Unset("none"),
                example: r#""/run/credentials/claimwatch.service/database-password""#,
                effect: "holds the password, as one line",
                change: "PostgreSQL asks for a password",
            },
            Setting {
                key: "schema",
                takes: r#"the name of a schema, as `"claimwatch"`"#,
                default: Value(r#""claimwatch""#),
                example: r#""claims_watch""#,
                effect: "where claimwatch's own tables are in PostgreSQL's database",
                change: "the name is taken, or two claimwatches watch one database",
            },
            Setting {
                key: "max_connections",
                takes: "a number from 1 to 100",
                default: Value("8"),
                example: "4",
                effect: "the most connections to PostgreSQL at a time; SQLite does not use it",
                change: "the server or a pooler before it grants fewer",
            },
        ],
    },
    Table {
        heading: "[source]",
        about: "Tables or views in the same database, read only; the columns are in [input.md](input.md). On PostgreSQL also of \
                another schema, as `\"sales.claims\"`; without one, of claimwatch's own. After a change: `claimwatch migrate`.",
        settings: &[
            Setting {
                key: "claims",
                takes: RELATION,
                default: Value(r#""claims""#),
                example: r#""sales.claims""#,
                effect: "a row a claim",
                change: "your claims are in a table or view of your own",
            },
            Setting {
                key: "programs",
                takes: RELATION,
                default: Value(r#""programs""#),
                example: r#""sales.programs""#,
                effect: "a row a program",
                change: "your programs are in a table or view of your own",
            },
            Setting {
                key: "payments",
                takes: RELATION,
                default: Value(r#""claim_payments""#),
                example: r#""sales.payments""#,
                effect: "a row a payment line; `\"\"`: there are none, and claims are watched as a whole",
                change: "your payment lines are in a table or view of your own, or there are none",
            },
            Setting {
                key: "history",
                takes: RELATION,
                default: Value(r#""claim_history""#),
                example: r#""""#,
                effect: "what happened to claims, of which mails quote the latest; `\"\"`: there is none",
                change: "your claims' history is in a table or view of your own, or there is none",
            },
        ],
    },
    Table {
        heading: "[schedule]",
        about: "",
        settings: &[
            Setting {
                key: "scan",
                takes: "six fields: second, minute, hour, day of the month, month, day of the week",
                default: Value(r#""0 */5 * * * *""#),
                example: r#""0 */15 7-19 * * mon-fri""#,
                effect: "when the daemon scans, as cron. Runs that overlap are skipped, runs that were missed are made up for by one",
                change: "alerts are to come sooner, or the database is to be asked less often",
            },
            Setting {
                key: "time_zone",
                takes: r#"the name of a time zone, as `"Europe/Paris"`"#,
                default: Depends { words: "the default calendar's", usually: r#""UTC""# },
                example: r#""Europe/Paris""#,
                effect: "the zone of the schedule's times",
                change: "the schedule follows another office's clock",
            },
        ],
    },
];

pub const AFTER: &[Table] = &[
    Table {
        heading: "[http]",
        about: "Metrics and health: [monitoring.md](monitoring.md). The API, and who may do what: [api.md](api.md).",
        settings: &[
            Setting {
                key: "listen",
                takes: r#"an address and a port, as `"127.0.0.1:9464"`"#,
                default: Unset("nothing is served"),
                example: r#""127.0.0.1:9464""#,
                effect: "where HTTP is answered",
                change: "Prometheus or a probe is to ask the daemon",
            },
            Setting {
                key: "token",
                takes: "a text",
                default: Unset("none"),
                example: r#""a-token""#,
                effect: "whoever carries it may look, and whoever carries none may not; see also `claimwatch token`",
                change: "you try something out; `token_file` keeps it out of this file",
            },
            Setting {
                key: "token_file",
                takes: "the path of a file",
                default: Unset("none"),
                example: r#""/run/credentials/claimwatch.service/http-token""#,
                effect: "holds the token, as one line",
                change: "`listen` is an address that others can reach, and what asks is to be let in while the database is away",
            },
            Setting {
                key: "external_url",
                takes: r#"an address without a query, as `"https://claims.example.com"`"#,
                default: Unset("none: mails have no links to answer by"),
                example: r#""https://claims.example.com""#,
                effect: "where people reach the page; mails link to it ([acting.md](acting.md)), and over HTTPS its cookies are for HTTPS alone",
                change: "people answer from mails, or a proxy with TLS stands in front",
            },
        ],
    },
    Table {
        heading: "[log]",
        about: "Of `claimwatch run`, to standard error.",
        settings: &[
            Setting {
                key: "format",
                takes: r#"one of `"auto"`, `"journald"`, `"json"`, `"text"`"#,
                default: Value(r#""auto""#),
                example: r#""json""#,
                effect: "how a line looks; `\"auto\"`: for the journal where standard error is one, text on a terminal, else JSON; `\"journald\"` elsewhere: lines that begin with their priority, as `<4>`",
                change: "something else collects the logs and reads another format",
            },
            Setting {
                key: "level",
                takes: r#"one of `"error"`, `"warn"`, `"info"`, `"debug"`, `"trace"`"#,
                default: Value(r#""info""#),
                example: r#""debug""#,
                effect: "the least important lines that are written",
                change: "you look for a mistake, or pay for logs by the line",
            },
        ],
    },
];

const RELATION: &str = r#"the name of a table or view, with or without its schema, as `"sales.claims"`"#;
