"""The claims: how many of which kind, and the statements that make them.

Running ones are scattered over the whole table: `u` is a permutation of 0..claims-1 (its multiplier is prime), and the
first `running` of it run. 34 % of those are late: 65 % of them reviews, 18 % disputes, 17 % payments.
"""

from .calendar import stamp

PROGRAMS = 200
# How far the starts of each kind are spread, in seconds: late ones before the cutoff, others after it.
SPREAD = {"review": (2_592_000, 388_800), "dispute": (5_184_000, 648_000), "payment": (10_368_000, 5_702_400)}


class Load:
    """So many claims, as of an instant."""

    def __init__(self, claims, running, calendar):
        self.claims, self.running, self.calendar = claims, running, calendar
        bounds = [running * 2210 // 10_000, running * 2822 // 10_000, running * 34 // 100]
        self.bounds = [*bounds, running * 54 // 100, running * 60 // 100, running]
        self.late = {"review": bounds[0], "dispute": bounds[1] - bounds[0], "payment": bounds[2] - bounds[1]}

    @property
    def alerts(self):
        return sum(self.late.values())

    def kind(self):
        names = ["review_late", "dispute_late", "payment_late", "review", "dispute", "payment"]
        first = " ".join(f"WHEN u < {bound} THEN '{name}'" for bound, name in zip(self.bounds, names))
        return f"""CASE {first} WHEN u % 20 < 14 THEN 'paid' WHEN u % 20 < 17 THEN 'rejected'
            WHEN u % 20 < 18 THEN 'action_required' ELSE 'editing' END"""

    def seconds(self, epoch):
        """The start of a running clock, in seconds; `epoch` makes an instant into seconds."""
        cases = []
        for rule, (before, after) in SPREAD.items():
            cut = self.calendar.cutoffs[rule]
            # None starts in the future, whatever day it is.
            after = min(after, int((self.calendar.now - cut).total_seconds()))
            cases.append(f"WHEN '{rule}_late' THEN {epoch(stamp(cut))} - 1 - u * 48271 % {before}")
            cases.append(f"WHEN '{rule}' THEN {epoch(stamp(cut))} + u * 48271 % {after}")
        return f"CASE kind {' '.join(cases)} END"

    def postgres(self):
        started = self.seconds(lambda instant: f"extract(epoch FROM timestamptz '{instant}')")
        return f"""
INSERT INTO claims (claim_id, program_id, partner_name, title, status, submitted_at, reviewed_at, disputed_at, approved_at,
    paid_at, amount, currency, updated_at)
SELECT 'CLM-' || lpad(i::text, 9, '0'), 'PRG-' || lpad((i % {PROGRAMS})::text, 4, '0'),
    'Partner ' || (i * 31 % 5000) || ' Distribution SARL', 'Co-op campaign ' || (i % 97) || ', shop window and leaflets',
    {STATUS}, {instants(lambda days: f"earlier + '{days} days'")},
    round((1000 + i % 900000) / 100.0, 2), (ARRAY['EUR', 'USD', 'GBP', 'CHF', 'PLN'])[(1 + i % 5)::int],
    coalesce(started, earlier + '30 days')
FROM (SELECT i, u, replace(kind, '_late', '') AS kind, to_timestamp({started}) AS started,
        timestamptz '{stamp(self.calendar.now)}' - '1 year'::interval - (u * 48271 % 120000000) * '1 second'::interval AS earlier
    FROM (SELECT i, u, {self.kind()} AS kind
        FROM (SELECT i, i * 2654435761 % {self.claims} AS u FROM generate_series(1, {self.claims}::bigint) i) n) k) c"""

    def sqlite(self):
        started = self.seconds(lambda instant: f"unixepoch('{instant}')")
        form = "'%Y-%m-%dT%H:%M:%S.000000Z'"
        return f"""
WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {self.claims})
INSERT INTO claims (claim_id, program_id, partner_name, title, status, submitted_at, reviewed_at, disputed_at, approved_at,
    paid_at, amount, currency, updated_at)
SELECT printf('CLM-%09d', i), printf('PRG-%04d', i % {PROGRAMS}), 'Partner ' || (i * 31 % 5000) || ' Distribution SARL',
    'Co-op campaign ' || (i % 97) || ', shop window and leaflets', {STATUS}, {instants(lambda days: "earlier")},
    printf('%.2f', (1000 + i % 900000) / 100.0),
    CASE i % 5 WHEN 0 THEN 'EUR' WHEN 1 THEN 'USD' WHEN 2 THEN 'GBP' WHEN 3 THEN 'CHF' ELSE 'PLN' END,
    coalesce(started, earlier)
FROM (SELECT i, u, replace(kind, '_late', '') AS kind, strftime({form}, {started}, 'unixepoch') AS started,
        strftime({form}, unixepoch('{stamp(self.calendar.now)}') - 31536000 - u * 48271 % 120000000, 'unixepoch') AS earlier
    FROM (SELECT i, u, {self.kind()} AS kind
        FROM (SELECT i, i * 2654435761 % {self.claims} AS u FROM numbers)))"""


STATUS = """CASE kind WHEN 'review' THEN CASE WHEN u % 2 = 0 THEN 'submitted' ELSE 'under_review' END
        WHEN 'dispute' THEN 'disputed' WHEN 'payment' THEN 'approved' WHEN 'paid' THEN 'approved' ELSE kind END"""


def instants(later):
    """Submitted, reviewed, disputed, approved, paid; `later` makes SQL that is so many days later than `earlier`."""
    return f"""CASE kind WHEN 'review' THEN started ELSE earlier END,
    CASE WHEN kind NOT IN ('review', 'editing') THEN {later(2)} END, CASE kind WHEN 'dispute' THEN started END,
    CASE kind WHEN 'payment' THEN started WHEN 'paid' THEN {later(2)} END, CASE kind WHEN 'paid' THEN {later(30)} END"""


def programs():
    """Every third names its calendar."""
    for n in range(PROGRAMS):
        yield f"PRG-{n:04}", f"Program {n}", "fr" if n % 3 == 0 else None
