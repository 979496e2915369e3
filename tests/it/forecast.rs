//! What is coming, from all that a database knows. The calendar is Paris without holidays; 2026-11-23 is a Monday, and now.

use claimwatch::report::{Outlook, forecast};

use crate::on_every_engine;
use crate::world::{World, claim};

/// Reviews of before, so many each, that stopped on so many business days after their start.
async fn past(world: &World, many: &[(usize, &str)]) {
    for (number, stop) in many {
        for clock in 0..*number {
            let past = claim(&format!("{stop}-{clock}"), "rejected").on("submitted_at", "2026-11-02T10:00:00Z");
            world.put(past.on("reviewed_at", stop)).await;
        }
    }
}

on_every_engine! {
    async fn what_falls_due_is_told_by_day_with_what_will_be_late_on_current_form(world in World) {
        world.program("P-1", None, false).await;
        // On the day of the start, on the next one, and on the fourth, which is late.
        past(&world, &[(10, "2026-11-02T15:00:00Z"), (20, "2026-11-03T15:00:00Z"), (10, "2026-11-06T15:00:00Z")]).await;
        let review = |id: &str, start: &str| claim(id, "submitted").on("submitted_at", start);
        world.put(review("C-1", "2026-11-20T10:00:00Z")).await;
        world.put(review("C-2", "2026-11-23T08:00:00Z")).await;
        world.put(review("C-3", "2026-11-23T08:30:00Z")).await;
        world.put(review("C-4", "2026-11-10T10:00:00Z")).await;
        world.put(claim("C-5", "approved").on("approved_at", "2026-11-20T10:00:00Z")).await;
        let plan = &world.plan;
        let outlook = Outlook { days: 3, rules: &plan.rules, calendars: &plan.calendars, now: world.time.now() };
        let ahead = forecast(&mut *world.store.snapshot().await.unwrap(), &outlook, &|| {}).await.expect("a forecast");

        let days: Vec<_> = ahead.days.iter().map(|day| (day.date.to_string(), day.clocks)).collect();
        let day = |day: u32| format!("2026-11-{day}");
        assert_eq!(days, [(day(23), 0), (day(24), 1), (day(25), 2)], "{ahead:#?}");
        assert_eq!(ahead.busiest.iter().map(ToString::to_string).collect::<Vec<_>>(), [day(25), day(24)]);
        assert_eq!((ahead.later, ahead.overdue[0].clocks, ahead.overdue[0].expected_late), (1, 1, None));
        // C-1 has come to its first business day, as 31 did, of which 11 were late: C-4 is one of them. C-2 and C-3 are as
        // young as all 41 were.
        let late = |day: usize| ahead.days[day].due[0].expected_late.map(|late| late.to_string());
        assert_eq!((late(1).as_deref(), late(2).as_deref()), (Some("0.4"), Some("0.5")));
        let money: Vec<_> = ahead.days[2].due[0].money.iter().map(|sum| format!("{} {}", sum.amount, sum.currency)).collect();
        assert_eq!(money, ["200.00 EUR"]);
        assert_eq!((ahead.form[0].clocks, ahead.form[0].late), (41, 11));
    }

    async fn of_few_clocks_nothing_is_expected(world in World) {
        world.program("P-1", None, false).await;
        past(&world, &[(18, "2026-11-03T15:00:00Z")]).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-20T10:00:00Z")).await;
        let plan = &world.plan;
        let outlook = Outlook { days: 3, rules: &plan.rules, calendars: &plan.calendars, now: world.time.now() };
        let ahead = forecast(&mut *world.store.snapshot().await.unwrap(), &outlook, &|| {}).await.expect("a forecast");
        assert_eq!(ahead.days[1].due[0].expected_late, None);
    }
}
