//! Every table of ours, read and filled as it is stored.

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgConnection, PgRow};
use sqlx::{Encode, Postgres, Row};
use uuid::Uuid;

use super::copy::Rows;
use super::rows::Instant;
use super::unit::{Isolation, Unit, made, query};
use super::{PostgresStore, schema};
use crate::claim::clean_line;
use crate::store::StoreError;
use crate::store::transfer::{Cell, Column, Filling, Kind, Reading, TABLES, Table, Taker, Transfer};
use crate::store::values::read_amount;

/// The other database may keep this one waiting for longer than a daemon would.
const PATIENCE: &str = "SET LOCAL idle_in_transaction_session_timeout TO '10min'";

#[async_trait]
impl Transfer for PostgresStore {
    async fn outgoing(&self) -> Result<Box<dyn Reading>, StoreError> {
        schema::verify_all_is_known(self).await?;
        let mut unit = self.begin(Isolation::Snapshot).await?;
        unit.simple(format!("SET TRANSACTION READ ONLY; {PATIENCE}")).await?;
        Ok(Box::new(Moving(unit)))
    }

    async fn incoming(&self) -> Result<Box<dyn Filling>, StoreError> {
        let mut unit = self.begin(Isolation::ReadCommitted).await?;
        unit.simple(format!("{PATIENCE}; LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", names())).await?;
        Ok(Box::new(Moving(unit)))
    }
}

fn names() -> String {
    TABLES.each_ref().map(|table| table.name).join(", ")
}

struct Moving(Unit);

#[async_trait]
impl Reading for Moving {
    async fn at_work(&mut self, _: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        let row = query(
            "SELECT 'daemon ' || holder || ' leads' AS who, ends_at AS until FROM leases WHERE ends_at > clock_timestamp() \
             UNION ALL SELECT lease_holder || ' has a mail in hand', leased_until FROM outbox \
             WHERE state = 'pending' AND lease_holder IS NOT NULL AND leased_until > clock_timestamp() LIMIT 1",
        );
        let Some(row) = row.fetch_optional(&mut *self.0).await? else { return Ok(None) };
        let (who, until): (String, DateTime<Utc>) = (row.try_get("who")?, row.try_get("until")?);
        let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
        Ok(Some(format!("{} until {until}", clean_line(&who, 100))))
    }

    async fn read(&mut self, table: &'static Table, taker: &mut dyn Taker) -> Result<(), StoreError> {
        let selected = |column: &Column| match column.kind {
            Kind::Amount | Kind::Json => format!("{}::text", column.name),
            _ => column.name.to_owned(),
        };
        let columns: Vec<String> = table.columns.iter().map(selected).collect();
        let select = format!("SELECT {} FROM {}{}", columns.join(", "), table.name, table.moved());
        self.0.simple(format!("DECLARE moving NO SCROLL CURSOR FOR {select}")).await?;
        loop {
            let rows = made(format!("FETCH {} FROM moving", table.batch)).fetch_all(&mut *self.0).await?;
            let last = rows.len() < table.batch;
            taker.take(rows.iter().map(|row| cells(row, table)).collect::<Result<_, _>>()?).await?;
            if last {
                break;
            }
        }
        self.0.simple("CLOSE moving".into()).await
    }
}

#[async_trait]
impl Filling for Moving {
    async fn count(&mut self, table: &'static Table) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) AS rows FROM {}{}", table.name, table.moved());
        super::rows::count(&made(sql).fetch_one(&mut *self.0).await?, "rows")
    }

    fn expects(&self, cell: &Cell) -> Option<&'static str> {
        matches!(cell, Cell::Text(text) if text.contains('\0')).then_some("text without the character NUL")
    }

    async fn write(&mut self, table: &'static Table, rows: &[Vec<Cell>]) -> Result<(), StoreError> {
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let statement = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.name, columns.join(", "));
        let mut copied = Rows::of(statement, i16::try_from(columns.len()).unwrap_or(i16::MAX));
        for row in rows {
            copied.begin();
            for (column, cell) in table.columns.iter().zip(row) {
                field(&mut copied, column.kind, cell)?;
            }
        }
        Ok(copied.copy(&mut self.0).await?)
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        go_on_counting(&mut self.0).await?;
        // The first scan comes sooner than the server would look for itself.
        self.0.simple(format!("ANALYZE {}", names())).await?;
        self.0.commit().await
    }
}

/// The next scan's number comes after those that were filled in.
async fn go_on_counting(connection: &mut PgConnection) -> Result<(), StoreError> {
    let last = "SELECT setval(pg_get_serial_sequence('scans', 'id'), max(id)) FROM scans HAVING count(*) > 0";
    query(last).execute(connection).await?;
    Ok(())
}

fn field(rows: &mut Rows, kind: Kind, cell: &Cell) -> Result<(), StoreError> {
    match cell {
        // None is unreadable.
        Cell::Null | Cell::Unreadable(_) => rows.field(None::<&str>),
        Cell::Integer(number) if kind == Kind::Integer => rows.field(i32::try_from(*number).unwrap_or(i32::MAX)),
        Cell::Integer(number) => rows.field(*number),
        Cell::Flag(flag) => rows.field(*flag),
        Cell::Text(text) => rows.field(text),
        Cell::Bytes(bytes) => rows.field(bytes),
        Cell::Instant(at) => rows.instant(Some(*at)),
        Cell::Id(id) => rows.field(*id),
        Cell::Amount(amount) if amount.is_zero() => rows.field(Zero { decimals: amount.scale() }),
        Cell::Amount(amount) => rows.field(*amount),
    }
}

/// A `numeric` that is zero, with as many decimals as it was written with: sqlx sends it without.
struct Zero {
    decimals: u32,
}

impl Encode<'_, Postgres> for Zero {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let (digits, weight, sign) = (0_i16, 0_i16, 0_i16);
        for part in [digits, weight, sign, i16::try_from(self.decimals)?] {
            buffer.extend(part.to_be_bytes());
        }
        Ok(IsNull::No)
    }
}

fn cells(row: &PgRow, table: &Table) -> Result<Vec<Cell>, StoreError> {
    table.columns.iter().enumerate().map(|(n, column)| Ok(cell(row, n, column.kind)?.unwrap_or(Cell::Null))).collect()
}

fn cell(row: &PgRow, n: usize, kind: Kind) -> Result<Option<Cell>, StoreError> {
    Ok(match kind {
        Kind::Integer => row.try_get::<Option<i32>, _>(n)?.map(|number| Cell::Integer(number.into())),
        Kind::Count => row.try_get::<Option<i64>, _>(n)?.map(Cell::Integer),
        Kind::Flag => row.try_get::<Option<bool>, _>(n)?.map(Cell::Flag),
        Kind::Text | Kind::Json => row.try_get::<Option<String>, _>(n)?.map(Cell::Text),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(n)?.map(Cell::Bytes),
        Kind::Id => row.try_get::<Option<Uuid>, _>(n)?.map(Cell::Id),
        Kind::Amount => row
            .try_get::<Option<String>, _>(n)?
            .map(|text| read_amount(&text).map_or(Cell::Unreadable(text), Cell::amount)),
        Kind::Instant => row.try_get::<Option<Instant>, _>(n)?.map(|found| match found {
            Instant::At(at) => Cell::Instant(at),
            Instant::Unreadable(found) => Cell::Unreadable(found.to_owned()),
        }),
    })
}
