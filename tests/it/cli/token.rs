//! `claimwatch token`.

use super::{Desk, each};

#[tokio::test]
async fn a_token_is_printed_once_listed_without_its_secret_and_revoked_by_name() {
    let desk = Desk::with_database("").await;
    let made = desk
        .run(&["token", "add", "--name", "Ada", "--scope", "write", "--expires", "90d"])
        .complains(&["keep it now: it is not shown again"]);
    let token = made.out.trim().to_owned();
    assert!(token.starts_with("cw_") && token.len() == 55, "{token}");
    let listed = desk.run(&["token", "list"]).done();
    listed.says(&["Ada", "write", "valid"]);
    assert!(!listed.out.contains(&token[12..]));
    let listed = desk.run(&["token", "list", "--json"]).done().json();
    assert_eq!(each(listed.as_array().expect("an array"), "name"), ["Ada"]);
    assert!(listed[0].get("digest").is_none());
    let taken = desk.run(&["token", "add", "--name", "Ada", "--scope", "read", "--expires", "1w"]);
    let taken = taken.complains(&["a token named \"Ada\" is there already"]);
    assert_eq!((taken.code, taken.out.as_str()), (1, ""));
    desk.run(&["token", "revoke", "Ada"]).done().says(&["is revoked"]);
    desk.run(&["token", "revoke", "Ada"]).complains(&["\"Ada\" was revoked at "]);
    desk.run(&["token", "revoke", "Bo"]).complains(&["there is no token \"Bo\""]);
    desk.run(&["token", "list"]).complains(&["no tokens"]);
    desk.run(&["token", "list", "--all"]).done().says(&["revoked"]);
}

#[tokio::test]
async fn an_end_that_is_none_is_refused() {
    let desk = Desk::with_database("").await;
    for (expires, why) in [
        ("2020-01-01", "which is past"),
        ("0d", "which is past"),
        ("soon", "which is no such time"),
        ("", "which is no such time"),
        ("90", "which is no such time"),
    ] {
        let refused = desk.run(&["token", "add", "--name", "Ada", "--scope", "read", "--expires", expires]);
        let refused = refused.complains(&["--expires: found", why]);
        assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{expires:?}");
    }
    let refused = desk.run(&["token", "add", "--name", " ", "--scope", "read", "--expires", "1d"]);
    refused.complains(&["--name: found"]);
    desk.run(&["token", "list", "--all"]).complains(&["no tokens"]);
}
