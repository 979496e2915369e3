//! `[mail]` with its transports, and `[webhooks.NAME]`: how messages leave.

use super::Fallback::{Depends, Required, Unset, Value};
use super::{Setting, Table};

pub const TABLES: &[Table] = &[
    Table { heading: "[mail]", about: "What a mail contains: [mail.md](mail.md).", settings: MAIL },
    Table { heading: "[mail.smtp]", about: "", settings: SMTP },
    Table {
        heading: "[mail.sendmail]",
        about: "",
        settings: &[Setting {
            key: "program",
            takes: "the path of a program",
            default: Value(r#""/usr/sbin/sendmail""#),
            example: r#""/usr/bin/msmtp""#,
            effect: "called as `program -i -f SENDER -- RECIPIENT`",
            change: "the machine's mail system has its program elsewhere",
        }],
    },
    Table {
        heading: "[mail.file]",
        about: "",
        settings: &[Setting {
            key: "directory",
            takes: "the path of a directory",
            default: Depends { words: "`outbox` in the state directory", usually: r#""/var/lib/claimwatch/outbox""# },
            example: r#""mail""#,
            effect: "gets an `.eml` file for each message and recipient",
            change: "you want to look at them elsewhere",
        }],
    },
    Table {
        heading: "[webhooks.NAME]",
        about: "Where messages go beside mail: [webhook.md](webhook.md). A name has letters, digits, `-` and `_`, 60 at most; levels and \
                routes refer to it.",
        settings: WEBHOOK,
    },
];

const MAIL: &[Setting] = &[
    Setting {
        key: "transport",
        takes: r#"one of `"file"`, `"smtp"`, `"sendmail"`"#,
        default: Value(r#""file""#),
        example: r#""sendmail""#,
        effect: "the way out: `.eml` files, a mail server, or the machine's own mail system",
        change: "you have seen the files, and want mail",
    },
    Setting {
        key: "from",
        takes: r#"an address, as `"Name <user@example.com>"`"#,
        default: Depends {
            words: "`claimwatch@localhost`, for files only; else needed",
            usually: r#""claimwatch@localhost""#,
        },
        example: r#""Claim monitor <claims-monitor@example.com>""#,
        effect: "the sender; its domain is also that of the Message-ID",
        change: "mail leaves the machine",
    },
    Setting {
        key: "max_per_hour",
        takes: "a number from 1 to 100000",
        default: Value("30"),
        example: "10",
        effect: "so many messages one address gets within any hour. What is more waits, and a thread's waiting messages go as one",
        change: "a mailbox or its server takes fewer, or a system reads more",
    },
    Setting {
        key: "templates",
        takes: "the path of a directory",
        default: Unset("none"),
        example: r#""mail-templates""#,
        effect: "has [templates of your own](mail.md#templates)",
        change: "mails are to look otherwise",
    },
    Setting {
        key: "reply_to",
        takes: r#"an address, as `"Name <user@example.com>"`"#,
        default: Unset("none: answers go to `from`"),
        example: r#""support@example.com""#,
        effect: "where answers go",
        change: "nobody reads the mailbox of `from`",
    },
    Setting {
        key: "timeout_seconds",
        takes: "a number from 1 to 3600",
        default: Value("60"),
        example: "300",
        effect: "the longest that one attempt may take, in seconds",
        change: "the server looks for spam for minutes before it answers",
    },
];

const SMTP: &[Setting] = &[
    Setting {
        key: "host",
        takes: "the name or address of a mail server, without a port",
        default: Required("needed if `transport` is `\"smtp\"`"),
        example: r#""mail.example.com""#,
        effect: "the server; its certificate must be for this name",
        change: "mail goes by another server",
    },
    Setting {
        key: "port",
        takes: "a number from 1 to 65535",
        default: Depends {
            words: "by `tls`: 587 for `\"starttls\"`, 465 for `\"implicit\"`, 25 for `\"none\"`",
            usually: "587",
        },
        example: "2525",
        effect: "the server's port",
        change: "the server listens elsewhere",
    },
    Setting {
        key: "tls",
        takes: r#"one of `"starttls"`, `"implicit"`, `"none"`"#,
        default: Value(r#""starttls""#),
        example: r#""implicit""#,
        effect: "`\"starttls\"`: without which nothing is sent; `\"implicit\"`: from the first byte; `\"none\"`: not encrypted, to this \
                 machine only",
        change: "the server wants it so",
    },
    Setting {
        key: "allow_plaintext",
        takes: "true or false",
        default: Value("false"),
        example: "true",
        effect: "`true`: `tls = \"none\"` to other machines, too",
        change: "the network between is protected otherwise",
    },
    Setting {
        key: "ca_file",
        takes: "the path of a file of certificates",
        default: Unset("none"),
        example: r#""ca.pem""#,
        effect: "certificates (PEM) to trust beside the system's",
        change: "the server's certificate is of an authority of your own",
    },
    Setting {
        key: "max_connections",
        takes: "a number from 1 to 100",
        default: Value("4"),
        example: "1",
        effect: "so many mails go out at once, each over a connection of its own",
        change: "the server grants fewer, or a long list of recipients waits too long",
    },
    Setting {
        key: "username",
        takes: "a user name",
        default: Unset("no authentication"),
        example: r#""claimwatch""#,
        effect: "whom the server lets in; needs a password",
        change: "the server asks for it",
    },
    Setting {
        key: "password",
        takes: "a text",
        default: Unset("none"),
        example: r#""a-password""#,
        effect: "that user's password",
        change: "you try something out; `password_file` keeps it out of this file",
    },
    Setting {
        key: "password_file",
        takes: "the path of a file",
        default: Unset("none"),
        example: r#""/run/credentials/claimwatch.service/smtp-password""#,
        effect: "holds the password, as one line",
        change: "the server asks for a password",
    },
];

const WEBHOOK: &[Setting] = &[
    Setting {
        key: "url",
        takes: "a text",
        default: Required("needed, or `url_file`"),
        example: r#""https://tickets.example.com/hooks/claims""#,
        effect: "`https://`, or `http://` to this machine; shown nowhere but its host, since it may be all that gives access",
        change: "the system's address changes",
    },
    Setting {
        key: "url_file",
        takes: "the path of a file",
        default: Unset("none"),
        example: r#""/run/credentials/claimwatch.service/tickets-url""#,
        effect: "holds the address, as one line, in place of `url`",
        change: "whoever knows the address may write there",
    },
    Setting {
        key: "allow_plaintext",
        takes: "true or false",
        default: Value("false"),
        example: "true",
        effect: "`true`: `http://` to other machines too",
        change: "the network between is protected otherwise",
    },
    Setting {
        key: "secret",
        takes: "a text",
        default: Required("needed, or `secret_file`"),
        example: r#""whsec_YW4gZXhhbXBsZSwgbm8gc2VjcmV0IGtleQ==""#,
        effect: "the key of signatures: `whsec_` and 24 to 64 bytes in base64",
        change: "you try something out; `secret_file` keeps it out of this file",
    },
    Setting {
        key: "secret_file",
        takes: "the path of a file",
        default: Unset("none"),
        example: r#""/run/credentials/claimwatch.service/tickets-secret""#,
        effect: "holds the key, as one line, in place of `secret`",
        change: "the webhook is more than a trial",
    },
    Setting {
        key: "previous_secret",
        takes: "a text",
        default: Unset("none"),
        example: r#""whsec_YW4gZXhhbXBsZSwgbm8gc2VjcmV0IGtleQ==""#,
        effect: "the key that `secret` takes the place of: both sign",
        change: "you change the key, until the receiver knows the new one",
    },
    Setting {
        key: "previous_secret_file",
        takes: "the path of a file",
        default: Unset("none"),
        example: r#""/run/credentials/claimwatch.service/tickets-secret-before""#,
        effect: "holds it, as one line, in place of `previous_secret`",
        change: "you change the key, until the receiver knows the new one",
    },
    Setting {
        key: "ca_file",
        takes: "the path of a file of certificates",
        default: Unset("none"),
        example: r#""ca.pem""#,
        effect: "certificates (PEM) to trust beside the system's",
        change: "the receiver's certificate is of an authority of your own",
    },
];
