//! The faults, in an order that chance gives: all of them once before any comes again.

use std::time::Duration;

use crate::chance::Chance;
use crate::smtp_server::{Act, Flaw, Moment};

/// At which every fault that fits anywhere happens.
const MOMENTS: [Moment; 8] = [
    Moment::Greeting,
    Moment::Ehlo,
    Moment::StartTls,
    Moment::Auth,
    Moment::Mail,
    Moment::Rcpt,
    Moment::Data,
    Moment::Dot,
];

/// Less than a step's limit: an answer that comes late comes.
const LATE: Duration = Duration::from_millis(100);

/// Every fault.
fn all() -> Vec<(Moment, Act)> {
    let anywhere = [
        Act::Say("451 4.3.0 try later"),
        Act::Say("421 4.3.2 shutting down"),
        Act::Say("554-5.7.1 not\r\n554 5.7.1 wanted"),
        Act::Say("gibberish"),
        Act::Silence,
        Act::HangUp,
        Act::Reset,
        Act::AnswerAndHangUp,
        Act::AnswerAndReset,
        Act::Trickle,
        Act::Late(LATE),
    ];
    let everywhere = MOMENTS.iter().flat_map(|moment| anywhere.iter().map(|act| (*moment, act.clone())));
    let special = [
        (Moment::Ehlo, Act::Say("250 test")),
        (Moment::Ehlo, Act::Say("250-test\r\n250-   \r\n250 STARTTLS")),
        (Moment::StartTls, Act::Say("454 4.7.0 TLS not available")),
        (Moment::StartTls, Act::Say("220 go ahead\r\n250 neither TLS nor asked for")),
        (Moment::StartTls, Act::Certificate(Flaw::OtherName)),
        (Moment::StartTls, Act::Certificate(Flaw::Expired)),
        (Moment::StartTls, Act::Certificate(Flaw::OtherAuthority)),
        (Moment::Auth, Act::Say("535 5.7.8 authentication failed")),
        (Moment::Auth, Act::Say("454 4.7.0 temporary authentication failure")),
        (Moment::Mail, Act::Say("552 5.3.4 message size exceeds fixed limit")),
        (Moment::Rcpt, Act::Say("550 5.1.1 no such user")),
        (Moment::Rcpt, Act::Say("452 4.2.2 mailbox full")),
        (Moment::Dot, Act::Say("552 5.3.4 message size exceeds fixed limit")),
        (Moment::Dot, Act::Say("354 go ahead")),
        (Moment::Quit, Act::Silence),
        (Moment::Quit, Act::HangUp),
    ];
    everywhere.chain(special).collect()
}

pub struct Deck {
    chance: Chance,
    faults: Vec<(Moment, Act)>,
}

impl Deck {
    pub fn new(chance: Chance) -> Self {
        Self { chance, faults: Vec::new() }
    }

    /// What did not come to pass comes next.
    pub fn put_back(&mut self, faults: Vec<(Moment, Act)>) {
        self.faults.extend(faults);
    }

    /// The next two to six.
    pub fn draw(&mut self) -> Vec<(Moment, Act)> {
        let count = usize::try_from(self.chance.number(2, 6)).expect("a few");
        if self.faults.len() < count {
            let mut more = all();
            self.chance.shuffle(&mut more);
            self.faults.splice(0..0, more);
        }
        self.faults.split_off(self.faults.len() - count)
    }
}
