//! Text that a key of ours vouches for: links in mails, forms and receipts of the page.
//!
//! No I/O: whoever seals is handed the key. A seal says what it is for, so that one kind never passes for another.
//! Source: docs/acting.md.

mod link;

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

pub use link::{AnswerLink, AnswerLinks, LINK_LASTS, LinkError};

/// A secret of 256 bits: shown nowhere, not even by [`fmt::Debug`].
#[derive(Clone, PartialEq, Eq)]
pub struct SealKey([u8; 32]);

/// What a seal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A link in a mail: its answer to one alert.
    Link,
    /// A form that somebody was shown who is signed in.
    Form,
    /// What was done, as it is said afterwards.
    Receipt,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Form => "form",
            Self::Receipt => "receipt",
        }
    }
}

impl SealKey {
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key that [`SealKey::to_text`] wrote; `None`: it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// 64 hexadecimal digits, for the database and the cookie alone.
    #[must_use]
    pub fn to_text(&self) -> String {
        HEXLOWER_PERMISSIVE.encode(&self.0)
    }

    /// What says that somebody has the key, and not what it is: SHA-256 in hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        HEXLOWER_PERMISSIVE.encode(&Sha256::digest(self.0))
    }

    /// Another key, which only whoever has `key` can make, and which says nothing of it.
    #[must_use]
    pub fn derived(key: &Self, purpose: Purpose, text: &[u8]) -> Self {
        Self(Sha256::digest(key.mac(purpose, text)).into())
    }

    /// The seal of `text`: HMAC-SHA256 in the base64 of addresses.
    #[must_use]
    pub fn seal(&self, purpose: Purpose, text: &[u8]) -> String {
        BASE64URL_NOPAD.encode(&self.mac(purpose, text))
    }

    /// Whether `seal` is that of `text`; how long that takes says nothing of what it should be.
    #[must_use]
    pub fn holds(&self, purpose: Purpose, text: &[u8], seal: &str) -> bool {
        let Ok(given) = BASE64URL_NOPAD.decode(seal.as_bytes()) else { return false };
        // Digests are compared, so that no byte of a seal is guessed by itself.
        Sha256::digest(given) == Sha256::digest(self.mac(purpose, text))
    }

    fn mac(&self, purpose: Purpose, text: &[u8]) -> Vec<u8> {
        // A key of any length is one (RFC 2104).
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return Vec::new() };
        mac.update(purpose.name().as_bytes());
        mac.update(&[0]);
        mac.update(text);
        mac.finalize().into_bytes().to_vec()
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealKey {
        SealKey::new([byte; 32])
    }

    #[test]
    fn a_seal_holds_for_its_text_its_purpose_and_its_key_alone() {
        let seal = key(1).seal(Purpose::Form, b"text");
        assert!(key(1).holds(Purpose::Form, b"text", &seal));
        assert!(!key(2).holds(Purpose::Form, b"text", &seal));
        assert!(!key(1).holds(Purpose::Receipt, b"text", &seal));
        assert!(!key(1).holds(Purpose::Form, b"other", &seal));
        for wrong in ["", "!", &seal[1..], &format!("{seal}A")] {
            assert!(!key(1).holds(Purpose::Form, b"text", wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_shown_nowhere() {
        let key = key(0xab);
        assert_eq!(SealKey::parse(&key.to_text()), Some(key.clone()));
        assert_eq!(SealKey::parse("ab"), None);
        assert_eq!(SealKey::parse(&"x".repeat(64)), None);
        assert_eq!(format!("{key:?}"), "SealKey");
        assert_ne!(key.digest(), key.to_text());
    }
}
