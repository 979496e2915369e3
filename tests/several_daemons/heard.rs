//! The service manager's ear: what a daemon tells systemd.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use tokio::net::UnixDatagram;
use tokio::task::JoinHandle;

pub struct Ear {
    folder: TempDir,
    heard: Arc<Mutex<Vec<String>>>,
    listening: JoinHandle<()>,
}

impl Ear {
    pub fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = UnixDatagram::bind(Self::place(folder.path())).expect("a socket");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        let listening = tokio::spawn(async move {
            let mut bytes = [0; 4096];
            while let Ok(read) = socket.recv(&mut bytes).await {
                let news = String::from_utf8_lossy(&bytes[..read]).trim().to_owned();
                keep.lock().unwrap_or_else(PoisonError::into_inner).push(news);
            }
        });
        Self { folder, heard, listening }
    }

    fn place(folder: &Path) -> PathBuf {
        folder.join("notify")
    }

    /// What `NOTIFY_SOCKET` is to be.
    pub fn socket(&self) -> PathBuf {
        Self::place(self.folder.path())
    }

    /// What was told since the last time, in order.
    pub fn news(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How often something that begins so was told.
    pub fn count(&self, words: &str) -> usize {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().filter(|news| news.starts_with(words)).count()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
