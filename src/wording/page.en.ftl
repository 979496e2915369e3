# Every word of the page in English. page.fr.ftl has the same messages with the same arguments; a test compares them.

## Frame

page-skip = Skip to the content
page-nav = Views
page-language = Language
page-nav-overview = Overview
page-nav-alerts = Alerts
page-nav-outbox = Outbox
page-nav-silences = Silences
page-nav-calendars = Calendars
page-nav-problems = Data problems
page-not-there = Not found
page-not-there-text = There is nothing at this address: no such view, claim or calendar.
page-bad-address = This address says something that cannot be
page-bad-parameter = { $name }: found “{ $found }”, expected { $expected }
page-unavailable = The database does not answer
page-unavailable-text = Nothing is lost: what is late is found as soon as it answers again. Try again in a moment.
page-broken = This view cannot be shown
page-broken-text = The log of claimwatch says why.
page-any = any
page-as-table = As a table
page-pages = Pages
page-first = First page
page-next = Next page

## Overview

page-tile-late = late
page-tile-risk = at risk
page-tile-unanswered = late, and nobody is on it
page-tile-held = { $count ->
    [one] held
   *[other] held
}
page-tile-problems = { $count ->
    [one] data problem
   *[other] data problems
}
page-tile-dead = { $count ->
    [one] message given up
   *[other] messages given up
}
page-worst = The worst
page-all-alerts = All open alerts
page-nothing-open = Nothing is late, and nothing is at risk.
page-by-rule = By rule
page-by-program = By program
page-by-level = By level
page-level-count = level { $level }: { $count }
page-oldest = oldest { $late }
page-more-programs = { $count ->
    [one] { $count } more program has fewer.
   *[other] { $count } more programs have fewer.
}
page-days = The last 30 days
page-chart-moved = Breaches per day (UTC)
page-chart-open = Late at the end of each day (UTC)
page-opened = opened
page-resolved-label = resolved
page-open-at-end = late at the end
page-day = Day
page-no-days = Nothing was late in the last 30 days.
page-health = Health
page-ok = ok
page-wrong = wrong
page-last-scan = Last scan
page-no-scan = none yet
page-running = { $rule }, running
page-clocks = { $count ->
    [one] { $count } clock
   *[other] { $count } clocks
}
page-calendar-name = Calendar { $calendar }
page-known-until = holidays known until { $day }
page-known-always = without an end

## Alerts

page-rule = Rule
page-claim = Claim
page-late = late
page-at-risk = at risk
page-held = held
page-stands = How late
page-level = Level
page-who = Who is on it
page-state-label = State
page-search = Search
page-sort = Order
page-show = Show
page-reset = Show all
page-found = { $count ->
    [0] No alert
    [one] { $count } alert
   *[other] { $count } alerts
}
page-found-more = More than { $count } alerts
page-nothing-found = No alert is like that.
page-which-open = open
page-which-at-risk = at risk
page-which-breached = late
page-which-held = held
page-which-resolved = resolved
page-answer-nothing = nobody, and awake
page-answer-unacknowledged = nobody
page-answer-acknowledged = acknowledged
page-answer-snoozed = snoozed
page-sort-worst = the worst first
page-sort-due = oldest deadline first
page-sort-due-last = latest deadline first
page-sort-amount = largest amount first, by currency
page-sort-claim = by claim
page-sort-program = by program
page-sort-partner = by partner
page-sort-resolved = resolved last first
page-left = { $count ->
    [0] due within a business day
    [one] { $count } business day left
   *[other] { $count } business days left
}
page-state = { $state ->
    [at_risk] at risk
    [breached] late
   *[resolved] resolved
}
page-resolved = { $how ->
    [met] in time
    [late] done late
    [restarted] started again
   *[withdrawn] withdrawn
}
page-mark-held = held: is it right?
page-mark-acknowledged = { $who }
page-mark-promised = { $who }, promised by { $until }
page-mark-snoozed = snoozed until { $until }
page-mark-silenced = silenced until { $until }
page-mark-backfilled = from history

## A claim

page-gone = gone from the source
page-amount = Amount
page-links = Links
page-claim-elsewhere = The claim’s own page
page-help = Help
page-clocks-now = Deadlines
page-clocks-past = Earlier deadlines
page-other-rules = Rules that do not watch it
page-no-clock = No deadline runs.
page-no-alert = There was never an alert.
page-started = Started
page-stopped = Stopped
page-versions = Counted by
page-reason = Reason
page-differs = The alert was counted by another calendar or target than is configured now.
page-verdict = { $verdict ->
    [unwatched] not watched
    [never-started] never started
    [no-start] runs, and has no start
    [not-begun] has not begun
    [running] running
    [at-risk] at risk
    [breached] late
    [met] done in time
    [late] done late
    [stopped] stopped; whether in time is not known
    [restarted] started again
   *[withdrawn] withdrawn
}
page-day-start = start, not counted
page-day-counted = day { $number } of the count
page-day-due = day { $number }, at whose end it is due
page-day-weekend = weekend
page-day-holiday = holiday
page-day-holiday-on-weekend = holiday on a weekend
page-day-estimated = holiday whose date may still move
page-day-worked = rest day that is worked
page-day-working = working day
page-day-none = no such day
page-key-counted = counted
page-key-due = due
page-events = { $count ->
    [one] { $count } event
   *[other] { $count } events
}
page-events-label = Events
page-when = When
page-what = What
page-by-whom = By
page-detail = Detail
page-until = until { $instant }
page-due-at = due { $instant }
page-level-number = level { $level }
page-opening = { $how ->
    [inherited] late before anyone watched
    [backfilled] from history
   *[other] { $how }
}
page-event = { $kind ->
    [opened] opened
    [breached] became late
    [reopened] opened again
    [escalated] told
    [reminded] reminded
    [acknowledged] acknowledged
    [unacknowledged] acknowledged no more
    [snoozed] snoozed
    [unsnoozed] snoozed no more
    [silenced] silenced
    [unsilenced] silenced no more
    [kept_back] kept back by a silence
    [released] released
    [moved] deadline moved
    [resolved] resolved
   *[other] { $kind }
}
page-more-alerts = { $count ->
    [one] { $count } more alert is older.
   *[other] { $count } more alerts are older.
}
page-lines = Payment lines
page-lines-count = { $count ->
    [one] { $count } payment line
   *[other] { $count } payment lines
}
page-paid = Paid
page-unpaid = not yet
page-mails = Messages about it
page-history = History

## Outbox, silences, calendars, data problems

page-disabled = Addresses that are refused: nothing is sent to them
page-recipient = Recipient
page-subject = Subject
page-decided = Decided
page-sent-when = Sent
page-next-attempt = next attempt { $instant }
page-answer-of-server = What the server said
page-no-delivery = No message is like that.
page-delivery = { $state ->
    [pending] waiting
    [sent] sent
    [dead] given up
    [settled] settled before it was sent
    [folded] within a later one
   *[other] { $state }
}
page-matches = Alerts with
page-in-force = in force
page-over = over
page-from = From
page-until-label = Until
page-expired-by = ended by { $who }
page-no-silence = Nothing is silenced, and nothing was.
page-more-silences = { $count ->
    [one] { $count } more is over; the CSV file has all.
   *[other] { $count } more are over; the CSV file has all.
}
page-years = Years
page-special-days = Days that are not as every week
page-name = Name
page-source = From
page-zone = Time zone
page-known = Known until
page-version = Version
page-always = without an end
page-default = default
page-since = Since
page-no-problem = Every claim can be watched as it should be.
page-problem = { $kind ->
    [missing_start] its start is missing
    [unknown_status] unknown status
    [unknown_program] unknown program
    [unknown_calendar] unknown calendar
    [unreadable] cannot be read
    [beyond_calendar] beyond the calendar’s end
   *[other] { $kind }
}
