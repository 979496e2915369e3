//! Tokens as a database keeps them.

use claimwatch::store::{Scope, StoredToken, TokenText};

use crate::on_every_engine;
use crate::world::{Engine, at};

/// A token of that id's first bytes, good until 2026-12-01.
fn token(seed: u8, name: &str, scope: Scope) -> (TokenText, StoredToken) {
    let text = TokenText::of(&[seed; 37]);
    let stored = StoredToken {
        id: text.id().to_owned(),
        name: name.to_owned(),
        scope,
        digest: text.digest(),
        created_at: at("2026-11-23T09:00:00Z"),
        expires_at: at("2026-12-01T00:00:00Z"),
        revoked_at: None,
    };
    (text, stored)
}

on_every_engine! {
    async fn a_token_is_kept_found_by_its_id_and_revoked_once(world in World) {
        let ((text, ada), (_, bo)) = (token(1, "Ada", Scope::Write), token(2, "Bo", Scope::Read));
        assert!(world.store.add_token(&ada).await.unwrap() && world.store.add_token(&bo).await.unwrap());
        assert_eq!(world.store.token(&ada.id).await.unwrap(), Some(ada.clone()));
        assert!(text.is(&world.store.token(text.id()).await.unwrap().unwrap()));
        assert!(!text.is(&bo));
        assert_eq!(world.store.token("nobody").await.unwrap(), None);
        let now = at("2026-11-24T09:00:00Z");
        assert!(world.store.revoke_token(&ada.id, now).await.unwrap());
        assert!(!world.store.revoke_token(&ada.id, now).await.unwrap(), "it is over");
        assert!(!world.store.revoke_token("nobody", now).await.unwrap());
        let revoked = world.store.token(&ada.id).await.unwrap().unwrap();
        assert_eq!((revoked.revoked_at, revoked.is_valid(now)), (Some(now), false));
        assert_eq!(world.store.tokens().await.unwrap().len(), 2);
    }

    async fn of_tokens_that_were_not_revoked_each_has_a_name_of_its_own(world in World) {
        let (first, second) = (token(1, "Ada", Scope::Read).1, token(2, "Ada", Scope::Write).1);
        assert!(world.store.add_token(&first).await.unwrap());
        assert!(!world.store.add_token(&second).await.unwrap());
        assert_eq!(world.store.tokens().await.unwrap(), std::slice::from_ref(&first));
        world.store.revoke_token(&first.id, at("2026-11-24T09:00:00Z")).await.unwrap();
        assert!(world.store.add_token(&second).await.unwrap());
    }

    async fn the_token_itself_is_nowhere_in_the_database(world in World) {
        let (text, stored) = token(3, "Ada", Scope::Read);
        world.store.add_token(&stored).await.unwrap();
        let digest = if world.engine() == Engine::Sqlite { "hex(digest)" } else { "encode(digest, 'escape')" };
        let row = format!("SELECT id, name, scope, created_at, expires_at, {digest} FROM tokens");
        let row = world.sql(&row).await.concat().join(" ");
        let secret = text.expose().rsplit_once('_').unwrap().1;
        assert!(row.contains(&stored.id) && !row.contains(secret), "{row}");
    }
}
