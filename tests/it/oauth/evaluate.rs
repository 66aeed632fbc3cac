//! Decisions for applications (OpenID AuthZEN Authorization API 1.0).

use crate::{
    story,
    support::{
        TestServer,
        person::{READ_ONLY, TECHNICIAN, TestApp},
        server::Answer,
    },
};
use muster::{
    access::grants::{self, NewGrant},
    actor::UserKind,
    id::{RoleId, TenantId, UserId},
    users::{self, NewUser},
};
use reqwest::Method;
use serde_json::{Value, json};

async fn ask(s: &TestServer, app: &TestApp, path: &str, body: &Value) -> Answer {
    let c = s.browser();
    let r = c.request(Method::POST, path).json(body).header("x-request-id", "bfe9eb29");
    c.send(r.basic_auth(&app.client_id, Some(&app.secret))).await
}

fn question(user: UserId, permission: &str, tenant: &str) -> Value {
    json!({"subject": {"type": "user", "id": user}, "action": {"name": permission},
           "resource": {"type": "tenant", "id": tenant}})
}

async fn allowed(s: &TestServer, app: &TestApp, q: &Value) -> bool {
    let a = ask(s, app, "/access/v1/evaluation", q).await.expect(200);
    assert_eq!(a.header("x-request-id"), "bfe9eb29", "the request's own");
    assert_eq!(a.header("cache-control"), "no-store");
    let answer = a.json();
    assert_eq!(answer["decision"] == false, answer["context"]["reason"].is_string(), "{answer}");
    answer["decision"].as_bool().expect("a decision")
}

story!(
    async fn an_application_asks_what_somebody_may_do(t) {
        let s = TestServer::start(&t).await;
        let contoso = s.tenant("contoso").await;
        s.tenant("fabrikam").await;
        let tech = s.person(contoso, "tech", TECHNICIAN).await;
        let reader = s.person(contoso, "reader", READ_ONLY).await;
        let us = s.provider().await;
        let app = s.app(us, |new| new.platform = true).await;
        let new = NewUser {
            kind: UserKind::Technician,
            user_name: "theo".to_owned(),
            display_name: None,
            email: None,
        };
        let theo = users::add(&s.app.store, &s.permit(us).await, new).await.unwrap().id;
        let grant = NewGrant::manual(us, theo, RoleId::parse(TECHNICIAN).unwrap());
        grants::add(&s.app.access, &s.permit(contoso).await, grant).await.unwrap();
        let may = async |user, permission: &str, tenant: &str| {
            allowed(&s, &app, &question(user, permission, tenant)).await
        };
        for odd in [json!([{}, {}, {}]), json!({"subject": 5})] {
            let a = ask(&s, &app, "/access/v1/evaluation", &odd).await.expect(400);
            assert_eq!(a.header("x-request-id"), "bfe9eb29", "of a refusal as well");
            assert!(!a.text.contains("struct"), "{}", a.text);
        }
        assert!(may(tech, "computers.delete", "contoso").await);
        assert!(may(tech, "computers.delete", &contoso.to_string()).await, "by id as well");
        assert!(may(theo, "computers.delete", "contoso").await, "of the provider's");
        assert!(!may(theo, "computers.delete", "fabrikam").await);
        assert!(!may(reader, "computers.delete", "contoso").await);
        assert!(may(reader, "computers.view", "contoso").await);
        assert!(!may(tech, "computers.delete", "fabrikam").await, "in their own tenant only");
        assert!(!may(UserId::new(), "computers.view", "contoso").await, "nobody");
        assert!(!may(tech, "computers.fly", "contoso").await, "no permission");
        assert!(!may(tech, "computers.view", "nowhere").await, "no tenant");
        assert!(!may(tech, "computers.view", &TenantId::PLATFORM.to_string()).await);
        let of = |resource: Value| {
            json!({"subject": {"type": "user", "id": tech}, "action": {"name": "computers.view"}, "resource": resource})
        };
        let computer = |tenant: Value| json!({"type": "computer", "id": "pc-17", "properties": {"tenant": tenant}});
        assert!(allowed(&s, &app, &of(computer(json!("contoso")))).await);
        assert!(!allowed(&s, &app, &of(computer(json!(7)))).await);
        assert!(!allowed(&s, &app, &of(json!({"type": "computer", "id": "contoso"}))).await, "not a tenant");
        let group = json!({"subject": {"type": "group", "id": tech}, "action": {"name": "computers.view"},
                           "resource": {"type": "tenant", "id": "contoso"}});
        assert!(!allowed(&s, &app, &group).await);
        // Switched off, it is over with the next question.
        muster::credentials::person::set_enabled(&s.app.store, &s.permit(contoso).await, tech, false).await.unwrap();
        assert!(!may(tech, "computers.delete", "contoso").await);
    }
);

story!(
    async fn many_questions_in_one_request(t) {
        let s = TestServer::start(&t).await;
        let contoso = s.tenant("contoso").await;
        let reader = s.person(contoso, "reader", READ_ONLY).await;
        let app = s.app(contoso, |_| {}).await;
        let decisions = async |semantic: Option<&str>| {
            let mut body = json!({
                "subject": {"type": "user", "id": reader}, "resource": {"type": "tenant", "id": "contoso"},
                "evaluations": [
                    {"action": {"name": "computers.delete"}},
                    {"action": {"name": "computers.view"}},
                    {},
                    {"action": {"name": "computers.view"}, "resource": {"type": "tenant", "id": "fabrikam"}},
                ],
            });
            if let Some(semantic) = semantic {
                body["options"] = json!({"evaluations_semantic": semantic});
            }
            let a = ask(&s, &app, "/access/v1/evaluations", &body).await.expect(200).json();
            let all = a["evaluations"].as_array().unwrap().clone();
            if semantic.is_none() {
                assert_eq!(all[2]["context"]["error"]["status"], 400, "one that lacks something: {}", all[2]);
            }
            all.iter().map(|e| e["decision"].as_bool().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(decisions(None).await, [false, true, false, false]);
        assert_eq!(decisions(Some("execute_all")).await, [false, true, false, false]);
        assert_eq!(decisions(Some("deny_on_first_deny")).await, [false]);
        assert_eq!(decisions(Some("permit_on_first_permit")).await, [false, true]);
        let one = question(reader, "computers.view", "contoso");
        let a = ask(&s, &app, "/access/v1/evaluations", &one).await.expect(200).json();
        assert_eq!(a, json!({"decision": true}), "without a list it is a single question");
        let mut body = one;
        body["options"] = json!({"evaluations_semantic": "guess"});
        ask(&s, &app, "/access/v1/evaluations", &body).await.expect(400);
        body["options"] = json!({});
        body["evaluations"] = json!(vec![json!({}); 1001]);
        ask(&s, &app, "/access/v1/evaluations", &body).await.expect(400);
    }
);

story!(
    async fn who_may_ask_and_about_whom(t) {
        let s = TestServer::start(&t).await;
        let (contoso, fabrikam) = (s.tenant("contoso").await, s.tenant("fabrikam").await);
        let ada = s.person(contoso, "ada", READ_ONLY).await;
        let theirs = s.app(fabrikam, |_| {}).await;
        let own = s.app(contoso, |_| {}).await;
        let q = question(ada, "computers.view", "contoso");
        assert!(allowed(&s, &own, &q).await);
        let a = ask(&s, &theirs, "/access/v1/evaluation", &q).await.expect(200).json();
        let none = ask(&s, &theirs, "/access/v1/evaluation", &question(ada, "computers.view", "nowhere")).await;
        assert_eq!(a, none.expect(200).json(), "another tenant looks as one that is not there");
        assert_eq!(a["decision"], false);
        let wrong = TestApp { secret: "mst_app_wrong".to_owned(), ..own.clone() };
        ask(&s, &wrong, "/access/v1/evaluation", &q).await.expect(401);
        let public = s.app(contoso, |new| new.public = true).await;
        let c = s.browser();
        c.send(c.request(Method::POST, "/access/v1/evaluation").json(&q)).await.expect(401);
        ask(&s, &public, "/access/v1/evaluation", &q).await.expect(401);
        for bad in [json!({}), json!({"subject": {"type": "user"}}), json!("x"), json!({"subject": 7})] {
            ask(&s, &own, "/access/v1/evaluation", &bad).await.expect(400);
        }
        let a = c.get("/.well-known/authzen-configuration").await.expect(200).json();
        assert_eq!(a["policy_decision_point"], s.url);
        for (name, path) in [("access_evaluation_endpoint", "evaluation"), ("access_evaluations_endpoint", "evaluations")] {
            assert_eq!(a[name], format!("{}/access/v1/{path}", s.url));
        }
    }
);
