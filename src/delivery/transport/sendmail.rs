//! (to come)

use async_trait::async_trait;
use lettre::Address;

use super::{Attempt, SendmailSettings, Transport};
use crate::store::StoredMail;

pub struct SendmailTransport(#[expect(dead_code, reason = "to come")] SendmailSettings);

impl SendmailTransport {
    #[must_use]
    pub fn new(settings: SendmailSettings) -> Self {
        Self(settings)
    }
}

#[async_trait]
impl Transport for SendmailTransport {
    async fn send(&self, _from: &Address, _to: &Address, _mail: &StoredMail) -> Attempt {
        todo!()
    }

    fn describe(&self) -> String {
        todo!()
    }
}
