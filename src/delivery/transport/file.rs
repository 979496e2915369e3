//! `.eml` files: one per message and recipient, each there as a whole or not at all.
//!
//! A repeat writes the same file again, so that trying twice leaves one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

use async_trait::async_trait;
use lettre::Address;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Attempt, FileSettings, Transport, words};
use crate::delivery::fingerprint::fingerprint;
use crate::store::StoredMail;

/// What stays as it is in a file's name; all else is written as `%` and two digits.
const UNSAFE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'@').remove(b'+');

/// The longest file name that we write; most systems take 255 bytes, and a temporary name is longer.
const LONGEST_NAME: usize = 200;

/// Writes files into one directory.
pub struct FileTransport {
    directory: PathBuf,
}

impl FileTransport {
    /// The directory is made with the first message.
    #[must_use]
    pub fn new(settings: FileSettings) -> Self {
        Self { directory: settings.directory }
    }

    /// Does `work` in the directory, on a thread that may wait for the disk; `reply` if that went well.
    async fn work(&self, reply: String, work: impl FnOnce(&Path) -> io::Result<()> + Send + 'static) -> Attempt {
        let directory = self.directory.clone();
        let place = directory.display().to_string();
        let done = tokio::task::spawn_blocking(move || work(&directory)).await;
        match done.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => Attempt::Accepted { reply },
            Err(error) => Attempt::Misconfigured { error: words(&format!("{place}: {error}")).into_owned() },
        }
    }
}

#[async_trait]
impl Transport for FileTransport {
    async fn send(&self, _from: &Address, to: &Address, mail: &StoredMail) -> Attempt {
        let (name, bytes) = (file_name(&mail.message_id, to), mail.bytes.clone());
        let reply = format!("written to {name}");
        self.work(reply, move |directory| write(directory, &name, &bytes)).await
    }

    async fn probe(&self) -> Attempt {
        self.work("can be written".into(), |directory| {
            fs::create_dir_all(directory)?;
            let trial = directory.join(format!(".trial.{}.tmp", process::id()));
            File::create(&trial).and_then(|_| fs::remove_file(&trial))
        })
        .await
    }

    fn describe(&self) -> String {
        format!(".eml files in {}", self.directory.display())
    }
}

/// The same for each repeat, different for each recipient.
fn file_name(message_id: &str, to: &Address) -> String {
    let whole = format!("{}--{to}", message_id.trim_matches(['<', '>']));
    // A leading dot would hide the file.
    let mut name = utf8_percent_encode(whole.trim_start_matches('.'), UNSAFE).to_string();
    if name.len() > LONGEST_NAME {
        name.truncate(LONGEST_NAME - 17);
        name = format!("{name}-{:016x}", fingerprint(whole.as_bytes()));
    }
    format!("{name}.eml")
}

/// Writes beside the final name, makes it durable, then moves it there: a reader never sees half a file.
fn write(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let temporary = directory.join(format!(".{name}.{}.tmp", process::id()));
    let moved = File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, directory.join(name)));
    if let Err(error) = moved {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(message_id: &str, to: &str) -> String {
        file_name(message_id, &to.parse().expect("an address"))
    }

    #[test]
    fn a_file_is_named_after_its_message_and_its_recipient() {
        assert_eq!(name("<1.a@claims>", "x+y@example.com"), "1.a@claims--x+y@example.com.eml");
        assert_eq!(name("<a/../b@c>", "x@example.com"), "a%2F..%2Fb@c--x@example.com.eml");
        assert_eq!(name("<.hidden@c>", "x@example.com"), "hidden@c--x@example.com.eml");
    }

    #[test]
    fn two_recipients_with_long_names_get_two_files() {
        let long = "é".repeat(30);
        let (a, b) =
            (name(&format!("<{}@c>", long.repeat(3)), "a@b.c"), name(&format!("<{}@c>", long.repeat(3)), "b@b.c"));
        assert_ne!(a, b);
        assert!(a.len() <= 204 && b.len() <= 204, "{a} {b}");
    }
}
