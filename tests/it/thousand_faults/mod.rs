//! Every way in which a mail server can fail, at every moment, one after the other through the real outbox and courier: nothing
//! is lost, nobody gets what is not theirs, and nothing takes longer than it may.
//!
//! `CLAIMWATCH_FAULTS=1000 cargo test --test it thousand_faults` goes through that many instead of the few that every run has
//! time for; `CLAIMWATCH_CHAOS_SEED` repeats the order of a run that printed its seed.

mod deck;
mod verdict;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use claimwatch::delivery::Courier;
use claimwatch::delivery::transport::{Attempt, SmtpSettings, SmtpTransport, Transport};
use claimwatch::store::{DeliveryState, StoredMail};
use lettre::Address;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::delivery::frame;
use crate::on_every_engine;
use crate::smtp_server::{Act, Encryption, Moment, SmtpServer};
use crate::world::{Engine, World, claim};
use deck::Deck;
use verdict::{Outcome, Tried, Verdict};

/// How many faults every run has time for: on SQLite each once, and some more.
const SHORT: (usize, usize) = (110, 20);

/// The longest that an attempt may take: a step before the message gets half of it.
const TIMEOUT: Duration = Duration::from_secs(1);

/// What the transport cuts an attempt off at, later than its own timeout.
const SLACK: Duration = Duration::from_secs(1);

const RECIPIENTS: [&str; 4] = ["support@example.com", "lead@example.com", "bad@example.com", "finance@example.com"];

/// The one whom the server never knows.
const BAD: &str = "bad@example.com";

/// The real transport, and how each of its attempts ended.
struct Noted {
    inner: SmtpTransport,
    tried: Mutex<Vec<Tried>>,
}

#[async_trait]
impl Transport for Noted {
    async fn send(&self, from: &Address, to: &Address, mail: &StoredMail) -> Attempt {
        let began = Instant::now();
        let attempt = self.inner.send(from, to, mail).await;
        let tried = Tried {
            message_id: mail.message_id.clone(),
            recipient: to.to_string(),
            attempt: attempt.clone(),
            took: began.elapsed(),
        };
        self.tried.lock().unwrap_or_else(PoisonError::into_inner).push(tried);
        attempt
    }

    async fn rest(&self) {
        self.inner.rest().await;
    }

    async fn probe(&self) -> Attempt {
        self.inner.probe().await
    }

    fn sessions(&self) -> usize {
        self.inner.sessions()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

fn wanted(engine: Engine) -> usize {
    let short = if engine == Engine::Sqlite { SHORT.0 } else { SHORT.1 };
    std::env::var("CLAIMWATCH_FAULTS").map_or(short, |count| count.parse().expect("a number of faults"))
}

/// A late claim more, and the scan that tells of it.
async fn tell_of_another(world: &World, number: usize) {
    world.put(claim(&format!("C-{number}"), "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
    let now = world.time.now().to_rfc3339();
    assert_eq!(world.scan(&now).await.messages, 1);
}

/// Delivers what is due next; then nothing that was due is left without an attempt, whatever went wrong with others.
async fn deliver_next(world: &World, courier: &Courier) -> bool {
    let Some(next) = world.store.next_delivery().await.expect("an answer") else { return false };
    world.time.set(next.max(world.time.now()));
    courier.drain(&CancellationToken::new()).await.expect("a database that answers");
    let left = world.store.next_delivery().await.expect("an answer");
    assert!(left.is_none_or(|next| next > world.time.now()), "a mail that was due was not tried");
    true
}

/// Everything that the outbox says of its deliveries.
async fn outcomes(world: &World) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for state in DeliveryState::ALL {
        let items = world.store.deliveries(Some(state)).await.expect("deliveries");
        outcomes.extend(items.into_iter().map(|item| Outcome {
            message_id: item.message_id.unwrap_or_default(),
            recipient: item.recipient,
            state,
            last_error: item.last_error,
        }));
    }
    outcomes
}

on_every_engine! {
    async fn whatever_the_server_does_nothing_is_lost_misdirected_or_changed_and_a_hang_costs_its_timeout(mut world in World) {
        let mut deck = Deck::new(Chance::new());
        world.plan.policy.levels[0].recipients.to = RECIPIENTS.iter().map(|to| to.parse().expect("a mailbox")).collect();
        world.program("P-1", None, false).await;
        let server = SmtpServer::with_login(Encryption::StartTls, "claimwatch", "secret", "PLAIN").await;
        // Not that there is no such recipient: then it would soon not be tried any more.
        server.whenever(Moment::Rcpt, BAD, Act::Say("550 5.7.1 not to this one"));
        let settings = SmtpSettings { timeout: TIMEOUT, max_connections: 4, ..server.settings() };
        let transport = Arc::new(Noted { inner: SmtpTransport::new(settings), tried: Mutex::default() });
        let calendars = tokio::sync::watch::Sender::new(Arc::new(world.plan.calendars.clone())).subscribe();
        let way_out = Arc::clone(&transport) as Arc<dyn Transport>;
        let courier =
            Courier::new(Arc::clone(&world.store), calendars, frame(), way_out, world.time.clone(), TIMEOUT)
                .with_most_an_hour(u32::MAX);

        let (mut happened, mut messages) = (0, 0);
        while happened < wanted(world.engine()) {
            messages += 1;
            tell_of_another(&world, messages).await;
            let faults = deck.draw();
            for (moment, act) in faults.clone() {
                server.once(moment, act);
            }
            assert!(deliver_next(&world, &courier).await);
            let ahead = server.forget_what_is_ahead();
            happened += faults.len() - ahead.len();
            deck.put_back(ahead);
        }
        while deliver_next(&world, &courier).await {}

        let tried = std::mem::take(&mut *transport.tried.lock().unwrap_or_else(PoisonError::into_inner));
        let verdict = Verdict {
            told: RECIPIENTS.len() * messages,
            outcomes: outcomes(&world).await,
            tried,
            received: server.received(),
            longest: TIMEOUT + SLACK,
        };
        println!("{happened} faults: {}", verdict.reach().unwrap_or_else(|wrong| panic!("{}", wrong.join("\n"))));
    }
}
