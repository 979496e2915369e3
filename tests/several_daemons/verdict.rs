//! What must be true once everything has run to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use mailparse::MailHeaderMap;

use crate::fleet::RECIPIENTS;
use crate::it::smtp_server::Received;
use crate::mails::{Clock, clocks_in};
use crate::postgres::rows_of;

/// Notes each finished scan with the term that it saw, and each term: when those were committed, the server knows.
pub const WITNESSES: &str = "
    CREATE TABLE public.scan_ends (scan bigint NOT NULL, term bigint NOT NULL);
    CREATE TABLE public.terms_begun (term bigint NOT NULL);
    CREATE FUNCTION public.witness_scan() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.scan_ends SELECT NEW.id, fence FROM claimwatch.terms;
        RETURN NULL;
    END $$;
    CREATE FUNCTION public.witness_term() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.terms_begun VALUES (NEW.fence);
        RETURN NULL;
    END $$;
    CREATE TRIGGER witness AFTER INSERT OR UPDATE ON claimwatch.scans FOR EACH ROW
        WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION public.witness_scan();
    CREATE TRIGGER witness AFTER INSERT OR UPDATE ON claimwatch.terms FOR EACH ROW
        EXECUTE FUNCTION public.witness_term()";

/// Scans that were committed after the next term had begun, or before their own.
const OVERLAPS: &str = "SELECT s.scan, s.term, pg_xact_commit_timestamp(s.xmin), t.term, pg_xact_commit_timestamp(t.xmin) \
    FROM public.scan_ends s JOIN public.terms_begun t \
    ON (t.term > s.term AND pg_xact_commit_timestamp(t.xmin) <= pg_xact_commit_timestamp(s.xmin)) \
    OR (t.term = s.term AND pg_xact_commit_timestamp(t.xmin) >= pg_xact_commit_timestamp(s.xmin))";

/// An alert as it ended.
struct Told {
    clock: Clock,
    /// When it was resolved, if it was, as text that sorts by time.
    resolved_at: Option<String>,
}

pub struct Verdict<'a> {
    pub url: &'a str,
    pub late: &'a BTreeSet<Clock>,
    pub received: Vec<Received>,
}

/// The figures of a run whose verdict is good.
pub struct Figures {
    alerts: usize,
    resolved: usize,
    deliveries: usize,
    settled: usize,
    repeats: usize,
    scans: String,
    terms: String,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { alerts, resolved, deliveries, settled, repeats, scans, terms } = self;
        write!(
            f,
            "{scans} scans in {terms} terms; {alerts} alerts, {resolved} of them resolved; {deliveries} deliveries, \
             {settled} of them settled; {repeats} repeats"
        )
    }
}

impl Verdict<'_> {
    async fn rows(&self, statement: &str) -> Vec<Vec<Option<String>>> {
        rows_of(self.url, statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    async fn number(&self, statement: &str) -> String {
        self.rows(statement).await[0][0].clone().expect("a number")
    }

    /// # Panics
    /// If anything is not as it must be.
    pub async fn reach(self) -> Figures {
        let alerts = self.each_late_clock_has_one_alert().await;
        assert_eq!(self.rows(OVERLAPS).await, [[None::<String>; 0]; 0], "scans of two terms overlap");
        let unfinished = "SELECT o.* FROM outbox o WHERE state NOT IN ('sent', 'settled') OR lease_holder IS NOT NULL";
        assert_eq!(self.rows(unfinished).await, [[None::<String>; 0]; 0]);
        let settled = self.each_alert_reached_everyone(&alerts).await;
        let deliveries = self.number("SELECT count(*) FROM outbox").await.parse().expect("a number");
        let distinct: BTreeSet<_> = self.received.iter().map(|mail| (id_of(mail), &mail.to)).collect();
        Figures {
            alerts: alerts.len(),
            resolved: alerts.values().filter(|told| told.resolved_at.is_some()).count(),
            deliveries,
            settled,
            repeats: self.received.len() - distinct.len(),
            scans: self.number("SELECT count(*) FROM public.scan_ends").await,
            terms: self.number("SELECT max(term) FROM public.terms_begun").await,
        }
    }

    /// One alert each, opened and escalated once, and resolved where the claim was settled.
    async fn each_late_clock_has_one_alert(&self) -> BTreeMap<String, Told> {
        let rows = self.rows("SELECT id, rule, claim_id, payment_id, resolved_at FROM sla_alerts").await;
        let alert = |row: &Vec<Option<String>>| {
            let [Some(id), Some(rule), Some(claim), line, resolved_at] = &row[..] else { panic!("{row:?}") };
            (id.clone(), Told { clock: (rule.clone(), claim.clone(), line.clone()), resolved_at: resolved_at.clone() })
        };
        let alerts: BTreeMap<_, _> = rows.iter().map(alert).collect();
        let clocks: BTreeSet<_> = alerts.values().map(|told| told.clock.clone()).collect();
        assert_eq!((rows.len(), &clocks), (self.late.len(), self.late));
        let stories = "SELECT DISTINCT a.state, a.escalation_level, (a.resolution = 'late'), s.story, \
            CASE a.rule WHEN 'payment' THEN p.paid_at WHEN 'review' THEN c.reviewed_at \
            WHEN 'dispute' THEN c.dispute_resolved_at ELSE c.paid_at END IS NOT NULL AS settled \
            FROM sla_alerts a JOIN claims c USING (claim_id) LEFT JOIN claim_payments p USING (payment_id) \
            JOIN (SELECT alert_id, string_agg(seq || ' ' || kind, ', ' ORDER BY seq) AS story FROM sla_alert_events \
            GROUP BY alert_id) s ON s.alert_id = a.id ORDER BY 1";
        let text = |words: &[Option<&str>]| words.iter().map(|word| word.map(str::to_owned)).collect::<Vec<_>>();
        let open = text(&[Some("breached"), Some("1"), None, Some("1 opened, 2 escalated"), Some("0")]);
        let story = Some("1 opened, 2 escalated, 3 resolved");
        let over = text(&[Some("resolved"), Some("1"), Some("1"), story, Some("1")]);
        for found in self.rows(stories).await {
            assert!(found == open || found == over, "{found:?}");
        }
        alerts
    }

    /// Each alert is in one message, and each message came to each recipient at least once, every time the same; left out
    /// is only what was resolved before it was written. Returns how many deliveries had nothing left to say.
    async fn each_alert_reached_everyone(&self, alerts: &BTreeMap<String, Told>) -> usize {
        let rows = self
            .rows(
                "SELECT m.id, m.message_id, CASE WHEN o.own_about IS NULL THEN m.rendered_at ELSE o.sent_at END, o.recipient, o.state, \
                 (SELECT string_agg(id, ' ') FROM json_array_elements_text(m.facts -> 'escalated') AS e (id)) \
                 FROM outbox_messages m JOIN outbox o ON o.message = m.id WHERE m.facts ->> 'kind' <> 'resolved'",
            )
            .await;
        let (received, mut settled) = (self.clocks_received(), 0);
        let mut messages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in &rows {
            let [Some(message), message_id, rendered_at, Some(recipient), Some(state), Some(facts)] = &row[..] else {
                panic!("{row:?}")
            };
            let facts: BTreeSet<_> = facts.split(' ').collect();
            let told = message_id.as_ref().and_then(|id| received.get(&(id.clone(), recipient.clone())));
            assert_eq!(told.is_some(), state == "sent", "{row:?}");
            settled += usize::from(told.is_none());
            let left_out = |id: &&&str| told.is_none_or(|told| !told.contains(&alerts[**id].clock));
            for id in facts.iter().filter(left_out) {
                let resolved_at = alerts[*id].resolved_at.as_ref();
                let before = told.and(rendered_at.as_ref());
                let in_time = resolved_at.is_some_and(|at| before.is_none_or(|before| at <= before));
                assert!(in_time, "{:?} is in no mail to {recipient}: {row:?}", alerts[*id].clock);
            }
            messages.insert(message, facts);
        }
        let told = messages.values().map(BTreeSet::len).sum::<usize>();
        assert_eq!(told, alerts.len(), "each alert is told of in one message");
        assert_eq!(messages.values().flatten().collect::<BTreeSet<_>>().len(), told);
        assert_eq!(rows.len(), messages.len() * RECIPIENTS.len());
        settled
    }

    /// The clocks in each mail, by its Message-ID and recipient. What came again was the same.
    fn clocks_received(&self) -> BTreeMap<(String, String), BTreeSet<Clock>> {
        let (mut bytes, mut clocks) = (BTreeMap::new(), BTreeMap::new());
        for mail in &self.received {
            let [to] = &mail.to[..] else { panic!("one envelope a recipient: {:?}", mail.to) };
            let id = id_of(mail);
            let first = bytes.entry((id.clone(), to)).or_insert(&mail.bytes);
            assert!(*first == &mail.bytes, "{id} to {to} differs from what came first");
            let parsed = mailparse::parse_mail(&mail.bytes).expect("a mail");
            clocks.insert((id, to.clone()), clocks_in(&parsed).into_iter().collect());
        }
        clocks
    }
}

fn id_of(mail: &Received) -> String {
    let headers = mailparse::parse_headers(&mail.bytes).expect("headers").0;
    let ids = headers.get_all_values("Message-ID");
    assert_eq!(ids.len(), 1);
    ids[0].clone()
}
