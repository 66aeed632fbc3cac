//! Invitations whose ground moves: the person's address, the inviter's rights, two who act at once.

use super::{accept, invite, me, path, setting, state, with_password};
use crate::{
    access::{person, role},
    people::world::{World, race},
    story,
    support::tab::Tab,
};
use muster::{
    actor::UserKind,
    error::Kind,
    id::{InvitationId, TenantId},
    invitations::{self, How},
    tx,
};
use reqwest::Method;
use serde_json::{Value, json};

async fn tenant_id(s: &crate::support::TestServer, slug: &str) -> TenantId {
    let tenant = s.get(&format!("/api/v1/tenants/{slug}")).await.expect(200).json();
    tenant["id"].as_str().unwrap().parse().unwrap()
}

story!(async fn nobody_plans_what_they_could_not_give(t) {
    let s = setting(&t).await;
    let w = World {
        store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone(),
    };
    let contoso = tenant_id(&s, "contoso").await;
    let may = ["users.view", "users.add", "users.manage_roles"];
    let desk = role(&w, contoso, "Front desk", &may, false).await;
    role(&w, contoso, "Looker", &["users.view"], false).await;
    let ann = person(&w, contoso, "ann", UserKind::Tenant).await;
    crate::access::give(&w, &ann, contoso, desk.id).await;
    let mut tab = Tab::of(&s, &s.session(contoso, ann.id, "mfa").await);
    let mut plan = async |mail: &str, roles: Value| {
        let r = tab.request(Method::POST, "/api/v1/tenants/contoso/invitations");
        tab.send(r.json(&json!({ "email": mail, "roles": roles }))).await
    };
    // What she holds she may plan, in whichever name.
    plan("a@x.example", json!([{ "role": "Looker" }, { "role": "Front desk" }])).await.expect(201);
    for (beyond, place) in [("Tenant Administrator", "contoso"), ("Technician", "contoso")] {
        let a = plan("b@x.example", json!([{ "role": beyond, "tenant": place }])).await.expect(403);
        assert!(!a.text.contains("link"), "{}", a.text);
    }
    // Beside one that she holds, too; and nowhere else, nor everywhere.
    plan("b@x.example", json!([{ "role": "Looker" }, { "role": "Tenant Administrator" }])).await.expect(403);
    plan("b@x.example", json!([{ "role": "Looker", "everywhere": true }])).await.expect(403);
    s.tenant("fabrikam").await;
    plan("b@x.example", json!([{ "role": "Read-Only", "tenant": "fabrikam" }])).await.expect(404);
    let users = s.get("/api/v1/tenants/contoso/users?text=b@x.example").await.expect(200).json();
    assert_eq!(users["items"], json!([]), "a refused invitation leaves nobody behind");
});

story!(async fn a_corrected_address_kills_the_link_until_it_is_sent_there(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({ "email": "bret@contoso.example" })).await;
    let (link, early) = (path(&s, &made), s.browser());
    let flow = accept(&early, &link).await;
    let enrol = early.get(&flow).await.expect(303).header("location").to_owned();
    let user = format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
    let edit = async |email: &str| {
        s.as_owner(Method::PATCH, &user, Some(json!({ "email": email }))).await.expect(200);
    };
    // The same address in other letters is the same.
    edit("Bret@CONTOSO.example").await;
    assert_eq!(state(&s, &made).await, "pending");
    edit("bert@contoso.example").await;
    assert_eq!(state(&s, &made).await, "outdated");
    s.browser().get(&link).await.expect(410);
    let both = [("password", super::PASSWORD), ("password_again", super::PASSWORD)];
    let a = early.form(&enrol, &both).await;
    assert!(a.status.is_client_error(), "whoever opened it before: {}", a.status);
    assert!(me(&early).await.is_none());
    // Sent again it goes to the new address, by a new link.
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    let again = s.post(&format!("{at}/resend"), json!({})).await.expect(200).json();
    assert_eq!((&again["email"], &again["state"]), (&json!("bert@contoso.example"), &json!("pending")));
    s.browser().get(&link).await.expect(410);
    let browser = s.browser();
    with_password(&browser, &path(&s, &again)).await.expect(303);
    assert!(me(&browser).await.is_some());
    // Who has no address any more gets no letter.
    let made = invite(&s, "contoso", json!({ "email": "cleo@contoso.example" })).await;
    let user = format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
    s.as_owner(Method::PATCH, &user, Some(json!({ "email": "" }))).await.expect(200);
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    s.post(&format!("{at}/resend"), json!({})).await.expect(409);
});

story!(async fn of_a_revocation_and_an_acceptance_at_once_one_wins(t) {
    let s = setting(&t).await;
    let contoso = tenant_id(&s, "contoso").await;
    let (mut accepted, mut revoked) = (0, 0);
    for round in 0..16 {
        let made = invite(&s, "contoso", json!({ "email": format!("p{round}@contoso.example") })).await;
        let id: InvitationId = made["id"].as_str().unwrap().parse().unwrap();
        let token = path(&s, &made).strip_prefix("/invite/").unwrap().to_owned();
        let invited = invitations::find(&s.app.store, &token).await.unwrap().expect("open");
        let opened = invitations::open(&s.app.store, &s.app.access, &invited).await.unwrap().expect("open");
        let ready = invitations::ready(&s.app.access, &invited, &opened.invitation).await.unwrap();
        let (store, access, cx) = (s.app.store.clone(), s.app.access.clone(), s.app.system());
        let yes = async move {
            tx!(store, &cx, [access, ready], |tx| {
                invitations::accept(tx, &access, &ready, How::Local).await
            })
        };
        let (store, access, may) = (s.app.store.clone(), s.app.access.clone(), s.permit(contoso).await);
        let no = async move { invitations::revoke(&store, &access, &may, id).await };
        let (yes, no) = if round % 2 == 0 {
            race(yes, no).await
        } else {
            let (no, yes) = race(no, yes).await;
            (yes, no)
        };
        let now = s.get(&format!("/api/v1/tenants/contoso/invitations/{id}")).await.expect(200).json();
        match (yes, no) {
            (Ok(()), Err(no)) => {
                accepted += 1;
                assert_eq!((no.kind(), &now["state"]), (Kind::Conflict, &json!("accepted")));
            }
            (Err(yes), Ok(())) => {
                revoked += 1;
                assert_eq!((yes.kind(), &now["state"]), (Kind::Conflict, &json!("revoked")));
            }
            (yes, no) => panic!("round {round}: {yes:?} {no:?}"),
        }
    }
    assert_eq!(accepted + revoked, 16);
});

story!(async fn what_an_open_invitation_plans_is_shown_as_pending(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({
        "email": "bert@contoso.example", "roles": [{ "role": "Read-Only" }],
    })).await;
    let at = format!("/api/v1/tenants/contoso/users/{}/access", made["user"].as_str().unwrap());
    let has = s.get(&at).await.expect(200).json();
    assert_eq!(has["access"], json!([]), "{has}");
    assert_eq!(has["pending"][0]["role"]["name"], "Read-Only");
    assert_eq!(has["pending"][0]["invitation"], made["id"]);
    assert_eq!((&has["pending"][0]["everywhere"], has["pending"].as_array().unwrap().len()), (&json!(false), 1));
    let browser = s.browser();
    with_password(&browser, &path(&s, &made)).await.expect(303);
    let has = s.get(&at).await.expect(200).json();
    assert_eq!(has["pending"], json!([]));
    assert_eq!(has["access"][0]["roles"][0]["role"]["name"], "Read-Only");
    // One that was taken back plans nothing.
    let made = invite(&s, "contoso", json!({ "email": "c@contoso.example", "roles": [{ "role": "Read-Only" }] })).await;
    let id = made["id"].as_str().unwrap();
    s.as_owner(Method::DELETE, &format!("/api/v1/tenants/contoso/invitations/{id}"), None).await.expect(204);
    let at = format!("/api/v1/tenants/contoso/users/{}/access", made["user"].as_str().unwrap());
    assert_eq!(s.get(&at).await.expect(200).json()["pending"], json!([]));
});
