//! Groups of any size as answers: exact, in pieces, and never a part for the whole.

use crate::{
    story,
    support::{TestDb, TestServer, server::Scim},
};
use axum::body::Body;
use futures::StreamExt as _;
use muster::id::{DirectoryId, GroupId, TenantId};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use std::collections::BTreeSet;
use tower::ServiceExt as _;

/// Puts `n` people into the database, and into a group, as if they had been there for long: row by row would take longer
/// than what is tested.
pub async fn crowd(t: &TestDb, scim: &Scim, group: &str, n: usize) {
    crowd_of(t, (scim.tenant, scim.directory), group.parse().unwrap(), n).await;
}

/// The same in a directory that nobody speaks for.
pub async fn crowd_of(
    t: &TestDb,
    (tenant, directory): (TenantId, DirectoryId),
    group: GroupId,
    n: usize,
) {
    let (tenant, directory, group) = (tenant.0.simple(), directory.0.simple(), group.0.simple());
    let users = "INSERT INTO users (tenant_id, id, directory_id, kind, user_name, user_name_key, active, enabled, doc,
                                    folded, version, created_at, updated_at)";
    let members = "INSERT INTO members (tenant_id, group_id, user_id, added_at)";
    if let Some(file) = t.file() {
        let c = rusqlite::Connection::open(file).unwrap();
        c.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n})
             {users} SELECT x'{tenant}', randomblob(16), x'{directory}', 'tenant', 'crowd' || i, 'crowd' || i, 1, 1,
                            '{{}}', '{{}}', 1, i, i FROM n;
             {members} SELECT tenant_id, x'{group}', id, 1 FROM users WHERE user_name_key LIKE 'crowd%';
             COMMIT;"
        ))
        .unwrap();
        return;
    }
    let mut c = sqlx::PgConnection::connect(&t.url().unwrap()).await.unwrap();
    let text = format!(
        "SET muster.scope = '*';
         {users} SELECT '{tenant}', gen_random_uuid(), '{directory}', 'tenant', 'crowd' || i, 'crowd' || i, TRUE, TRUE,
                        '{{}}', '{{}}', 1, i, i FROM generate_series(1, {n}) AS i;
         {members} SELECT tenant_id, '{group}', id, 1 FROM users WHERE user_name_key LIKE 'crowd%';"
    );
    c.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.unwrap();
}

async fn group(scim: &Scim, name: &str) -> String {
    let made = scim.post("/Groups", json!({"displayName": name})).await.expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

/// The answer to a request, frame by frame: what is not asked for is not read.
async fn frames(server: &TestServer, scim: &Scim, path: &str) -> (http::HeaderMap, Body) {
    let path = format!("{}{path}", scim.base.strip_prefix(&server.url).unwrap());
    let request =
        http::Request::get(path).header("authorization", format!("Bearer {}", scim.token));
    let answer = server.router().oneshot(request.body(Body::empty()).unwrap());
    let (parts, body) = answer.await.unwrap().into_parts();
    assert_eq!(parts.status, 200);
    (parts.headers, body)
}

fn members(doc: &Value) -> BTreeSet<&str> {
    let list = doc["members"].as_array().unwrap();
    let ids: BTreeSet<&str> = list.iter().map(|m| m["value"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), list.len(), "nobody twice");
    ids
}

story!(
    async fn a_large_group_is_sent_in_pieces(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let id = group(&scim, "Everybody").await;
        crowd(&t, &scim, &id, 10_000).await;
        let (headers, body) = frames(&server, &scim, &format!("/Groups/{id}")).await;
        assert!(headers.get("content-length").is_none());
        assert_eq!(headers["content-type"], "application/scim+json");
        let mut pieces: Vec<Vec<u8>> = Vec::new();
        let mut stream = body.into_data_stream();
        while let Some(piece) = stream.next().await {
            pieces.push(piece.unwrap().to_vec());
        }
        let largest = pieces.iter().map(Vec::len).max().unwrap();
        assert!(largest < 512 * 1024, "a piece has {largest} bytes");
        assert!(pieces.len() > 8, "ten thousand are more than a few pages: {}", pieces.len());
        let doc: Value = serde_json::from_slice(&pieces.concat()).unwrap();
        assert_eq!(members(&doc).len(), 10_000);
        let one = &doc["members"][0];
        let at = format!("{}/Users/{}", scim.base, one["value"].as_str().unwrap());
        assert_eq!(*one, json!({"value": one["value"], "$ref": at, "type": "User"}));
        // The rest of it is what a small answer has.
        let brief = scim.get(&format!("/Groups/{id}?excludedAttributes=members")).await.expect(200);
        assert!(brief.header("content-length").parse::<usize>().unwrap() < 1000);
        let mut rest = doc.clone();
        rest.as_object_mut().unwrap().remove("members");
        assert_eq!(rest, brief.json());
        // Over the wire, as everybody reads it, and cut to what was asked for.
        let path = format!("/Groups/{id}?attributes=members.value");
        let narrow = scim.get(&path).await.expect(200).json();
        assert_eq!(members(&narrow), members(&doc));
        assert_eq!(narrow["members"][0].as_object().unwrap().len(), 1);
        let path = format!("/Groups/{id}?excludedAttributes=members.value,members.$ref,members.type");
        assert!(scim.get(&path).await.expect(200).json().get("members").is_none());
        // The answers to changes as well.
        let put = json!({"displayName": "All", "externalId": "x"});
        let put = scim.put(&format!("/Groups/{id}"), put).await.expect(200).json();
        assert_eq!((members(&put), &put["displayName"]), (members(&doc), &json!("All")));
        let out = members(&doc).pop_first().unwrap().to_owned();
        let patch = json!({"Operations": [{"op": "remove", "path": format!("members[value eq \"{out}\"]")}]});
        let path = format!("/Groups/{id}?attributes=members");
        let patched = scim.patch(&path, patch).await.expect(200).json();
        let left: BTreeSet<&str> = members(&doc).into_iter().filter(|m| *m != out).collect();
        assert_eq!(members(&patched), left);
    }
);

story!(
    async fn a_list_holds_large_and_small_groups_in_order(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let ada = scim.post("/Users", json!({"userName": "ada"})).await.expect(201).json();
        let small = |name: &str| json!({"displayName": name, "members": [{"value": ada["id"]}]});
        scim.post("/Groups", small("A")).await.expect(201);
        let id = group(&scim, "B").await;
        crowd(&t, &scim, &id, 3000).await;
        let other = group(&scim, "C").await;
        scim.post("/Groups", small("D")).await.expect(201);
        for path in ["/Groups", "/Groups?sortBy=displayName&sortOrder=descending"] {
            let (_, body) = frames(&server, &scim, path).await;
            let text = axum::body::to_bytes(body, 1 << 24).await.unwrap();
            let list: Value = serde_json::from_slice(&text).unwrap();
            assert_eq!((&list["totalResults"], &list["itemsPerPage"]), (&json!(4), &json!(4)));
            let mut all = list["Resources"].as_array().unwrap().clone();
            if path.contains("descending") {
                all.reverse();
            }
            let names: Vec<&str> = all.iter().map(|g| g["displayName"].as_str().unwrap()).collect();
            assert_eq!(names, ["A", "B", "C", "D"]);
            let ada = BTreeSet::from([ada["id"].as_str().unwrap()]);
            assert_eq!((members(&all[0]), members(&all[3])), (ada.clone(), ada));
            assert_eq!(members(&all[1]).len(), 3000);
            assert_eq!((&all[2]["id"], all[2].get("members")), (&json!(other), None));
        }
        let search = json!({"filter": "id pr or id eq \"x\""});
        let found = scim.post("/.search", search).await.expect(200).json();
        assert_eq!(found["Resources"].as_array().unwrap().len(), 100, "people come first");
    }
);

story!(
    async fn what_breaks_off_is_no_answer(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let id = group(&scim, "Everybody").await;
        crowd(&t, &scim, &id, 10_000).await;
        let (_, body) = frames(&server, &scim, &format!("/Groups/{id}")).await;
        let mut stream = body.into_data_stream();
        let mut text = stream.next().await.unwrap().unwrap().to_vec();
        scim.delete(&format!("/Groups/{id}")).await.expect(204);
        let mut broken = false;
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => text.extend_from_slice(&piece),
                Err(_) => broken = true,
            }
        }
        assert!(broken, "the connection breaks off");
        assert!(serde_json::from_slice::<Value>(&text).is_err(), "and what came before is no JSON");
        // The same when there is no database any more.
        let id = group(&scim, "Everybody").await;
        crowd_again(&t, &scim, &id).await;
        let (_, body) = frames(&server, &scim, &format!("/Groups/{id}")).await;
        let mut stream = body.into_data_stream();
        let mut text = stream.next().await.unwrap().unwrap().to_vec();
        server.app.store.close().await;
        let rest: Vec<_> = stream.collect().await;
        assert!(rest.last().unwrap().is_err());
        rest.into_iter().flatten().for_each(|p| text.extend_from_slice(&p));
        assert!(serde_json::from_slice::<Value>(&text).is_err());
    }
);

/// The people that [`crowd`] made, in another group.
async fn crowd_again(t: &TestDb, scim: &Scim, group: &str) {
    let (tenant, group) = (scim.tenant.0.simple(), uuid::Uuid::parse_str(group).unwrap().simple());
    let members = "INSERT INTO members (tenant_id, group_id, user_id, added_at) SELECT tenant_id,";
    let from = "id, 1 FROM users WHERE user_name_key LIKE 'crowd%' AND tenant_id =";
    if let Some(file) = t.file() {
        let c = rusqlite::Connection::open(file).unwrap();
        c.execute_batch(&format!("{members} x'{group}', {from} x'{tenant}'")).unwrap();
        return;
    }
    let mut c = sqlx::PgConnection::connect(&t.url().unwrap()).await.unwrap();
    let text = format!("SET muster.scope = '*'; {members} '{group}', {from} '{tenant}'");
    c.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.unwrap();
}
