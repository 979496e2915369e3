//! Finds settings by what a person calls them.

use super::super::section::nearest;
use super::{Setting, Table, all};

/// A setting and the table that it stands in.
pub type Found = (&'static Table, &'static Setting);

impl Table {
    /// The whole key of one of its settings: `mail.smtp.port`, `calendars.NAME.country`.
    #[must_use]
    pub fn whole_key(&self, setting: &Setting) -> String {
        format!("{}.{}", self.name(), setting.key)
    }
}

/// The settings that `asked` means: a whole key, else all of a table and those within it, else every key that ends so. Names of
/// calendars, rules and webhooks and numbers of levels and routes may stand in it, as messages have them.
///
/// # Errors
/// There is none; with what may be meant.
pub fn find(asked: &str) -> Result<Vec<Found>, String> {
    let wanted = parts(asked);
    for way in [Way::Whole, Way::Within, Way::Ending] {
        let found: Vec<Found> =
            all().filter(|(table, setting)| way.leads(&wanted, &parts(&table.whole_key(setting)))).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let names: Vec<String> =
        all().flat_map(|(table, setting)| [table.whole_key(setting), setting.key.to_owned()]).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let instead = nearest(asked, &names).map_or_else(
        || "`claimwatch settings` lists all there are".to_owned(),
        |best| format!("did you mean {best:?}?"),
    );
    Err(format!("found {asked:?}, which is no setting and no table of settings; {instead}"))
}

/// How what was asked for may lie in a whole key.
#[derive(Clone, Copy)]
enum Way {
    Whole,
    Within,
    Ending,
}

impl Way {
    fn leads(self, wanted: &[&str], whole: &[&str]) -> bool {
        let before = whole.len().checked_sub(wanted.len()).filter(|_| !wanted.is_empty());
        let skipped = match (self, before) {
            (Self::Whole, Some(0)) | (Self::Within, Some(_)) => 0,
            (Self::Ending, Some(before)) => before,
            _ => return false,
        };
        whole.iter().skip(skipped).zip(wanted).all(|(part, given)| *part == "NAME" || part == given)
    }
}

/// The parts of a key: `escalation.levels[2].to` is that of any level, `[mail.smtp]` is a table.
fn parts(asked: &str) -> Vec<&str> {
    let inner = asked.trim().trim_start_matches('[').trim_end_matches(']');
    let parts = inner.split('.').map(|part| part.split_once('[').map_or(part, |(name, _)| name));
    parts.filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(asked: &str) -> Vec<String> {
        let found = find(asked).unwrap_or_else(|error| panic!("{error}"));
        found.iter().map(|(table, setting)| table.whole_key(setting)).collect()
    }

    #[test]
    fn a_whole_key_is_that_setting_also_under_a_name_or_number_of_ones_own() {
        assert_eq!(found("mail.smtp.port"), ["mail.smtp.port"]);
        assert_eq!(found("calendars.fr.country"), ["calendars.NAME.country"]);
        assert_eq!(found("escalation.levels[2].to"), ["escalation.levels.to"]);
        assert_eq!(found("calendars.default"), ["calendars.default"]);
    }

    #[test]
    fn a_table_is_all_that_is_in_it_and_an_end_is_every_key_that_ends_so() {
        assert_eq!(found("[log]"), ["log.format", "log.level"]);
        assert_eq!(found("log"), ["log.format", "log.level"]);
        assert_eq!(found("smtp.port"), ["mail.smtp.port"]);
        assert_eq!(found("password_file"), ["database.password_file", "mail.smtp.password_file"]);
        assert_eq!(found("rules.payment").len(), 6);
        assert!(found("mail").len() > 15);
    }

    #[test]
    fn what_is_none_is_refused_with_what_may_be_meant() {
        let refused = |asked| find(asked).expect_err(asked);
        assert!(
            refused("mail.smtp.prot").ends_with("did you mean \"mail.smtp.port\"?"),
            "{}",
            refused("mail.smtp.prot")
        );
        assert!(refused("languge").ends_with("did you mean \"language\"?"), "{}", refused("languge"));
        for asked in ["", ".", "[]", "xyzzy", "a.b.c.d.e"] {
            assert!(refused(asked).contains("lists all"), "{asked}");
        }
    }
}
