//! What clients filter by goes by index: the plans of both databases, over a directory of some size.

use crate::{
    scim_groups::crowd,
    story,
    support::{TestDb, TestServer},
};
use muster::{
    protocol::scim::{Resource, Rules, Schemas, parse_filter},
    users::{
        filter,
        query::{Arg, Query, Select, Where, statement},
    },
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};
use uuid::Uuid;

/// A list's statement, its values as literals.
fn text(t: &TestDb, resource: Resource, w: Where, tenant: Uuid, directory: Uuid) -> String {
    let (table, alias) = match resource {
        Resource::User => ("users", "u"),
        Resource::Group => ("groups", "g"),
    };
    let lite = t.file().is_some();
    let id = |u: &Uuid| if lite { format!("x'{}'", u.simple()) } else { format!("'{u}'::uuid") };
    let select = format!(
        "SELECT {alias}.id, {alias}.doc FROM {table} {alias} WHERE {alias}.tenant_id = $1 AND {alias}.directory_id = $2"
    );
    let args = w.args.clone();
    let n = args.len() + 2;
    let query = Query { filter: Some(w), ..Query::default() };
    let st = statement(&query, &Select::both(&select), alias, n);
    let mut out = if lite { st.lite } else { st.pg };
    let literals = args.iter().map(|arg| match arg {
        Arg::Text(s) => format!("'{}'", s.replace('\'', "''")),
        Arg::Id(u) => id(u),
        Arg::Time(at) => at.0.to_string(),
        Arg::Bool(b) => b.to_string(),
        Arg::Int(n) => n.to_string(),
    });
    let all = [id(&tenant), id(&directory)].into_iter().chain(literals);
    let all: Vec<String> = all.chain(["100".to_owned(), "0".to_owned()]).collect();
    for (i, literal) in all.iter().enumerate().rev() {
        out = out.replace(&format!("${}", i + 1), literal);
    }
    out
}

/// How each table is read: the index and what of it is given.
async fn plan(t: &TestDb, sql: &str) -> Vec<String> {
    if let Some(file) = t.file() {
        let c = rusqlite::Connection::open(file).unwrap();
        let mut st = c.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = st.query_map([], |r| r.get::<_, String>(3)).unwrap();
        return rows
            .map(Result::unwrap)
            .filter(|s| s.starts_with("SEARCH") || s.starts_with("SCAN"))
            .collect();
    }
    let mut c = sqlx::PgConnection::connect(&t.url().unwrap()).await.unwrap();
    c.execute("SET muster.scope = '*'; ANALYZE users; ANALYZE groups; ANALYZE members; ANALYZE user_emails").await.unwrap();
    let rows = c
        .fetch_all(sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN (FORMAT JSON) {sql}"))))
        .await
        .unwrap();
    let text: String = rows[0].try_get_unchecked(0).unwrap();
    let plan: Value = serde_json::from_str(&text).unwrap();
    let mut out = Vec::new();
    walk(&plan[0]["Plan"], &mut out);
    out
}
fn walk(node: &Value, out: &mut Vec<String>) {
    if node["Node Type"].as_str().unwrap().contains("Scan")
        && !node["Node Type"].as_str().unwrap().contains("Bitmap Heap")
    {
        out.push(format!("{} {} {}", node["Node Type"], node["Index Name"], node["Index Cond"]));
    }
    node["Plans"].as_array().into_iter().flatten().for_each(|n| walk(n, out));
}

story!(
    async fn filters_that_clients_use_go_by_index(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let big = scim.post("/Groups", json!({"displayName": "Everybody"})).await.expect(201).json();
        crowd(&t, &scim, big["id"].as_str().unwrap(), 3000).await;
        more(&t).await;
        let some = Uuid::now_v7();
        let (users, groups) = (Resource::User, Resource::Group);
        for (resource, asked, want) in [
            (users, "userName eq \"crowd7\"".to_owned(), "users_name"),
            (users, "externalId eq \"x\"".to_owned(), "users_external"),
            (users, "displayName eq \"Crowd 7\"".to_owned(), "users_display"),
            (users, format!("id eq \"{some}\""), "users_pkey"),
            (users, "emails eq \"crowd7@x.example\"".to_owned(), "user_emails_value"),
            (users, "emails.value eq \"crowd7@x.example\"".to_owned(), "user_emails_value"),
            (users, "emails[type eq \"work\"].value eq \"crowd7@x.example\"".to_owned(), "user_emails_value"),
            (users, "meta.lastModified gt \"2100-01-01T00:00:00Z\"".to_owned(), "users_modified"),
            (users, format!("id eq \"{some}\" and manager eq \"{some}\""), "users_pkey"),
            (users, format!("manager eq \"{some}\" and id eq \"{some}\""), "users_pkey"),
            (groups, "displayName eq \"group 7\"".to_owned(), "groups_"),
            (groups, "externalId eq \"x\"".to_owned(), "groups_external"),
            (groups, format!("id eq \"{some}\""), "groups_pkey"),
            (groups, format!("members eq \"{some}\""), "members_user"),
            (groups, format!("members.value eq \"{some}\""), "members_user"),
            (groups, "meta.lastModified gt \"2100-01-01T00:00:00Z\"".to_owned(), "groups_modified"),
        ] {
            let tree = parse_filter(&Schemas::core(), Rules::ALL, resource, &asked).unwrap();
            let w = match resource {
                Resource::User => filter::where_user(&tree).unwrap(),
                Resource::Group => filter::where_group(&tree).unwrap(),
            };
            let sql = text(&t, resource, w, tenant.0, scim.directory.0);
            let steps = plan(&t, &sql).await;
            let want = if t.file().is_some() { want.replace("users_pkey", "sqlite_autoindex_users_1").replace("groups_pkey", "sqlite_autoindex_groups_1") } else { want.to_owned() };
            assert!(steps.iter().any(|s| s.contains(&want)), "{asked}: {steps:#?}\n{sql}");
            for bad in ["Seq Scan", "SCAN", "_page", "(tenant_id=? AND directory_id=?)"] {
                assert!(!steps.iter().any(|s| s.contains(bad)), "{asked}: {steps:#?}\n{sql}");
            }
        }
    }
);

story!(
    async fn a_reference_probe_is_a_look_up_by_keys(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let big = scim.post("/Groups", json!({"displayName": "Everybody"})).await.expect(201).json();
        crowd(&t, &scim, big["id"].as_str().unwrap(), 3000).await;
        more(&t).await;
        let (group, user) = (Uuid::now_v7(), Uuid::now_v7());
        for asked in [
            format!("id eq \"{group}\" and members eq \"{user}\""),
            format!("members.value eq \"{user}\" and id eq \"{group}\""),
        ] {
            let tree = parse_filter(&Schemas::core(), Rules::ALL, Resource::Group, &asked).unwrap();
            let w = filter::where_group(&tree).unwrap();
            let steps = plan(&t, &text(&t, Resource::Group, w, tenant.0, scim.directory.0)).await;
            let keys = ["groups_pkey", "members_pkey", "sqlite_autoindex_groups_1", "sqlite_autoindex_members_1"];
            assert!(steps.iter().all(|s| keys.iter().any(|k| s.contains(k))), "{asked}: {steps:#?}");
        }
    }
);

/// Names, addresses and small groups for the crowd.
async fn more(t: &TestDb) {
    let emails = "INSERT INTO user_emails (tenant_id, user_id, seq, value_key, type_key)
                  SELECT tenant_id, id, 0, user_name_key || '@x.example', 'work' FROM users WHERE user_name_key LIKE 'crowd%'";
    let groups = "INSERT INTO groups (tenant_id, id, directory_id, display_name, display_key, unique_key, external_id, doc, folded,
                                      version, created_at, updated_at)";
    let from = "'group ' || created_at, 'group ' || created_at, 'group ' || created_at, user_name, '{}', '{}', 1, created_at,
                created_at FROM users WHERE user_name_key LIKE 'crowd%' AND created_at <= 1000";
    if let Some(file) = t.file() {
        let c = rusqlite::Connection::open(file).unwrap();
        let names = "UPDATE users SET folded = json_object('displayname', 'crowd ' || created_at), external_id = user_name
                     WHERE user_name_key LIKE 'crowd%'";
        let text = format!(
            "{names}; {emails}; {groups} SELECT tenant_id, randomblob(16), directory_id, {from};"
        );
        c.execute_batch(&text).unwrap();
        return;
    }
    let names = "UPDATE users SET folded = jsonb_build_object('displayname', 'crowd ' || created_at), external_id = user_name
                 WHERE user_name_key LIKE 'crowd%'";
    let mut c = sqlx::PgConnection::connect(&t.url().unwrap()).await.unwrap();
    let text = format!(
        "SET muster.scope = '*'; {names}; {emails}; {groups} SELECT tenant_id, gen_random_uuid(), directory_id, {from}"
    );
    c.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.unwrap();
}
