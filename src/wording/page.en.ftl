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
page-coming = Coming
page-chart-coming = Deadlines that end on the coming days
page-busiest = most on { $days }
page-deadlines = Deadlines
page-expected-late = Late on form
page-nothing-coming = Nothing falls due on the coming business days.
page-coming-note = As of { $instant }. { $count ->
    [0] Nothing falls due later.
    [one] { $count } deadline ends later.
   *[other] { $count } deadlines end later.
} Late on form: as many as were late of those that stood as long.
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

## Signing in and answering

page-sign-in = Sign in
page-sign-out = Sign out
page-reads-only = may only look
page-sign-in-to-answer = Sign in to answer
page-sign-in-text = With a token that somebody made for you with “claimwatch token add”. What you do is recorded in its name. You are signed in for twelve hours at most.
page-token = Token
page-token-refused = This is no token, or one that has ended or was revoked.
page-signed-out = You are not signed in
page-signed-out-text = Your session is over, or never began. Nothing was changed.
page-read-only = Your token may only look
page-read-only-text = Nothing was changed: answering needs a token with the scope “write”.
page-foreign = This form is not of your session
page-foreign-text = Nothing was changed. Go back, load the page again, and send the form from there.
page-link-broken = This link is not complete
page-link-broken-text = It is not as it stood in the mail: copy all of it, or open it from there. Nothing was changed.
page-link-ended = This link has ended
page-link-ended-text = A link of a mail is good for 30 days, as long as what it is about is kept. Nothing was changed; answer on the page, or by the link of a later mail.
page-link-text = You answer as { $who }, for this alert alone.
page-link-resolved = It is resolved: there is nothing left to answer.
page-choose = Choose
page-choose-one = Choose { $claim }, { $rule }
page-do = Do
page-answer-one = Answer
page-answer-chosen = Answer what is chosen
page-back-to-alerts = Back to the alerts
page-promise = Done by the end of
page-quiet = Quiet until the beginning of
page-acknowledge = Acknowledge
page-unacknowledge = Take back the acknowledgement
page-snooze = Snooze
page-unsnooze = End the snooze
page-nothing-chosen = Nothing was changed: no alert was chosen, or none of those chosen is there any more.
page-mistake = Nothing was changed. { $field ->
    [promise] Done by the end of: found “{ $found }”, expected a day such as 2026-12-01.
    [quiet] Quiet until: found “{ $found }”, expected a day such as 2026-12-01.
   *[other] Note: found “{ $found }”, expected one line of at most 600 characters.
}
page-refused = Nothing was changed. { $why ->
    [promise_past] The promised day is over; expected today or a later day.
    [quiet_past] That day has begun; expected a later one.
    [not_acknowledged] { $count ->
        [one] It is not acknowledged (any more).
       *[other] None of them is acknowledged (any more).
    }
    [not_snoozed] { $count ->
        [one] It is not snoozed (any more).
       *[other] None of them is snoozed (any more).
    }
   *[other] { $count ->
        [one] It was resolved meanwhile.
       *[other] All of them were resolved meanwhile.
    }
}
page-ask-answer = { $deed ->
    [acknowledged] Acknowledge { $count } alerts, with the promise that they are done by the end of { $day }?
    [snoozed] Snooze { $count } alerts until the beginning of { $day }?
    [unsnoozed] End the snooze of { $count } alerts?
   *[other] Take back the acknowledgement of { $count } alerts?
}
page-yes = Yes, all { $count }
page-no = No, change nothing
page-changed-meanwhile = Meanwhile the number has changed. Nothing was done yet: look again.
page-silence-add = Silence what matches
page-silence-hint = * stands for any text and ? for one character. An alert must fit every pattern that is given; before anything is saved you see how many do.
page-silence-preview = Show what matches
page-silence-save = Save this silence
page-silence-expire = End it now
page-silence-matches = { $count ->
    [0] No open alert matches now. One that opens later and matches is silenced.
    [one] { $count } open alert matches, and so do those that open later.
   *[other] { $count } open alerts match, and so do those that open later.
}
page-silence-until = Nothing is told of them until { $until }; then what is still late is told.
page-silence-mistake = Nothing was saved. { $field ->
    [matcher] Found no pattern, expected at least one: of the rule, the program, the partner, the entity or the claim.
    [until] Quiet until: found “{ $found }”, expected a day to come such as 2026-12-01.
    [reason] Reason: found “{ $found }”, expected one line of 1 to 300 characters.
   *[other] { $field }: found “{ $found }”, expected one line of at most 300 characters.
}
page-ask-silence = Save this silence?
page-ask-expire = End this silence now?
page-expire-says = { $count ->
    [0] No open alert matches it. It cannot be taken back: a new silence would be another.
    [one] { $count } open alert matches it, and is told of by the next scan if it is late. It cannot be taken back.
   *[other] { $count } open alerts match it, and are told of by the next scan if they are late. It cannot be taken back.
}
page-held-title = { $count ->
    [one] { $count } alert is held
   *[other] { $count } alerts are held
}
page-held-text = A scan opened many more than usual: nothing is told of them until somebody says that they are right, or wrong.
page-release = They are right: release them
page-discard = They are wrong: discard them
page-ask-held = { $deed ->
    [released] { $count ->
        [one] Release { $count } alert?
       *[other] Release { $count } alerts?
    }
   *[other] { $count ->
        [one] Discard { $count } alert?
       *[other] Discard { $count } alerts?
    }
}
page-held-says = { $deed ->
    [released] The next scan within the sending hours tells of all of them, as of any other. What was told cannot be taken back.
   *[other] All of them are withdrawn, and nothing is told of them. What is still late then is looked at anew by the next scan. It cannot be taken back.
}
page-held-do = { $deed ->
    [released] Release { $count }
   *[other] Discard { $count }
}
page-retry = Send again
page-enable = Send to it again
page-done = { $deed ->
    [acknowledged] { $count ->
        [0] Nothing was acknowledged
        [one] { $count } alert is acknowledged
       *[other] { $count } alerts are acknowledged
    }
    [unacknowledged] { $count ->
        [0] No acknowledgement was taken back
        [one] The acknowledgement of { $count } alert is taken back
       *[other] The acknowledgement of { $count } alerts is taken back
    }
    [snoozed] { $count ->
        [0] Nothing was snoozed
        [one] { $count } alert is snoozed
       *[other] { $count } alerts are snoozed
    }
    [unsnoozed] { $count ->
        [0] No snooze was ended
        [one] { $count } alert is told of again
       *[other] { $count } alerts are told of again
    }
    [silenced] The silence is saved
    [expired] { $count ->
        [0] The silence was over already
       *[other] The silence is over
    }
    [retried] { $count ->
        [0] Nothing to send again: it was sent meanwhile, or nothing was left to say
        [one] { $count } delivery is due now
       *[other] { $count } deliveries are due now
    }
    [enabled] { $count ->
        [0] The address is right again
        [one] The address is right again; { $count } delivery is due now
       *[other] The address is right again; { $count } deliveries are due now
    }
    [released] { $count ->
        [0] No alert was held any more
        [one] { $count } alert is released
       *[other] { $count } alerts are released
    }
   *[other] { $count ->
        [0] No alert was held any more
        [one] { $count } alert is discarded
       *[other] { $count } alerts are discarded
    }
}
page-missed = { $count ->
    [one] This one is as it was: it was resolved or answered otherwise meanwhile
   *[other] These { $count } are as they were: they were resolved or answered otherwise meanwhile
}
page-undo = Undo
page-undo-note = { $deed ->
    [acknowledged] Undo takes the acknowledgement back where nobody has answered since. An earlier acknowledgement that it replaced does not come back.
    [snoozed] Undo ends the snooze where nobody has answered since. An earlier snooze that it replaced does not come back.
    [silenced] Undo ends the silence now: what it kept back is told of by the next scan.
    [unacknowledged] This cannot be undone: a promise is given anew by whoever keeps it.
    [unsnoozed] This cannot be undone: snooze it again if it is to be quiet.
    [expired] This cannot be undone: a new silence would be another.
    [retried] This cannot be undone: it is sent as soon as the daemon looks.
    [enabled] This cannot be undone: the address is disabled again if it is refused three more times.
    [released] This cannot be undone: the next scan tells of them.
   *[other] This cannot be undone: they are withdrawn. What is still late, the next scan opens anew.
}
page-go-on = Go on
