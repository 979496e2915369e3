//! What is said on a connection, kept for people: our commands and the server's replies, one harmless line each.
//!
//! Nothing here is ever given a message, and of AUTH no more than that it was said; a server that says a secret back has
//! it masked all the same.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::BASE64_NOPAD;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;

use super::super::{Secret, words};
use super::reply::cause;

/// A server may say very much: what comes after so many lines is left out.
const MAX_LINES: usize = 200;

/// A conversation, if anyone wants to read it. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Dialogue(Option<Arc<Kept>>);

struct Kept {
    /// What never gets into the lines.
    credentials: Option<(String, Secret)>,
    lines: Mutex<Vec<String>>,
}

impl Dialogue {
    /// One that is kept, as opposed to the default, without these `credentials`.
    pub fn kept(credentials: Option<(String, Secret)>) -> Self {
        Self(Some(Arc::new(Kept { credentials, lines: Mutex::default() })))
    }

    pub fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// What we say.
    pub fn said(&self, command: impl Display) {
        self.push(|| format!("> {command}"));
    }

    /// What the server replies, line by line.
    pub fn replied(&self, response: &Response) {
        let mut lines = response.message().peekable();
        while let Some(line) = lines.next() {
            let mark = if lines.peek().is_some() { '-' } else { ' ' };
            self.push(|| format!("< {}{mark}{line}", response.code()));
        }
    }

    /// The server's refusal, if `error` is one.
    pub fn refused(&self, error: &Error) {
        if let Some(code) = error.status() {
            self.push(|| format!("< {code} {}", cause(error)));
        }
    }

    /// What happens beside the words.
    pub fn noted(&self, what: impl Display) {
        self.push(|| format!("* {what}"));
    }

    fn push(&self, line: impl FnOnce() -> String) {
        if let Some(Kept { credentials, lines }) = self.0.as_deref() {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() < MAX_LINES {
                // Masked first: of a secret that is cut in two, nothing would be found.
                lines.push(words(&masked(&line(), credentials.as_ref())).into_owned());
            }
        }
    }

    /// What was said so far.
    pub fn lines(&self) -> Vec<String> {
        let Some(kept) = &self.0 else { return Vec::new() };
        kept.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// `text` without the password, in the clear or as AUTH says it.
pub(super) fn masked(text: &str, credentials: Option<&(String, Secret)>) -> String {
    let Some((user, password)) = credentials.filter(|(_, password)| !password.expose().is_empty()) else {
        return text.to_owned();
    };
    let password = password.expose();
    let encoded = |text: &str| BASE64_NOPAD.encode(text.as_bytes());
    let forms = [encoded(&format!("\0{user}\0{password}")), encoded(password), password.to_owned()];
    forms.iter().fold(text.to_owned(), |text, form| text.replace(form, "***"))
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
        assert_eq!(dialogue.lines(), Vec::<String>::new());
        let dialogue = Dialogue::kept(None);
        (0..1_000).for_each(|_| dialogue.said("NOOP\r\n"));
        assert_eq!(dialogue.lines(), vec!["> NOOP"; MAX_LINES]);
    }

    #[test]
    fn no_part_of_a_secret_is_left_where_a_line_is_cut() {
        let secret = "s3cret".repeat(50);
        let dialogue = Dialogue::kept(Some(("me".into(), Secret::new(secret.clone()))));
        dialogue.said(format!("{}{secret}", "x".repeat(400)));
        assert!(!dialogue.lines().concat().contains("s3cret"), "{:?}", dialogue.lines());
    }
}
