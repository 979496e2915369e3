//! Which of the alerts that somebody means can be answered so.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::alert::{Alert, Answer, Refusal};

/// What is to be recorded, and what cannot be.
#[derive(Debug, Default)]
pub struct Given {
    pub answers: Vec<(Uuid, Answer)>,
    /// Each with why.
    pub refused: Vec<(Alert, Refusal)>,
}

/// Sorts `alerts`, each taken once, by whether they can be answered at `now` as `answer` says.
///
/// # Errors
/// What `answer` says is wrong with what was asked for.
pub fn sort<E>(
    alerts: impl IntoIterator<Item = Alert>,
    now: DateTime<Utc>,
    answer: impl Fn(&Alert) -> Result<Answer, E>,
) -> Result<Given, E> {
    let mut given = Given::default();
    for alert in alerts {
        let known = given.answers.iter().any(|(id, _)| *id == alert.id);
        if known || given.refused.iter().any(|(other, _)| other.id == alert.id) {
            continue;
        }
        let answer = answer(&alert)?;
        match answer.refusal(&alert, now) {
            Some(why) => given.refused.push((alert, why)),
            None => given.answers.push((alert.id, answer)),
        }
    }
    Ok(given)
}
