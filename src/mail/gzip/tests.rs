use super::Packed;
use crate::mail::tests::unpacked;

fn lines(from: usize, to: usize) -> Vec<u8> {
    (from..to).flat_map(|n| format!("line {n}, {}\n", n.wrapping_mul(0x9E37_79B9) % 1_000_003).into_bytes()).collect()
}

#[test]
fn a_file_is_its_beginning_its_parts_and_its_end_with_the_checksum_of_the_whole() {
    let mut packed = Packed::default();
    packed.add(&lines(10, 5_000));
    packed.add(b"");
    packed.add(&lines(5_000, 20_000));
    let before = packed.len();
    assert!(before < lines(10, 20_000).len() / 2, "{before} bytes");
    let file = packed.finish(&lines(0, 10), &lines(20_000, 20_010));
    assert_eq!(unpacked(&file), lines(0, 20_010));
    assert!(file.len() < before + 1_000, "{} bytes", file.len());
}

#[test]
fn the_same_bytes_make_the_same_file_and_nothing_makes_an_empty_one() {
    let made = || {
        let mut packed = Packed::default();
        packed.add(b"one");
        packed.finish(b"", b"two")
    };
    assert_eq!(made(), made());
    assert_eq!(unpacked(&made()), b"onetwo");
    assert_eq!(unpacked(&Packed::default().finish(b"", b"")), b"");
}
