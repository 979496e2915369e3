//! Every table of ours, read and filled as it is stored.

use async_trait::async_trait;
use chrono::{DateTime, Datelike, Utc};
use futures_util::TryStreamExt as _;
use serde::de::IgnoredAny;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, QueryBuilder, Row, Sqlite, Transaction};
use uuid::Uuid;

use super::rows::{instant_text, read_amount, read_instant};
use super::{BUSY_TIMEOUT, ROWS_AHEAD, SqliteStore, StoreError, schema};
use crate::claim::clean_line;
use crate::store::transfer::{Cell, Column, Filling, Kind, Reading, Table, Taker, Transfer};

#[async_trait]
impl Transfer for SqliteStore {
    async fn outgoing(&self) -> Result<Box<dyn Reading>, StoreError> {
        schema::verify_all_is_known(self).await?;
        let options = SqliteConnectOptions::new().filename(&self.path).read_only(true).busy_timeout(BUSY_TIMEOUT);
        let mut reader = SqliteConnection::connect_with(&options.row_buffer_size(ROWS_AHEAD)).await?;
        sqlx::query("BEGIN").execute(&mut reader).await?;
        // A deferred transaction's instant is that of its first read.
        sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(&mut reader).await?;
        Ok(Box::new(Outgoing(reader)))
    }

    async fn incoming(&self) -> Result<Box<dyn Filling>, StoreError> {
        Ok(Box::new(Incoming(self.begin().await?)))
    }
}

/// Undone when it is dropped, since its connection ends.
struct Outgoing(SqliteConnection);

struct Incoming(Transaction<'static, Sqlite>);

#[async_trait]
impl Reading for Outgoing {
    async fn at_work(&mut self, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        at_work(&mut self.0, now).await
    }

    async fn read(&mut self, table: &'static Table, taker: &mut dyn Taker) -> Result<(), StoreError> {
        read(&mut self.0, table, taker).await
    }
}

#[async_trait]
impl Reading for Incoming {
    async fn at_work(&mut self, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        at_work(&mut self.0, now).await
    }

    async fn read(&mut self, table: &'static Table, taker: &mut dyn Taker) -> Result<(), StoreError> {
        read(&mut self.0, table, taker).await
    }
}

#[async_trait]
impl Filling for Incoming {
    async fn count(&mut self, table: &'static Table) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {}{}", table.name, table.moved());
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *self.0).await?;
        Ok(rows.unsigned_abs())
    }

    fn expects(&self, _: &Cell) -> Option<&'static str> {
        None
    }

    async fn write(&mut self, table: &'static Table, rows: &[Vec<Cell>]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let stored: Vec<&str> = table.columns.iter().filter(|column| !column.of_alert).map(|c| c.name).collect();
        let mut query = QueryBuilder::<Sqlite>::new(format!("INSERT INTO {} ({}) ", table.name, stored.join(", ")));
        query.push_values(rows, |mut row, cells| {
            for (_, cell) in table.columns.iter().zip(cells).filter(|(column, _)| !column.of_alert) {
                match cell {
                    // None is unreadable.
                    Cell::Null | Cell::Unreadable(_) => row.push_bind(None::<String>),
                    Cell::Integer(number) => row.push_bind(*number),
                    Cell::Flag(flag) => row.push_bind(*flag),
                    Cell::Text(text) => row.push_bind(text),
                    Cell::Bytes(bytes) => row.push_bind(bytes),
                    Cell::Instant(at) => row.push_bind(instant_text(*at)),
                    Cell::Id(id) => row.push_bind(id.to_string()),
                    Cell::Amount(amount) => row.push_bind(amount.to_string()),
                };
            }
        });
        query.build().persistent(false).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        Ok(self.0.commit().await?)
    }
}

/// A daemon is known by the lock beside the file, which is whoever opens it to hold.
async fn at_work(connection: &mut SqliteConnection, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "SELECT lease_holder, max(leased_until) FROM outbox WHERE state = 'pending' AND leased_until > ? \
         AND lease_holder IS NOT NULL HAVING count(*) > 0",
    );
    let Some(row) = row.bind(instant_text(now)).fetch_optional(connection).await? else { return Ok(None) };
    let (holder, until): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Some(format!("{} has a mail in hand until {until}", clean_line(&holder, 100))))
}

async fn read(
    connection: &mut SqliteConnection,
    table: &'static Table,
    taker: &mut dyn Taker,
) -> Result<(), StoreError> {
    let selected = |column: &Column| match column.of_alert {
        true => format!("(SELECT a.{} FROM sla_alerts a WHERE a.id = t.alert_id)", column.name),
        false => column.name.to_owned(),
    };
    let columns: Vec<String> = table.columns.iter().map(selected).collect();
    let sql = format!("SELECT {} FROM {} t{}", columns.join(", "), table.name, table.moved());
    let mut rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch(connection);
    let mut batch = Vec::with_capacity(table.batch);
    while let Some(row) = rows.try_next().await? {
        batch.push(cells(&row, table)?);
        if batch.len() == table.batch {
            taker.take(std::mem::take(&mut batch)).await?;
        }
    }
    taker.take(batch).await
}

fn cells(row: &SqliteRow, table: &Table) -> Result<Vec<Cell>, StoreError> {
    let cell = |(n, column): (usize, &Column)| {
        if matches!(column.kind, Kind::Integer | Kind::Count | Kind::Flag) {
            let found: Option<i64> = row.try_get(n)?;
            return Ok(found.map_or(Cell::Null, |number| number_cell(column.kind, number)));
        }
        let found: Option<Vec<u8>> = row.try_get_unchecked(n)?;
        Ok(match found {
            None if column.of_alert => Cell::Unreadable("no alert of this id".into()),
            None => Cell::Null,
            Some(bytes) if column.kind == Kind::Bytes => Cell::Bytes(bytes),
            Some(bytes) => match String::from_utf8(bytes) {
                Ok(text) => text_cell(column.kind, text),
                Err(error) => Cell::Unreadable(String::from_utf8_lossy(error.as_bytes()).into_owned()),
            },
        })
    };
    table.columns.iter().enumerate().map(cell).collect()
}

fn number_cell(kind: Kind, number: i64) -> Cell {
    match kind {
        Kind::Flag => Cell::Flag(number != 0),
        Kind::Integer if i32::try_from(number).is_err() => Cell::Unreadable(number.to_string()),
        _ => Cell::Integer(number),
    }
}

fn text_cell(kind: Kind, text: String) -> Cell {
    let read = match kind {
        Kind::Instant => read_instant(&text).filter(|at| (1..=9999).contains(&at.year())).map(Cell::Instant),
        Kind::Id => Uuid::parse_str(&text).ok().map(Cell::Id),
        Kind::Amount => read_amount(&text).map(Cell::amount),
        Kind::Json => serde_json::from_str::<IgnoredAny>(&text).ok().map(|_| Cell::Text(text.clone())),
        _ => return Cell::Text(text),
    };
    read.unwrap_or(Cell::Unreadable(text))
}
