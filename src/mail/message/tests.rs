use super::list_id;

fn id(thread: &str) -> String {
    let list = list_id(thread, "example.com");
    let inside = list.strip_prefix("claimwatch <").and_then(|list| list.strip_suffix(".claimwatch.example.com>"));
    inside.unwrap_or_else(|| panic!("{list}")).to_owned()
}

#[test]
fn a_thread_of_plain_words_is_its_own_list_id() {
    assert_eq!(id("level 1"), "level-1");
    assert_eq!(id("held"), "held");
}

#[test]
fn threads_that_differ_in_signs_alone_have_different_list_ids() {
    let ids = ["level 1, rule pay*", "level 1, rule pay?", "level 1 rule pay", "Level 1 rule pay"].map(id);
    let different: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(different.len(), 4, "{ids:?}");
    assert_eq!(ids[0], id("level 1, rule pay*"), "the same each time");
}

#[test]
fn a_list_id_is_a_domain_name_whatever_the_thread() {
    for thread in ["", "…", "évènements <x>\r\nBcc: y", &"x".repeat(500), "a--b", "-"] {
        let id = id(thread);
        assert!(id.len() < 80 && !id.is_empty(), "{id}");
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{id}");
        assert!(!id.starts_with('-') && !id.ends_with('-'), "{id}");
    }
}
