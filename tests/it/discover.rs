//! Where a sign-in begins: an address leads to its company, and whoever works in several says in which.

use crate::{
    story,
    support::{TestServer, person::READ_ONLY, server::Client},
};
use muster::id::{TenantId, UserId};
use reqwest::Method;
use serde_json::json;

const PASSWORD: &str = "violet harbour 27 lanterns";

/// A person with a password; what they are called is what they sign in with.
async fn person(s: &TestServer, tenant: TenantId, name: &str) -> UserId {
    let user = s.person(tenant, name, READ_ONLY).await;
    let body = json!({ "password": PASSWORD });
    let path = format!("/api/v1/tenants/{tenant}/users/{user}/password");
    s.as_owner(Method::PUT, &path, Some(body)).await.expect(204);
    user
}

async fn directory(s: &TestServer, tenant: TenantId) -> String {
    let body = json!({
        "name": "Contoso login", "preset": "generic",
        "signin": { "issuer": "https://login.contoso.example", "client_id": "muster", "client_secret": "x" },
    });
    let made = s.post(&format!("/api/v1/tenants/{tenant}/directories"), body).await.expect(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn domain(s: &TestServer, tenant: &str, name: &str) {
    s.post("/api/v1/domains", json!({ "tenant": tenant, "domain": name })).await.expect(201);
}

/// A sign-in that has got as far as the page behind the address: its path, and the page.
async fn behind(browser: &Client, address: &str) -> (String, String) {
    let flow = browser.get("/signin").await.expect(303).header("location").to_owned();
    assert!(browser.get(&flow).await.expect(200).text.contains("id=\"email\""));
    let form = [("email", address)];
    let next = browser.form(&format!("{flow}/email"), &form).await.expect(303);
    let page = browser.get(next.header("location")).await.expect(200).text;
    (flow, page)
}

async fn typed(browser: &Client, flow: &str, name: &str, password: &str) -> u16 {
    let form = [("user_name", name), ("password", password)];
    browser.form(&format!("{flow}/password"), &form).await.status.as_u16()
}

story! {
    async fn a_domain_belongs_to_one_tenant(t) {
        let s = TestServer::start(&t).await;
        let (_, fabrikam) = (s.tenant("contoso").await, s.tenant("fabrikam").await);
        domain(&s, "contoso", "Contoso.Example.").await;
        domain(&s, "contoso", "Bücher.example").await;
        let twice = json!({ "tenant": fabrikam, "domain": "contoso.example" });
        assert_eq!(s.post("/api/v1/domains", twice).await.expect(409).json()["code"], "uniqueness");
        for no in ["", "contoso", "1.2.3.4", "a b.example", "*.example", "a..example", "-.example", "x@y.example"] {
            let body = json!({ "tenant": "contoso", "domain": no });
            let a = s.post("/api/v1/domains", body).await.expect(400);
            assert!(a.text.contains("\"domain\""), "{no}: {}", a.text);
        }
        let body = json!({ "tenant": "nowhere", "domain": "other.example" });
        s.post("/api/v1/domains", body).await.expect(404);
        let list = s.get("/api/v1/domains").await.expect(200).json();
        let names: Vec<&str> =
            list["items"].as_array().unwrap().iter().map(|d| d["domain"].as_str().unwrap()).collect();
        assert_eq!(names, ["contoso.example", "xn--bcher-kva.example"]);
        let next = s.get("/api/v1/domains?limit=1").await.expect(200).json();
        let next = next["next"].as_str().unwrap();
        let rest = s.get(&format!("/api/v1/domains?cursor={next}")).await.expect(200).json();
        assert_eq!(rest["items"].as_array().unwrap().len(), 1, "{rest}");
        assert_eq!(rest["items"][0]["domain"], "xn--bcher-kva.example");
        s.as_owner(Method::DELETE, "/api/v1/domains/CONTOSO.example", None).await.expect(204);
        s.as_owner(Method::DELETE, "/api/v1/domains/contoso.example", None).await.expect(404);
        domain(&s, "fabrikam", "contoso.example").await;
    }
}

story! {
    async fn an_address_leads_to_its_companys_directory(t) {
        let s = TestServer::start(&t).await;
        let contoso = s.tenant("contoso").await;
        let way = directory(&s, contoso).await;
        domain(&s, "contoso", "contoso.example").await;
        let browser = s.browser();
        let (flow, page) = behind(&browser, " Anna@CONTOSO.example ").await;
        assert!(page.contains(&format!("id=\"way-{way}\"")), "{page}");
        assert!(page.contains("id=\"tenant-name\"") && page.contains("value=\"Anna@CONTOSO.example\""));
        // Under a suspended company nothing is found any more.
        let off = json!({ "status": "suspended" });
        s.as_owner(Method::PATCH, "/api/v1/tenants/contoso", Some(off)).await.expect(200);
        let (_, page) = behind(&browser, "anna@contoso.example").await;
        assert!(!page.contains(&way) && page.contains("id=\"password\""), "{page}");
        // And back: the page asks again, with what was typed.
        browser.form(&format!("{flow}/tenant"), &[("tenant", "")]).await.expect(303);
        let page = browser.get(&flow).await.expect(200).text;
        assert!(page.contains("id=\"email\"") && page.contains("Anna@CONTOSO.example"), "{page}");
        for no in ["anna", "@contoso.example", "anna@", "anna@contoso", "a b@contoso.example", "anna@contoso.example\r\n@x"] {
            let page = browser.form(&format!("{flow}/email"), &[("email", no)]).await.expect(200).text;
            assert!(page.contains("id=\"problem\""), "{no}: {page}");
        }
    }
}

story! {
    /// Which companies are here is not to be learnt by typing addresses: one of a company without a directory, and one
    /// of nobody's, get the same page, before and after a wrong password.
    async fn an_unknown_address_looks_like_that_of_a_company_without_a_directory(t) {
        let s = TestServer::start(&t).await;
        s.tenant("contoso").await;
        domain(&s, "contoso", "contoso.example").await;
        let browser = s.browser();
        let mut pages = Vec::new();
        for address in ["anna@contoso.example", "anna@nowhere.example"] {
            let (flow, page) = behind(&browser, address).await;
            let form = [("user_name", address), ("password", "not it")];
            let again = browser.form(&format!("{flow}/password"), &form).await.expect(200).text;
            assert!(again.contains("id=\"problem\""), "{again}");
            pages.push(crate::support::unsealed(&(page + &again)).replace(&flow, "FLOW").replace(address, "ADDRESS"));
        }
        assert_eq!(pages[0], pages[1]);
        assert!(!pages[0].contains("id=\"tenant-name\"") && pages[0].contains("ADDRESS"), "{}", pages[0]);
    }
}

story! {
    /// Nor by typing short names, or links made of them: a company without a directory looks like none, before and after
    /// wrong passwords and in how long one waits; and one that has a directory is not named.
    async fn a_short_name_does_not_tell_whether_there_is_such_a_company(t) {
        let s = TestServer::with(&t, |c| {
            c.signin.failures = 3;
            // The limit of an address would answer instead.
            c.limits.tries_per_minute = 1_000_000;
            c.limits.signins_per_minute = 1_000_000;
        })
        .await;
        let contoso = s.tenant("contoso").await;
        person(&s, contoso, "anna").await;
        let mut pages = Vec::new();
        for slug in ["contoso", "nowhere"] {
            let browser = s.browser();
            let flow = browser.get(&format!("/signin?tenant={slug}")).await.expect(303).header("location").to_owned();
            let by_form = browser.get("/signin").await.expect(303).header("location").to_owned();
            browser.form(&format!("{by_form}/tenant"), &[("tenant", slug)]).await.expect(303);
            let mut all = browser.get(&flow).await.expect(200).text;
            all += &browser.get(&by_form).await.expect(200).text;
            for n in 0..4 {
                let form = [("user_name", "anna"), ("password", "not it")];
                let again = browser.form(&format!("{flow}/password"), &form).await.expect(200).text;
                assert_eq!(again.contains("Too many wrong attempts"), n == 3, "{again}");
                all += &again;
            }
            let all = crate::support::unsealed(&all).replace(&flow, "FLOW");
            // How many seconds are left, depends on when it is asked.
            let all: String = all.replace(&by_form, "FORM").chars().filter(|c| !c.is_ascii_digit()).collect();
            pages.push(all.replace(slug, "SLUG"));
        }
        assert_eq!(pages[0], pages[1]);
        assert!(pages[0].contains("id=\"password-form\"") && !pages[0].contains("id=\"tenant-name\""), "{}", pages[0]);
        // Another name that is nobody's waits by itself, as another company's would.
        let browser = s.browser();
        let flow = browser.get("/signin?tenant=elsewhere").await.expect(303).header("location").to_owned();
        let form = [("user_name", "anna"), ("password", "not it")];
        let page = browser.form(&format!("{flow}/password"), &form).await.expect(200).text;
        assert!(!page.contains("Too many"), "{page}");
        let new = json!({ "slug": "fabrikam", "name": "Fabrikam Holding" });
        s.post("/api/v1/tenants", new).await.expect(201);
        let body = json!({
            "name": "Fabrikam login", "preset": "generic",
            "signin": { "issuer": "https://login.fabrikam.example", "client_id": "muster" },
        });
        let way = s.post("/api/v1/tenants/fabrikam/directories", body).await.expect(201).json();
        let flow = browser.get("/signin?tenant=fabrikam").await.expect(303).header("location").to_owned();
        let page = browser.get(&flow).await.expect(200).text;
        assert!(page.contains(&format!("id=\"way-{}\"", way["id"].as_str().unwrap())), "{page}");
        assert!(!page.contains("Fabrikam"), "{page}");
    }
}

story! {
    /// Somebody who was asked in under an address of no company finds their way; of two namesakes each by their own
    /// password.
    async fn a_password_finds_its_company(t) {
        let s = TestServer::start(&t).await;
        let (contoso, fabrikam) = (s.tenant("contoso").await, s.tenant("fabrikam").await);
        domain(&s, "contoso", "contoso.example").await;
        let eve = "eve@mail.example";
        person(&s, contoso, eve).await;
        let other = person(&s, fabrikam, eve).await;
        let body = json!({ "password": "another harbour 28 lamps" });
        let path = format!("/api/v1/tenants/{fabrikam}/users/{other}/password");
        s.as_owner(Method::PUT, &path, Some(body)).await.expect(204);
        for (password, slug) in [(PASSWORD, "contoso"), ("another harbour 28 lamps", "fabrikam")] {
            let browser = s.browser();
            let (flow, _) = behind(&browser, eve).await;
            assert_eq!(typed(&browser, &flow, "nobody", PASSWORD).await, 200);
            assert_eq!(typed(&browser, &flow, eve, "not it").await, 200);
            assert_eq!(typed(&browser, &flow, eve, password).await, 303);
            let me = browser.get("/me").await.expect(200).text;
            assert!(me.contains(&format!("id=\"in-{slug}\"")), "{me}");
        }
        // A company that was named is the only one that is asked.
        let browser = s.browser();
        let flow = browser.get("/signin?tenant=fabrikam").await.expect(303).header("location").to_owned();
        assert_eq!(typed(&browser, &flow, eve, PASSWORD).await, 200);
        // Before a company or an address is named, no password is taken.
        let flow = browser.get("/signin").await.expect(303).header("location").to_owned();
        assert_eq!(typed(&browser, &flow, eve, PASSWORD).await, 303);
        browser.get("/me").await.expect(303);
    }
}

story! {
    async fn whoever_works_in_several_companies_says_in_which(t) {
        let s = TestServer::start(&t).await;
        let (contoso, fabrikam) = (s.tenant("contoso").await, s.tenant("fabrikam").await);
        let northwind = s.tenant("northwind").await;
        // Technicians of the provider work at its customers.
        let provider = s.provider().await;
        let mut ids = Vec::new();
        for name in ["tess", "solo"] {
            let users = format!("/api/v1/tenants/{provider}/users");
            let new = json!({ "kind": "technician", "user_name": name });
            let id = s.post(&users, new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
            let body = json!({ "password": PASSWORD });
            s.as_owner(Method::PUT, &format!("{users}/{id}/password"), Some(body)).await.expect(204);
            ids.push(id);
        }
        let tess = ids[0].clone();
        for at in [contoso, fabrikam] {
            let grant = json!({ "user": tess, "home": provider, "role": "Read-Only" });
            s.post(&format!("/api/v1/tenants/{at}/grants"), grant).await.expect(201);
        }

        let enter = async |name: &str| {
            let browser = s.browser();
            let (flow, _) = behind(&browser, &format!("{name}@nowhere.example")).await;
            assert_eq!(typed(&browser, &flow, name, PASSWORD).await, 303);
            (browser, flow)
        };
        let (solo, flow) = enter("solo").await;
        assert_eq!(solo.get(&flow).await.expect(303).header("location"), "/me", "there is nothing to choose");
        let (browser, flow) = enter("tess").await;
        let page = browser.get(&flow).await.expect(200).text;
        assert!(page.contains("id=\"tenant-contoso\"") && page.contains("id=\"tenant-fabrikam\""), "{page}");
        assert!(!page.contains("northwind"), "{page}");
        let choose = async |tenant: String| {
            browser.form(&format!("{flow}/acting"), &[("tenant", &tenant)]).await.status.as_u16()
        };
        assert_eq!(choose(northwind.to_string()).await, 403);
        let other = s.browser();
        let foreign = [("tenant", fabrikam.to_string())];
        let foreign: Vec<(&str, &str)> = foreign.iter().map(|(k, v)| (*k, v.as_str())).collect();
        other.form(&format!("{flow}/acting"), &foreign).await.expect(400);
        assert_eq!(choose(fabrikam.to_string()).await, 303);
        let sessions = format!("/api/v1/tenants/{provider}/users/{tess}/sessions");
        let acting = s.get(&sessions).await.expect(200).json()["items"][0]["acting_in"].clone();
        assert_eq!(acting, fabrikam.to_string());
        // Settled: no second answer counts.
        assert_eq!(choose(contoso.to_string()).await, 303);
        let acting = s.get(&sessions).await.expect(200).json()["items"][0]["acting_in"].clone();
        assert_eq!(acting, fabrikam.to_string());
        assert_eq!(browser.get(&flow).await.expect(303).header("location"), "/me");
        let log = s.get(&format!("/api/v1/tenants/{provider}/audit")).await.expect(200);
        assert!(log.text.contains("session.tenant"), "{}", log.text);
    }
}
