//! A gate in the source: scans stand at it, inside a statement that reads a late claim, for as long as a test holds it.

use sqlx::postgres::PgConnection;

use crate::postgres::{connect, rows};

/// The view that has scans stand, of a source with one late claim, which daemons called `one` alone see.
pub const SOURCE: &str = "
    CREATE FUNCTION public.stand() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(7, 8);
        WHILE NOT pg_try_advisory_lock_shared(7, 7) LOOP
            PERFORM pg_sleep(0.02);
        END LOOP;
        RETURN pg_advisory_unlock_shared(7, 7);
    END $$;
    CREATE VIEW public.theirs AS SELECT * FROM claims
        WHERE CASE current_setting('application_name') WHEN 'one' THEN public.stand() ELSE false END;
    INSERT INTO programs (program_id) VALUES ('P-1');
    INSERT INTO claims (claim_id, program_id, status, submitted_at, amount, currency)
        VALUES ('C-1', 'P-1', 'submitted', now() - interval '200 days', 10, 'EUR')";

/// The setting by which a daemon reads it.
pub const OVER_THE_VIEW: &str = "[source]\nclaims = \"public.theirs\"\n";

/// Counts the transactions that have come to the gate and are not over.
pub const STANDS: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND (classid, objid) = (7, 8)";

/// Closed as long as this is there: by a session that holds its lock.
pub struct Gate(PgConnection);

impl Gate {
    pub async fn close(url: &str) -> Self {
        let mut session = connect(url, "claimwatch").await.expect("a session");
        rows(&mut session, "SELECT pg_advisory_lock(7, 7)").await.expect("a gate");
        Self(session)
    }

    pub async fn open(mut self) {
        rows(&mut self.0, "SELECT pg_advisory_unlock(7, 7)").await.expect("an open gate");
    }
}
