# Every word that claimwatch writes in English. fr.ftl has the same messages with the same arguments; a test compares them.

## Numbers, names and lists

business-days = { $count ->
    [0] less than one business day
    [one] { $count } business day
   *[other] { $count } business days
}
days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
business-days-late = { $count ->
    [0] less than one business day late
    [one] { $count } business day late
   *[other] { $count } business days late
}
rule = { $rule ->
    [review] review
    [dispute] dispute
    [payment] payment
    [tax_invoice_payment] payment after tax invoice
   *[other] { $name }
}
rule-count = { $rule ->
    [review] { $count ->
        [one] { $count } review
       *[other] { $count } reviews
    }
    [dispute] { $count ->
        [one] { $count } dispute
       *[other] { $count } disputes
    }
    [payment] { $count ->
        [one] { $count } payment
       *[other] { $count } payments
    }
    [tax_invoice_payment] { $count ->
        [one] { $count } payment after tax invoice
       *[other] { $count } payments after tax invoice
    }
   *[other] { $count } × { $name }
}
status = { $status ->
    [editing] editing
    [submitted] submitted
    [under_review] under review
    [approved] approved
    [rejected] rejected
    [action_required] action required
    [disputed] disputed
    [partner_action_required] partner action required
   *[other] { $name }
}
list-comma = { $first }, { $next }
list-and = { $first } and { $last }
join-clauses = { $first }; { $next }
labelled = { $label }: { $value }
quoted = “{ $text }”

## Days and instants

weekday = { $day ->
    [1] Monday
    [2] Tuesday
    [3] Wednesday
    [4] Thursday
    [5] Friday
    [6] Saturday
   *[7] Sunday
}
weekday-short = { $day ->
    [1] Mon
    [2] Tue
    [3] Wed
    [4] Thu
    [5] Fri
    [6] Sat
   *[7] Sun
}
month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
month-short = { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
}
day-of-month = { $day }
date-long = { $weekday }, { $day } { $month } { $year }
month-of-year = { $month } { $year }
instant = { $date }, { $time } ({ $offset })
instant-in-zone = { $date }, { $time } ({ $zone }, { $offset })

## Why a deadline is when it is

clock-started = { $rule ->
    [review] Submitted
    [dispute] Disputed
    [payment] Approved
    [tax_invoice_payment] Tax invoice approved
   *[other] Clock started
}
days-each = { $count } ({ $days })
days-from-to = { $count } (from { $first } to { $last })
start-day-not-counted = the day itself is not counted
start-time-kept = counted to the same time of day
start-moved = no business day: counted from the start of { $day }
skipped-because = { $days } ({ $reason })
skipped-because-estimated = { $days } ({ $reason }) (estimated)
skipped-weekend = weekend
skipped-weekend-days = { $count ->
    [one] { $count } weekend day
   *[other] { $count } weekend days
}
skipped-holiday = holiday
skipped-by-zone = a day that the time zone left out
skipped-more = { $count ->
    [one] and { $count } more day
   *[other] and { $count } more days
}
due-end-of-day = end of { $date }
clause-due-at-end = due at the end of { $date }
clause-due = due on { $instant }
clause-counted = counted: { $days }
clause-skipped = skipped: { $days }
clause-started = { $started } { $start }
calendar-chosen = { $by ->
    [program] { $calendar }, which its program names
    [rule] { $calendar }, which the rule names
    [default] { $calendar }, the default one
   *[other] { $calendar }
}
version-of-calendar = calendar version { $version }
version-of-zone-data = zone data { $version }

note-last-day-moved = the last day is not worked, so that the deadline is moved to the next business day
note-no-such-time = that local time does not exist, since the clocks go forward: the deadline is the first instant after it
note-time-twice = that local time occurs twice, since the clocks go back: the deadline is the first of the two
note-unknown-calendar = the calendar { $unknown } is not configured; { $serves } serves
note-beyond-end = { $source } knows no holidays after { $until }: later days were counted without them
note-beyond-range = { $source } knows holidays only from { $from } to { $until }: other days were counted without them

## Mail: subject, summary

subject = [claimwatch] { $what } { $total ->
    [one] is late:
   *[other] are late; worst:
} { $claim }, { $days } (level { $level })
subject-reminder = [claimwatch] Reminder: { $what } { $total ->
    [one] is late:
   *[other] are late; worst:
} { $claim }, { $days } (level { $level })
subject-inherited = [claimwatch] Inherited: { $what } { $total ->
    [one] was late already:
   *[other] were late already; worst:
} { $claim }, { $days } (level { $level })
subject-resolved = [claimwatch] { $count ->
    [one] Resolved: { $claim }
   *[other] { $count } resolved: { $claim } and { $more } more
} (level { $level })
subject-resolved-count = [claimwatch] { $count } resolved (level { $level })
subject-held = [claimwatch] Question: { $count ->
    [one] is { $count } new alert right? It is
   *[other] are { $count } new alerts right? They are
} held until someone says so
subject-all-is-well = [claimwatch] All is well: nothing late among { $running ->
    [one] { $running } running clock
   *[other] { $running } running clocks
}
subject-nothing-late = [claimwatch] Nothing late among { $running ->
    [one] { $running } running clock
   *[other] { $running } running clocks
}; { $problems ->
    [one] { $problems } claim cannot be fully classified
   *[other] { $problems } claims cannot be fully classified
}
subject-statement = [claimwatch] Daily statement: { $late } late among { $running ->
    [one] { $running } running clock
   *[other] { $running } running clocks
}
subject-undeliverable = [claimwatch] Undeliverable: { $count ->
    [one] { $address } refuses messages
   *[other] { $count } addresses refuse messages, { $address } among them
}
headline = { $what } { $total ->
    [one] is late
   *[other] are late
}
headline-resolved = { $count ->
    [one] { $count } alert is resolved
   *[other] { $count } alerts are resolved
}
headline-held = { $count ->
    [one] Is { $count } new alert right?
   *[other] Are { $count } new alerts right?
}
headline-nothing-late = Nothing is late
headline-undeliverable = { $count ->
    [one] An address refuses messages
   *[other] { $count } addresses refuse messages
}
headline-statement = { $late ->
    [one] { $late } clock is late
   *[other] { $late } clocks are late
}
worst-of-all = Worst: { $claim }, { $late }.
level-first = Escalation level { $level }: a deadline was missed.
level-next = Escalation level { $level }: the deadline was missed, the levels before this one were told, and it is still open.
inherited = { $total ->
    [one] It was late already when claimwatch began to watch it, or when the rules or calendars changed. This message is the only one about that.
   *[other] They were late already when claimwatch began to watch them, or when the rules or calendars changed. This is one message about all of them.
}
inherited-counted = Higher levels count their business days from { $day }, and not from the deadlines.
inherited-counted-each = Higher levels count their business days from the day on which each was taken over ({ $first } to { $last }), and not from the deadlines.
resolved-told = { $count ->
    [one] It was told of at escalation level { $level } and is settled since. There is nothing else to tell.
   *[other] They were told of at escalation level { $level } and are settled since. There is nothing else to tell.
}
held-why = The scan of { $instant } would have opened { $count } alerts at once. That is above the limit of { $limit }; a scan that opens any usually opens { $usual }.
held-why-without-habit = The scan of { $instant } would have opened { $count } alerts at once. That is above the limit of { $limit }; how many are usual is not known yet.
held-kept = They are held: nothing is told of them, and dashboards show them as held.
held-fewer = { $count ->
    [one] { $count } of them is still held and listed here.
   *[other] { $count } of them are still held and listed here.
}
held-look = Look at the source of the claims first. Often it was changed: an import with wrong dates, a status under another name, a column that is empty now.
held-release = If they are right, release them. They are then told of as usual, from the next scan on.
held-release-command = claimwatch alerts release --by NAME
held-discard = If they are not, discard them. They are then resolved as withdrawn, and what is still late at the next scan is looked at anew.
held-discard-command = claimwatch alerts discard --by NAME
bounced = { $address } has refused three messages in a row, the last one on { $instant }: “{ $words }”. Nothing more is sent to it. It was to get { $count ->
    [one] level { $levels }
   *[other] levels { $levels }
}.
bounced-others = All others are told of what is late as before. Correct the address in the configuration, or have the mailbox put right.
bounced-enable = If it takes messages again, enable it. What was not sent to it meanwhile is then sent, as far as it is still late.
bounced-enable-command = claimwatch outbox enable { $address }
well-told = What is late is told of in messages of its own, unless it is snoozed, silenced or held.
well-purpose = This message comes at the beginning of every business day. If it stays away, claimwatch does not run, or its mail does not arrive: then ask whoever runs it.
all-reminders = { $total ->
    [one] This is a reminder: it was reported at this level before and is still open.
   *[other] These are reminders: they were reported at this level before and are still open.
}
some-reminders = { $reminded ->
    [one] { $reminded } of them is a reminder.
   *[other] { $reminded } of them are reminders.
} { $new ->
    [one] { $new } is new at this level.
   *[other] { $new } are new at this level.
}
beyond-calendars = { $count ->
    [one] { $count } of these deadlines was
   *[other] { $count } of these deadlines were
} counted beyond the days that a calendar knows, without the holidays there: { $known }.
beyond-known-until = { $calendar } ({ $source }, until { $until })
beyond-known-between = { $calendar } ({ $source }, from { $from } until { $until })
beyond-more-calendars = { $count ->
    [one] and { $count } more calendar
   *[other] and { $count } more calendars
}
held-up = Money held up
held-up-without-amount = { $count ->
    [one] { $count } case without an amount or a currency is in no sum.
   *[other] { $count } cases without an amount or a currency are in no sum.
}
late-by-rule = Late by rule
held-by-rule = Held by rule
open-by-rule = Open alerts by rule
open-alerts = { $late } late, { $risk } at risk
worst-of-rule = worst: { $days }
list-worst-first = The cases, worst first
more-in-attachment = { $count ->
    [one] And { $count } more, in the attached { $file }.
   *[other] And { $count } more, all in the attached { $file }.
}
more-than-attachment = And { $count } more. The attached { $file } lists { $listed } of all { $total } and has no room for the rest; they are in the table sla_alerts.
attachment = The whole list is attached as { $file }.
attachment-order = Its first rows are the cases shown here; then come the others, oldest deadline first.
attachment-compressed = It is compressed: Windows 11, macOS and Linux open it by themselves, older systems with 7-Zip or gunzip.

## Mail: what was resolved, what was looked at

settled = Resolved since the last message of this thread
settled-how = { $how ->
    [met] turned out to be in time
    [late] done late
    [restarted] its clock started again
    [withdrawn] withdrawn
   *[other] open again
}
settled-more = { $named ->
    [yes] And { $count } more, in the table sla_alerts.
   *[no] { $count } in all, in the table sla_alerts.
}
coverage = What was looked at
label-scan = Scan
label-running = Running clocks
label-open = Open alerts
label-problems = Data problems
label-newest = Newest clock
label-calendars = Calendars
coverage-running = { $rules } ({ $count } in all)
coverage-problems = { $count ->
    [0] none
    [one] { $count } claim cannot be classified, or not fully; the table data_problems says why
   *[other] { $count } claims cannot be classified, or not fully; the table data_problems says why
}
coverage-none = none
coverage-no-alert = none
coverage-newest = started { $instant }
coverage-calendar = { $calendar } ({ $zone }), without an end
coverage-calendar-until = { $calendar } ({ $zone }), holidays known until { $until }

## Mail: one case

label-line = Payment line
label-partner = Partner
label-title = Title
label-program = Program
label-amount = Held up
label-entity = Paying entity
label-status = Status
label-counted = Counted
label-skipped = Skipped
label-due = Due
label-calendar = Calendar
label-note = Note
label-history = Latest history
label-reminder = Reminder
nothing-skipped = no day
reported-before = reported at this level before
not-late-yet = not late yet
label-acknowledged = Acknowledged
acknowledged-by = by { $who }, { $date }
promised-until = promised { $end ->
    [day] by the end of { $until }
   *[instant] before { $until }
}
label-promise = Promise
promise-broken = { $end ->
    [day] broken (promised by the end of { $until }), which is why this level comes now
    [instant] broken (promised before { $until }), which is why this level comes now
   *[other] broken, which is why this level comes now
}
label-silenced = Silenced
was-silenced = was silenced by { $who } { $end ->
    [day] until the end of { $until }
   *[instant] until { $until }
}: { $reason }
label-inherited = Taken over
inherited-on = { $day }, late already; higher levels are counted from then
history-entry = { $date }, { $status }: { $note }
history-entry-without-note = { $date }, { $status }
history-no-date = no date

## Mail: frame

greeting = Hello,
support = Support requests
answer-case = Answer: promise a date, or ask for quiet
covers-without-cases = This message was made on { $instant }.
covers = This message was made on { $instant } from the alerts that were open then. Deadlines are counted in each case’s own calendar and time zone.
automatic = claimwatch sent it automatically.
cut-row = List cut here: { $count } more not shown

## Mail: test

trial-subject = [claimwatch] Test message
trial-arrived = Mail from claimwatch reaches you. This message was sent by { $way }, as any other would be.
trial-posted = Messages from claimwatch reach you here. This one was posted to { $way }, as any other would be.
trial-no-claim = It is about no claim, and nobody expects an answer.
