//! A list as a CSV file that spreadsheets open as it is.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use csv::{Terminator, WriterBuilder};

/// Spreadsheets take a file for another encoding without it.
const BYTE_ORDER_MARK: &str = "\u{FEFF}";

/// The first line of a file.
pub(super) fn head(columns: &[&str]) -> Vec<u8> {
    let mut bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
    bytes.extend(line(columns));
    bytes
}

/// A line of it. Cells are as [`crate::claim::spreadsheet_cell`] makes them.
pub(super) fn line<C: AsRef<[u8]>>(cells: &[C]) -> Vec<u8> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    // What is written to memory is written.
    let _ = writer.write_record(cells);
    writer.into_inner().unwrap_or_default()
}

/// What is said of a file.
pub(super) fn headers(name: &str) -> [(header::HeaderName, String); 2] {
    [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ]
}

/// A file of so many lines.
pub(super) fn respond<const N: usize>(
    name: &str,
    columns: [&str; N],
    lines: impl Iterator<Item = [String; N]>,
) -> Response {
    let mut bytes = head(&columns);
    lines.for_each(|cells| bytes.extend(line(&cells)));
    (headers(name), bytes).into_response()
}
