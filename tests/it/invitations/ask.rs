//! A dead link: one page for all of them, with a button that has the inviter told and sends nobody a link.

use super::{PASSWORD, invite, letters, path, setting, smtp, with_password};
use crate::{
    story,
    support::{TestDb, TestServer, person::TENANT_ADMIN},
};
use muster::{
    actor::{Actor, Principal, UserKind},
    clock::Clock,
    id::{RequestId, TenantId, UserId},
    store::Store,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

const DAY: Duration = Duration::from_secs(24 * 3600);

struct World {
    s: TestServer,
    clock: Clock,
    got: Arc<Mutex<Vec<String>>>,
    contoso: TenantId,
    boss: UserId,
}

/// A company with two administrators, mail, and a clock that only we move.
async fn world(t: &TestDb) -> World {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let (port, got) = smtp(0).await;
    let s = TestServer::on(store, |c| {
        c.mail.server = format!("smtp://127.0.0.1:{port}").into();
        "Muster <no-reply@muster.example>".clone_into(&mut c.mail.from);
    })
    .await;
    let contoso = s.tenant("contoso").await;
    let boss = s.person(contoso, "boss", TENANT_ADMIN).await;
    let other = s.person(contoso, "other", TENANT_ADMIN).await;
    for (who, address) in [(boss, "boss@contoso.example"), (other, "other@contoso.example")] {
        let user = format!("/api/v1/tenants/contoso/users/{who}");
        s.as_owner(Method::PATCH, &user, Some(json!({ "email": address }))).await.expect(200);
    }
    World { s, clock, got, contoso, boss }
}

impl World {
    async fn invited_by_boss(&self, email: &str) -> Value {
        let by = Actor::prove(
            Principal::User {
                home: self.contoso,
                user: self.boss,
                kind: UserKind::Tenant,
                session: None,
                app: None,
                scopes: None,
                bound: None,
            },
            RequestId::new(),
        );
        let body = json!({ "email": email, "display_name": "Bert <b>Berg</b>" }).to_string();
        let made =
            crate::api::call(&self.s, Some(&by), "POST", "/tenants/contoso/invitations", &body)
                .await;
        made.expect(201).json()
    }
    fn at(made: &Value) -> String {
        format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap())
    }
    /// The letters to somebody, once there are `n` in all and time for one more has passed.
    async fn letters_to(&self, address: &str, n: usize) -> Vec<String> {
        let mut all = letters(&self.got, n).await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        all.extend(self.got.lock().await.iter().skip(all.len()).cloned());
        assert_eq!(all.len(), n, "{all:?}");
        let to = format!("To: {address}\n");
        all.into_iter().filter(|l| l.contains(&to)).collect()
    }
    async fn asked(&self) -> usize {
        let trail = self.s.get("/api/v1/tenants/contoso/audit").await.expect(200).json();
        trail["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|e| e["action"] == "invitation.ask")
            .count()
    }
}

story!(async fn whoever_has_a_dead_link_asks_and_the_inviter_decides(t) {
    let w = world(&t).await;
    let made = w.invited_by_boss("bert@contoso.example").await;
    let first = w.letters_to("bert@contoso.example", 1).await.remove(0);
    let link = super::link_of(&w.s, &first);
    let browser = w.s.browser();
    // Whoever has a link that opens has nothing to ask for.
    browser.form(&format!("{link}/again"), &[]).await.expect(200);
    assert_eq!(w.asked().await, 0);
    w.clock.advance(8 * DAY);
    let page = browser.get(&link).await.expect(410).text;
    assert!(page.contains("id=\"ask\"") && page.contains(&format!("action=\"{link}/again\"")), "{page}");
    // By a button, and by nothing else.
    browser.get(&format!("{link}/again")).await.expect(405);
    assert_eq!(w.asked().await, 0);
    let asked = browser.form(&format!("{link}/again"), &[]).await.expect(200).text;
    browser.form(&format!("{link}/again"), &[]).await.expect(200);
    assert_eq!(w.asked().await, 1, "once a day");
    let told = w.letters_to("boss@contoso.example", 2).await.remove(0);
    let command = format!("muster invitation resend contoso {}", made["id"].as_str().unwrap());
    let text = told.replace("=\n", "");
    assert!(text.contains(&command) && text.contains("(bert@contoso.example)"), "{text}");
    let page = text.split("text/html").nth(1).unwrap();
    assert!(!text.contains("/invite/") && !page.contains("<b>"), "no link, no markup: {text}");
    let now = w.s.get(&World::at(&made)).await.expect(200).json();
    assert!(now["asked_at"].is_string() && now["state"] == "expired", "{now}");
    // The next day again; and it is sent again only by whoever may.
    w.clock.advance(DAY + Duration::from_secs(1));
    let again = browser.form(&format!("{link}/again"), &[]).await.expect(200).text;
    assert_eq!((again, w.asked().await), (asked, 2));
    assert_eq!(w.letters_to("boss@contoso.example", 3).await.len(), 2);
    let sent = w.s.post(&format!("{}/resend", World::at(&made)), json!({})).await.expect(200).json();
    assert!(sent["asked_at"].is_null(), "{sent}");
    let to_bert = w.letters_to("bert@contoso.example", 4).await;
    browser.form(&format!("{link}/again"), &[]).await.expect(200);
    assert_eq!(w.asked().await, 2, "the old link is nobody's any more");
    with_password(&browser, &super::link_of(&w.s, &to_bert[1])).await.expect(303);
});

story!(async fn where_the_inviter_is_gone_the_administrators_are_told(t) {
    let w = world(&t).await;
    w.invited_by_boss("bert@contoso.example").await;
    let first = w.letters_to("bert@contoso.example", 1).await.remove(0);
    let link = super::link_of(&w.s, &first);
    let boss = format!("/api/v1/tenants/contoso/users/{}", w.boss);
    w.s.as_owner(Method::DELETE, &boss, None).await.expect(204);
    w.s.browser().form(&format!("{link}/again"), &[]).await.expect(200);
    assert_eq!(w.letters_to("other@contoso.example", 2).await.len(), 1);
});

story!(async fn an_inviter_who_may_invite_nobody_any_more_is_not_told(t) {
    let w = world(&t).await;
    w.invited_by_boss("bert@contoso.example").await;
    let first = w.letters_to("bert@contoso.example", 1).await.remove(0);
    let link = super::link_of(&w.s, &first);
    let grants = w.s.get(&format!("/api/v1/tenants/contoso/grants?user={}", w.boss)).await.expect(200).json();
    let grant = format!("/api/v1/tenants/contoso/grants/{}", grants["items"][0]["id"].as_str().unwrap());
    w.s.as_owner(Method::DELETE, &grant, None).await.expect(204);
    w.clock.advance(8 * DAY);
    w.s.browser().form(&format!("{link}/again"), &[]).await.expect(200);
    assert_eq!(w.letters_to("other@contoso.example", 2).await.len(), 1);
    assert_eq!(w.letters_to("boss@contoso.example", 2).await.len(), 0);
});

/// The page without the link it was asked by.
fn without(page: &str, link: &str) -> String {
    page.replace(link, "LINK")
}

story!(async fn every_dead_link_has_the_same_page(t) {
    let s = setting(&t).await;
    let browser = s.browser();
    let resend = |made: &Value| format!("/api/v1/tenants/contoso/invitations/{}/resend", made["id"].as_str().unwrap());
    let one = async |who: &str| {
        let made = invite(&s, "contoso", json!({ "email": format!("{who}@contoso.example") })).await;
        let link = path(&s, &made);
        (made, link)
    };
    let (made, replaced) = one("replaced").await;
    s.post(&resend(&made), json!({})).await.expect(200);
    let (made, revoked) = one("revoked").await;
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    s.as_owner(Method::DELETE, &at, None).await.expect(204);
    let (_, accepted) = one("accepted").await;
    with_password(&s.browser(), &accepted).await.expect(303);
    let (made, off) = one("off").await;
    let user = format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
    s.as_owner(Method::PATCH, &user, Some(json!({ "enabled": false }))).await.expect(200);
    let (made, password) = one("password").await;
    let user = format!("/api/v1/tenants/contoso/users/{}/password", made["user"].as_str().unwrap());
    s.as_owner(Method::PUT, &user, Some(json!({ "password": PASSWORD }))).await.expect(204);
    let nonsense = "/invite/x".to_owned();
    let mut pages = Vec::new();
    for link in [&replaced, &revoked, &accepted, &off, &password, &nonsense] {
        let page = browser.get(link).await.expect(410);
        let begun = browser.form(link, &[]).await.expect(410).text;
        let asked = browser.form(&format!("{link}/again"), &[]).await.expect(200).text;
        assert_eq!(begun, page.text, "the button of a page that was open");
        pages.push((without(&page.text, link), asked));
    }
    assert!(pages.iter().all(|p| *p == pages[0]), "{pages:?}");
    // Only what can be sent again was told of.
    let trail = s.get("/api/v1/tenants/contoso/audit").await.expect(200).json();
    let asked = trail["items"].as_array().unwrap().iter().filter(|e| e["action"] == "invitation.ask").count();
    assert_eq!(asked, 1, "the one that was taken back");
    browser.get("/invite/%22%3E%3Cscript%3E").await.expect(410);
});
