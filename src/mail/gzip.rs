//! A gzip file whose beginning is known last. Source: RFC 1951, RFC 1952.
//!
//! A deflated stream that was flushed ends at a byte, and what follows may be deflated on its own: so the beginning is put
//! in front as a stream, and the checksum of the whole is combined from those of its parts.

use crc32fast::Hasher;
use miniz_oxide::DataFormat;
use miniz_oxide::deflate::CompressionLevel;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output};

/// No name, no time (the same rows make the same bytes), an unknown system.
const HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];

/// Deflated bytes.
pub(super) struct Packed {
    deflate: Box<CompressorOxide>,
    bytes: Vec<u8>,
    checksum: Hasher,
    /// How many bytes were deflated; the format keeps the last 32 bits.
    length: u32,
}

impl Default for Packed {
    fn default() -> Self {
        let deflate = CompressorOxide::with_format_and_level(DataFormat::Raw, CompressionLevel::DefaultLevel);
        Self { deflate: Box::new(deflate), bytes: Vec::new(), checksum: Hasher::new(), length: 0 }
    }
}

impl Packed {
    /// How many bytes it takes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Deflates `bytes` after all others.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.deflate(bytes, TDEFLFlush::Sync);
    }

    /// The file, of `first`, what was added, and `last`.
    pub(super) fn finish(mut self, first: &[u8], last: &[u8]) -> Vec<u8> {
        self.deflate(last, TDEFLFlush::Finish);
        let mut beginning = Self::default();
        beginning.bytes.extend(HEADER);
        beginning.add(first);
        beginning.checksum.combine(&self.checksum);
        let trailer = [beginning.checksum.finalize(), beginning.length.wrapping_add(self.length)];
        // What was added may be large: it is moved, and not copied.
        self.bytes.reserve_exact(beginning.bytes.len() + 8);
        self.bytes.splice(0..0, beginning.bytes);
        self.bytes.extend(trailer.into_iter().flat_map(u32::to_le_bytes));
        self.bytes
    }

    fn deflate(&mut self, bytes: &[u8], flush: TDEFLFlush) {
        self.checksum.update(bytes);
        // The remainder of a division by 2^32, as the format wants it.
        #[allow(clippy::cast_possible_truncation)]
        let length = bytes.len() as u32;
        self.length = self.length.wrapping_add(length);
        compress_to_output(&mut self.deflate, bytes, flush, |deflated| {
            self.bytes.extend_from_slice(deflated);
            true
        });
    }
}

#[cfg(test)]
mod tests;
