//! Signatures by which a receiver knows that a message is ours and fresh. Source: Standard Webhooks 1.0.0, "Signature scheme".

use std::fmt;

use chrono::{DateTime, Utc};
use data_encoding::{BASE64, BASE64_NOPAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::delivery::transport::Secret;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// A key of 24 to 64 bytes: shown nowhere, not even by [`fmt::Debug`].
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// The key that `secret` is, as `whsec_` and base64; `None`: it is none.
    #[must_use]
    pub fn parse(secret: &Secret) -> Option<Self> {
        let digits = secret.expose().trim().strip_prefix(PREFIX)?.trim_end_matches('=');
        let key = BASE64_NOPAD.decode(digits.as_bytes()).ok()?;
        (24..=64).contains(&key.len()).then_some(Self(key))
    }

    /// The signature of `body` as message `id`, sent at `at`: `v1,` and HMAC-SHA256 in base64.
    #[must_use]
    pub fn sign(&self, id: &str, at: DateTime<Utc>, body: &[u8]) -> String {
        // A key of any length is one (RFC 2104).
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(format!("{id}.{}.", at.timestamp()).as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<SigningKey> {
        SigningKey::parse(&Secret::new(text.into()))
    }

    #[test]
    fn a_message_is_signed_as_the_reference_libraries_of_standard_webhooks_do() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
        let at = DateTime::from_timestamp(1_614_265_330, 0).expect("an instant");
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_key_has_24_to_64_bytes() {
        assert!(key(&format!("whsec_{}", BASE64.encode(&[7; 32]))).is_some());
        assert!(key(&format!("whsec_{}", BASE64_NOPAD.encode(&[7; 64]))).is_some());
        for wrong in ["", "whsec_", "whsec_abc!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(key(wrong).is_none(), "{wrong:?}");
        }
        for length in [23, 65] {
            assert!(key(&format!("whsec_{}", BASE64.encode(&vec![7; length]))).is_none(), "{length}");
        }
    }

    #[test]
    fn a_key_does_not_show() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
        assert_eq!(format!("{key:?}"), "SigningKey");
    }
}
