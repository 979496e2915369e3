//! Which engines a test is for. A failure reads `scan::postgres::a_late_review_raises_one_alert`.

use proptest::test_runner::Config as ProptestConfig;

/// Writes each test once and runs it on every engine.
#[macro_export]
macro_rules! on_every_engine {
    ($($(#[$meta:meta])* async fn $name:ident($world:pat_param in World) $body:block)*) => {
        $($(#[$meta])* async fn $name($world: $crate::world::World) $body)*

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::world::World::on_sqlite().await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::world::World::on_postgres().await).await;
            })*
        }
    };
}

/// For what only a file of SQLite can hold, or do.
#[macro_export]
macro_rules! on_sqlite {
    ($($(#[$meta:meta])* async fn $name:ident($world:pat_param in World) $body:block)*) => {
        mod on_sqlite {
            use super::*;

            $($(#[$meta])*
            #[tokio::test]
            async fn $name() {
                let $world = $crate::world::World::on_sqlite().await;
                $body
            })*
        }
    };
}

/// For what only PostgreSQL can hold, or do.
#[macro_export]
macro_rules! on_postgres {
    ($($(#[$meta:meta])* async fn $name:ident($world:pat_param in World) $body:block)*) => {
        mod on_postgres {
            use super::*;

            $($(#[$meta])*
            #[tokio::test]
            async fn $name() {
                let $world = $crate::world::World::on_postgres().await;
                $body
            })*
        }
    };
}

/// Writes a property once, as a future, and holds it on every engine; a failure reads
/// `model::property::postgres::scans_find_what_a_model_finds`.
#[macro_export]
macro_rules! property_on_every_engine {
    (fn $name:ident($engine:ident, $($value:tt)+)
        [$sqlite:literal on SQLite, $postgres:literal on PostgreSQL] $body:block) => {
        mod property {
            mod sqlite {
                use super::super::*;

                proptest::proptest! {
                    #![proptest_config($crate::world::cases($sqlite, 2000))]

                    #[test]
                    fn $name($($value)+) {
                        let $engine = $crate::world::Engine::Sqlite;
                        $crate::world::in_a_runtime($body);
                    }
                }
            }

            mod postgres {
                use super::super::*;

                proptest::proptest! {
                    #![proptest_config($crate::world::cases($postgres, 300))]

                    #[test]
                    fn $name($($value)+) {
                        let $engine = $crate::world::Engine::Postgres;
                        $crate::world::in_a_runtime($body);
                    }
                }
            }
        }
    };
}

/// As many cases as CI has time for; `PROPTEST_CASES` asks for more.
pub fn cases(cases: u32, max_shrink_iters: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, max_shrink_iters, ..ProptestConfig::default() }
}

pub fn in_a_runtime(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}
