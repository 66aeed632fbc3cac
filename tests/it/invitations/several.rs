//! Whoever is invited to several companies says in which they work before an application gets anything.

use super::{invite, me, path, setting, with_password};
use crate::{
    story,
    support::{
        TestServer,
        person::{TestApp, claims, field, fields},
        server::{Answer, Client},
    },
};
use reqwest::Method;
use serde_json::json;

async fn authorize(browser: &Client, app: &TestApp, more: &[(&str, &str)]) -> Answer {
    let scope = [("scope", "openid computers.view computers.edit")];
    let more: Vec<(&str, &str)> = scope.into_iter().chain(more.iter().copied()).collect();
    let r = browser.request(Method::GET, "/oauth/authorize").query(&fields(app, &more));
    browser.send(r).await.expect(303)
}

async fn id(s: &TestServer, slug: &str) -> String {
    let tenant = s.get(&format!("/api/v1/tenants/{slug}")).await.expect(200).json();
    tenant["id"].as_str().unwrap().to_owned()
}

story!(async fn whoever_is_invited_to_several_companies_says_in_which(t) {
    let s = setting(&t).await;
    s.tenant("fabrikam").await;
    let provider = s.provider().await;
    let portal = s.app(provider, |n| n.platform = true).await;
    let made = invite(&s, &provider.to_string(), json!({
        "email": "dora9@us.example", "kind": "technician",
        "roles": [{ "role": "Technician", "tenant": "fabrikam" }, { "role": "Read-Only", "tenant": "contoso" }],
    })).await;
    let browser = s.browser();
    let asked = with_password(&browser, &path(&s, &made)).await.expect(303).header("location").to_owned();
    assert!(asked.starts_with("/signin/"), "{asked}");
    let page = browser.get(&asked).await.expect(200).text;
    for slug in ["contoso", "fabrikam"] {
        assert!(page.contains(&format!("id=\"tenant-{slug}\"")), "{page}");
    }
    // An application that comes before the answer waits for it, or hears that there is none.
    let waits = authorize(&browser, &portal, &[]).await.header("location").to_owned();
    assert!(waits.starts_with("/signin/"), "{waits}");
    assert!(browser.get(&waits).await.expect(200).text.contains("id=\"tenant-fabrikam\""));
    let silent = authorize(&browser, &portal, &[("prompt", "none")]).await;
    assert_eq!(field(silent.header("location"), "error").as_deref(), Some("interaction_required"));
    let named = authorize(&browser, &portal, &[("tenant", "contoso")]).await;
    assert!(field(named.header("location"), "code").is_some(), "{}", named.header("location"));
    assert!(browser.get("/me").await.expect(200).text.contains("Choose where you work"));
    // She answers, is welcomed, and the application gets what she may do there.
    let fabrikam = id(&s, "fabrikam").await;
    browser.form(&format!("{asked}/acting"), &[("tenant", &fabrikam)]).await.expect(303);
    assert_eq!(browser.get(&asked).await.expect(303).header("location"), "/me?done=invited");
    let page = browser.get("/me?done=invited").await.expect(200).text;
    assert!(page.contains("id=\"done\"") && page.contains("id=\"another-company\""), "{page}");
    assert!(page.contains("<strong id=\"acting-company\">fabrikam</strong>"), "{page}");
    let to = authorize(&browser, &portal, &[]).await;
    let code = field(to.header("location"), "code").expect("a code");
    let given = s.redeem(&portal, &code).await.expect(200).json();
    let token = claims(given["access_token"].as_str().unwrap());
    assert_eq!(token["tid"], fabrikam);
    assert!(given["scope"].as_str().unwrap().contains("computers.view"), "{given}");
    // The request that waited is still asked for its own; her own page leads to another company.
    let contoso = id(&s, "contoso").await;
    browser.form(&format!("{waits}/acting"), &[("tenant", &contoso)]).await.expect(303);
    let on = browser.get(&waits).await.expect(303).header("location").to_owned();
    let to = browser.get(&on).await.expect(303);
    assert!(field(to.header("location"), "code").is_some(), "{}", to.header("location"));
    let begun = browser.get("/signin").await.expect(303).header("location").to_owned();
    assert!(browser.get(&begun).await.expect(200).text.contains("id=\"tenant-fabrikam\""));
    // Who is at home in the place they chose is not asked again either.
    let home = provider.to_string();
    browser.form(&format!("{begun}/acting"), &[("tenant", &home)]).await.expect(303);
    let to = authorize(&browser, &portal, &[]).await;
    assert!(field(to.header("location"), "code").is_some(), "{}", to.header("location"));
});

story!(async fn whoever_is_invited_to_one_is_asked_nothing(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({ "email": "b@contoso.example", "roles": [{ "role": "Read-Only" }] })).await;
    let browser = s.browser();
    let done = with_password(&browser, &path(&s, &made)).await.expect(303);
    assert_eq!(done.header("location"), "/me?done=invited");
    assert!(me(&browser).await.is_some());
    let page = browser.get("/me?done=invited").await.expect(200).text;
    assert!(page.contains("id=\"done\"") && !page.contains("another-company"), "{page}");
    let provider = s.provider().await;
    let portal = s.app(provider, |n| n.platform = true).await;
    let to = authorize(&browser, &portal, &[]).await;
    assert!(field(to.header("location"), "code").is_some(), "{}", to.header("location"));
});
