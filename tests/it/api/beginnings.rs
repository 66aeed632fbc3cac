//! People by what their names begin with: the same by the indexes, one page after the other, and by looking through all.

use super::own;
use crate::{
    story,
    support::server::{Scim, TestServer},
};
use serde_json::{Value, json};

/// What a list has, to its end.
async fn whole(s: &TestServer, words: &str, limit: u32) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/tenants/acme/users?{words}&limit={limit}{cursor}");
        let page = own(s, "GET", &path, Value::Null).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit as usize, "{page}");
        seen.extend(items.iter().map(|u| u["user_name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return seen,
        }
    }
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|&n| n.to_owned()).collect()
}

async fn came(scim: &Scim, name: &str, shown: Value, active: bool) {
    let mut user = json!({"userName": name, "active": active, "emails": [{"value": format!("{name}@post.example"), "primary": true}]});
    if shown.is_string() {
        user["displayName"] = shown;
    }
    scim.post("/Users", user).await.expect(201);
}

story!(async fn the_beginning_of_any_name_is_enough(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let one = s.directory(acme).await;
    let other = s.directory(s.tenant("elsewhere").await).await;
    came(&other, "berg", json!("Berg Berg"), true).await;
    came(&one, "u1", json!("Ida Maria Bergström"), true).await;
    came(&one, "bergman", Value::Null, true).await;
    came(&one, "u3", json!("Bergljot"), false).await;
    came(&one, "u4", json!("Anna Lindberg"), true).await;
    own(&s, "POST", "/tenants/acme/users", json!({"kind": "tenant", "user_name": "u5", "display_name": "Bert Berg"})).await.expect(201);
    own(&s, "POST", "/tenants/acme/users", json!({"kind": "tenant", "user_name": "u6", "email": "BERG@else.example"})).await.expect(201);
    own(&s, "POST", "/tenants/acme/users", json!({"kind": "tenant", "user_name": "u7", "display_name": "Berg_y %"})).await.expect(201);
    for limit in [1, 3, 50] {
        for (words, want) in [
            ("starts=berg", &["u1", "bergman", "u3", "u5", "u6", "u7"][..]),
            ("starts=%20BERG%20", &["u1", "bergman", "u3", "u5", "u6", "u7"]),
            ("starts=bergst", &["u1"]),
            ("starts=ida%20m", &["u1"]),
            ("starts=bert%20berg", &["u5"]),
            ("starts=maria", &[]),
            ("starts=indberg", &[]),
            ("text=indberg", &["u4"]),
            ("starts=berg&text=ljot", &["u3"]),
            ("starts=berg&active=false", &["u3"]),
            ("starts=berg_", &["u7"]),
            ("starts=%25", &["u7"]),
            ("starts=bergman%40post", &["bergman"]),
            ("starts=u&enabled=false", &[]),
            ("starts=u&kind=technician", &[]),
            ("active=false", &["u3"]),
            ("active=false&enabled=true", &["u3"]),
        ] {
            assert_eq!(whole(&s, words, limit).await, names(want), "{words} {limit}");
        }
    }
    let by_directory = format!("starts=berg&directory={}", one.directory);
    assert_eq!(whole(&s, &by_directory, 2).await, names(&["u1", "bergman", "u3"]));
    assert_eq!(whole(&s, "starts=", 50).await.len(), 7, "nothing is asked");
});

story!(async fn a_beginning_that_thousands_have_is_found_in_order(t) {
    let s = TestServer::start(&t).await;
    let scim = s.directory(s.tenant("acme").await).await;
    for half in 0..2 {
        let of = |n: usize| {
            let name = format!("p{:04}", 1499 - n);
            let data = json!({"userName": name, "displayName": format!("Pia {name}"), "emails": [{"value": format!("{name}@post.example")}]});
            json!({"method": "POST", "path": "/Users", "bulkId": name, "data": data})
        };
        let operations: Vec<Value> = (half * 750..(half + 1) * 750).map(of).collect();
        let all = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
        let done = scim.post("/Bulk", all).await.expect(200).json();
        assert!(done["Operations"].as_array().unwrap().iter().all(|o| o["status"] == "201"));
    }
    let all: Vec<String> = (0..1500).rev().map(|n| format!("p{n:04}")).collect();
    assert_eq!(whole(&s, "starts=p", 400).await, all, "the order in which they came");
    assert_eq!(whole(&s, "starts=pia%20p", 500).await, all);
    let few: Vec<String> = all.iter().filter(|n| n.starts_with("p12")).cloned().collect();
    assert_eq!(whole(&s, "starts=p12", 30).await, few);
    assert_eq!(whole(&s, "starts=P12&text=5", 7).await, few.iter().filter(|n| n.contains('5')).cloned().collect::<Vec<_>>());
});
