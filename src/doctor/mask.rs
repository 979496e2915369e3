//! What stands in a private text's place: that there is one, how long it is, and which well-known words it has. No I/O.
//!
//! By allow-list: nothing of a text is shown but words that stand in this file, and codes where the program itself puts them.

/// Words of the program, the databases, the network and the file system that say what went wrong, and nothing of whom.
const KNOWN: &[&str] = &[
    // The database. Source: store/error.rs and the adapters.
    "the database is not available",
    "the database does not let us in",
    "the database failed",
    "gave way to another session",
    "another daemon leads by now",
    "there is no database yet",
    "not a claimwatch database yet",
    "no claimwatch tables in schema",
    "the schema is at version",
    "newer than this claimwatch knows",
    "differs from what the database was made over",
    "every connection is in use",
    "another session holds what this one needs",
    "is a standby",
    "database is locked",
    "database or disk is full",
    "database disk image is malformed",
    "disk I/O error",
    "unable to open database file",
    "attempt to write a readonly database",
    "file is not a database",
    "no such table",
    "no such column",
    "password authentication failed",
    "no pg_hba.conf entry",
    "does not exist",
    "permission denied",
    "the server's disk is full",
    "too many clients",
    "statement timeout",
    "lock timeout",
    "starting up",
    "shutting down",
    "terminating connection",
    "read-only transaction",
    // The network.
    "Connection refused",
    "Connection reset by peer",
    "Network is unreachable",
    "No route to host",
    "Broken pipe",
    "timed out",
    "no answer within",
    "no answer in",
    "failed to lookup address information",
    "Name or service not known",
    "Temporary failure in name resolution",
    "the server closed the connection",
    "invalid peer certificate",
    "UnknownIssuer",
    "NotValidForName",
    "certificate expired",
    "found no certificate",
    // Mail and webhooks. Source: delivery.
    "ready to take mail",
    "TLS handshake",
    "greeting",
    "STARTTLS",
    "AUTH",
    "MAIL FROM",
    "RCPT TO",
    "DATA",
    "end of the message",
    "unexpected reply",
    "perhaps delivered",
    "the attempt took too long",
    "the mail cannot be written",
    "given up after",
    "not tried: the address is disabled",
    "there is no webhook",
    "expected an address",
    // Files.
    "No such file or directory",
    "Permission denied",
    "No space left on device",
    "Read-only file system",
    "Is a directory",
    "Not a directory",
    "found a directory",
    "cannot be read",
    "cannot be made",
    "is empty",
    "not UTF-8",
    // The configuration. Source: config.
    "not TOML",
    "no such file",
    "unknown key",
    "duplicate key",
    "did you mean",
    "no such rule",
    "absent",
    "expected a number",
    "expected true or false",
    "expected one of",
    "expected a table of settings",
    "expected a list of",
    "expected the name of a time zone",
    "expected six fields",
    "expected an address and a port",
    "found both",
    "which never comes",
    "is missing",
    "install a newer claimwatch",
];

/// After which of the program's own words a code stands, and how many characters it has.
const CODES: [(&str, usize); 6] =
    [("RCPT TO: ", 3), ("MAIL FROM: ", 3), ("DATA: ", 3), ("end of the message: ", 3), ("HTTP ", 3), ("SQLSTATE ", 5)];

/// What of `text` may be read by anyone, the first thing first; nothing: it has no well-known words.
#[must_use]
pub fn known(text: &str) -> Vec<String> {
    let words = KNOWN.iter().filter_map(|words| Some((text.find(words)?, (*words).to_owned())));
    let codes = CODES.iter().flat_map(|(before, length)| {
        let code =
            text.find(before).and_then(|at| Some((at + before.len(), code(&text[at + before.len()..], *length)?)));
        let enhanced = code.as_ref().and_then(|(at, found)| Some((at + 1, enhanced(&text[at + found.len()..])?)));
        [code, enhanced]
    });
    let mut found: Vec<(usize, String)> = words.chain(codes.flatten()).collect();
    found.sort();
    found.dedup();
    found.into_iter().map(|(_, words)| words).collect()
}

/// A code of `length` that `text` begins with: digits, or of an SQLSTATE, capital letters too.
fn code(text: &str, length: usize) -> Option<String> {
    let code = text.get(..length)?;
    let of_code = |c: char| c.is_ascii_digit() || length == 5 && c.is_ascii_uppercase();
    let ends = !text[length..].starts_with(|c: char| c.is_alphanumeric());
    (code.chars().all(of_code) && ends).then(|| code.to_owned())
}

/// The enhanced status code that `text` begins with: `5.1.1` (RFC 3463).
fn enhanced(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?;
    let parts: Vec<&str> = word.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    (parts.len() == 3 && matches!(parts[0], "2" | "4" | "5") && parts.iter().all(is_number)).then(|| word.to_owned())
}

/// `text`, if it is one plain word, as versions, numbers, states and time zones are.
#[must_use]
pub fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || "._+-/".contains(c);
    (!text.is_empty() && text.len() <= 40 && text.chars().all(fits)).then(|| text.to_owned())
}

/// `text`, unread: `"…" (text of 23 characters)`, with the well-known words in it.
#[must_use]
pub fn masked(text: &str) -> String {
    let length = text.chars().count();
    let characters = if length == 1 { "character" } else { "characters" };
    let known = known(text);
    let with = if known.is_empty() { String::new() } else { format!(", with: {}", known.join(", ")) };
    format!("\"…\" (text of {length} {characters}{with})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_shown_but_well_known_words_and_codes() {
        for (text, expected) in [
            ("hunter2", "\"…\" (text of 7 characters)"),
            ("é", "\"…\" (text of 1 character)"),
            (
                "RCPT TO: 550 5.1.1 <ada@example.com> 555 is gone",
                "\"…\" (text of 48 characters, with: RCPT TO, 550, 5.1.1)",
            ),
            ("RCPT TO: 5501 5.1.1", "\"…\" (text of 19 characters, with: RCPT TO)"),
            ("RCPT TO: 550 4111.1.1", "\"…\" (text of 21 characters, with: RCPT TO, 550)"),
            ("HTTP 404: no hook \"tickets\"", "\"…\" (text of 27 characters, with: 404)"),
            ("syntax error (SQLSTATE 42601)", "\"…\" (text of 29 characters, with: 42601)"),
            (
                "/srv/ada: cannot be read: No such file or directory (os error 2)",
                "\"…\" (text of 64 characters, with: cannot be read, No such file or directory)",
            ),
        ] {
            assert_eq!(masked(text), expected);
        }
    }
}
