//! Work that fails: tried again ever less often, and said once.

use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::Instant;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// How one loop's work fares.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    failures: u32,
    not_before: Option<Instant>,
    said: Option<String>,
}

impl Trouble {
    /// How long until it may be tried again.
    pub fn wait(&self, now: Instant) -> Duration {
        self.not_before.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }

    /// It failed: after 1, 2, 4 seconds and so on, a minute at most, it may be tried again.
    pub fn failed(&mut self, now: Instant) {
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(self.failures)).min(LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now + wait);
    }

    /// Whether `why` is worth a line: it is not what was said last.
    pub fn is_news(&mut self, why: &str) -> bool {
        let news = self.said.as_deref() != Some(why);
        if news {
            self.said = Some(why.to_owned());
        }
        news
    }

    /// It succeeded. Says whether something was said that is over now.
    pub fn over(&mut self) -> bool {
        std::mem::take(self).said.is_some()
    }
}

/// What a task that panicked said.
pub(super) fn words_of_panic(error: JoinError) -> String {
    let Ok(payload) = error.try_into_panic() else { return "cancelled".to_owned() };
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast::<&str>().map_or_else(|_| "no words".to_owned(), |text| (*text).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew_after_a_success() {
        let (mut trouble, now) = (Trouble::default(), Instant::now());
        assert_eq!(trouble.wait(now), Duration::ZERO);
        let waits: Vec<u64> = (0..8)
            .map(|_| {
                trouble.failed(now);
                trouble.wait(now).as_secs()
            })
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(!trouble.over(), "nothing was said");
        trouble.failed(now);
        assert_eq!(trouble.wait(now), Duration::from_secs(1));
        assert_eq!(trouble.wait(now + Duration::from_secs(5)), Duration::ZERO);
    }

    #[test]
    fn the_same_words_are_said_once() {
        let mut trouble = Trouble::default();
        let news: Vec<bool> = ["a", "a", "b", "b", "a"].into_iter().map(|why| trouble.is_news(why)).collect();
        assert_eq!(news, [true, false, true, false, true]);
        assert!(trouble.over());
        assert!(!trouble.over());
        assert!(trouble.is_news("a"));
    }
}
