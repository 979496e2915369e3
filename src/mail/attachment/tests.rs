use super::*;
use crate::mail::csv::remark;
use crate::mail::tests::unpacked;

const ROOM: usize = 40_000;

/// A row that cannot be compressed well.
fn row(n: u32) -> Cells {
    let noise = (0..60_u32).map(|place| {
        let mixed = (n * 61 + place).wrapping_mul(0x9E37_79B9);
        char::from(b'!' + u8::try_from((mixed ^ (mixed >> 15)).wrapping_mul(0x85EB_CA6B) >> 25).unwrap_or(0) % 90)
    });
    remark(format!("row {n:06} {}", noise.collect::<String>()))
}

fn first_cells(file: &[u8]) -> Vec<String> {
    let text = file.strip_prefix("\u{FEFF}".as_bytes()).expect("a byte-order mark");
    let mut reader = ::csv::ReaderBuilder::new().from_reader(text);
    reader.records().map(|row| row.expect("a row")[0].to_owned()).collect()
}

#[test]
fn rows_that_come_first_stand_before_those_that_were_added_before_them() {
    let mut file = Attachment::new(MAX_FIRST + ROOM);
    file.add(&remark("b".into())).expect("a row");
    file.begin_with(&remark("a".into())).expect("a row");
    assert_eq!((file.rows(), file.is_compressed()), (2, false));
    let last = remark("c".into());
    assert_eq!(first_cells(&file.finish(Some(&last)).expect("a file")), ["a", "b", "c"]);
}

#[test]
fn rows_above_the_limit_are_compressed_and_those_above_it_even_then_are_left_out() {
    let mut file = Attachment::new(MAX_FIRST + ROOM);
    let mut compressed_from = 0;
    for n in 0..5_000 {
        file.add(&row(n)).expect("a row");
        if compressed_from == 0 && file.is_compressed() {
            compressed_from = file.rows();
        }
    }
    file.begin_with(&remark("worst".into())).expect("a row");
    assert!(file.is_full());
    let rows = file.rows();
    assert!(rows > compressed_from + 20, "{compressed_from} of {rows} rows");
    let made = file.finish(Some(&remark("cut".into()))).expect("a file");
    assert!(made.len() < ROOM + 2_000 && made.len() > ROOM * 9 / 10, "{} bytes", made.len());
    let cells = first_cells(&unpacked(&made));
    assert_eq!(cells.len(), rows + 1, "and the one that says that it is cut");
    assert_eq!((cells[0].as_str(), &cells[1][..10], cells[rows].as_str()), ("worst", "row 000000", "cut"));
    assert!(cells[1..rows].is_sorted());
}

#[test]
fn very_long_rows_that_come_first_are_left_out_too() {
    let mut file = Attachment::new(MAX_FIRST + ROOM);
    for _ in 0..50 {
        file.begin_with(&remark("x".repeat(MAX_FIRST / 10))).expect("a row");
    }
    assert_eq!(file.rows(), 9);
}
