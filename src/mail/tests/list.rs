//! The attachment: every case as a row, compressed or cut when there are very many.

use super::*;

/// The bytes of a gzip file, held against the checksum and the length that it gives.
pub(crate) fn unpacked(file: &[u8]) -> Vec<u8> {
    assert_eq!(&file[..4], [0x1F, 0x8B, 8, 0], "a gzip file without extras");
    let (deflated, trailer) = file[10..].split_at(file.len() - 18);
    let bytes = miniz_oxide::inflate::decompress_to_vec(deflated).expect("deflated bytes");
    let (checksum, length) = trailer.split_at(4);
    assert_eq!(checksum, crc32fast::hash(&bytes).to_le_bytes());
    assert_eq!(length, u32::try_from(bytes.len()).expect("a small file").to_le_bytes());
    bytes
}

#[test]
fn beyond_fifty_cases_the_body_says_how_many_more_and_the_attachment_has_them_all() {
    let cases = (0..120).map(|n| review(&format!("C-{n:04}")));
    let read = read(&compose(&digest(Language::En), cases));
    let more = "And 70 more, all in the attached claims.csv.";
    assert!(read.text.contains(more) && read.html.contains(more), "{}", read.text);
    assert!(read.text.contains("50. C-0049: review") && !read.text.contains("C-0050"), "{}", read.text);
    assert!(read.html.contains("C-0049") && !read.html.contains("C-0050"));
    let rows = rows(&read.csv);
    assert_eq!(rows.len(), 121);
    assert_eq!(column(&rows[120], "claim_id"), "C-0119");
    assert!(read.text.contains("Its first rows are the cases shown here"), "{}", read.text);
}

#[test]
fn the_cases_of_the_body_are_the_first_rows_with_their_titles() {
    let late = |days: u32| Case { business_days_late: days, ..review(&format!("C-{days:04}")) };
    let (frame, digest) = (frame(), digest(Language::En));
    let mut composer = Composer::new(&frame, ID, &digest, now());
    for days in 0..60 {
        composer.add(Case { title: None, ..late(days) }).expect("a case");
    }
    for case in composer.shown_mut() {
        case.title = Some(format!("Title of {}", case.alert.claim_id));
    }
    let read = read(&composer.finish().expect("a message").expect("something to say"));
    let rows = rows(&read.csv);
    assert_eq!(column(&rows[1], "title"), "Title of C-0059");
    assert_eq!(column(&rows[50], "title"), "Title of C-0010");
    assert_eq!((column(&rows[51], "claim_id"), column(&rows[51], "title")), ("C-0000", ""));
    assert_eq!(rows.len(), 61);
}

/// As little to be guessed from the one before as real ones are.
fn random_id(n: usize) -> Uuid {
    Uuid::from_u128((n as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
}

fn many(count: usize) -> Mail {
    let first = review("C-1");
    compose(
        &digest(Language::En),
        (0..count).map(|n| {
            let mut case = first.clone();
            case.alert.claim_id = format!("C-{n}");
            case.alert.id = random_id(n);
            case
        }),
    )
}

#[test]
fn a_list_above_its_limit_is_compressed_and_that_is_said() {
    let mail = many(20_000);
    assert!(mail.subject.contains("20,000 reviews are late"), "{}", mail.subject);
    assert!(mail.bytes.len() < 2_000_000, "{} bytes", mail.bytes.len());
    let read = read(&mail);
    assert_eq!(read.list, "claims.csv.gz");
    assert_eq!(rows(&read.csv).len(), 20_001);
    for words in ["And 19,950 more, all in the attached claims.csv.gz.", "It is compressed: Windows 11, macOS"] {
        assert!(read.text.replace('\n', " ").contains(words) && read.html.contains(words), "{words}");
    }
}

#[test]
fn a_list_below_its_limit_is_not_compressed() {
    let read = read(&many(1_000));
    assert_eq!(read.list, "claims.csv");
    assert!(!read.text.contains("compressed"), "{}", read.text);
}

#[test]
fn a_list_above_its_limit_even_when_compressed_is_cut_with_a_last_row_and_a_line_that_say_so() {
    let (frame, digest) = (frame(), digest(Language::Fr));
    let mut composer = Composer::new(&frame, ID, &digest, now());
    composer.attachment = Attachment::new(520_000);
    for n in 0..2_000 {
        let mut case = review(&format!("C-{n:04}"));
        case.alert.id = random_id(n);
        composer.add(case).expect("a case");
    }
    let mail = composer.finish().expect("a message").expect("something to say");
    let read = read(&mail);
    let rows = rows(&read.csv);
    let listed = rows.len() - 2;
    assert!(listed > 200 && listed < 1_999, "{listed} rows");
    assert_eq!(
        rows[listed + 1][0],
        format!("Liste coupée ici\u{A0}: {} de plus non affichés", grouped(2_000 - listed))
    );
    let line = format!("en contient {} sur 2\u{A0}000", grouped(listed));
    assert!(read.text.replace('\n', " ").contains(&line), "{line}: {}", read.text);
    assert!(read.html.contains(&line));
}

fn grouped(count: usize) -> String {
    if count < 1_000 { count.to_string() } else { format!("{}\u{A0}{:03}", count / 1_000, count % 1_000) }
}
