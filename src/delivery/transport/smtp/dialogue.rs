//! What is said on a connection, kept for people: our commands and the server's replies, one harmless line each.
//!
//! Nothing here is ever given a message, and of AUTH no more than that it was said; a server that says a secret back has
//! it masked all the same.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::BASE64;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;

use super::super::{Secret, words};
use super::reply::cause;

/// A server may say very much: what comes after so many lines is left out.
const MAX_LINES: usize = 200;

/// A conversation, if anyone wants to read it. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Dialogue(Option<Arc<Mutex<Vec<String>>>>);

impl Dialogue {
    /// One that is kept, as opposed to the default.
    pub fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    pub fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// What we say.
    pub fn said(&self, command: impl Display) {
        self.push(|| format!("> {}", words(&command.to_string())));
    }

    /// What the server replies, line by line.
    pub fn replied(&self, response: &Response) {
        let mut lines = response.message().peekable();
        while let Some(line) = lines.next() {
            let mark = if lines.peek().is_some() { '-' } else { ' ' };
            self.push(|| format!("< {}{mark}{}", response.code(), words(line)));
        }
    }

    /// The server's refusal, if `error` is one.
    pub fn refused(&self, error: &Error) {
        if let Some(code) = error.status() {
            self.push(|| format!("< {code} {}", words(&cause(error))));
        }
    }

    /// What happens beside the words.
    pub fn noted(&self, what: impl Display) {
        self.push(|| format!("* {what}"));
    }

    fn push(&self, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.0 {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() < MAX_LINES {
                lines.push(line());
            }
        }
    }

    /// What was said so far, without these `credentials`.
    pub fn lines(&self, credentials: Option<&(String, Secret)>) -> Vec<String> {
        let Some(lines) = &self.0 else { return Vec::new() };
        let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|line| masked(line, credentials)).collect()
    }
}

/// `text` without the password, in the clear or as AUTH says it.
pub(super) fn masked(text: &str, credentials: Option<&(String, Secret)>) -> String {
    let Some((user, password)) = credentials.filter(|(_, password)| !password.expose().is_empty()) else {
        return text.to_owned();
    };
    let password = password.expose();
    let plain = BASE64.encode(format!("\0{user}\0{password}").as_bytes());
    let login = BASE64.encode(password.as_bytes());
    text.replace(&plain, "***").replace(&login, "***").replace(password, "***")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_a_server_says_back_is_masked_in_each_of_its_forms() {
        let credentials = ("me".to_owned(), Secret::new("s3cret".into()));
        for said in ["501 AUTH PLAIN AG1lAHMzY3JldA== is malformed", "501 czNjcmV0?", "501 s3cret?"] {
            let text = masked(said, Some(&credentials));
            assert!(text.contains("***"), "{text}");
            assert!(!["s3cret", "czNjcmV0", "AG1lAHMzY3JldA"].iter().any(|secret| text.contains(secret)), "{text}");
        }
    }

    #[test]
    fn what_nobody_wants_to_read_is_not_kept_and_what_is_kept_is_bounded() {
        let dialogue = Dialogue::default();
        dialogue.said("NOOP");
        assert_eq!(dialogue.lines(None), Vec::<String>::new());
        let dialogue = Dialogue::kept();
        (0..1_000).for_each(|_| dialogue.said("NOOP\r\n"));
        assert_eq!(dialogue.lines(None), vec!["> NOOP"; MAX_LINES]);
    }
}
