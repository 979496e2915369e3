//! What several hands record and take in one unit of work: each gets its own, and what goes wrong for one is no other's.

use chrono::TimeDelta;
use claimwatch::delivery::transport::SmtpSettings;
use claimwatch::store::{
    Delivery, DeliveryState, Ended, Exchanged, LeaseTime, LeasedDelivery, Lot, OutboxItem, Outcomes,
};
use tokio_util::sync::CancellationToken;

use crate::delivery::{courier_with, drain, frame, server};
use crate::on_every_engine;
use crate::smtp_server::{Act, Gate, Moment};
use crate::world::{Engine, World, at, claim};

const NOW: &str = "2026-11-23T09:00:01Z";
const HOLD: TimeDelta = TimeDelta::minutes(2);
const SESSIONS: usize = 3;

/// A world in whose outbox one message, about C-1, waits for so many recipients: `r0@example.com` and so on.
async fn waiting_for(mut world: World, recipients: usize) -> World {
    let address = |number: usize| format!("r{number}@example.com").parse().expect("an address");
    world.plan.policy.levels[0].recipients.to = (0..recipients).map(address).collect();
    world.program("P-1", None, false).await;
    world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
    assert_eq!(world.scan("2026-11-23T09:00:00Z").await.messages, 1);
    world
}

fn lot(holders: &[&str]) -> Lot {
    Lot {
        most_alerts: Some(100),
        holders: holders.iter().map(|holder| (*holder).to_owned()).collect(),
        ..Lot::default()
    }
}

fn sent() -> Delivery {
    Delivery::Sent { reply: "250 queued".into() }
}

fn outcomes<'a>(ended: impl IntoIterator<Item = (&'a LeasedDelivery, Delivery)>) -> Outcomes {
    let ended = ended.into_iter();
    ended.map(|(delivery, outcome)| (delivery.id, Ended { holder: delivery.holder.clone(), outcome })).collect()
}

async fn exchange(world: &World, outcomes: &Outcomes, holders: &[&str]) -> Exchanged {
    let now = world.time.now();
    world.store.exchange(outcomes, &[lot(holders)], now, LeaseTime::At(now), HOLD).await.expect("a database")
}

async fn in_state(world: &World, state: DeliveryState) -> Vec<OutboxItem> {
    world.store.deliveries(Some(state)).await.expect("deliveries")
}

fn holders(leased: &[LeasedDelivery]) -> Vec<&str> {
    let mut holders: Vec<&str> = leased.iter().map(|delivery| delivery.holder.as_str()).collect();
    holders.sort_unstable();
    holders
}

/// Makes the database refuse to record that this recipient's mail was sent.
async fn refuse_to_record(world: &World, recipient: &str) {
    let statement = match world.engine() {
        Engine::Sqlite => format!(
            "CREATE TRIGGER refused BEFORE UPDATE ON outbox WHEN new.state = 'sent' AND new.recipient = '{recipient}' \
             BEGIN SELECT raise(ABORT, 'refused by a trigger'); END"
        ),
        Engine::Postgres => {
            format!("ALTER TABLE outbox ADD CHECK (NOT (state = 'sent' AND recipient = '{recipient}'))")
        }
    };
    world.sql(&statement).await;
}

on_every_engine! {
    async fn each_hand_gets_a_delivery_of_its_own_and_records_what_became_of_it(world in World) {
        let world = waiting_for(world, 3).await;
        world.time.set(at(NOW));
        let first = exchange(&world, &Outcomes::new(), &["one", "two"]).await.leased;
        assert_eq!((holders(&first), first[0].id == first[1].id), (vec!["one", "two"], false));

        let again = Delivery::Again { at: at(NOW) + HOLD, error: "451 later".into(), perhaps_delivered: true };
        let ended = outcomes([(&first[0], sent()), (&first[1], again)]);
        let next = exchange(&world, &ended, &["one", "two"]).await;
        assert_eq!(next.recorded, first.iter().map(|delivery| delivery.id).collect());
        assert_eq!(next.leased.len(), 1, "nothing is left for the other");

        let [done] = &in_state(&world, DeliveryState::Sent).await[..] else { panic!("one was sent") };
        assert_eq!((done.id, done.attempts, done.sent_at), (first[0].id, 1, Some(at(NOW))));
        assert_eq!((done.reply.as_deref(), done.leased_until), (Some("250 queued"), None));
        world.time.set(at(NOW) + HOLD);
        let late = exchange(&world, &Outcomes::new(), &["three", "four", "five"]).await.leased;
        let tried = late.iter().find(|delivery| delivery.id == first[1].id).expect("its time has come");
        assert_eq!((late.len(), tried.attempts, tried.perhaps_delivered), (2, 1, true));
    }

    async fn an_outcome_of_one_who_lost_the_lease_is_not_recorded_and_undoes_no_other(world in World) {
        let world = waiting_for(world, 2).await;
        world.time.set(at(NOW));
        let slow = exchange(&world, &Outcomes::new(), &["slow", "slow"]).await.leased;
        world.time.set(at(NOW) + HOLD);
        let [quick] = &exchange(&world, &Outcomes::new(), &["quick"]).await.leased[..] else { panic!("one is due again") };

        let ended = outcomes(slow.iter().map(|delivery| (delivery, sent())));
        let kept = slow.iter().find(|delivery| delivery.id != quick.id).expect("the other");
        let exchanged = exchange(&world, &ended, &[]).await;
        assert_eq!(exchanged, Exchanged { recorded: [kept.id].into(), leased: Vec::new() });
        assert_eq!(exchange(&world, &outcomes([(quick, sent())]), &[]).await.recorded, [quick.id].into());
    }

    async fn what_one_gives_back_another_takes_in_the_same_exchange(world in World) {
        let world = waiting_for(world, 1).await;
        world.time.set(at(NOW));
        let leased = exchange(&world, &Outcomes::new(), &["one"]).await.leased;
        let next = exchange(&world, &outcomes([(&leased[0], Delivery::Released)]), &["two"]).await;
        assert_eq!((holders(&next.leased), next.leased[0].attempts), (vec!["two"], 0));
        assert!(!next.leased[0].perhaps_delivered);
    }

    async fn alerts_are_looked_at_again_as_their_message_is_taken_unless_they_are_many(world in World) {
        for day in 10..13 {
            world.put(claim(&format!("C-{day}"), "submitted").on("submitted_at", &format!("2026-11-{day}T10:00:00Z"))).await;
        }
        let world = waiting_for(world, 2).await;
        world.sql("UPDATE sla_alerts SET snoozed_until = '2027-01-01T00:00:00.000000Z' WHERE claim_id = 'C-11'").await;
        world.time.set(at(NOW));
        let leased = exchange(&world, &Outcomes::new(), &["one"]).await.leased;
        let unsettled = world.store.unsettled(leased[0].id, at(NOW)).await.expect("alerts");
        assert_eq!((unsettled.len(), leased[0].unsettled.as_ref()), (3, Some(&unsettled)), "worst first");

        let few = Lot { most_alerts: Some(3), ..lot(&["two"]) };
        let (now, none) = (at(NOW), Outcomes::new());
        assert_eq!(world.store.exchange(&none, &[few], now, LeaseTime::At(now), HOLD).await.expect("an answer").leased, []);
        let any = Lot { most_alerts: None, ..lot(&["two"]) };
        let leased = world.store.exchange(&none, &[any], now, LeaseTime::At(now), HOLD).await.expect("an answer").leased;
        assert_eq!((leased.len(), leased[0].unsettled.as_ref()), (1, None));
    }

    async fn a_delivery_that_takes_in_one_that_cannot_be_read_is_given_up_and_holds_up_no_other(world in World) {
        let world = waiting_for(world, 2).await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:05:00Z").await.messages, 1);
        world.sql(
            "UPDATE outbox SET state = 'folded', next_attempt_at = NULL, folded_into = (SELECT o.id FROM outbox o \
             WHERE o.recipient = outbox.recipient AND o.message <> outbox.message) \
             WHERE recipient = 'r0@example.com' AND message = (SELECT id FROM outbox_messages ORDER BY created_at LIMIT 1)",
        ).await;
        world.sql(
            "UPDATE outbox_messages SET facts = '{\"level\": \"one\"}' \
             WHERE id IN (SELECT message FROM outbox WHERE state = 'folded')",
        ).await;
        world.time.set(at("2026-11-23T09:05:01Z"));
        let leased = exchange(&world, &Outcomes::new(), &["one", "two", "three"]).await.leased;
        assert_eq!(leased.iter().map(|delivery| delivery.recipient.as_str()).collect::<Vec<_>>(), ["r1@example.com"]);
        assert_eq!(in_state(&world, DeliveryState::Dead).await.len(), 2);
    }

    async fn no_more_is_in_hand_than_there_are_sessions_and_no_more_is_repeated_after_a_crash(world in World) {
        let world = waiting_for(world, 3 * SESSIONS).await;
        let (server, gate) = (server().await, Gate::closed());
        server.whenever(Moment::Dot, "", Act::Wait(gate.clone()));
        let settings = || SmtpSettings { max_connections: SESSIONS, ..server.settings() };
        let dying = courier_with(&world, settings(), frame());
        let all_wait = async || for _ in 0..SESSIONS { gate.reached().await };
        tokio::select! {
            _ = drain(&dying) => panic!("the courier was to die in between"),
            () = async {
                all_wait().await;
                (0..SESSIONS).for_each(|_| gate.open());
                all_wait().await;
            } => {}
        }
        let leased = world.sql("SELECT count(*) FROM outbox WHERE lease_holder IS NOT NULL AND state = 'pending'").await;
        assert_eq!((in_state(&world, DeliveryState::Sent).await.len(), &leased[0][0]), (SESSIONS, &SESSIONS.to_string()));

        (0..3 * SESSIONS).for_each(|_| gate.open());
        world.time.advance(TimeDelta::hours(1));
        assert_eq!(drain(&courier_with(&world, settings(), frame())).await.sent, 2 * SESSIONS as u64);
        let received = server.received();
        assert_eq!(received.len(), 4 * SESSIONS, "those that were in hand arrived twice");
        assert!(received.iter().all(|mail| mail.bytes == received[0].bytes), "under one Message-ID");
    }

    async fn an_outcome_that_the_database_refuses_undoes_no_other(world in World) {
        const HANDS: usize = 8;
        let world = waiting_for(world, HANDS).await;
        refuse_to_record(&world, "r3@example.com").await;
        let (server, gate) = (server().await, Gate::closed());
        server.whenever(Moment::Dot, "", Act::Wait(gate.clone()));
        let courier = courier_with(&world, SmtpSettings { max_connections: HANDS, ..server.settings() }, frame());
        let stop = CancellationToken::new();
        let (drained, ()) = tokio::join!(courier.drain(&stop), async {
            for _ in 0..HANDS {
                gate.reached().await;
            }
            (0..HANDS).for_each(|_| gate.open());
        });
        assert!(drained.is_err(), "{drained:?}");
        assert_eq!(in_state(&world, DeliveryState::Sent).await.len(), HANDS - 1);
        let [left] = &world.waiting().await[..] else { panic!("one is left") };
        assert_eq!((left.recipient.as_str(), left.leased_until.is_some()), ("r3@example.com", true));
    }
}
