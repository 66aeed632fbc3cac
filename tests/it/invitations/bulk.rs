//! Many at once: each row is invited by itself, and the answer says what became of it.

use super::{invite, path, setting, with_password};
use crate::{
    cli::{output, place},
    pure, story,
    support::person::TENANT_ADMIN,
};
use muster::{
    actor::{Actor, Principal, UserKind},
    id::{RequestId, TenantId},
};
use reqwest::Method;
use serde_json::{Value, json};

const BULK: &str = "/api/v1/tenants/contoso/invitations/bulk";

fn counts(done: &Value) -> [u64; 3] {
    ["made", "exists", "refused"].map(|n| done[n].as_u64().unwrap_or_else(|| panic!("{done}")))
}

story!(async fn each_row_is_invited_by_itself_and_told_what_became_of_it(t) {
    let s = setting(&t).await;
    invite(&s, "contoso", json!({ "email": "anna@contoso.example" })).await;
    let rows = json!({ "rows": [
        { "email": "bert@contoso.example", "display_name": "Bert", "roles": [{ "role": "Read-Only" }] },
        { "email": "no address" },
        { "email": "Anna@CONTOSO.example", "user_name": "another name" },
        { "email": "carl@contoso.example", "kind": "boss" },
        { "email": "carl@contoso.example", "kind": "technician" },
        { "email": "carl@contoso.example", "roles": [{ "role": "No such role" }] },
        { "email": "carl@contoso.example", "roles": [{ "role": "Read-Only", "tenant": "nowhere" }] },
        { "email": "carl@contoso.example", "user_name": "bert@contoso.example" },
        { "email": "carl@contoso.example", "user_name": "a\nb" },
        { "email": "carl@contoso.example" },
        { "email": "Carl@contoso.example" },
    ] });
    let done = s.post(BULK, rows.clone()).await.expect(200).json();
    assert_eq!(counts(&done), [2, 2, 7], "{done}");
    let told: Vec<(&str, Option<&str>)> = done["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["outcome"].as_str().unwrap(), r["field"].as_str()))
        .collect();
    assert_eq!(told, [
        ("made", None),
        ("refused", Some("email")),
        ("exists", Some("email")),
        ("refused", Some("kind")),
        ("refused", Some("kind")),
        ("refused", Some("roles")),
        ("refused", Some("roles")),
        ("refused", Some("user_name")),
        ("refused", Some("user_name")),
        ("made", None),
        ("exists", Some("email")),
    ], "{done}");
    for (n, row) in done["rows"].as_array().unwrap().iter().enumerate() {
        assert_eq!(row["row"], n + 1);
        assert_eq!(row["email"], rows["rows"][n]["email"], "as it was sent");
        assert_eq!(row["why"].is_string(), row["outcome"] != "made", "{row}");
        assert_eq!(row["invitation"].is_object(), row["outcome"] == "made", "{row}");
        assert!(row["hint"].is_null(), "nobody confirmed that domain: {row}");
    }
    // Who was refused is not there; who was made can come in.
    let users = s.get("/api/v1/tenants/contoso/users").await.expect(200).json();
    assert_eq!(users["items"].as_array().unwrap().len(), 3, "{users}");
    let bert = s.browser();
    with_password(&bert, &path(&s, &done["rows"][0]["invitation"])).await.expect(303);
    // Once more: nobody is invited twice.
    let again = s.post(BULK, rows).await.expect(200).json();
    assert_eq!(counts(&again), [0, 7, 4], "{again}");
});

story!(async fn each_row_is_measured_by_what_the_inviter_holds(t) {
    let s = setting(&t).await;
    s.tenant("fabrikam").await;
    let contoso = s.get("/api/v1/tenants/contoso").await.expect(200).json();
    let contoso: TenantId = contoso["id"].as_str().unwrap().parse().unwrap();
    let boss = s.person(contoso, "boss", TENANT_ADMIN).await;
    let by = Actor::prove(
        Principal::User {
            home: contoso, user: boss, kind: UserKind::Tenant, session: None, app: None, scopes: None, bound: None,
        },
        RequestId::new(),
    );
    let body = json!({ "rows": [
        { "email": "a@contoso.example", "roles": [{ "role": "Global Administrator", "everywhere": true }] },
        { "email": "b@contoso.example", "roles": [{ "role": "Read-Only", "tenant": "fabrikam" }] },
        { "email": "c@contoso.example", "kind": "administrator" },
        { "email": "d@contoso.example", "roles": [{ "role": "Tenant Administrator" }] },
    ] });
    let done = crate::api::call(&s, Some(&by), "POST", "/tenants/contoso/invitations/bulk", &body.to_string()).await;
    let done = done.expect(200).json();
    assert_eq!(counts(&done), [1, 0, 3], "{done}");
    let fields: Vec<&str> = done["rows"].as_array().unwrap().iter().filter_map(|r| r["field"].as_str()).collect();
    assert_eq!(fields, ["roles", "roles", "kind"], "{done}");
    assert_eq!(done["rows"][1]["code"], "not_found", "whether a company exists is not to be asked");
});

story!(async fn who_can_simply_sign_in_is_named(t) {
    let s = setting(&t).await;
    let domain = json!({ "domain": "contoso.example", "tenant": "contoso" });
    s.post("/api/v1/domains", domain).await.expect(201);
    let one = |who: &str| json!({ "rows": [{ "email": format!("{who}@contoso.example") }] });
    let done = s.post(BULK, one("anna")).await.expect(200).json();
    assert!(done["rows"][0]["hint"].is_null(), "no directory of theirs signs anybody in: {done}");
    let directory = json!({
        "name": "Contoso login",
        "signin": { "issuer": "https://login.contoso.example", "client_id": "x", "client_secret": "y" },
    });
    s.post("/api/v1/tenants/contoso/directories", directory).await.expect(201);
    let done = s.post(BULK, json!({ "rows": [
        { "email": "bert@CONTOSO.example" }, { "email": "carl@elsewhere.example" }, { "email": "anna@contoso.example" },
    ] })).await.expect(200).json();
    assert_eq!(counts(&done), [2, 1, 0], "{done}");
    let hint = |n: usize| done["rows"][n]["hint"].as_str();
    assert!(hint(0).is_some_and(|h| h.contains("can simply sign in by Contoso login")), "{done}");
    assert!(hint(1).is_none() && hint(2).is_some(), "{done}");
});

story!(async fn so_many_rows_and_no_more(t) {
    let s = setting(&t).await;
    let rows = |n: usize| json!({ "rows": (0..n).map(|i| json!({ "email": format!("p{i}@x.example") })).collect::<Vec<_>>() });
    for n in [0, 501] {
        let no = s.post(BULK, rows(n)).await.expect(400).json();
        assert_eq!(no["field"], "rows", "{no}");
    }
    s.post(BULK, json!({ "rows": [{ "email": "a@x.example", "surname": "B" }] })).await.expect(400);
    assert_eq!(s.get("/api/v1/tenants/contoso/users").await.expect(200).json()["items"], json!([]));
    let done = s.post(BULK, rows(500)).await.expect(200).json();
    assert_eq!(counts(&done), [500, 0, 0]);
    let first = s.get("/api/v1/tenants/contoso/invitations?limit=1").await.expect(200).json();
    let at = format!("/api/v1/tenants/contoso/invitations/{}", first["items"][0]["id"].as_str().unwrap());
    s.as_owner(Method::DELETE, &at, None).await.expect(204);
});

pure!(
    fn a_table_is_read_as_spreadsheets_write_it() {
        let (dir, data) = place();
        let file = dir.path().join("people.csv");
        let told = |args: &[&str], table: &str| {
            std::fs::write(&file, table).unwrap();
            let all = [&["invitation", "bulk", "contoso", file.to_str().unwrap()], args].concat();
            output(&data, &all)
        };
        let done = |args: &[&str], table: &str| -> Value {
            let (status, out, err) = told(args, table);
            assert_eq!(status, 0, "{table}: {out}{err}");
            serde_json::from_str(&out).unwrap()
        };
        let (status, _, err) = output(&data, &["tenant", "create", "contoso"]);
        assert_eq!(status, 0, "{err}");
        let made = done(
            &["--role", "Self-Service"],
            "\u{feff}Email;Display Name;roles\r\nanna@x.example;\"Anna \"\"A\"\" Berg; MSc\";Read-Only|Tenant Administrator\r\n\
             ;;\r\nbert@x.example\r\n",
        );
        assert_eq!(counts(&made), [2, 0, 0], "{made}");
        let roles = |n: usize| made["rows"][n]["invitation"]["roles"].as_array().unwrap().len();
        assert_eq!((roles(0), roles(1)), (3, 1), "{made}");
        let user = made["rows"][0]["invitation"]["user"].as_str().unwrap();
        let (_, shown, _) = output(&data, &["user", "show", "contoso", user]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown["display_name"], "Anna \"A\" Berg; MSc");
        let again = done(&[], "email,kind\n\"anna@x.example\",\ncarl@x.example,boss\n");
        assert_eq!(counts(&again), [0, 1, 1], "{again}");
        for (table, words) in [
            ("", "headings are missing"),
            ("anna@x.example\n", "line 1"),
            ("email,email\na@x.example,b\n", "each once"),
            ("display_name\nAnna\n", "headings are missing"),
            ("email\na@x.example,more\n", "line 2: 2 fields"),
            ("email\na@x.example\n\"b@x.example\n", "line 3: a quote"),
        ] {
            let (status, _, err) = told(&[], table);
            assert!(status == 1 && err.contains(words), "{table:?}: {err}");
        }
    }
);
