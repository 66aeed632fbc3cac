//! Letters that come back after the mail server took them: their address is not written to any more, and the link is
//! handed over by hand.

use super::{
    accept, invite, letters, link_of, path, setting, smtp, waiting, with_mail, with_password,
};
use crate::{access, api::call, people::world::World, story, support::TestServer};
use muster::{actor::UserKind, error::UNDELIVERABLE, invitations, outbox::GivenUp, tenants, tx};
use reqwest::Method;
use serde_json::{Value, json};

const ALL: &str = "/api/v1/tenants/contoso/invitations";
const SUPPRESSED: &str = "/api/v1/tenants/contoso/suppressions";

fn at(made: &Value, verb: &str) -> String {
    format!("{ALL}/{}{verb}", made["id"].as_str().unwrap())
}

async fn list(s: &TestServer) -> Vec<Value> {
    s.get(SUPPRESSED).await.expect(200).json()["items"].as_array().unwrap().clone()
}

story!(async fn a_letter_that_came_back_is_told_and_no_other_goes_there_until_it_is_cleared(t) {
    let (port, got) = smtp(0).await;
    let s = with_mail(&t, port).await;
    s.tenant("fabrikam").await;
    let made = invite(&s, "contoso", json!({ "email": "Bert@contoso.example" })).await;
    let first = letters(&got, 1).await.remove(0);
    let told = s.post(&at(&made, "/bounced"), json!({ "email": "bert@contoso.example" })).await.expect(200).json();
    assert_eq!((&told["state"], &told["letter_failed"]), (&json!("pending"), &json!("bounced")), "{told}");
    assert!(told["letter_failed_at"].is_string(), "{told}");
    assert!(told["next"].as_str().unwrap().contains("by_hand"), "{told}");
    let listed = s.get(ALL).await.expect(200).json();
    assert_eq!(listed["items"][0], told);
    // Webhooks repeat themselves.
    s.post(&at(&made, "/bounced"), json!({ "email": "Bert@contoso.example" })).await.expect(200);
    let kept = list(&s).await;
    assert_eq!(kept.len(), 1);
    assert_eq!((&kept[0]["email"], &kept[0]["why"]), (&json!("bert@contoso.example"), &json!("bounced")));
    let trail = s.get("/api/v1/tenants/contoso/audit").await.expect(200).json();
    let events = trail["items"].as_array().unwrap().iter().filter(|e| e["action"] == "invitation.bounced");
    assert_eq!(events.count(), 1);
    // No letter: neither again nor about another invitation; the refusal says what to do instead.
    let other = json!({ "email": "bert@CONTOSO.example", "user_name": "bert two" });
    for (path, body) in [(at(&made, "/resend"), json!({})), (ALL.to_owned(), other.clone())] {
        let no = s.post(&path, body).await.expect(409).json();
        assert_eq!((&no["code"], &no["field"]), (&json!("address_suppressed"), &json!("email")), "{no}");
        assert!(no["detail"].as_str().unwrap().contains("hand the link over"), "{no}");
    }
    let many = json!({ "rows": [{ "email": "bert@contoso.example", "user_name": "x" }, { "email": "carl@contoso.example" }] });
    s.as_owner(Method::DELETE, &format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap()), None)
        .await.expect(204);
    let many = s.post(&format!("{ALL}/bulk"), many).await.expect(200).json();
    assert_eq!((&many["rows"][0]["code"], &many["made"]), (&json!("address_suppressed"), &json!(1)), "{many}");
    // By hand it goes; and another company has a list of its own.
    let mut by_hand = other.clone();
    by_hand["by_hand"] = json!(true);
    let given = invite(&s, "contoso", by_hand).await;
    let again = s.post(&at(&given, "/resend"), json!({ "by_hand": true })).await.expect(200).json();
    accept(&s.browser(), &path(&s, &again)).await;
    invite(&s, "fabrikam", json!({ "email": "bert@contoso.example" })).await;
    let all = letters(&got, 3).await;
    assert_eq!(all.len(), 3, "Bert's first, Carl's, and Fabrikam's");
    assert!(s.browser().get(&link_of(&s, &first)).await.status.as_u16() == 410, "that person was deleted");
    // Cleared, it is written to again.
    s.as_owner(Method::DELETE, &format!("{SUPPRESSED}/{}", kept[0]["id"].as_str().unwrap()), None).await.expect(204);
    assert!(list(&s).await.is_empty());
    let again = s.post(&at(&given, "/resend"), json!({})).await.expect(200).json();
    assert!(again["link"].is_null() && again["letter_failed"].is_null(), "{again}");
    let all = letters(&got, 4).await;
    with_password(&s.browser(), &link_of(&s, &all[3])).await.expect(303);
    s.post(&at(&given, "/bounced"), json!({ "email": "bert@contoso.example" })).await.expect(409);
    s.post(&at(&given, "/bounced"), json!({})).await.expect(400);
    assert!(list(&s).await.is_empty(), "whoever accepted has the letter");
});

story!(async fn a_letter_that_waits_does_not_leave_for_an_address_that_letters_come_back_from(t) {
    // Nothing listens: the message waits.
    let s = with_mail(&t, 1).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let (port, got) = smtp(0).await;
    let (message, sender) = waiting(&s, &made, port).await;
    let told = s.post(&at(&made, "/bounced"), json!({ "email": "bert@contoso.example", "complaint": true })).await.expect(200).json();
    assert_eq!(told["letter_failed"], "complained");
    let e = invitations::deliver(sender.clone(), s.app.system(), message.clone()).await.unwrap_err();
    assert_eq!(e.code_str(), Some(UNDELIVERABLE), "no try will deliver it");
    assert!(got.lock().await.is_empty());
    tx!(s.app.store, &s.app.system(), [sender, message], |tx| {
        tx.unaudited("test");
        invitations::given_up(&sender, tx, &message, GivenUp::Undeliverable(None)).await
    })
    .unwrap();
    let now = s.get(&at(&made, "")).await.expect(200).json();
    assert_eq!(now["letter_failed"], "complained", "and not a bad address: {now}");
});

story!(async fn where_no_mail_leaves_nothing_is_refused(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    s.post(&at(&made, "/bounced"), json!({ "email": "bert@contoso.example" })).await.expect(200);
    let again = s.post(&at(&made, "/resend"), json!({})).await.expect(200).json();
    assert!(again["link"].is_string() && again["letter_failed"].is_null(), "{again}");
    assert_eq!(list(&s).await.len(), 1);
});

story!(async fn who_could_not_send_it_does_not_stop_it(t) {
    let (port, got) = smtp(0).await;
    let s = with_mail(&t, port).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    letters(&got, 1).await;
    let grant = json!({ "user": made["user"], "role": "Read-Only" });
    s.post("/api/v1/tenants/contoso/grants", grant).await.expect(201);
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let contoso = tenants::by_slug(&w.store, "contoso").await.unwrap().unwrap().id;
    let adds = access::role(&w, contoso, "Adds", &["users.add"], false).await;
    let desk = access::person(&w, contoso, "desk", UserKind::Tenant).await;
    access::give(&w, &desk, contoso, adds.id).await;
    let path = at(&made, "/bounced");
    let path = path.strip_prefix("/api/v1").unwrap();
    call(&s, Some(&access::session(&desk)), "POST", path, "{\"email\":\"bert@contoso.example\"}").await.expect(403);
    assert!(list(&s).await.is_empty());
});

story!(async fn a_late_one_is_about_the_address_it_names_and_not_about_the_one_of_now(t) {
    let (port, got) = smtp(0).await;
    let s = with_mail(&t, port).await;
    let made = invite(&s, "contoso", json!({ "email": "brt@contoso.example" })).await;
    letters(&got, 1).await;
    let user = format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
    s.as_owner(Method::PATCH, &user, Some(json!({ "email": "bert@contoso.example" }))).await.expect(200);
    s.post(&at(&made, "/resend"), json!({})).await.expect(200);
    letters(&got, 2).await;
    // Only now the first one comes back.
    let old = json!({ "email": "brt@contoso.example" });
    let told = s.post(&at(&made, "/bounced"), old.clone()).await.expect(200).json();
    assert_eq!((&told["email"], &told["letter_failed"]), (&json!("bert@contoso.example"), &Value::Null), "{told}");
    let kept = list(&s).await;
    assert_eq!((kept.len(), &kept[0]["email"]), (1, &json!("brt@contoso.example")));
    s.post(&at(&made, "/resend"), json!({})).await.expect(200);
    let all = letters(&got, 3).await;
    with_password(&s.browser(), &link_of(&s, &all[2])).await.expect(303);
    // Also when it comes later still, and as often as it likes.
    s.post(&at(&made, "/bounced"), old).await.expect(200);
    assert_eq!(list(&s).await.len(), 1);
});
