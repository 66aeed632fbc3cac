//! What is asked again at the last moment: who was switched off between the page and the button does not come in, and
//! what the inviter lost meanwhile is not given.

use super::{PASSWORD, accept, invite, me, path, setting, state, with_password};
use crate::{
    story,
    support::{TestServer, person::TENANT_ADMIN},
};
use muster::{
    actor::{Actor, Principal, UserKind},
    error::Kind,
    id::{RequestId, TenantId, UserId},
    invitations::{self, How, Ready},
    tx,
};
use reqwest::Method;
use serde_json::{Value, json};

/// An acceptance that is ready to be written, as it is while the transaction waits for its turn.
async fn ready(s: &TestServer, made: &Value) -> Ready {
    let link = path(s, made);
    let token = link.strip_prefix("/invite/").unwrap();
    let invited = invitations::find(&s.app.store, token).await.unwrap().unwrap();
    let opened = invitations::open(&s.app.store, &s.app.access, &invited).await.unwrap().unwrap();
    invitations::ready(&s.app.access, &invited, &opened.invitation).await.unwrap()
}

async fn write(s: &TestServer, ready: &Ready) -> muster::error::Result<()> {
    let (access, ready) = (s.app.access.clone(), ready.clone());
    tx!(s.app.store, &s.app.system(), [access, ready], |tx| {
        invitations::accept(tx, &access, &ready, How::Local).await
    })
}

fn by(home: TenantId, user: UserId) -> Actor {
    let principal = Principal::User {
        home,
        user,
        kind: UserKind::Tenant,
        session: None,
        app: None,
        scopes: None,
        bound: None,
    };
    Actor::prove(principal, RequestId::new())
}

story!(async fn the_last_moment_counts(t) {
    let s = setting(&t).await;
    let tenants = s.get("/api/v1/tenants/contoso").await.expect(200).json();
    let contoso: TenantId = tenants["id"].as_str().unwrap().parse().unwrap();
    let boss = s.person(contoso, "boss", TENANT_ADMIN).await;
    s.person(contoso, "other", TENANT_ADMIN).await;
    let by_boss = by(contoso, boss);
    let ask = async |name: &str| {
        let body = json!({ "email": format!("{name}@contoso.example") }).to_string();
        let path = "/tenants/contoso/invitations";
        crate::api::call(&s, Some(&by_boss), "POST", path, &body).await.expect(201).json()
    };
    let user = |made: &Value| format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
    let off = json!({ "enabled": false });
    let refused = |r: muster::error::Result<()>| {
        let e = r.expect_err("it is over");
        assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("invitation_used")));
    };
    // The person is switched off.
    let made = ask("a").await;
    let waits = ready(&s, &made).await;
    s.as_owner(Method::PATCH, &user(&made), Some(off.clone())).await.expect(200);
    refused(write(&s, &waits).await);
    s.as_owner(Method::PATCH, &user(&made), Some(json!({ "enabled": true }))).await.expect(200);
    write(&s, &waits).await.expect("a refused acceptance has used nothing up");
    refused(write(&s, &waits).await);
    // The company is suspended.
    let made = ask("b").await;
    let waits = ready(&s, &made).await;
    let edit = |status: &str| Some(json!({ "status": status }));
    s.as_owner(Method::PATCH, "/api/v1/tenants/contoso", edit("suspended")).await.expect(200);
    refused(write(&s, &waits).await);
    s.browser().get(&path(&s, &made)).await.expect(410);
    s.as_owner(Method::PATCH, "/api/v1/tenants/contoso", edit("active")).await.expect(200);
    // Whoever invited is switched off.
    let boss = format!("/api/v1/tenants/contoso/users/{boss}");
    s.as_owner(Method::PATCH, &boss, Some(off)).await.expect(200);
    refused(write(&s, &waits).await);
    assert_eq!(state(&s, &made).await, "suspended");
    // A letter from somebody who may still invite opens it again.
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    let again = s.post(&format!("{at}/resend"), json!({})).await.expect(200).json();
    with_password(&s.browser(), &path(&s, &again)).await.expect(303);
});

story!(async fn what_is_left_out_is_shown_to_both(t) {
    let s = setting(&t).await;
    let tenants = s.get("/api/v1/tenants/contoso").await.expect(200).json();
    let contoso: TenantId = tenants["id"].as_str().unwrap().parse().unwrap();
    let boss = s.person(contoso, "boss", TENANT_ADMIN).await;
    s.person(contoso, "other", TENANT_ADMIN).await;
    let body = json!({ "email": "new@contoso.example", "roles": [{ "role": "Read-Only" }] }).to_string();
    let invitations = "/tenants/contoso/invitations";
    let made = crate::api::call(&s, Some(&by(contoso, boss)), "POST", invitations, &body).await;
    let made = made.expect(201).json();
    let waits = accept(&s.browser(), &path(&s, &made)).await;
    assert!(waits.starts_with("/signin/"));
    let grants = s.get("/api/v1/tenants/contoso/grants").await.expect(200).json();
    let theirs = grants["items"].as_array().unwrap().iter().find(|g| g["user"] == boss.to_string());
    let grant = format!("/api/v1/tenants/contoso/grants/{}", theirs.unwrap()["id"].as_str().unwrap());
    s.as_owner(Method::DELETE, &grant, None).await.expect(204);
    let browser = s.browser();
    let flow = accept(&browser, &path(&s, &made)).await.replace("/signin/", "/enrol/");
    let both = [("password", PASSWORD), ("password_again", PASSWORD)];
    let done = browser.form(&flow, &both).await.expect(303);
    assert_eq!(done.header("location"), "/me?done=partly");
    assert!(browser.get("/me?done=partly").await.text.contains("could not be given"));
    assert_eq!(me(&browser).await.unwrap()["in"][0]["roles"], json!([]));
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    let left = s.get(&at).await.expect(200).json()["left_out"].take();
    assert_eq!(left.as_array().unwrap().len(), 1, "{left}");
    assert!(!left[0]["why"].as_str().unwrap().is_empty());
});

story!(async fn an_invitation_is_its_own_tenants(t) {
    let s = setting(&t).await;
    s.tenant("fabrikam").await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let at = format!("/api/v1/tenants/fabrikam/invitations/{}", made["id"].as_str().unwrap());
    s.get(&at).await.expect(404);
    s.post(&format!("{at}/resend"), json!({})).await.expect(404);
    s.as_owner(Method::DELETE, &at, None).await.expect(404);
    let list = s.get("/api/v1/tenants/fabrikam/invitations").await.expect(200).json();
    assert_eq!(list["items"], json!([]));
    assert_eq!(state(&s, &made).await, "pending");
    // Any change of the link's text is another link, which nobody wrote.
    let link = path(&s, &made);
    let last = if link.ends_with('a') { "b" } else { "a" };
    for other in [
        link[..link.len() - 1].to_owned(),
        format!("{link}x"),
        format!("{}{last}", &link[..link.len() - 1]),
        link.replace("/invite/mst", "/invite/MST"),
    ] {
        s.browser().get(&other).await.expect(410);
    }
    s.browser().get(&link).await.expect(200);
});

story!(async fn somebody_who_signs_in_on_the_way_does_not_take_it(t) {
    let s = setting(&t).await;
    let other = invite(&s, "contoso", json!({ "email": "anna@contoso.example" })).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let browser = s.browser();
    let flow = accept(&browser, &path(&s, &made)).await;
    with_password(&browser, &path(&s, &other)).await.expect(303);
    let page = browser.get(&flow).await.expect(409).text;
    assert!(page.contains("anna@contoso.example") && page.contains("bert@contoso.example"), "{page}");
    assert_eq!(state(&s, &made).await, "pending");
});

story!(async fn whom_a_directory_took_over_meanwhile_sets_no_password(t) {
    let s = setting(&t).await;
    let tenant = s.get("/api/v1/tenants/contoso").await.expect(200).json();
    let domain = json!({ "domain": "contoso.example", "tenant": "contoso" });
    s.post("/api/v1/domains", domain).await.expect(201);
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let scim = s.directory(tenant["id"].as_str().unwrap().parse().unwrap()).await;
    let new = json!({ "userName": "bert@contoso.example", "externalId": "b-1" });
    assert_eq!(scim.post("/Users", new).await.expect(201).json()["id"], made["user"]);
    let browser = s.browser();
    let flow = accept(&browser, &path(&s, &made)).await;
    let enrol = browser.get(&flow).await.expect(303).header("location").to_owned();
    let both = [("password", PASSWORD), ("password_again", PASSWORD)];
    let refused = browser.form(&enrol, &both).await.expect(409);
    assert!(refused.text.contains("accept through it"), "{}", refused.text);
    assert!(me(&browser).await.is_none());
    assert_eq!(state(&s, &made).await, "pending", "it can still be accepted through the directory");
});
