//! (to come)

use async_trait::async_trait;
use lettre::Address;

use super::{Attempt, FileSettings, Transport};
use crate::store::StoredMail;

pub struct FileTransport(#[expect(dead_code, reason = "to come")] FileSettings);

impl FileTransport {
    #[must_use]
    pub fn new(settings: FileSettings) -> Self {
        Self(settings)
    }
}

#[async_trait]
impl Transport for FileTransport {
    async fn send(&self, _from: &Address, _to: &Address, _mail: &StoredMail) -> Attempt {
        todo!()
    }

    fn describe(&self) -> String {
        todo!()
    }
}
