//! (to come)

use async_trait::async_trait;
use lettre::Address;

use super::{Attempt, SmtpSettings, Transport};
use crate::store::StoredMail;

pub struct SmtpTransport(#[expect(dead_code, reason = "to come")] SmtpSettings);

impl SmtpTransport {
    #[must_use]
    pub fn new(settings: SmtpSettings) -> Self {
        Self(settings)
    }
}

#[async_trait]
impl Transport for SmtpTransport {
    async fn send(&self, _from: &Address, _to: &Address, _mail: &StoredMail) -> Attempt {
        todo!()
    }

    fn describe(&self) -> String {
        todo!()
    }
}
