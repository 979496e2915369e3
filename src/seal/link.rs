//! The link by which the recipient of a mail answers one alert without signing in.

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

use super::{Purpose, SealKey};

/// How long after its mail was written a link is good.
pub const LINK_LASTS: TimeDelta = TimeDelta::days(30);

/// Delivery, alert, end in seconds.
const BODY: usize = 16 + 16 + 8;

/// Leave for whoever got a delivery to answer one alert, until an instant. The delivery, and no address, stands in the link:
/// addresses of pages end up in the logs of proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLink {
    pub delivery: Uuid,
    pub alert: Uuid,
    pub ends_at: DateTime<Utc>,
}

/// Why a link is no leave to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// It is not as we wrote it.
    Broken,
    /// Its end is past.
    Ended(DateTime<Utc>),
}

impl AnswerLink {
    /// The link as the last part of an address.
    #[must_use]
    pub fn to_text(&self, key: &SealKey) -> String {
        let body = self.body();
        format!("{}.{}", BASE64URL_NOPAD.encode(&body), key.seal(Purpose::Link, &body))
    }

    /// Reads what [`AnswerLink::to_text`] wrote.
    ///
    /// # Errors
    /// [`LinkError`]
    pub fn parse(text: &str, key: &SealKey, now: DateTime<Utc>) -> Result<Self, LinkError> {
        let (body, seal) = text.split_once('.').ok_or(LinkError::Broken)?;
        let body = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| LinkError::Broken)?;
        if !key.holds(Purpose::Link, &body, seal) {
            return Err(LinkError::Broken);
        }
        let link = Self::read(&body).ok_or(LinkError::Broken)?;
        if link.ends_at <= now {
            return Err(LinkError::Ended(link.ends_at));
        }
        Ok(link)
    }

    fn body(&self) -> Vec<u8> {
        let ends_at = self.ends_at.timestamp().to_be_bytes();
        [self.delivery.as_bytes().as_slice(), self.alert.as_bytes(), &ends_at].concat()
    }

    fn read(body: &[u8]) -> Option<Self> {
        let body: &[u8; BODY] = body.try_into().ok()?;
        let (delivery, rest) = body.split_first_chunk::<16>()?;
        let (alert, ends_at) = rest.split_first_chunk::<16>()?;
        Some(Self {
            delivery: Uuid::from_bytes(*delivery),
            alert: Uuid::from_bytes(*alert),
            ends_at: DateTime::from_timestamp(i64::from_be_bytes(ends_at.try_into().ok()?), 0)?,
        })
    }
}

/// What makes the links of mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerLinks {
    /// Where people reach the page from outside, without a slash at its end.
    pub base: String,
    pub key: SealKey,
}

impl AnswerLinks {
    /// The address at which `alert` is answered by whoever got `delivery`, written at `now`.
    #[must_use]
    pub fn address(&self, delivery: Uuid, alert: Uuid, now: DateTime<Utc>) -> String {
        let link = AnswerLink { delivery, alert, ends_at: now + LINK_LASTS };
        format!("{}/answer/{}", self.base, link.to_text(&self.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    fn link() -> AnswerLink {
        AnswerLink { delivery: Uuid::from_u128(1), alert: Uuid::from_u128(2), ends_at: at(1_000) }
    }

    #[test]
    fn a_link_is_good_until_its_end() {
        let key = SealKey::new([7; 32]);
        let text = link().to_text(&key);
        assert_eq!(AnswerLink::parse(&text, &key, at(999)), Ok(link()));
        assert_eq!(AnswerLink::parse(&text, &key, at(1_000)), Err(LinkError::Ended(at(1_000))));
    }

    #[test]
    fn a_link_that_was_changed_anywhere_or_was_signed_by_another_is_broken() {
        let key = SealKey::new([7; 32]);
        let text = link().to_text(&key);
        assert_eq!(AnswerLink::parse(&text, &SealKey::new([8; 32]), at(0)), Err(LinkError::Broken));
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(AnswerLink::parse(&changed, &key, at(0)), Err(LinkError::Broken), "{changed}");
        }
        for wrong in ["", ".", "a.b", &text[..text.len() - 1], &format!("{text}A")] {
            assert_eq!(AnswerLink::parse(wrong, &key, at(0)), Err(LinkError::Broken), "{wrong}");
        }
    }

    #[test]
    fn the_end_of_one_link_does_not_serve_another_alert() {
        let key = SealKey::new([7; 32]);
        let (one, other) = (link().to_text(&key), AnswerLink { alert: Uuid::from_u128(3), ..link() }.to_text(&key));
        let mixed = format!("{}.{}", other.split_once('.').expect("two").0, one.split_once('.').expect("two").1);
        assert_eq!(AnswerLink::parse(&mixed, &key, at(0)), Err(LinkError::Broken));
    }
}
