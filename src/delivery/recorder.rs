//! Records outcomes and takes new deliveries for all of a courier's hands: what they hand in while one unit of work is under
//! way goes into the next one together, so that a commit serves several.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Turn, oneshot};
use tokio::task::yield_now;
use uuid::Uuid;

use super::Courier;
use crate::store::{Delivery, Ended, Exchanged, LeasedDelivery, Lot, Outcomes, Queue, StoreError};

/// What hands have handed in and nobody has seen to yet.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    slips: Mutex<Vec<Slip>>,
    /// Whose turn it is to see to them.
    turn: Turn<()>,
}

/// What one hand hands in.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub holder: String,
    /// How the delivery in hand ended.
    pub ended: Option<(Uuid, Delivery)>,
    /// Of which deliveries it takes one, about how many alerts at most.
    pub wanted: Option<(Queue, Option<u32>)>,
}

/// What comes of a [`Request`].
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Whether the outcome was recorded; false too if there was none.
    pub recorded: bool,
    pub leased: Option<LeasedDelivery>,
}

#[derive(Debug)]
struct Slip {
    request: Request,
    answer: oneshot::Sender<Result<Answer, StoreError>>,
}

impl Recorder {
    /// Carries out `request` along with those of others.
    pub async fn hand_in(&self, courier: &Courier, request: Request) -> Result<Answer, StoreError> {
        let (answer, mut answered) = oneshot::channel();
        self.slips().push(Slip { request, answer });
        let _turn = self.turn.lock().await;
        // Whoever had the turn before has perhaps seen to it; if not, others that are ready by now may come along.
        if let Ok(answer) = answered.try_recv() {
            return answer;
        }
        yield_now().await;
        let slips = std::mem::take(&mut *self.slips());
        see_to(courier, slips).await;
        answered.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the unit of work was given up".into())))
    }

    fn slips(&self) -> MutexGuard<'_, Vec<Slip>> {
        self.slips.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries out all of `slips` at once. Where the database refuses that, which may be the fault of one, each goes by itself.
async fn see_to(courier: &Courier, slips: Vec<Slip>) {
    let mut deliveries = HashSet::new();
    // A delivery that one hand lost to another has one outcome in each.
    let is_first = |slip: &Slip| slip.request.ended.as_ref().is_none_or(|(delivery, _)| deliveries.insert(*delivery));
    let (together, mut alone): (Vec<Slip>, Vec<Slip>) = slips.into_iter().partition(is_first);
    match carry_out(courier, &together).await {
        Ok(exchanged) => answer(together, exchanged),
        Err(error) if together.len() == 1 || matches!(error, StoreError::Unavailable(_) | StoreError::Refused(_)) => {
            together.into_iter().for_each(|slip| slip.say(Err(error.clone())));
        }
        Err(_) => alone.extend(together),
    }
    for slip in alone {
        match carry_out(courier, std::slice::from_ref(&slip)).await {
            Ok(exchanged) => answer(vec![slip], exchanged),
            Err(error) => slip.say(Err(error)),
        }
    }
}

async fn carry_out(courier: &Courier, slips: &[Slip]) -> Result<Exchanged, StoreError> {
    let (mut outcomes, mut lots) = (Outcomes::new(), Vec::<Lot>::new());
    for Slip { request: Request { holder, ended, wanted }, .. } in slips {
        if let Some((delivery, outcome)) = ended {
            outcomes.insert(*delivery, Ended { holder: holder.clone(), outcome: outcome.clone() });
        }
        let Some((queue, most_alerts)) = wanted else { continue };
        match lots.iter_mut().find(|lot| lot.queue == *queue && lot.most_alerts == *most_alerts) {
            Some(lot) => lot.holders.push(holder.clone()),
            None => {
                let (queue, most_alerts) = (queue.clone(), *most_alerts);
                lots.push(Lot { queue, most_alerts, holders: vec![holder.clone()] });
            }
        }
    }
    let now = courier.time.now();
    courier.store.exchange(&outcomes, &lots, now, courier.ends_by(now), courier.hold()).await
}

fn answer(slips: Vec<Slip>, Exchanged { recorded, mut leased }: Exchanged) {
    for slip in slips {
        let recorded = slip.request.ended.as_ref().is_some_and(|(delivery, _)| recorded.contains(delivery));
        let place = leased.iter().position(|delivery| delivery.holder == slip.request.holder);
        let leased = place.map(|place| leased.swap_remove(place));
        slip.say(Ok(Answer { recorded, leased }));
    }
}

impl Slip {
    fn say(self, answer: Result<Answer, StoreError>) {
        // Whoever handed it in may be gone.
        let _ = self.answer.send(answer);
    }
}
