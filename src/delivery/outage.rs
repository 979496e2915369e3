//! Says once that something is not available, and once that it is again: not every second in between.

use chrono::{DateTime, TimeDelta, Utc};

use super::Way;

/// What we depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    Database,
    MailServer,
    /// The webhook of this name.
    Webhook(String),
}

impl From<&Way> for Service {
    fn from(way: &Way) -> Self {
        match way {
            Way::Mail => Self::MailServer,
            Way::Webhook(name) => Self::Webhook(name.clone()),
        }
    }
}

/// Whether one thing that we depend on is there.
#[derive(Clone, Debug)]
pub struct Outage {
    service: Service,
    since: Option<DateTime<Utc>>,
}

impl Outage {
    /// `service` is there, as far as is known.
    #[must_use]
    pub fn of(service: Service) -> Self {
        Self { service, since: None }
    }

    /// It is away; logged, with `why`, if that is new. Says whether it is.
    pub fn away(&mut self, now: DateTime<Utc>, why: &str) -> bool {
        let new = self.since.is_none();
        if new {
            self.since = Some(now);
            match &self.service {
                Service::Database => {
                    tracing::warn!(error = why, "the database is not available; trying again until it is");
                }
                Service::MailServer => {
                    tracing::warn!(error = why, "the mail server is not available; trying again until it is");
                }
                Service::Webhook(webhook) => {
                    tracing::warn!(webhook, error = why, "a webhook is not available; trying again until it is");
                }
            }
        }
        new
    }

    /// It is there; logged, with how long it was away, if it was. Says how long.
    pub fn back(&mut self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let lasted = now - self.since.take()?;
        let seconds = lasted.num_seconds();
        match &self.service {
            Service::Database => tracing::info!(seconds, "the database is available again"),
            Service::MailServer => tracing::info!(seconds, "the mail server is available again"),
            Service::Webhook(webhook) => tracing::info!(webhook, seconds, "a webhook is available again"),
        }
        Some(lasted)
    }
}

/// `text` without e-mail addresses, which do not belong in a log above debug level.
#[must_use]
pub fn without_addresses(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | ':' | '"' | '\'');
    let hidden = |piece: &str| {
        let (word, end) = piece.rfind(ends).map_or((piece, ""), |at| piece.split_at(at));
        if word.contains('@') { format!("[address]{end}") } else { piece.to_owned() }
    };
    text.split_inclusive(ends).map(hidden).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_away_is_said_once_and_coming_back_says_how_long() {
        let mut server = Outage::of(Service::MailServer);
        let start = DateTime::UNIX_EPOCH;
        assert_eq!(server.back(start), None);
        assert!(server.away(start, "connection refused"));
        assert!(!server.away(start + TimeDelta::seconds(1), "connection refused"));
        assert_eq!(server.back(start + TimeDelta::seconds(90)), Some(TimeDelta::seconds(90)));
        assert_eq!(server.back(start + TimeDelta::seconds(91)), None);
        assert!(server.away(start + TimeDelta::seconds(92), "connection refused"));
    }

    #[test]
    fn addresses_do_not_reach_the_log() {
        let said = "RCPT TO: 550 5.1.1 <a.b@example.com>: no such user (see x@y.z, \"c@d.e\") a@b";
        let shown = "RCPT TO: 550 5.1.1 <[address]>: no such user (see [address], \"[address]\") [address]";
        assert_eq!(without_addresses(said), shown);
    }
}
