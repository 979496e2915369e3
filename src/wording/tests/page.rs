use super::*;

#[test]
fn every_message_of_the_page_is_used_and_every_used_one_exists() {
    let code = [
        include_str!("../../http/page/acting/alerts.rs"),
        include_str!("../../http/page/acting/confirm.rs"),
        include_str!("../../http/page/acting/form.rs"),
        include_str!("../../http/page/acting/held.rs"),
        include_str!("../../http/page/acting/link.rs"),
        include_str!("../../http/page/acting/mod.rs"),
        include_str!("../../http/page/acting/outbox.rs"),
        include_str!("../../http/page/acting/receipt.rs"),
        include_str!("../../http/page/acting/session.rs"),
        include_str!("../../http/page/acting/sign_in.rs"),
        include_str!("../../http/page/acting/silences.rs"),
        include_str!("../../http/page/acting/undo.rs"),
        include_str!("../../http/page/alerts.rs"),
        include_str!("../../http/page/asked.rs"),
        include_str!("../../http/page/calendars.rs"),
        include_str!("../../http/page/chart.rs"),
        include_str!("../../http/page/claim.rs"),
        include_str!("../../http/page/clock.rs"),
        include_str!("../../http/page/coming.rs"),
        include_str!("../../http/page/event.rs"),
        include_str!("../../http/page/file.rs"),
        include_str!("../../http/page/listing.rs"),
        include_str!("../../http/page/mod.rs"),
        include_str!("../../http/page/outbox.rs"),
        include_str!("../../http/page/overview.rs"),
        include_str!("../../http/page/picture.rs"),
        include_str!("../../http/page/problems.rs"),
        include_str!("../../http/page/row.rs"),
        include_str!("../../http/page/sheet.rs"),
        include_str!("../../http/page/silences.rs"),
        include_str!("../../http/page/wrong.rs"),
    ];
    let templates = [
        include_str!("../../http/page/templates/alerts.html.j2"),
        include_str!("../../http/page/templates/answer.html.j2"),
        include_str!("../../http/page/templates/base.html.j2"),
        include_str!("../../http/page/templates/calendars.html.j2"),
        include_str!("../../http/page/templates/claim.html.j2"),
        include_str!("../../http/page/templates/confirm.html.j2"),
        include_str!("../../http/page/templates/done.html.j2"),
        include_str!("../../http/page/templates/link.html.j2"),
        include_str!("../../http/page/templates/outbox.html.j2"),
        include_str!("../../http/page/templates/overview.html.j2"),
        include_str!("../../http/page/templates/parts.html.j2"),
        include_str!("../../http/page/templates/problems.html.j2"),
        include_str!("../../http/page/templates/sign_in.html.j2"),
        include_str!("../../http/page/templates/silences.html.j2"),
        include_str!("../../http/page/templates/wrong.html.j2"),
    ];
    // What is chosen by a name: `page-sort-due-last`.
    let families = ["page-which", "page-answer", "page-sort", "page-tile"];
    let literals = code.iter().chain(&templates).flat_map(|source| source.split('"'));
    let used: BTreeSet<_> = literals.filter(|text| text.starts_with(PAGE) && !text.contains('{')).collect();
    let known: BTreeSet<_> = arguments(Language::En).into_keys().filter(|id| id.starts_with(PAGE)).collect();
    let is_family =
        |id: &&str| families.iter().any(|family| id.strip_prefix(family).is_some_and(|rest| rest.starts_with('-')));
    assert_eq!(
        known.difference(&used).filter(|id| !is_family(id)).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "not used"
    );
    let unknown = used.difference(&known).filter(|id| !families.contains(id)).collect::<Vec<_>>();
    assert_eq!(unknown, Vec::<&&str>::new(), "no such message");
}
