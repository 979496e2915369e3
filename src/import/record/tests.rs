use super::*;

/// Every record as its line and fields, or as what is wrong with it.
fn records(text: &[u8]) -> Vec<String> {
    let mut records = Records::new(text);
    let mut record = Record::default();
    let mut all = Vec::new();
    loop {
        match records.read(&mut record).unwrap() {
            Ok(true) => {
                let fields: Vec<_> = (0..record.field_count()).map(|field| record.get(field)).collect();
                all.push(format!("{} {fields:?}", record.line()));
            }
            Ok(false) => return all,
            Err(wrong) => {
                all.push(format!("{} field {} is {}", wrong.line, wrong.field, wrong.found));
                if wrong.ends_file {
                    return all;
                }
            }
        }
    }
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let expected = [r#"1 ["a", "b"]"#, r#"3 ["x\r\ny", "2"]"#, r#"5 ["3", "4"]"#];
    assert_eq!(records(b"a,b\r\n\r\n\"x\r\ny\",2\r\n3,4"), expected);
    assert_eq!(records(b"\xEF\xBB\xBFa\n\n\nb\n"), [r#"1 ["a"]"#, r#"4 ["b"]"#]);
}

#[test]
fn the_last_line_need_not_end() {
    for text in ["a,\n,b", "a,\n,b\n", "a,\r\n,b\r\n"] {
        assert_eq!(records(text.as_bytes()), [r#"1 ["a", ""]"#, r#"2 ["", "b"]"#], "{text:?}");
    }
}

#[test]
fn quotes_hold_commas_line_breaks_and_doubled_quotes() {
    assert_eq!(records(b"\"a,\"\"b\"\"\n\",\"\",\"\"\"\"\n"), [r#"1 ["a,\"b\"\n", "", "\""]"#]);
    assert_eq!(records(b"\"\"\n"), [r#"1 [""]"#], "an empty field in quotes is a record");
}

#[test]
fn a_quote_out_of_place_is_told_and_where_it_can_be_told_the_next_record_is_read() {
    assert_eq!(records(b"5\" disk,1\n2,3\n"), [r#"1 field 0 is "5" disk""#, r#"2 ["2", "3"]"#]);
    assert_eq!(records(b"x,\"a\"b,1\n2,3\n"), [r#"1 field 1 is "b,1" on line 1"#]);
    assert_eq!(records(b"1,2\n\"a\nb\nc"), [r#"1 ["1", "2"]"#, "2 field 0 is the end of the file"]);
    assert_eq!(records(b"\"a\"\rb\n"), [r#"1 field 0 is " b" on line 1"#]);
}

#[test]
fn text_that_is_no_utf8_is_told_by_its_field() {
    assert_eq!(records(b"a,\xFF,c\n1,2,3\n"), [r#"1 field 1 is "�""#, r#"2 ["1", "2", "3"]"#]);
    assert_eq!(records(b"\xC3,\xA9\n"), [r#"1 field 0 is "�""#], "a character does not reach over a comma");
}

#[test]
fn a_record_without_end_is_not_read_into_memory() {
    struct Endless;
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b'x');
            Ok(buffer.len())
        }
    }
    for start in ["a", "\"a", "\"a\n\"\"b\n"] {
        let mut records = Records::new(io::BufReader::new(start.as_bytes().chain(Endless)));
        let wrong = records.read(&mut Record::default()).unwrap().unwrap_err();
        assert_eq!((wrong.line, wrong.found.as_str()), (1, "a record of more than 32 MiB"), "{start:?}");
        assert!(wrong.ends_file);
    }
}

#[test]
fn a_record_of_the_longest_length_is_read_whole() {
    let mut text = vec![b'x'; MAX_RECORD_BYTES - 1];
    text.push(b'\n');
    let mut record = Record::default();
    assert_eq!(Records::new(text.as_slice()).read(&mut record).unwrap(), Ok(true));
    assert_eq!(record.get(0).len(), MAX_RECORD_BYTES - 1);
}
