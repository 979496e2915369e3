//! What can be configured, as the program itself says.

use super::{Desk, each};

#[test]
fn a_setting_is_described_by_its_key_by_its_end_and_by_its_place_in_an_array() {
    let desk = Desk::with("this is no configuration, and is not looked at");
    let by_key = desk.run(&["settings", "escalation.levels.remind_every"]).done();
    by_key.says(&[
        "[[escalation.levels]] remind_every\n",
        "default         never\n",
        "remind_every = \"1 business day\"\n",
    ]);
    for asked in ["remind_every", "escalation.levels[2].remind_every"] {
        assert_eq!(desk.run(&["settings", asked]).done().out, by_key.out, "{asked}");
    }
}

#[test]
fn all_settings_are_listed_for_people_and_for_programs() {
    let desk = Desk::with("");
    let listed = desk.run(&["settings"]).done();
    listed.says(&["SETTING", "mail.smtp.port ", "calendars.NAME.country "]);
    let objects = desk.run(&["settings", "--format", "json"]).done().json();
    let objects = objects.as_array().expect("an array");
    assert_eq!(objects.len() + 1, listed.out.lines().count());
    let of_log = desk.run(&["settings", "log", "--format", "json"]).done().json();
    assert_eq!(each(of_log.as_array().expect("an array"), "key"), ["log.format", "log.level"]);
    assert_eq!(of_log[1]["default"], "`\"info\"`");
}

#[test]
fn what_is_no_setting_is_refused_with_what_may_be_meant() {
    let desk = Desk::with("");
    desk.run(&["settings", "mail.smtp.prot"])
        .refused(2, &["found \"mail.smtp.prot\"", "did you mean \"mail.smtp.port\"?"]);
    desk.run(&["settings", "log", "--format", "markdown"]).refused(2, &["leave KEY out"]);
}
