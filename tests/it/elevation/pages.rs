//! Elevation on pages: asked for, decided and given back without a shell, and nothing to be seen by others.

use crate::{
    story,
    support::{
        person::{READ_ONLY, TECHNICIAN, TENANT_ADMIN},
        server::TestServer,
        tab::Tab,
    },
};
use muster::id::{TenantId, UserId};
use serde_json::{Value, json};

async fn tab(s: &TestServer, tenant: TenantId, user: UserId) -> Tab {
    Tab::of(s, &s.session(tenant, user, "mfa").await)
}

/// The ids of what is named so in a page.
fn ids(page: &str, name: &str) -> Vec<String> {
    let mark = format!("id=\"{name}-");
    page.split(&mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

story!(async fn a_role_for_a_while_is_asked_for_decided_and_given_back_on_pages(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let boss = s.person(acme, "boss", TENANT_ADMIN).await;
    // Somebody whose role has no self-service: that is not what asking needs.
    let ann = s.person(acme, "ann", TECHNICIAN).await;
    let eve = s.person(acme, "eve", READ_ONLY).await;
    let (mut boss, mut ann, mut eve) =
        (tab(&s, acme, boss).await, tab(&s, acme, ann).await, tab(&s, acme, eve).await);
    let page = ann.get("/me").await.expect(200).text;
    assert!(!page.contains("/me/elevations"), "nothing to be asked for: {page}");
    let e = json!({ "user": "ann", "role": "Tenant Administrator", "max_minutes": 60 });
    let e = s.post("/api/v1/tenants/acme/eligibilities", e).await.expect(201).json();
    let e = e["id"].as_str().unwrap();
    assert!(ann.get("/me").await.expect(200).text.contains("href=\"/me/elevations\""));
    let page = ann.get("/me/elevations").await.expect(200).text;
    assert!(page.contains("Tenant Administrator in acme") && ids(&page, "may").contains(&e.to_owned()), "{page}");

    // What is wrong is said where it can be mended, with what was written.
    let ask = [("eligibility", e), ("minutes", "61"), ("reason", "case <4711>")];
    let page = ann.form("/me/elevations", &ask).await.expect(422).text;
    assert!(page.contains("id=\"problem\"") && page.contains("from 1 to 60") && page.contains("case &#60;4711&#62;"), "{page}");
    let ask = [("eligibility", e), ("minutes", "30"), ("reason", "case 4711")];
    let a = ann.form("/me/elevations", &ask).await.expect(303);
    assert_eq!(a.header("location"), "/me/elevations?done=asked");
    let page = ann.follow(&a).await.expect(200).text;
    assert!(page.contains("Waits for a decision") && ids(&page, "ask").is_empty(), "{page}");
    let id = ids(&page, "asked").into_iter().find(|i| i.len() == 36).expect("the request");

    // Others see nothing of it, and who asks does not decide.
    let at = format!("/elevations/{id}");
    eve.get(&at).await.expect(404);
    eve.form(&at, &[("decision", "approve")]).await.expect(404);
    ann.get(&at).await.expect(404);
    assert!(!eve.get("/me").await.expect(200).text.contains("id=\"waiting\""));
    let mut nobody = Tab::new(&s);
    assert_eq!(nobody.get(&at).await.expect(303).header("location"), "/signin");

    let page = boss.get("/me").await.expect(200).text;
    assert!(page.contains("Somebody asks for a role"), "{page}");
    let page = boss.get("/me/elevations").await.expect(200).text;
    assert!(page.contains(&format!("href=\"{at}\"")) && page.contains("ann: Tenant Administrator in acme"), "{page}");
    let page = boss.get(&at).await.expect(200).text;
    assert!(page.contains("case 4711") && page.contains("id=\"approve\""), "{page}");
    let page = boss.form(&at, &[("decision", "refuse"), ("reason", " ")]).await.expect(422).text;
    assert!(page.contains("id=\"problem\"") && page.contains("id=\"approve\""), "{page}");
    let a = boss.form(&at, &[("decision", "approve"), ("reason", "")]).await.expect(303);
    assert_eq!(a.header("location"), "/me/elevations?done=approved");
    let page = boss.get(&at).await.expect(200).text;
    assert!(page.contains("id=\"closed\"") && !page.contains("id=\"approve\""), "{page}");
    boss.form(&at, &[("decision", "approve")]).await.expect(422);

    let may = "/api/v1/tenants/acme/explain?user=ann&permission=users.delete";
    let allowed = async || s.get(may).await.expect(200).json()["allowed"].clone();
    assert_eq!(allowed().await, Value::Bool(true));
    let page = ann.get("/me/elevations").await.expect(200).text;
    assert!(page.contains("You have it") && page.contains("Give back"), "{page}");
    let a = ann.form("/me/elevations/end", &[("elevation", &id), ("was", "running")]).await.expect(303);
    assert_eq!(a.header("location"), "/me/elevations?done=ended");
    assert_eq!(allowed().await, Value::Bool(false));
    ann.form("/me/elevations/end", &[("elevation", &id), ("was", "running")]).await.expect(409);

    // Another, refused with a word.
    ann.form("/me/elevations", &ask).await.expect(303);
    let page = ann.get("/me/elevations").await.expect(200).text;
    let id = ids(&page, "end").remove(0);
    let no = [("decision", "refuse"), ("reason", "tomorrow")];
    let a = boss.form(&format!("/elevations/{id}"), &no).await.expect(303);
    assert_eq!(a.header("location"), "/me/elevations?done=refused");
    let page = ann.get("/me/elevations").await.expect(200).text;
    assert!(page.contains("Not given") && page.contains("tomorrow"), "{page}");
});
