//! What must be true of all mails once the faults are over.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use claimwatch::delivery::transport::Attempt;
use claimwatch::store::DeliveryState;
use mailparse::MailHeaderMap;

use crate::smtp_server::Received;

/// One attempt, as the courier saw it.
#[derive(Clone, Debug)]
pub struct Tried {
    pub message_id: String,
    pub recipient: String,
    pub attempt: Attempt,
    pub took: Duration,
}

/// What the outbox says of one delivery in the end.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub message_id: String,
    pub recipient: String,
    pub state: DeliveryState,
    pub last_error: Option<String>,
}

#[derive(Clone)]
pub struct Verdict {
    /// How many deliveries there must be.
    pub told: usize,
    pub outcomes: Vec<Outcome>,
    pub tried: Vec<Tried>,
    pub received: Vec<Received>,
    /// The longest that an attempt may take.
    pub longest: Duration,
}

/// A message and whom it is for.
type Key = (String, String);

impl Verdict {
    /// How it went, or everything that is wrong.
    pub fn reach(&self) -> Result<String, Vec<String>> {
        let mut wrong = Vec::new();
        let mut arrived: BTreeMap<Key, Vec<&[u8]>> = BTreeMap::new();
        for mail in &self.received {
            let [to] = &mail.to[..] else {
                wrong.push(format!("an envelope for {:?}", mail.to));
                continue;
            };
            arrived.entry((message_id(mail), to.clone())).or_default().push(&mail.bytes);
        }
        let keys: BTreeSet<Key> =
            self.outcomes.iter().map(|it| (it.message_id.clone(), it.recipient.clone())).collect();
        if keys.len() != self.told || self.outcomes.len() != self.told {
            wrong.push(format!("{} deliveries, expected {}", self.outcomes.len(), self.told));
        }
        wrong.extend(
            arrived.keys().filter(|key| !keys.contains(*key)).map(|key| format!("not meant for them: {key:?}")),
        );
        for outcome in &self.outcomes {
            let key = (outcome.message_id.clone(), outcome.recipient.clone());
            self.judge(outcome, arrived.get(&key).map_or(&[], |mails| &mails[..]), &mut wrong);
        }
        for tried in self.tried.iter().filter(|tried| tried.took > self.longest) {
            wrong.push(format!("took {:?}: {tried:?}", tried.took));
        }
        if wrong.is_empty() { Ok(self.summary()) } else { Err(wrong) }
    }

    /// One delivery, of which `mails` arrived.
    fn judge(&self, outcome: &Outcome, mails: &[&[u8]], wrong: &mut Vec<String>) {
        let attempts =
            || self.tried.iter().filter(|it| it.message_id == outcome.message_id && it.recipient == outcome.recipient);
        let count = |kind: fn(&Attempt) -> bool| attempts().filter(|it| kind(&it.attempt)).count();
        let accepted = count(|attempt| matches!(attempt, Attempt::Accepted { .. }));
        let unknown = count(|attempt| matches!(attempt, Attempt::Unknown { .. }));
        match outcome.state {
            DeliveryState::Sent if mails.is_empty() || accepted != 1 => {
                wrong.push(format!("lost: {} arrived, {accepted} accepted: {outcome:?}", mails.len()));
            }
            DeliveryState::Sent => {}
            DeliveryState::Dead => {
                let refused = attempts().next_back().and_then(|last| match &last.attempt {
                    Attempt::Permanent { error } | Attempt::Refused { error } => Some(error),
                    _ => None,
                });
                if refused.is_none() || refused != outcome.last_error.as_ref() {
                    wrong.push(format!("given up without the server's refusal: {outcome:?}"));
                }
            }
            _ => wrong.push(format!("neither sent nor refused: {outcome:?}")),
        }
        if mails.len() > accepted + unknown {
            wrong.push(format!("{} arrived, {unknown} attempts were left open: {outcome:?}", mails.len()));
        }
        if mails.windows(2).any(|pair| pair[0] != pair[1]) {
            wrong.push(format!("a repeat with other bytes: {outcome:?}"));
        }
    }

    fn summary(&self) -> String {
        let sent = self.outcomes.iter().filter(|it| it.state == DeliveryState::Sent).count();
        let longest = self.tried.iter().map(|tried| tried.took).max().unwrap_or_default();
        format!(
            "{} mails, {sent} sent and the others refused, in {} attempts of {longest:.1?} at most; {} arrived",
            self.outcomes.len(),
            self.tried.len(),
            self.received.len()
        )
    }
}

fn message_id(mail: &Received) -> String {
    let headers = mailparse::parse_headers(&mail.bytes).expect("headers").0;
    headers.get_first_value("Message-ID").unwrap_or_default()
}

const ONE: &str = "support@example.com";
const OTHER: &str = "lead@example.com";
const REFUSED: &str = "RCPT TO: 550 5.1.1 no such user";

fn received(to: &str, text: &str) -> Received {
    let bytes = format!("Message-ID: <1@example.com>\r\n\r\n{text}\r\n").into_bytes();
    let (from, to) = ("from@example.com".into(), vec![to.to_owned()]);
    Received { from, to, bytes, encrypted: true, user: None, connection: 0 }
}

fn tried(recipient: &str, attempt: Attempt) -> Tried {
    Tried { message_id: "<1@example.com>".into(), recipient: recipient.into(), attempt, took: Duration::from_secs(1) }
}

/// A run in which one had it twice, as it was left open once, and the other was refused.
fn well() -> Verdict {
    let outcome = |recipient: &str, state, error: &str| Outcome {
        message_id: "<1@example.com>".into(),
        recipient: recipient.into(),
        state,
        last_error: Some(error.into()),
    };
    Verdict {
        told: 2,
        outcomes: vec![outcome(ONE, DeliveryState::Sent, "cut"), outcome(OTHER, DeliveryState::Dead, REFUSED)],
        tried: vec![
            tried(ONE, Attempt::Unknown { error: "cut".into() }),
            tried(ONE, Attempt::Accepted { reply: "250".into() }),
            tried(OTHER, Attempt::Permanent { error: REFUSED.into() }),
        ],
        received: vec![received(ONE, "late"), received(ONE, "late")],
        longest: Duration::from_secs(3),
    }
}

type Harm = fn(&mut Verdict);

#[test]
fn the_verdict_notices_whatever_goes_wrong() {
    well().reach().expect("nothing is wrong");
    let wrongs: [(&str, Harm); 10] = [
        ("lost", |it| it.received.clear()),
        ("lost", |it| it.tried.truncate(1)),
        ("neither sent nor refused", |it| it.outcomes[0].state = DeliveryState::Pending),
        ("expected 2", |it| drop(it.outcomes.remove(0))),
        ("given up without", |it| it.outcomes[1].last_error = Some("given up after 20 attempts: 451".into())),
        ("not meant for them", |it| it.received[1].to = vec!["stranger@example.com".into()]),
        ("an envelope for", |it| it.received[0].to.push(OTHER.into())),
        ("other bytes", |it| it.received[1] = received(ONE, "other")),
        ("were left open", |it| it.received.push(received(ONE, "late"))),
        ("took", |it| it.tried[0].took = Duration::from_secs(4)),
    ];
    for (words, harm) in wrongs {
        let mut verdict = well();
        harm(&mut verdict);
        let found = verdict.reach().expect_err(words).join("\n");
        assert!(found.contains(words), "expected {words:?}, found {found}");
    }
}
