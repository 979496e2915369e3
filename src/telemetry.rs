//! Logs, to standard error: for the journal, as JSON, or as text for a terminal.
//!
//! No secrets and no message bodies: libraries that would log those (lettre logs whole SMTP conversations, passwords
//! included, below `info`) are held to a level at which they do not, whatever level is configured.

mod journal;

use std::fmt;
use std::io::IsTerminal;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{DefaultFields, FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt as lines};

use crate::claim::clean_line;
use crate::config::{LogFormat, LogLevel, LogSettings};

use journal::Journal;

/// The most that each library may log.
const CAPS: [(&str, LevelFilter); 6] = [
    ("h2", LevelFilter::INFO),
    ("hyper", LevelFilter::INFO),
    ("hyper_util", LevelFilter::INFO),
    ("lettre", LevelFilter::INFO),
    ("rustls", LevelFilter::WARN),
    ("sqlx", LevelFilter::WARN),
];

/// The longest line for the journal, in characters.
const LONGEST_LINE: usize = 16_000;

/// Starts logging as `settings` say; the first call in a process counts.
pub fn init(settings: &LogSettings) {
    let terminal = std::io::stderr().is_terminal();
    let to_journal = is_journal(std::env::var("JOURNAL_STREAM").ok().as_deref(), stream_of_stderr().as_deref());
    let format = match settings.format {
        LogFormat::Auto => choose(to_journal, terminal),
        chosen => chosen,
    };
    let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
    // Whoever reads standard error where it is not the journal would look there in vain.
    let socket = to_journal.then_some(Path::new(journal::SOCKET));
    let layer = layer(LogSettings { format, ..*settings }, colours, socket, std::io::stderr);
    // Only tests have a subscriber already, and keep theirs.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

/// What writes log lines to `writer`, or those for the journal to its `socket`.
fn layer<S, W>(settings: LogSettings, colours: bool, socket: Option<&Path>, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = |writer| lines::layer().with_writer(writer).with_ansi(false);
    let layer: Box<dyn Layer<S> + Send + Sync> = match settings.format {
        // A journal that does not listen on its own socket still takes lines.
        LogFormat::Journald => match socket.and_then(|path| journal::connect(path).ok()) {
            Some(socket) => Journal::new(socket, writer).boxed(),
            None => lines(writer).event_format(JournalLine).boxed(),
        },
        LogFormat::Json => lines(writer).json().flatten_event(true).boxed(),
        LogFormat::Auto | LogFormat::Text => lines(writer).with_ansi(colours).boxed(),
    };
    // Not `with_filter`: after a library only asked whether it may log, that one loses this thread's next line.
    filter(settings.level).and_then(layer)
}

/// The format that suits where standard error goes.
fn choose(to_journal: bool, terminal: bool) -> LogFormat {
    match (to_journal, terminal) {
        (true, _) => LogFormat::Journald,
        (false, true) => LogFormat::Text,
        (false, false) => LogFormat::Json,
    }
}

/// Whether standard error is the journal's stream, which systemd names in `JOURNAL_STREAM`: that is also inherited by
/// processes whose standard error is somewhere else.
fn is_journal(named: Option<&str>, stderr: Option<&str>) -> bool {
    named.is_some() && named == stderr
}

/// Standard error's device and inode, as `JOURNAL_STREAM` has them.
fn stream_of_stderr() -> Option<String> {
    let stream = std::fs::metadata("/proc/self/fd/2").ok()?;
    Some(format!("{}:{}", stream.dev(), stream.ino()))
}

fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new().with_default(level).with_targets(CAPS.map(|(target, cap)| (target, level.min(cap))))
}

/// A line for the journal, which adds the time: the priority in angle brackets, the target, what happened.
struct JournalLine;

impl<S> FormatEvent<S, DefaultFields> for JournalLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, DefaultFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writeln!(writer, "<{}>{}", priority(event), line(event))
    }
}

/// An event's priority. Source: sd-daemon(3), as in syslog(3).
fn priority(event: &Event<'_>) -> u8 {
    match *event.metadata().level() {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

/// An event as one harmless line: where, what happened, its fields.
fn line(event: &Event<'_>) -> String {
    let mut text = format!("{}: ", event.metadata().target());
    // A field that cannot be shown leaves the others.
    let _ = DefaultFields::new().format_fields(Writer::new(&mut text), event);
    clean_line(&text, LONGEST_LINE).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    pub struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        pub fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, level: LogLevel, log: impl FnOnce()) -> String {
        written_beside(None, format, level, log)
    }

    /// What is written beside the journal's socket.
    pub fn written_beside(socket: Option<&Path>, format: LogFormat, level: LogLevel, log: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let layer = layer(LogSettings { format, level }, false, socket, move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        written.text()
    }

    #[test]
    fn the_journal_gets_priorities_and_one_line_an_event() {
        let lines = written(LogFormat::Journald, LogLevel::Trace, || {
            tracing::error!(target: "scan", claim = "C-1\r\n<0>forged", "failed\n<0>forged \u{1b}[31m\u{202e}");
            tracing::warn!(target: "scan", "late");
            tracing::info!(target: "scan", running = 133, "scanned");
            tracing::debug!(target: "scan", "asked");
        });
        let expected = [
            "<3>scan: failed <0>forged \\x1b[31m claim=\"C-1\\r\\n<0>forged\"",
            "<4>scan: late",
            "<6>scan: scanned running=133",
            "<7>scan: asked",
        ];
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn json_has_the_fields_of_the_event() {
        let line = written(LogFormat::Json, LogLevel::Info, || tracing::info!(running = 133, "scanned"));
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&line["running"], &line["message"], &line["level"]),
            (&133.into(), &"scanned".into(), &"INFO".into())
        );
    }

    #[test]
    fn the_level_is_the_least_important_that_is_logged() {
        let lines = written(LogFormat::Text, LogLevel::Warn, || {
            tracing::warn!(target: "scan", "first");
            tracing::info!(target: "scan", "second");
        });
        assert!(lines.contains("first") && !lines.contains("second"), "{lines}");
    }

    /// A place in a library that asks whether it may log, and is asked nothing itself: what `log::log_enabled!` comes to.
    struct Library;

    static ASKS: tracing::Metadata<'static> = tracing::metadata! {
        name: "asks",
        target: "sqlx::postgres::notice",
        level: Level::INFO,
        fields: &[],
        callsite: &Library,
        kind: tracing::metadata::Kind::HINT,
    };

    impl tracing::Callsite for Library {
        fn set_interest(&self, _: tracing::subscriber::Interest) {}

        fn metadata(&self) -> &tracing::Metadata<'_> {
            &ASKS
        }
    }

    #[test]
    fn no_line_is_lost_after_a_library_asked_whether_it_may_log() {
        let lines = written(LogFormat::Text, LogLevel::Info, || {
            for n in 0..3 {
                let _ = tracing::dispatcher::get_default(|subscriber| subscriber.enabled(&ASKS));
                tracing::info!(target: "claimwatch::daemon", n, "ready");
            }
        });
        assert_eq!(lines.matches("ready").count(), 3, "{lines}");
    }

    #[test]
    fn libraries_that_log_secrets_are_held_back_at_any_level() {
        let lines = written(LogFormat::Text, LogLevel::Trace, || {
            tracing::debug!(target: "claimwatch::scan", "ours");
            tracing::debug!(target: "lettre::transport::smtp", "AUTH PLAIN hunter2");
            tracing::info!(target: "sqlx::query", "SELECT 'hunter2'");
            tracing::info!(target: "rustls::client", "hunter2");
        });
        assert!(lines.contains("ours") && !lines.contains("hunter2"), "{lines}");
        let lines = written(LogFormat::Text, LogLevel::Error, || tracing::warn!(target: "lettre", "quiet"));
        assert_eq!(lines, "", "a cap never raises the level");
    }

    #[test]
    fn the_journals_format_serves_only_where_standard_error_is_the_journal() {
        assert!(is_journal(Some("8:123"), Some("8:123")));
        assert!(!is_journal(Some("8:123"), Some("0:24")) && !is_journal(None, None));
        assert_eq!(choose(true, false), LogFormat::Journald);
        assert_eq!(choose(false, true), LogFormat::Text);
        assert_eq!(choose(false, false), LogFormat::Json);
    }
}
