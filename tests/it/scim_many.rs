//! Many SCIM clients at once: nothing is lost, everything has its place in one order, and one tenant's many requests do
//! not hold up another's.

use crate::{
    story,
    support::{
        TestServer,
        server::{Answer, Scim},
    },
};
use futures::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CLIENTS: usize = 64;

#[expect(clippy::needless_pass_by_value, reason = "the macro borrows what its callers make")]
fn patch(operations: Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

async fn person(scim: &Scim, name: &str) -> String {
    let body = json!({"userName": format!("{name}@many.example")});
    let made = scim.post("/Users", body).await.expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

/// The version that an answer's entity tag names.
fn version(a: &Answer) -> usize {
    a.header("etag").trim_start_matches("W/").trim_matches('"').parse().unwrap()
}

fn values(doc: &Value, list: &str) -> BTreeSet<String> {
    let list = doc[list].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|e| e["value"].as_str().unwrap().to_owned()).collect()
}

/// A request with `If-Match`.
async fn patch_if(scim: &Scim, path: &str, tag: &str, body: &Value) -> Answer {
    let request = scim.request(reqwest::Method::PATCH, path).header("If-Match", tag);
    scim.send(request.json(body)).await
}

story!(async fn many_patches_of_one_user_have_one_order_and_lose_nothing(t) {
    let server = TestServer::start(&t).await;
    let scim = server.directory(server.tenant("contoso").await).await;
    let path = format!("/Users/{}", person(&scim, "ann").await);
    let mark = |i: usize| format!("+{i}");
    let all = (0..CLIENTS).map(|i| {
        scim.patch(&path, patch(json!([
            {"op": "add", "path": "phoneNumbers", "value": [{"value": mark(i), "type": format!("t{i}")}]},
            {"op": "replace", "path": "title", "value": mark(i)},
            {"op": "replace", "path": "nickName", "value": mark(i)},
        ])))
    });
    let mut all: Vec<Answer> = join_all(all).await.into_iter().map(|a| a.expect(200)).collect();
    all.sort_by_key(version);
    assert_eq!(all.iter().map(version).collect::<Vec<_>>(), (2..2 + CLIENTS).collect::<Vec<_>>());
    // Each answer is that of the one before it and its own change.
    let mut so_far = BTreeSet::new();
    for a in &all {
        let doc = a.json();
        let own = doc["title"].as_str().unwrap();
        assert_eq!(doc["nickName"], own, "a request is applied whole");
        assert!(so_far.insert(own.to_owned()));
        assert_eq!(values(&doc, "phoneNumbers"), so_far);
    }
    let last = scim.get(&path).await.expect(200);
    assert_eq!(last.json(), all.last().unwrap().json());
    assert_eq!(so_far, (0..CLIENTS).map(mark).collect());
});

story!(async fn many_patches_of_one_group_are_one_exact_union(t) {
    let server = TestServer::start(&t).await;
    let scim = server.directory(server.tenant("contoso").await).await;
    let names: Vec<String> = (0..CLIENTS + 16).map(|i| format!("p{i}")).collect();
    let people = join_all(names.iter().map(|n| person(&scim, n))).await;
    let (there, coming) = people.split_at(CLIENTS / 2);
    let member = |id: &String| json!({"value": id});
    let members: Vec<Value> = there.iter().map(member).collect();
    let group = json!({"displayName": "Staff", "members": members});
    let made = scim.post("/Groups", group).await.expect(201);
    let path = format!("/Groups/{}", made.json()["id"].as_str().unwrap());
    // Half of the clients add one or two, the others take one out, each in one of the three ways; all of them rename.
    let adds = coming.chunks(coming.len().div_ceil(CLIENTS / 2)).map(|c| {
        let list: Vec<Value> = c.iter().map(member).collect();
        json!({"op": "add", "path": "members", "value": list})
    });
    let removes = there.iter().enumerate().map(|(i, id)| match i % 3 {
        0 => json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")}),
        1 => json!({"op": "remove", "path": "members", "value": [{"value": id}]}),
        _ => json!({"op": "Remove", "path": "members", "value": id}),
    });
    let all: Vec<Value> = adds.chain(removes).collect();
    let sent = all.len();
    let all = all.into_iter().enumerate().map(|(i, op)| {
        let name = json!({"op": "replace", "path": "displayName", "value": format!("Staff {i}")});
        scim.patch(&path, patch(json!([op, name])))
    });
    let mut versions: Vec<usize> = join_all(all).await.into_iter().map(|a| {
        let a = a.expect(200);
        assert!(a.json()["displayName"].as_str().unwrap().starts_with("Staff "));
        version(&a)
    }).collect();
    versions.sort_unstable();
    let last = scim.get(&path).await.expect(200);
    assert_eq!(version(&last), 1 + sent, "each of {sent} was applied: {versions:?}");
    assert_eq!(values(&last.json(), "members"), coming.iter().cloned().collect());
});

story!(async fn of_many_that_saw_the_same_version_one_changes_it(t) {
    let server = TestServer::start(&t).await;
    let scim = server.directory(server.tenant("contoso").await).await;
    let ann = person(&scim, "ann").await;
    let group = scim.post("/Groups", json!({"displayName": "Staff"})).await.expect(201).json();
    let group = format!("/Groups/{}", group["id"].as_str().unwrap());
    for (path, attribute) in [(format!("/Users/{ann}"), "title"), (group.clone(), "displayName")] {
        let all = join_all((0..CLIENTS).map(async |i| {
            let op = json!([{"op": "replace", "path": attribute, "value": format!("v{i}")}]);
            (i, patch_if(&scim, &path, "W/\"1\"", &patch(op)).await)
        })).await;
        let (won, lost): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, a)| a.status == 200);
        assert_eq!(won.len(), 1, "{path}");
        for (_, a) in lost {
            assert_eq!(a.expect(412).json()["status"], "412");
        }
        let now = scim.get(&path).await.expect(200);
        assert_eq!((version(&now), now.json()[attribute].as_str()), (2, Some(&*format!("v{}", won[0].0))));
    }
    // Whoever looks again after each conflict gets through, and nobody's change is lost.
    let people = join_all((0..12).map(async |i| person(&scim, &format!("m{i}")).await)).await;
    join_all(people.iter().map(async |id| {
        loop {
            let tag = scim.get(&group).await.expect(200).header("etag").to_owned();
            let op = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
            let a = patch_if(&scim, &group, &tag, &patch(op)).await;
            if a.status == 200 {
                break;
            }
            a.expect(412);
        }
    })).await;
    let now = scim.get(&group).await.expect(200);
    assert_eq!((version(&now), values(&now.json(), "members").len()), (2 + people.len(), people.len()));
});

story!(async fn a_tenant_with_much_to_ask_holds_up_nobody_else(t) {
    let server = TestServer::with(&t, |c| {
        c.limits.scim_at_once = 8;
        c.limits.scim_waiting = 10;
    }).await;
    let busy = server.directory(server.tenant("contoso").await).await;
    let calm = server.directory(server.tenant("fabrikam").await).await;
    let ann = format!("/Users/{}", person(&busy, "ann").await);
    // All the room that one tenant may have is taken.
    let mut turns = Vec::new();
    for _ in 0..6 {
        turns.push(server.app.scim_turns.turn(busy.tenant).await.unwrap());
    }
    let mut waiting: FuturesUnordered<_> = (0..11).map(|_| busy.get(&ann)).collect();
    let refused = waiting.next().await.unwrap().expect(503);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(refused.json()["status"], "503");
    // Ten wait, and the other tenant is served as if it were alone.
    for i in 0..3 {
        person(&calm, &format!("calm{i}")).await;
    }
    drop(turns);
    while let Some(answer) = waiting.next().await {
        answer.expect(200);
    }
});
