//! The links of mails, from the mailbox to the answer.

use claimwatch::wording::Language;
use mailparse::MailHeaderMap as _;

use super::browser::{Browser, HERE};
use super::{late, latest};
use crate::delivery::{courier, drain, server, text_of};
use crate::http::serve;
use crate::on_every_engine;
use crate::smtp_server::{Act, Moment, SmtpServer};
use crate::world::{World, at};

const BASE: &str = "https://claims.example.com/watch";

async fn deliver(world: &World, server: &SmtpServer) -> claimwatch::delivery::DrainReport {
    drain(&courier(world, server).with_answers_at(Some(BASE.to_owned()))).await
}

/// The paths behind [`BASE`] that a text leads to for answering, in their order.
fn paths(text: &str) -> Vec<String> {
    let ends = |c: char| c.is_whitespace() || c == '"' || c == '?';
    text.split(BASE).skip(1).map(|rest| rest.split(ends).next().unwrap_or_default().to_owned()).collect()
}

fn html_of(bytes: &[u8]) -> String {
    let mail = mailparse::parse_mail(bytes).expect("a message");
    mail.parts().filter(|part| part.ctype.mimetype == "text/html").map(|part| part.get_body().expect("text")).collect()
}

async fn told_two(world: &mut World) {
    world.plan.policy.levels[0].recipients.to.push("lead@example.com".parse().expect("a mailbox"));
    late(world).await;
}

on_every_engine! {
    async fn each_recipient_gets_a_link_of_their_own_for_each_case_in_text_and_html(mut world in World) {
        told_two(&mut world).await;
        let server = server().await;
        assert_eq!(deliver(&world, &server).await.sent, 2);
        let received = server.received();
        let served = serve(&world, None).await;
        let mut all = Vec::new();
        for mail in &received {
            let links = paths(&text_of(&mail.bytes));
            assert_eq!(links.len(), 2, "one for each case: {}", text_of(&mail.bytes));
            assert_eq!(paths(&html_of(&mail.bytes).replace("&#x2f;", "/")), links);
            assert!(text_of(&mail.bytes).contains("Answer: promise a date, or ask for quiet"));
            all.extend(links.into_iter().zip(["C-1", "C-2"]).map(|(link, claim)| (link, claim, mail.to[0].clone())));
        }
        let ids = received.iter().map(|mail| mailparse::parse_headers(&mail.bytes).expect("headers").0.get_first_value("Message-ID"));
        assert_eq!(ids.collect::<std::collections::BTreeSet<_>>().len(), 1, "one message, whoever gets it");
        for (link, claim, recipient) in all {
            let (head, _) = Browser::anonymous(&served).send(&link, &[("do", "snooze"), ("quiet", "2026-11-30")], &HERE).await;
            assert!(head.contains(" 303 "), "{head}");
            let (kind, actor, _) = latest(&world, claim).await;
            assert_eq!((kind.as_str(), actor), ("snoozed", recipient));
        }
    }

    async fn a_retry_sends_each_recipient_the_links_that_are_theirs(mut world in World) {
        told_two(&mut world).await;
        let server = server().await;
        server.once(Moment::Data, Act::Say("451 4.3.0 later"));
        server.once(Moment::Data, Act::Say("451 4.3.0 later"));
        assert_eq!(deliver(&world, &server).await.again, 2);
        world.time.set(at("2026-11-23T10:30:00+01:00"));
        assert_eq!(deliver(&world, &server).await.sent, 2);
        let served = serve(&world, None).await;
        for mail in server.received() {
            let link = &paths(&text_of(&mail.bytes))[0];
            let (_, page) = Browser::anonymous(&served).get(&format!("{link}?lang=en")).await;
            assert!(super::text(&page).contains(&format!("You answer as {}", mail.to[0])), "{}", super::text(&page));
        }
    }

    async fn what_was_perhaps_delivered_goes_out_again_as_it_was(mut world in World) {
        told_two(&mut world).await;
        let server = server().await;
        server.whenever(Moment::Dot, "", Act::HangUp);
        assert_eq!(deliver(&world, &server).await.again, 2);
        world.time.set(at("2026-11-23T10:30:00+01:00"));
        assert_eq!(deliver(&world, &server).await.again, 2);
        let received = server.received();
        assert_eq!(received.len(), 4);
        for mail in &received {
            let first = received.iter().find(|other| other.to == mail.to).expect("itself");
            assert!(mail.bytes == first.bytes, "{:?}", mail.to);
        }
    }

    async fn without_an_address_from_outside_mails_have_no_links_and_share_their_bytes(mut world in World) {
        told_two(&mut world).await;
        let server = server().await;
        assert_eq!(drain(&courier(&world, &server)).await.sent, 2);
        let received = server.received();
        assert!(!text_of(&received[0].bytes).contains("/answer/"));
        assert_eq!(received[0].bytes, received[1].bytes);
    }

    async fn a_french_mail_leads_to_a_french_page(mut world in World) {
        world.plan.policy.language = Language::Fr;
        late(&world).await;
        let server = server().await;
        assert_eq!(deliver(&world, &server).await.sent, 1);
        let text = text_of(&server.received()[0].bytes);
        assert!(text.contains("Répondre : promettre une date") && text.contains("?lang=fr"), "{text}");
    }
}
