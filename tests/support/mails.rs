//! What a mail says: the clocks that its attachment lists.

/// A clock that is told of: rule, claim, payment line.
pub type Clock = (String, String, Option<String>);

/// The clocks that a mail's attachment lists; none, if it has no attachment.
pub fn clocks_in(mail: &mailparse::ParsedMail<'_>) -> Vec<Clock> {
    let Some(attachment) = mail.parts().find(|part| part.ctype.mimetype == "text/csv") else { return Vec::new() };
    let body = attachment.get_body_raw().expect("bytes");
    let mut rows = csv::Reader::from_reader(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&body));
    let headers = rows.headers().expect("a header").clone();
    let column = |name: &str| headers.iter().position(|header| header == name).expect("a column");
    let (rule, claim, line) = (column("rule"), column("claim_id"), column("payment_id"));
    let clock = |row: csv::StringRecord| {
        let line = Some(row[line].to_owned()).filter(|line| !line.is_empty());
        (row[rule].to_owned(), row[claim].to_owned(), line)
    };
    rows.records().map(|row| clock(row.expect("a row"))).collect()
}
