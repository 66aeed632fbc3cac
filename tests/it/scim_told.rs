//! Nothing of what is sent is dropped without a word: what is not taken is told of by the rule that lets it through, or
//! refused where the rule is off; and what is there already is seen in any case.

use crate::{
    provisioning::{newest, set},
    pure, story,
    support::TestServer,
};
use muster::protocol::scim::{
    GroupOp, Outcome, Resource, Rule, Rules, Schemas, group_ops, patch, quirks::value::simple,
    read_body, schema::Named,
};
use reqwest::Method;
use serde_json::{Value, json};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[expect(clippy::needless_pass_by_value, reason = "each is written where it is used")]
fn ops(op: Value) -> Value {
    json!({"schemas": [PATCH], "Operations": [op]})
}

pure!(
    fn a_part_that_is_not_taken_is_told_of_or_refused() {
        let doc = json!({
            "userName": "ada", "active": true, "name": {"givenName": "Ada"},
            "emails": [{"type": "work", "value": "w@x"}],
        });
        let doc = doc.as_object().unwrap();
        let manager = format!("{ENT}:manager");
        for (op, told, rule, code) in [
            (
                json!({"op": "replace", "path": "name", "value": {"givenNam": "Z"}}),
                "'name' has no part 'givenNam'",
                Rule::Foreign,
                "invalidValue",
            ),
            (
                json!({"op": "add", "path": "emails", "value": [{"adress": "x"}, {"adress": "y"}]}),
                "'emails' has no part 'adress'",
                Rule::Foreign,
                "invalidValue",
            ),
            (
                json!({"op": "replace", "path": "emails", "value": [{"adress": "x"}]}),
                "'emails' has no part 'adress'",
                Rule::Foreign,
                "invalidValue",
            ),
            (
                json!({"op": "replace", "path": "emails[type eq \"work\"]", "value": {"foo": 1}}),
                "'emails' has no part 'foo'",
                Rule::Foreign,
                "invalidValue",
            ),
            (
                json!({"op": "replace", "value": {"name": {"givenNam": "Z"}}}),
                "'name' has no part 'givenNam'",
                Rule::Foreign,
                "invalidValue",
            ),
            (
                json!({"op": "replace", "path": manager, "value": {"displayName": "Z"}}),
                "'manager.displayName' is read-only",
                Rule::Echo,
                "mutability",
            ),
        ] {
            let run = |rules| patch(&Schemas::core(), rules, doc, &ops(op.clone()));
            let (after, outcomes) = run(Rules::ALL).unwrap();
            assert_eq!(&after, doc, "{op}");
            assert_eq!(outcomes, [Outcome::Ignored(told.to_owned())], "{op}");
            for strict in [Rules::ALL.without(rule), Rules::NONE] {
                let refused = run(strict).err().and_then(|e| e.code_str());
                assert_eq!(refused, Some(code), "{op}");
            }
        }
        // What is right beside it is done, and null says nothing.
        let op = json!({"op": "replace", "path": "name", "value": {"givenNam": "Z", "familyName": "T", "foo": null}});
        let (after, outcomes) = patch(&Schemas::core(), Rules::ALL, doc, &ops(op)).unwrap();
        assert_eq!(after["name"], json!({"givenName": "Ada", "familyName": "T"}));
        let told = Outcome::Ignored("'name' has no part 'givenNam'".to_owned());
        assert_eq!(outcomes, [Outcome::Applied, told]);
        for twice in [
            json!({"op": "replace", "value": {"active": true, "Active": false}}),
            json!({"op": "add", "path": ENT, "value": {"department": "a", "DEPARTMENT": "b"}}),
            json!({"op": "add", "path": "name", "value": {"givenName": "a", "GivenName": "b"}}),
        ] {
            let e = patch(&Schemas::core(), Rules::ALL, doc, &ops(twice)).unwrap_err();
            assert_eq!(e.code_str(), Some("invalidSyntax"), "{}", e.detail());
        }
        let by_path =
            ops(json!({"op": "replace", "path": format!("{manager}.displayName"), "value": "Z"}));
        let e = patch(&Schemas::core(), Rules::ALL, doc, &by_path).unwrap_err();
        assert!(e.detail().contains("'manager.displayName' is read-only"), "{}", e.detail());
    }
);

pure!(
    fn a_body_is_read_to_its_last_part() {
        let read = |rules, body: &Value| read_body(&Schemas::core(), rules, Resource::User, body);
        let body = json!({
            "schemas": [CORE], "userName": "ada", "name": {"givenNam": "x"}, "emails": [{"adress": "x"}],
            "addresses": [{"locality": "Ulm", "nothing": null}],
        });
        let b = read(Rules::ALL, &body).unwrap();
        assert_eq!(
            Value::Object(b.doc),
            json!({"userName": "ada", "addresses": [{"locality": "Ulm"}]})
        );
        assert_eq!(b.ignored.len(), 2, "{:?}", b.ignored);
        let e = read(Rules::ALL.without(Rule::Foreign), &body).unwrap_err();
        assert_eq!(e.code_str(), Some("invalidValue"));

        // 1.6 in a body: the enterprise's attributes without their object; what is in the object counts more.
        let boss = json!({"value": "m"});
        let bare = json!({"schemas": [CORE], "userName": "ada", "department": "D", "manager": "m", "division": null});
        let b = read(Rules::ALL, &bare).unwrap();
        assert_eq!(
            (&b.doc[ENT], b.ignored.len()),
            (&json!({"department": "D", "manager": boss}), 0)
        );
        let e = read(Rules::ALL.without(Rule::Manager).without(Rule::Foreign), &bare).unwrap_err();
        assert_eq!(e.code_str(), Some("invalidValue"));
        let off = read(Rules::ALL.without(Rule::Manager), &bare).unwrap();
        assert!(!off.doc.contains_key(ENT) && off.ignored.len() == 2, "{:?}", off.ignored);
        let both = json!({"userName": "ada", "department": "bare", "manager": 5, ENT: {"department": "own"}});
        let b = read(Rules::ALL, &both).unwrap();
        assert_eq!(b.doc[ENT], json!({"department": "own"}));
        assert_eq!(
            b.ignored.len(),
            2,
            "and what cannot be read is left out as ever: {:?}",
            b.ignored
        );

        // Its URN before the name is a path and no place; the reason says so.
        let urn = json!({"schemas": [CORE], "userName": "ada", format!("{ENT}:department"): "D"});
        let b = read(Rules::ALL, &urn).unwrap();
        assert!(
            b.ignored[0].contains(&format!("has its place inside the object of '{ENT}'")),
            "{:?}",
            b.ignored
        );
        assert_eq!(read(Rules::NONE, &urn).unwrap_err().code_str(), Some("invalidValue"));

        let path = json!({"schemas": [CORE], "userName": "ada", "name.givenName": "x"});
        let b = read(Rules::ALL, &path).unwrap();
        assert_eq!(b.ignored, ["'name.givenName' is a path, not the name of an attribute"]);

        // The URN of the core is the resource itself.
        let core =
            json!({"schemas": [CORE], CORE.to_uppercase(): {"userName": "ada", "title": "T"}});
        for rules in [Rules::ALL, Rules::NONE] {
            assert_eq!(
                Value::Object(read(rules, &core).unwrap().doc),
                json!({"userName": "ada", "title": "T"})
            );
        }

        // What is there twice is one of them, and nobody knows which.
        for twice in [
            json!({"userName": "a", "active": true, "Active": false}),
            json!({"userName": "a", "USERNAME": "b"}),
            json!({"userName": "a", "name": {"givenName": "x", "givenname": "y"}}),
            json!({"userName": "a", "emails": [{"value": "x", "Value": "y"}]}),
            json!({"userName": "a", ENT: {"department": "x", "Department": "y"}}),
            json!({"userName": "a", CORE: {"username": "b"}}),
            json!({"userName": "a", "title": "x", CORE: {"title": "y"}}),
        ] {
            let e = read(Rules::ALL, &twice).unwrap_err();
            assert_eq!(e.code_str(), Some("invalidSyntax"), "{twice}");
            assert!(e.detail().contains("twice"), "{}", e.detail());
        }
    }
);

pure!(
    fn values_are_the_same_in_any_case() {
        let run = |doc: &Value, op: Value| {
            patch(&Schemas::core(), Rules::ALL, doc.as_object().unwrap(), &ops(op)).unwrap()
        };
        let doc = json!({"userName": "ada", "emails": [{"value": "w@x", "type": "Work"}], "photos": [{"value": "http://P"}]});
        for value in
            [json!([{"value": "W@X"}]), json!([{"value": "W@x", "type": "WORK"}]), json!("w@X")]
        {
            let (after, outcomes) =
                run(&doc, json!({"op": "remove", "path": "emails", "value": value}));
            assert!(!after.contains_key("emails") && outcomes == [Outcome::Applied], "{value}");
        }
        let add =
            json!({"op": "add", "path": "emails", "value": [{"value": "W@X", "type": "work"}]});
        let (after, outcomes) = run(&doc, add);
        assert_eq!((&after["emails"], &outcomes[..]), (&doc["emails"], &[Outcome::NoOp][..]));
        // Not where case counts.
        let photo = json!({"op": "remove", "path": "photos", "value": [{"value": "http://p"}]});
        assert_eq!(run(&doc, photo).1, [Outcome::NoOp]);
        let body = json!({"userName": "ada", "emails": [
            {"value": "A@x", "type": "work"}, {"value": "a@X", "type": "WORK"}, {"value": "a@x", "type": "home"},
        ]});
        let b = read_body(&Schemas::core(), Rules::ALL, Resource::User, &body).unwrap();
        assert_eq!(
            b.doc["emails"],
            json!([{"value": "A@x", "type": "work"}, {"value": "a@x", "type": "home"}])
        );
    }
);

pure!(
    fn a_number_becomes_the_text_that_was_sent_or_none() {
        let attr = match Schemas::core().resolve(
            Rules::ALL,
            Rule::Manager,
            Resource::User,
            "externalId",
        ) {
            Ok(Named::Attr(p)) => p.at.attr,
            other => panic!("{other:?}"),
        };
        for (sent, want) in [
            ("7", "7"),
            ("-12", "-12"),
            ("18446744073709551615", "18446744073709551615"),
            ("1.5", "1.5"),
        ] {
            let v: Value = serde_json::from_str(sent).unwrap();
            assert_eq!(simple(Rules::ALL, &attr, v), json!(want));
        }
        for sent in ["12345678901234567890123", "-1e40", "0.12345678901234567891"] {
            let v: Value = serde_json::from_str(sent).unwrap();
            assert_eq!(
                simple(Rules::ALL, &attr, v.clone()),
                v,
                "{sent} is left for the strict reading"
            );
            let body = json!({"userName": "ada", "externalId": v});
            let e = read_body(&Schemas::core(), Rules::ALL, Resource::User, &body).unwrap_err();
            assert_eq!(e.code_str(), Some("invalidValue"), "{sent}");
        }
    }
);

pure!(
    fn members_are_chosen_by_what_the_condition_says() {
        use GroupOp::{Add, Clear, Keep, Remove};
        let ids = |l: &[&str]| l.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>();
        let run = |op: Value| {
            let steps = group_ops(&Schemas::core(), Rules::ALL, &ops(op));
            steps
                .map(|s| s.into_iter().flat_map(|s| s.ops).collect::<Vec<_>>())
                .map_err(|e| e.code_str().unwrap_or("?"))
        };
        let remove =
            |condition: &str| json!({"op": "remove", "path": format!("members[{condition}]")});
        for (condition, want) in [
            (r#"value eq "a""#, Remove(ids(&["a"]))),
            (r#"value eq "A" and type eq "user""#, Remove(ids(&["a"]))),
            (r#"value eq "a" and type eq "Group""#, Remove(ids(&[]))),
            (r#"type eq "User""#, Clear),
            ("value pr", Clear),
            (r#"value ne "a""#, Keep(ids(&["a"]))),
            (r#"not (value eq "a" or value eq "b")"#, Keep(ids(&["a", "b"]))),
            (r#"not (value ne "a")"#, Remove(ids(&["a"]))),
            (r#"(value eq "a" or value eq "b") and value ne "b""#, Remove(ids(&["a"]))),
            (r#"$ref eq "https://x.example/scim/1/v2/Users/a""#, Remove(ids(&["a"]))),
            (r#"$ref eq "https://x.example/scim/1/v2/Groups/a""#, Remove(ids(&[]))),
        ] {
            assert_eq!(run(remove(condition)), Ok(vec![want]), "{condition}");
        }
        for condition in [r#"value co "a""#, r#"value sw "a""#, r#"type gt "a""#] {
            assert_eq!(run(remove(condition)), Err("invalidFilter"), "{condition}");
        }
        // Beside a value, those who meet both.
        for (condition, value, want) in [
            (r#"value eq "a""#, json!([{"value": "b"}]), ids(&[])),
            (
                r#"value eq "a" or value eq "b""#,
                json!([{"value": "B"}, {"value": "c"}]),
                ids(&["b"]),
            ),
            (r#"value ne "a""#, json!([{"value": "a"}, {"value": "b"}]), ids(&["b"])),
        ] {
            let op =
                json!({"op": "remove", "path": format!("members[{condition}]"), "value": value});
            assert_eq!(run(op), Ok(vec![Remove(want)]), "{condition}");
        }
        // Who is chosen becomes a member, and nobody else.
        for verb in ["add", "replace"] {
            let op = |condition: &str, value: Value| json!({"op": verb, "path": format!("members[{condition}]"), "value": value});
            let one = r#"value eq "c""#;
            for value in [
                json!({"value": "c"}),
                json!({"value": "C", "type": "User"}),
                json!({"display": "Cee"}),
                json!("c"),
            ] {
                assert_eq!(run(op(one, value.clone())), Ok(vec![Add(ids(&["c"]))]), "{value}");
            }
            for value in [
                json!({"value": "d"}),
                json!("d"),
                json!({"type": "Group"}),
                json!({"$ref": "https://x.example/v2/Users/d"}),
            ] {
                assert_eq!(run(op(one, value.clone())), Err("mutability"), "{value}");
            }
            assert_eq!(run(op(r#"type eq "User""#, json!({}))), Err("noTarget"));
        }
    }
);

story!(
    async fn all_but_those_who_are_named_leave_a_group(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let mut ids = Vec::new();
        for name in ["a", "b", "c"] {
            let made = scim.post("/Users", json!({"userName": name})).await.expect(201).json();
            ids.push(made["id"].as_str().unwrap().to_owned());
        }
        let members: Vec<Value> = ids.iter().map(|i| json!({"value": i})).collect();
        let made = scim.post("/Groups", json!({"displayName": "Ops", "members": members})).await.expect(201).json();
        let at = format!("/Groups/{}", made["id"].as_str().unwrap());
        let left = async |op: Value| {
            let after = scim.patch(&at, ops(op)).await.expect(200).json();
            let all: Vec<&Value> = after["members"].as_array().into_iter().flatten().map(|m| &m["value"]).collect();
            ids.iter().map(|i| all.contains(&&json!(i))).collect::<Vec<bool>>()
        };
        let path = format!("members[value ne \"{}\" and not (value eq \"{}\")]", ids[0], ids[1]);
        assert_eq!(left(json!({"op": "remove", "path": path})).await, [true, true, false]);
        let one = format!("members[value eq \"{}\"]", ids[0]);
        let both = json!({"op": "remove", "path": one, "value": [{"value": ids[1]}]});
        assert_eq!(left(both).await, [true, true, false]);
        for verb in ["add", "replace"] {
            let op = ops(json!({"op": verb, "path": one, "value": {"value": ids[2]}}));
            assert_eq!(scim.patch(&at, op).await.expect(400).json()["scimType"], "mutability");
        }
        // Whoever is named and is none of them stays out.
        let path = format!("members[value ne \"{}\"]", ids[2]);
        assert_eq!(left(json!({"op": "remove", "path": path})).await, [false, false, false]);
    }
);

story!(
    async fn members_that_are_nobody_are_named_as_they_were_sent(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        set(&server, &scim, json!({"log": {"bodies": "full"}})).await;
        let reason = async || {
            let e = newest(&server, &scim).await;
            let all = e["outcomes"].as_array().unwrap().clone();
            all.into_iter().find(|o| o["outcome"] == "ignored").expect("ignored")["reason"].as_str().unwrap().to_owned()
        };
        let some = |names: &[&str]| names.iter().map(|n| json!({"value": n})).collect::<Value>();
        let nobody = uuid::Uuid::now_v7().to_string();
        let new = json!({"displayName": "Ops", "members": some(&["wrong-two", "wrong-one", "wrong-one"])});
        let made = scim.post("/Groups", new).await.expect(201).json();
        assert_eq!(reason().await, "2 of the members are no users of this directory: wrong-two, wrong-one");
        let at = format!("/Groups/{}", made["id"].as_str().unwrap());
        let add = ops(json!({"op": "add", "path": "members", "value": some(&[&nobody, "b", "c", "d", "e"])}));
        scim.patch(&at, add.clone()).await.expect(200);
        assert_eq!(reason().await, format!("5 of the members are no users of this directory: {nobody}, b, c, ..."));
        set(&server, &scim, json!({"unknown_members": "refuse"})).await;
        let e = scim.patch(&at, ops(json!({"op": "add", "path": "members", "value": "wrong-one"}))).await.expect(400).json();
        assert!(e["detail"].as_str().unwrap().contains("'wrong-one'"), "{e}");
    }
);

story!(
    async fn what_was_left_out_is_in_the_log(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let boss = scim.post("/Users", json!({"userName": "boss"})).await.expect(201).json();
        let new = json!({
            "userName": "ada", "department": "D", "manager": boss["id"], "name": {"givenNam": "x"}, "emails": [{"adress": "x"}],
        });
        let ada = scim.post("/Users", new).await.expect(201).json();
        assert_eq!((&ada[ENT]["department"], &ada[ENT]["manager"]["value"]), (&json!("D"), &boss["id"]));
        let e = newest(&server, &scim).await;
        let ends: Vec<&Value> = e["outcomes"].as_array().unwrap().iter().map(|o| &o["outcome"]).collect();
        assert_eq!(ends, ["applied", "ignored", "ignored"], "{e}");
        assert!(e["outcomes"].to_string().contains("givenNam"), "{e}");
        // The URN of the core as a path and as a name.
        let at = format!("/Users/{}", ada["id"].as_str().unwrap());
        let by_path = json!({"op": "replace", "path": CORE, "value": {"title": "T", "name.familyName": "F"}});
        let after = scim.patch(&at, ops(by_path)).await.expect(200).json();
        assert_eq!((&after["title"], &after["name"]["familyName"]), (&json!("T"), &json!("F")));
        let by_name = json!({"op": "replace", "value": {CORE: {"title": "T2"}, "nickName": "N"}});
        let after = scim.patch(&at, ops(by_name)).await.expect(200).json();
        assert_eq!((&after["title"], &after["nickName"]), (&json!("T2"), &json!("N")));
        let group = "urn:ietf:params:scim:schemas:core:2.0:Group";
        let new = json!({"schemas": [group], group: {"displayName": "Ops", "members": [{"value": boss["id"]}]}});
        let made = scim.post("/Groups", new).await.expect(201).json();
        assert_eq!((&made["displayName"], &made["members"][0]["value"]), (&json!("Ops"), &boss["id"]));
        let twice = json!({"displayName": "X", "members": [], "Members": [{"value": boss["id"]}]});
        assert_eq!(scim.post("/Groups", twice).await.expect(400).json()["scimType"], "invalidSyntax");
    }
);

story!(
    async fn a_place_that_is_none_is_not_found(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let ada = scim.post("/Users", json!({"userName": "ada"})).await.expect(201).json();
        let id = ada["id"].as_str().unwrap();
        for path in [&format!("/Users/{id}/.search"), "/Schemas/.search", "/Bulk/.search", "/ServiceProviderConfig/.search"] {
            for method in [Method::POST, Method::GET] {
                scim.send(scim.request(method, path).json(&json!({}))).await.expect(404);
            }
        }
        for path in ["/.search", "/Users/.search", "/Groups/.search"] {
            assert!(scim.post(path, json!({})).await.expect(200).json()["totalResults"].is_number());
            scim.get(path).await.expect(405);
        }
        // Beyond every number there is, 2.3 still means the largest page.
        let page = scim.get("/Users?count=99999999999999999999").await.expect(200).json();
        assert_eq!(page["itemsPerPage"], 1);
        let page = scim.get("/Users?startIndex=99999999999999999999&count=5").await.expect(200).json();
        assert_eq!((&page["itemsPerPage"], &page["totalResults"]), (&json!(0), &json!(1)));
        scim.get("/Users?count=many").await.expect(400);
    }
);

story!(
    async fn a_name_that_is_twice_in_one_object_is_refused(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let send = async |body: &str| {
            let r = scim.request(Method::POST, "/Users").header("content-type", "application/scim+json");
            scim.send(r.body(body.to_owned())).await
        };
        for (body, name) in [
            (r#"{"userName": "ada", "active": true, "active": false}"#, "active"),
            (r#"{"userName": "ada", "name": {"givenName": "A", "givenName": "B"}}"#, "givenName"),
            (r#"{"userName": "ada", "emails": [{"value": "a@x", "value": "b@x"}]}"#, "value"),
        ] {
            let told = send(body).await.expect(400).json();
            assert_eq!(told["scimType"], "invalidSyntax", "{told}");
            let said = format!("'{name}' is given twice; names are compared without case");
            assert_eq!(told["detail"], said, "{told}");
        }
        // The same name in different objects is none twice.
        let two = r#"{"userName": "ada", "emails": [{"value": "a@x", "type": "work"}, {"value": "b@x", "type": "home"}]}"#;
        send(two).await.expect(201);
    }
);

story!(
    async fn a_messages_own_name_in_two_spellings_is_refused(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let ada = scim.post("/Users", json!({"userName": "ada", "title": "before"})).await.expect(201).json();
        let team = scim.post("/Groups", json!({"displayName": "team"})).await.expect(201).json();
        let (ada, team) = (ada["id"].as_str().unwrap(), team["id"].as_str().unwrap());
        let (user, group) = (format!("/Users/{ada}"), format!("/Groups/{team}"));
        let one = r#"{"op": "replace", "path": "title", "value": "after"}"#;
        let within = |op: &str| format!(r#"{{"Operations": [{op}]}}"#);
        let member = format!(r#"{{"value": "{ada}", "Value": "{team}"}}"#);
        for (method, path, body, name) in [
            (Method::PATCH, &*user, format!(r#"{{"Operations": [{one}], "operations": []}}"#), "operations"),
            (Method::PATCH, &user, within(r#"{"op": "replace", "path": "title", "Path": "nickName", "value": "x"}"#), "Path"),
            (Method::PATCH, &user, within(r#"{"op": "replace", "Op": "remove", "path": "title", "value": "x"}"#), "Op"),
            (Method::PATCH, &user, within(r#"{"op": "replace", "path": "title", "value": "x", "VALUE": "y"}"#), "VALUE"),
            (Method::PATCH, &user, within(r#"{"op": "replace", "value": {"title": "x", "Title": "y"}}"#), "Title"),
            (Method::PATCH, &user, within(r#"{"op": "add", "path": "emails", "value": [{"value": "a@x", "Value": "b@x"}]}"#), "Value"),
            (Method::PATCH, &group, within(&format!(r#"{{"op": "add", "path": "members", "value": [{member}]}}"#)), "Value"),
            (Method::PATCH, &group, within(&format!(r#"{{"op": "add", "value": {{"members": [], "Members": [{member}]}}}}"#)), "Members"),
            (Method::PUT, &group, format!(r#"{{"displayName": "team", "members": [], "Members": [{{"value": "{ada}"}}]}}"#), "Members"),
            (Method::POST, "/Groups", format!(r#"{{"displayName": "new", "members": [{member}]}}"#), "Value"),
            (Method::POST, "/Users/.search", r#"{"count": 1, "Count": 2}"#.to_owned(), "Count"),
            (Method::POST, "/.search", r#"{"filter": "userName pr", "Filter": "id pr"}"#.to_owned(), "Filter"),
            (Method::POST, "/Bulk", format!(r#"{{"Operations": [], "OPERATIONS": [{{"method": "DELETE", "path": "{user}"}}]}}"#), "OPERATIONS"),
            (Method::POST, "/Bulk", within(&format!(r#"{{"method": "DELETE", "Method": "POST", "path": "{user}"}}"#)), "Method"),
            (Method::POST, "/Bulk", within(r#"{"method": "POST", "path": "/Users", "bulkId": "q", "data": {"userName": "b", "username": "c"}}"#), "username"),
        ] {
            let r = scim.request(method.clone(), path).header("content-type", "application/scim+json");
            let told = scim.send(r.body(body.clone())).await.expect(400).json();
            assert_eq!(told["scimType"], "invalidSyntax", "{body}: {told}");
            assert!(told["detail"].as_str().unwrap().starts_with(&format!("'{name}' is given twice")), "{body}: {told}");
        }
        // One in another spelling is the same name, and nothing else was done.
        let people = scim.get("/Users").await.expect(200).json();
        assert_eq!((&people["totalResults"], &people["Resources"][0]["title"]), (&json!(1), &json!("before")), "{people}");
        let groups = scim.get("/Groups").await.expect(200).json();
        assert_eq!((&groups["totalResults"], &groups["Resources"][0]["members"]), (&json!(1), &Value::Null), "{groups}");
        let r = scim.request(Method::PATCH, &user).header("content-type", "application/scim+json");
        let done = scim.send(r.body(format!(r#"{{"operations": [{}]}}"#, one.replace("path", "Path")))).await.expect(200).json();
        assert_eq!(done["title"], "after", "{done}");
    }
);
