//! What messages say beyond the alerts that are due, and the messages that belong to no alert: what was settled, a question
//! about held alerts, a daily statement.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::calendar::Calendar;
use crate::escalation::{
    Bounced, Coverage, Digest, Kind, Message, Outgoing, Pending, Policy, Reach, Recipients, Settled,
};
use crate::now::fresh_id;
use crate::store::{DisabledAddress, Snapshot, StoreError, Thread};

use super::horizon::Running;
use super::ledger::Scene;

/// How many settled alerts of a thread are looked at.
const SETTLED: u32 = 1_000;
/// How many of them a message names.
const NAMED: usize = 20;

/// The threads of messages that belong to no level.
const HELD: &str = "held";
const ALL_IS_WELL: &str = "all is well";
const UNDELIVERABLE: &str = "undeliverable";

/// What a scan saw besides alerts.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub running: &'a Running,
    pub data_problems: u64,
}

/// What a scan decided and the database does not show.
#[derive(Default)]
pub(super) struct Unrecorded {
    pub held: Vec<Uuid>,
    /// Alerts that end.
    pub settled: Vec<Pending>,
    /// Alerts that are resolved in the database and open again.
    pub reopened: HashSet<Uuid>,
}

/// Messages with all that they say.
pub(super) struct Complete {
    pub to_send: Vec<(Uuid, Message)>,
    /// Threads in which there is nothing new to say.
    pub nothing_new: Vec<String>,
}

/// Completes the messages of a scan.
pub(super) async fn complete(
    snapshot: &mut dyn Snapshot,
    scene: Scene<'_>,
    seen: Seen<'_>,
    outgoing: Outgoing,
    unrecorded: Unrecorded,
) -> Result<Complete, StoreError> {
    let threads = snapshot.threads().await?.into_iter().map(|thread| (thread.name.clone(), thread)).collect();
    let mut statements = Statements { snapshot, scene, unrecorded, threads, nothing_new: Vec::new() };
    let mut to_send: Vec<(Uuid, Message)> = outgoing.into_messages().collect();
    statements.settle(&mut to_send).await?;
    to_send.extend(statements.closing(&to_send).await?);
    to_send.extend(statements.question().await?);
    to_send.extend(statements.undeliverable().await?);
    to_send.extend(statements.all_is_well());
    if !to_send.is_empty() {
        let coverage = statements.coverage(seen).await?;
        for (_, message) in &mut to_send {
            message.digest.coverage = coverage.clone();
        }
    }
    Ok(Complete { to_send, nothing_new: statements.nothing_new })
}

struct Statements<'a> {
    snapshot: &'a mut dyn Snapshot,
    scene: Scene<'a>,
    unrecorded: Unrecorded,
    threads: BTreeMap<String, Thread>,
    nothing_new: Vec<String>,
}

impl Statements<'_> {
    fn policy(&self) -> &Policy {
        &self.scene.plan.policy
    }

    fn digest(&self, kind: Kind, thread: &str, recipients: Recipients) -> Digest {
        let empty = Digest::empty(kind, thread.to_owned(), self.scene.at, self.policy().language);
        Digest { recipients, ..empty }
    }

    fn message(&self, digest: Digest) -> (Uuid, Message) {
        (fresh_id(self.scene.at), Message { digest, alerts: Vec::new() })
    }

    /// Adds to each thread's first message what was settled since its last one.
    async fn settle(&mut self, messages: &mut [(Uuid, Message)]) -> Result<(), StoreError> {
        let mut told = BTreeSet::new();
        for (_, Message { digest, .. }) in messages {
            if let Some(since) = self.threads.get(&digest.thread).map(|thread| thread.told_at)
                && told.insert(digest.thread.clone())
            {
                digest.settled = self.settled(digest.level, digest.route, since).await?;
            }
        }
        Ok(())
    }

    async fn settled(&mut self, level: u32, route: Option<usize>, since: DateTime<Utc>) -> Result<Settled, StoreError> {
        let policy = &self.scene.plan.policy;
        let found = self.snapshot.settled(level, since, SETTLED).await?;
        let Unrecorded { settled, reopened, .. } = &self.unrecorded;
        let was_told = |alert: &&Pending| alert.sent.iter().any(|(sent, _)| *sent == level);
        let all =
            found.iter().filter(|alert| !reopened.contains(&alert.alert_id)).chain(settled.iter().filter(was_told));
        let of_route = all.filter(|alert| policy.recipients(alert, level).0 == route);
        let ids: Vec<Uuid> = of_route.map(|alert| alert.alert_id).collect();
        let count = ids.len() as u64;
        Ok(Settled { alerts: ids.into_iter().take(NAMED).collect(), count })
    }

    /// Messages that say what was settled, once a day, in threads in which nothing else is to be said.
    async fn closing(&mut self, messages: &[(Uuid, Message)]) -> Result<Vec<(Uuid, Message)>, StoreError> {
        let busy: BTreeSet<&str> = messages.iter().map(|(_, message)| &*message.digest.thread).collect();
        let mut closing = Vec::new();
        for (level, route) in self.policy().conversations() {
            let name = self.policy().thread(level, route);
            let calendar = self.policy().sending_calendar(&self.scene.plan.calendars, route);
            let Some(thread) = self.threads.get(&name) else { continue };
            if busy.contains(&*name) || !self.is_new_day(thread, calendar) {
                continue;
            }
            let settled = self.settled(level, route, thread.told_at).await?;
            if settled.count == 0 {
                self.nothing_new.push(name);
                continue;
            }
            let recipients = self.policy().recipients_of(level, route).cloned().unwrap_or_default();
            let digest = Digest { level, route, settled, ..self.digest(Kind::Resolved, &name, recipients) };
            closing.push(self.message(digest));
        }
        Ok(closing)
    }

    /// Whether messages may go out now, and none has gone out in `thread` today.
    fn is_new_day(&self, thread: &Thread, calendar: &Calendar) -> bool {
        let day = |at| -> NaiveDate { calendar.zone().local_date(at) };
        self.may_state(calendar) && day(thread.told_at) < day(self.scene.at)
    }

    /// Whether what is said once a day may be said now: on a business day, also where messages go out on any.
    fn may_state(&self, calendar: &Calendar) -> bool {
        self.policy().may_send(calendar, self.scene.at)
            && calendar.is_business_day(calendar.zone().local_date(self.scene.at))
    }

    /// The question whether held alerts are right, if it has not been asked about the latest of them.
    async fn question(&mut self) -> Result<Option<(Uuid, Message)>, StoreError> {
        let (mut held, since) = self.snapshot.held().await?;
        let since = if self.unrecorded.held.is_empty() { since } else { Some(self.scene.at) };
        held.append(&mut self.unrecorded.held);
        let asked = self.threads.get(HELD).map(|thread| thread.told_at);
        let is_new = since.is_some_and(|since| asked.is_none_or(|asked| asked < since));
        if !is_new || !self.policy().may_send(self.scene.plan.calendars.default(), self.scene.at) {
            return Ok(None);
        }
        let recipients = self.policy().recipients_of(1, None).cloned().unwrap_or_default();
        let digest = self.digest(Kind::Held, HELD, recipients);
        Ok(Some(self.message(Digest { escalated: held, plausible: self.scene.plausible, ..digest })))
    }

    /// What a business day begins with, if anyone wants it.
    fn all_is_well(&self) -> Option<(Uuid, Message)> {
        let calendar = self.scene.plan.calendars.default();
        let recipients = &self.policy().all_is_well;
        let wanted = !recipients.is_empty() && self.may_state(calendar);
        let said_today = self.threads.get(ALL_IS_WELL).is_some_and(|thread| !self.is_new_day(thread, calendar));
        (wanted && !said_today).then(|| self.message(self.digest(Kind::AllIsWell, ALL_IS_WELL, recipients.clone())))
    }

    /// That addresses are refused, to those who are told in their place; once for each.
    async fn undeliverable(&mut self) -> Result<Vec<(Uuid, Message)>, StoreError> {
        let disabled = self.snapshot.disabled_addresses().await?;
        if !self.policy().may_send(self.scene.plan.calendars.default(), self.scene.at) {
            return Ok(Vec::new());
        }
        let all: BTreeSet<&str> = disabled.iter().map(|disabled| disabled.address.as_str()).collect();
        let mut told: BTreeMap<Vec<String>, Digest> = BTreeMap::new();
        for DisabledAddress { address, disabled_at, words, .. } in disabled.iter().filter(|one| one.told_at.is_none()) {
            let (levels, others) = self.policy().in_place_of(address, &all);
            if others.is_empty() {
                continue;
            }
            let digest = told.entry(others.in_outbox());
            let digest = digest.or_insert_with(|| self.digest(Kind::Undeliverable, UNDELIVERABLE, others));
            let (address, words) = (address.clone(), words.clone());
            digest.bounced.push(Bounced { address, since: *disabled_at, words, levels });
        }
        Ok(told.into_values().map(|digest| self.message(digest)).collect())
    }

    async fn coverage(&mut self, seen: Seen<'_>) -> Result<Coverage, StoreError> {
        let running = seen.running.iter().map(|(rule, clocks)| (rule.clone(), clocks.count)).collect();
        let open = self.snapshot.open_counts().await?;
        let reach = |calendar: &Calendar| Reach {
            calendar: calendar.name().to_owned(),
            time_zone: calendar.zone().name().to_owned(),
            until: calendar.sources().filter_map(|(_, known)| known.map(|known| *known.end())).min(),
        };
        Ok(Coverage {
            running,
            open,
            data_problems: seen.data_problems,
            newest_start: seen.running.values().filter_map(|clocks| clocks.last).max(),
            calendars: self.scene.plan.calendars.iter().map(|calendar| reach(calendar)).collect(),
        })
    }
}
