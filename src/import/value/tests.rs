use super::*;

fn utc_text(text: &str, zone: Option<&Zone>) -> String {
    match instant(text, zone) {
        Ok(at) => at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        Err(expected) => format!("expected {expected}"),
    }
}

#[test]
fn an_instant_is_read_with_its_offset_to_the_microsecond() {
    for (text, utc) in [
        ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00.000000Z"),
        ("2026-03-02t10:00:00z", "2026-03-02T10:00:00.000000Z"),
        ("2026-03-02 10:00:00+01:00", "2026-03-02T09:00:00.000000Z"),
        ("2026-03-01T23:30:00.5-05:30", "2026-03-02T05:00:00.500000Z"),
        ("2026-03-02T10:00:00.123456789Z", "2026-03-02T10:00:00.123456Z"),
        ("2026-03-02T10:00:00.1234567890123Z", "2026-03-02T10:00:00.123456Z"),
        ("2024-02-29T00:00:00-00:00", "2024-02-29T00:00:00.000000Z"),
        ("2017-01-01T00:59:60+01:00", "2016-12-31T23:59:59.999999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    ] {
        assert_eq!(utc_text(text, None), utc, "{text}");
    }
}

#[test]
fn what_is_no_instant_is_told_what_was_expected() {
    for (text, expected) in [
        ("2026-02-30T10:00:00Z", "a day that exists"),
        ("2026-13-01T10:00:00Z", "a day that exists"),
        ("2025-02-29T10:00:00Z", "a day that exists"),
        ("2026-03-02T24:00:00Z", "a time of day that exists"),
        ("2026-03-02T10:60:00Z", "a time of day that exists"),
        ("2026-03-02T10:00:60Z", "a time of day that exists"),
        ("2026-03-02T10:00:61Z", "a time of day that exists"),
        ("2026-03-02T10:00:00", "an offset such as Z or +01:00 at its end, or --time-zone with the zone's name"),
        ("0001-01-01T00:00:00+01:00", "a year from 0001 to 9999"),
        ("9999-12-31T23:59:59-01:00", "a year from 0001 to 9999"),
    ] {
        assert_eq!(utc_text(text, None), format!("expected {expected}"), "{text}");
    }
    for text in [
        "2026-03-02",
        "02/03/2026 10:00",
        "2026-03-02T10:00Z",
        "2026-03-02T10:00:00.Z",
        "2026-03-02T10:00:00+1",
        "2026-03-02T10:00:00+24:00",
        "2026-03-02T10:00:00Z ",
        "+026-03-02T10:00:00Z",
        "2026-03-02T10:00:00é",
        "1772445600",
        "2026-03-02T10:00:00 Europe/Paris",
    ] {
        assert_eq!(utc_text(text, None), "expected an instant such as 2026-03-02T10:00:00+01:00", "{text}");
    }
}

#[test]
fn a_local_time_in_a_gap_is_the_first_instant_after_it_and_of_two_the_first() {
    let paris = Zone::named("Europe/Paris").unwrap();
    for (text, utc) in [
        ("2026-07-01T10:00:00", "2026-07-01T08:00:00.000000Z"),
        ("2026-07-01T10:00:00Z", "2026-07-01T10:00:00.000000Z"),
        ("2026-03-29T02:30:00", "2026-03-29T01:00:00.000000Z"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00.000000Z"),
        ("2026-02-30T10:00:00", "expected a day that exists"),
        ("yesterday", "expected an instant such as 2026-03-02T10:00:00"),
    ] {
        assert_eq!(utc_text(text, Some(&paris)), utc, "{text}");
    }
}

#[test]
fn an_amount_is_exact_and_keeps_its_decimals() {
    for text in ["0", "-12.50", "1234.5600", "9999999999999999999999999999", "0.0000000000000000000000000001", "007"] {
        let read = amount(text).map(|amount| amount.to_string());
        assert_eq!(read, Ok(text.replace("007", "7")), "{text}");
    }
}

#[test]
fn what_is_no_plain_decimal_is_refused() {
    for text in
        ["1,234.56", "1 234", "1e5", ".5", "5.", "+5", "-", "--5", "0x10", "NaN", "12.3.4", "€5", "٣", " 5", "1_000"]
    {
        assert!(amount(text).is_err_and(|expected| expected.starts_with("a plain decimal")), "{text}");
    }
    for text in ["10000000000000000000000000000", "0.00000000000000000000000000001"] {
        assert_eq!(amount(text), Err("a decimal of at most 28 digits".into()), "{text}");
    }
}

#[test]
fn a_currency_is_three_upper_case_letters() {
    assert_eq!(currency("EUR"), Ok(Currency::parse("EUR").unwrap()));
    assert_eq!(currency("eur"), Err("upper case, EUR".into()));
    assert_eq!(currency("€"), Err("an ISO 4217 code of three letters, such as EUR".into()));
    assert!(currency(" EUR").is_err());
}

#[test]
fn a_status_is_taken_however_it_is_spelt_but_must_be_known() {
    assert_eq!(status("Under review"), Ok(Status::UnderReview));
    assert_eq!(status("under_review"), Ok(Status::UnderReview));
    assert!(status("paid").is_err_and(|expected| expected.starts_with("one of editing, submitted, ")));
}
