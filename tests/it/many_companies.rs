//! Pages of somebody who works in very many companies: what holds everywhere is told once, and the rest is found.

use crate::{
    story,
    support::{TestServer, tab::Tab},
};
use muster::id::{TenantId, UserId};
use serde_json::json;

/// So many companies beside the provider's own, which is returned.
async fn companies(s: &TestServer, n: usize) -> TenantId {
    let provider = s.provider().await;
    s.post("/api/v1/administrators", json!({ "user_name": "ada" })).await.expect(201);
    for i in 0..n {
        let body = json!({ "slug": format!("c{i:02}"), "name": format!("Company {i:02}"), "tags": ["gold"] });
        s.post("/api/v1/tenants", body).await.expect(201);
    }
    provider
}

/// The companies that a page names, by what comes before their short names.
fn named<'a>(page: &'a str, before: &str) -> Vec<&'a str> {
    let parts = page.split(before).skip(1);
    parts.map(|p| p.split('"').next().unwrap()).collect()
}

/// The address of a link, by its id.
fn link(page: &str, id: &str) -> Option<String> {
    let tag = page.split("<a ").find(|t| t.starts_with(&format!("id=\"{id}\"")))?;
    let href = tag.split("href=\"").nth(1)?.split('"').next()?;
    Some(href.replace("&#38;", "&"))
}

story! {
    async fn an_administrator_of_everything_is_told_so_once(t) {
        let s = TestServer::start(&t).await;
        let provider = companies(&s, 45).await;
        let users = s.get(&format!("/api/v1/tenants/{provider}/users?text=ada")).await.expect(200).json();
        let ada: UserId = users["items"][0]["id"].as_str().unwrap().parse().unwrap();
        let mut tab = Tab::of(&s, &s.session(provider, ada, "mfa").await);
        let page = tab.get("/me").await.expect(200).text;
        assert!(page.contains("id=\"everywhere\"") && page.contains("Global Administrator"), "{page}");
        assert_eq!(named(&page, "id=\"in-"), Vec::<&str>::new());
        assert!(!page.contains("id=\"search\"") && page.len() < 20_000, "{}", page.len());
        // In which of them, is asked page by page.
        let flow = tab.get("/signin").await.expect(303).header("location").to_owned();
        let page = tab.get(&flow).await.expect(200).text;
        assert_eq!(named(&page, "id=\"tenant-").len(), 20);
        assert!(page.contains("Companies 1 to 20 of 46.") && page.contains("<label for=\"q\">"), "{page}");
        assert_eq!(link(&page, "previous-page"), None);
        let mut seen: Vec<String> = named(&page, "id=\"tenant-").into_iter().map(str::to_owned).collect();
        let mut next = link(&page, "next-page");
        while let Some(to) = next {
            let page = tab.get(&to).await.expect(200).text;
            seen.extend(named(&page, "id=\"tenant-").into_iter().map(str::to_owned));
            assert!(link(&page, "previous-page").is_some());
            next = link(&page, "next-page");
        }
        assert_eq!(seen.len(), 46);
        assert!(seen.windows(2).all(|two| two[0] < two[1]), "each once: {seen:?}");
        // Or by a part of the name, in any case.
        let page = tab.get(&format!("{flow}?q=+cOMPANY+4")).await.expect(200).text;
        assert_eq!(named(&page, "id=\"tenant-"), ["c40", "c41", "c42", "c43", "c44"]);
        assert!(page.contains("5 of 46 companies") && page.contains("value=\"cOMPANY 4\""), "{page}");
        assert_eq!(link(&page, "all-companies").as_deref(), Some(flow.as_str()));
        let page = tab.get(&format!("{flow}?q=%3Cscript%3E")).await.expect(200).text;
        assert!(page.contains("None of 46 companies") && !page.contains("<script>"), "{page}");
        for odd in ["page=0", "page=999", "page=-1", "page=x", "page=18446744073709551615"] {
            let page = tab.get(&format!("{flow}?{odd}")).await.expect(200).text;
            assert!(!named(&page, "id=\"tenant-").is_empty(), "{odd}");
        }
        tab.get(&format!("{flow}?what=else")).await.expect(400);
        let id = page_value(&tab.get(&format!("{flow}?q=c44")).await.expect(200).text);
        tab.form(&format!("{flow}/acting"), &[("tenant", &id)]).await.expect(303);
        let done = tab.get(&flow).await.expect(303);
        let page = tab.follow(&done).await.expect(200).text;
        assert!(page.contains("<strong id=\"acting-company\">Company 44</strong>"), "{page}");
    }
}

fn page_value(page: &str) -> String {
    page.split("name=\"tenant\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

story! {
    async fn what_is_held_in_many_companies_is_shown_page_by_page(t) {
        let s = TestServer::start(&t).await;
        let provider = companies(&s, 25).await;
        let users = format!("/api/v1/tenants/{provider}/users");
        let new = json!({ "kind": "technician", "user_name": "tess" });
        let tess = s.post(&users, new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let body = json!({ "user": tess, "home": provider, "role": "Read-Only", "scope": { "kind": "tag", "tag": "gold" } });
        s.post(&format!("/api/v1/tenants/{provider}/grants"), body).await.expect(201);
        let tess: UserId = tess.parse().unwrap();
        let mut tab = Tab::of(&s, &s.session(provider, tess, "mfa").await);
        let page = tab.get("/me").await.expect(200).text;
        assert_eq!(named(&page, "id=\"in-").len(), 20);
        assert!(page.contains("id=\"search\"") && page.contains("Companies 1 to 20 of 26."), "{page}");
        let second = tab.get(&link(&page, "next-page").unwrap()).await.expect(200).text;
        assert_eq!(named(&second, "id=\"in-").len(), 6);
        let page = tab.get("/me?q=c07").await.expect(200).text;
        assert_eq!(named(&page, "id=\"in-"), ["c07"]);
        assert!(page.contains("Read-Only"), "{page}");
    }
}
