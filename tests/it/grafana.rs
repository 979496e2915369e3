//! The dashboard over the alert table: each of its queries gives rows, on an empty database too.

use serde_json::Value;

use crate::on_postgres;
use crate::world::{World, claim};

/// Title and statement of each query, with Grafana's macros as it fills them in.
fn queries() -> Vec<(String, String)> {
    let text = include_str!("../../deploy/grafana/claimwatch-claims.json");
    let dashboard: Value = serde_json::from_str(text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").clone();
    let filled = |sql: &str| {
        let sql = sql.replace("$__timeFrom()", "'2026-11-01T00:00:00Z'");
        let sql = sql.replace("$__timeTo()", "'2026-11-24T00:00:00Z'");
        assert!(!sql.contains('$'), "{sql}");
        sql
    };
    let queries = panels.iter().flat_map(|panel| {
        let title = panel["title"].as_str().expect("a title").to_owned();
        let targets = panel["targets"].as_array().expect("targets").clone();
        targets.into_iter().map(move |target| (title.clone(), filled(target["rawSql"].as_str().expect("a statement"))))
    });
    queries.collect()
}

async fn rows(world: &World, title: &str) -> Vec<Vec<String>> {
    let (_, sql) = queries().into_iter().find(|(known, _)| known == title).expect(title);
    world.sql(&sql).await
}

on_postgres! {
    async fn every_query_gives_rows_even_of_an_empty_database(world in World) {
        let all = queries();
        assert!(all.len() >= 9, "{} queries", all.len());
        for (title, sql) in &all {
            assert!(!world.sql(sql).await.is_empty(), "{title}");
        }
        assert_eq!(rows(&world, "Late now").await.len(), 4, "zeros, not nothing");
    }

    async fn it_shows_what_is_late(world in World) {
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00+01:00")).await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-18T10:00:00+01:00")).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        assert_eq!(rows(&world, "Late now").await[2], ["review", "2"]);
        assert_eq!(rows(&world, "The worst").await[0][0], "C-1");
        let days = rows(&world, "Opened and resolved a day").await;
        let opened: Vec<&str> = days.iter().map(|day| day[1].as_str()).collect();
        assert_eq!((opened.len(), opened[22]), (24, "2"), "{days:?}");
        assert_eq!(rows(&world, "Answered").await, [["0", "0", "2"]]);
    }
}
