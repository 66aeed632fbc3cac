//! A link is a key to an account: who may have one made, and when it opens no longer.

use super::{PASSWORD, accept, invite, path, setting};
use crate::{
    access::{give, person, role, session},
    people::world::World,
    story,
};
use muster::{
    access::{catalogue::TENANT_ADMINISTRATOR, perm::UsersAdd},
    actor::UserKind,
    error::Kind,
    id::InvitationId,
    invitations::{self, Daily, Post},
    users,
};
use reqwest::Method;
use serde_json::json;

story!(async fn whoever_has_a_link_made_holds_what_the_person_holds(t) {
    let s = setting(&t).await;
    let w = World {
        store: s.app.store.clone(),
        access: s.app.access.clone(),
        master: s.app.master.clone(),
    };
    let acme = s.tenant("acme").await;
    let made = invite(&s, "acme", json!({ "email": "boss@acme.example" })).await;
    let id: InvitationId = made["id"].as_str().unwrap().parse().unwrap();
    let help = role(&w, acme, "Help", &["users.add"], false).await;
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme, help.id).await;
    let may = w.access.require::<UsersAdd>(&session(&ann), acme).await.unwrap();
    let post = Post {
        sends: false,
        life: std::time::Duration::from_secs(3600),
        master: s.app.master.clone(),
        daily: Daily { tenant: 0, inviter: 0 },
    };
    invitations::resend(&w.store, &w.access, &may, &post, id, false).await.expect("nobody's rights yet");
    // Before the invitation is accepted, its person becomes an administrator.
    let user = made["user"].as_str().unwrap().parse().unwrap();
    let mut c = w.store.read(muster::store::Scope::Tenant(acme)).await.unwrap();
    let boss = users::find(&mut c, acme, user).await.unwrap().unwrap();
    drop(c);
    give(&w, &boss, acme, TENANT_ADMINISTRATOR).await;
    let e = invitations::resend(&w.store, &w.access, &may, &post, id, false).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden, "she could open the link and be the boss");
    let e = invitations::revoke(&w.store, &w.access, &may, id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
});

story!(async fn a_link_opens_no_account_that_can_be_signed_in_to(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let link = path(&s, &made);
    let (early, late) = (s.browser(), s.browser());
    let flow = accept(&early, &link).await;
    let enrol = early.get(&flow).await.expect(303).header("location").to_owned();
    // Bert does not come; an administrator gives him a password instead.
    let user = format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
    let body = json!({ "password": "copper meadow 51 windows" });
    s.as_owner(Method::PUT, &format!("{user}/password"), Some(body)).await.expect(204);
    late.get(&link).await.expect(410);
    let both = [("password", PASSWORD), ("password_again", PASSWORD)];
    let refused = early.form(&enrol, &both).await;
    assert!((400..=410).contains(&refused.status.as_u16()), "{}", refused.status);
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    s.post(&format!("{at}/resend"), json!({})).await.expect(409);
});

story!(async fn an_address_holds_nothing_that_a_mail_program_makes_a_link_of(t) {
    let s = setting(&t).await;
    for bad in [
        "\"https://evil.example/x y\"@contoso.example", "\"bert berg\"@contoso.example", "\"a<b>\"@contoso.example",
        "\"http://evil.example\"@contoso.example", "\"a\\\"b\"@contoso.example", "\"www.evil.example:80\"@contoso.example",
    ] {
        let no = s.post("/api/v1/tenants/contoso/invitations", json!({ "email": bad })).await.expect(400).json();
        assert_eq!(no["field"], "email", "{bad}: {no}");
    }
    for good in ["o'brien+x@contoso.example", "a/b=c@contoso.example", "j\u{f6}rg@contoso.example"] {
        invite(&s, "contoso", json!({ "email": good })).await;
    }
});

story!(async fn a_role_planned_in_a_tenant_that_is_gone_is_left_out_and_the_person_comes_in(t) {
    let s = setting(&t).await;
    s.tenant("fabrikam").await;
    let provider = s.provider().await;
    let made = invite(&s, &provider.to_string(), json!({
        "email": "dora@us.example", "kind": "technician",
        "roles": [{ "role": "Technician", "tenant": "fabrikam" }, { "role": "Read-Only", "tenant": "contoso" }],
    })).await;
    let fabrikam = "/api/v1/tenants/fabrikam";
    s.as_owner(Method::PATCH, fabrikam, Some(json!({ "status": "suspended" }))).await.expect(200);
    s.as_owner(Method::DELETE, &format!("{fabrikam}?confirm=fabrikam"), None).await.expect(200);
    for _ in 0..100 {
        if s.get(fabrikam).await.status.as_u16() == 404 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    s.get(fabrikam).await.expect(404);
    super::with_password(&s.browser(), &path(&s, &made)).await.expect(303);
    let at = format!("/api/v1/tenants/{provider}/invitations/{}", made["id"].as_str().unwrap());
    let now = s.get(&at).await.expect(200).json();
    assert_eq!(now["state"], "accepted");
    assert_eq!(now["left_out"][0]["why"], "the tenant is gone", "{now}");
    let there = s.get("/api/v1/tenants/contoso/grants").await.expect(200).json();
    assert_eq!(there["items"].as_array().unwrap().len(), 1, "{there}");
});
