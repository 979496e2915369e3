//! A number that stays the same for the same bytes, on every machine and in every release: FNV-1a, 64 bits.

/// The fingerprint of `bytes`; not for secrets.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    continued(0xcbf2_9ce4_8422_2325, bytes)
}

/// The fingerprint of what `parts` are together.
pub(super) fn of_parts(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> u64 {
    parts.into_iter().fold(fingerprint(b""), |hash, part| continued(hash, part.as_ref()))
}

fn continued(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::{fingerprint, of_parts};

    #[test]
    fn it_is_fnv_1a() {
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(of_parts([&b"foo"[..], b"", b"bar"]), fingerprint(b"foobar"));
    }
}
