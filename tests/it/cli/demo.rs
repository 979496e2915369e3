//! `claimwatch demo`.

use std::fs;

use super::{Desk, Told, files_below};

#[test]
fn the_demonstration_shows_what_is_late_and_where_everything_is_and_again_when_run_again() {
    let desk = Desk::with("");
    for _ in 0..2 {
        let told = desk.run(&["demo"]).done();
        told.says(&[
            "What is late, and why:",
            "At risk: C-",
            "Data problems:",
            "Mails:\n  to support@example.com: [claimwatch]",
            "mails          claimwatch-demo/mail/*.eml",
            "What to try next:",
        ]);
        assert!(fs::read_dir(desk.path("claimwatch-demo/mail")).expect("mails").count() >= 2);
        let next = told.out.lines().find(|line| line.contains(" alerts show ")).expect("a next step");
        let claim = next.rsplit(' ').next().expect("a claim");
        let shown =
            Told::by(&mut desk.command_with("claimwatch-demo/claimwatch.toml", &["alerts", "show", claim])).done();
        shown.says(&[&format!("of claim {claim}: breached")]);
    }
}

#[test]
fn a_folder_with_anything_else_is_refused_and_nothing_in_it_is_touched() {
    let desk = Desk::with("");
    fs::create_dir_all(desk.path("mine/mail")).expect("a folder");
    for (name, text) in [("claimwatch.toml", "# mine"), ("claimwatch.db", "mine"), ("mail/a.eml", "mine")] {
        desk.file(&format!("mine/{name}"), text);
    }
    let before = files_below(&desk.path("mine"));
    desk.run(&["demo", "--dir", "mine"])
        .refused(2, &["--dir: mine holds something else than a demonstration; name another folder"]);
    assert_eq!(files_below(&desk.path("mine")), before);
    desk.run(&["demo", "--dir", "mine/claimwatch.toml"]).refused(1, &["mine/claimwatch.toml"]);
    assert_eq!(files_below(&desk.path("mine")), before);
    fs::create_dir(desk.path("it's empty")).expect("a folder");
    let told = desk.run(&["demo", "--dir", "it's empty"]).done();
    told.says(&[" --config 'it'\\''s empty/claimwatch.toml' alerts list --state open\n"]);
}

#[test]
fn a_demonstration_that_was_changed_is_kept() {
    let desk = Desk::with("");
    desk.run(&["demo"]).done();
    let file = desk.path("claimwatch-demo/claimwatch.toml");
    let changed = format!("{}# and more\n", fs::read_to_string(&file).expect("the configuration"));
    fs::write(&file, &changed).expect("changed");
    let before = files_below(&desk.path("claimwatch-demo"));
    desk.run(&["demo"]).refused(2, &["claimwatch-demo/claimwatch.toml is no longer as the demonstration made it"]);
    assert_eq!(files_below(&desk.path("claimwatch-demo")), before);
}
