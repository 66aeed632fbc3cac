//! The document of a closed review: its hash, and what a changed byte or a changed row does.

use super::Cast;
use crate::{access::person, story, support::TestDb};
use muster::{
    access::{
        Reach,
        grants::{self, NewGrant},
        reviews::{self, Filter, Form, New, Verdict},
    },
    actor::UserKind,
    crypto,
};
use serde_json::json;
use sqlx::Connection as _;

/// What nobody does who goes through the program.
pub async fn tamper(t: &TestDb, sql: &str) {
    match t.url() {
        Some(url) => {
            let mut c = sqlx::PgConnection::connect(&url).await.unwrap();
            sqlx::query("SET muster.scope = '*'").execute(&mut c).await.unwrap();
            let sql = sqlx::AssertSqlSafe(sql.to_owned());
            assert!(sqlx::query(sql).execute(&mut c).await.unwrap().rows_affected() > 0);
        }
        None => {
            let c = rusqlite::Connection::open(t.file().unwrap()).unwrap();
            c.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
            assert!(c.execute(sql, []).unwrap() > 0);
        }
    }
}

story!(async fn a_file_matches_to_the_byte_and_a_changed_row_shows(t) {
    let c = Cast::new(&t.store).await;
    let evil = person(&c.w, c.acme, "=cmd|' /C calc'!A0", UserKind::Tenant).await;
    crate::access::give(&c.w, &evil, c.acme, crate::access::id(crate::access::READ_ONLY)).await;
    let r = c.open_but_boss().await;
    let (access, p) = (&c.w.access, c.may(&c.boss).await);
    let before = reviews::check(access, &p, r.id, None).await.unwrap();
    assert_eq!((before.manifest, before.intact), (None, false), "nothing is sealed yet");
    c.decide(&c.lead, r.id, &c.ann, Verdict::Remove).await.unwrap();
    c.decide(&c.lead, r.id, &evil, Verdict::Keep).await.unwrap();
    let closed = c.close(&c.boss, r.id).await.unwrap();
    for form in [Form::Json, Form::Csv] {
        let file = reviews::export(access, &p, r.id, form).await.unwrap();
        let hash = crypto::sha256_hex(&file);
        let kept = if form == Form::Json { &closed.manifest } else { &closed.csv_manifest };
        assert_eq!(kept.as_deref(), Some(hash.as_str()));
        let said = reviews::check(access, &p, r.id, Some(&hash)).await.unwrap();
        assert_eq!((said.form, said.intact), (Some(form), true));
        let mut bytes = file.clone().into_bytes();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        let said = reviews::check(access, &p, r.id, Some(&crypto::sha256_hex(&bytes))).await.unwrap();
        assert_eq!((said.form, said.intact), (None, true));
    }
    let json = reviews::export(access, &p, r.id, Form::Json).await.unwrap();
    let doc: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(doc.to_string(), json, "canonical");
    let of = |name: &str| doc["items"].as_array().unwrap().iter().find(|i| i["user"]["name"] == name).unwrap();
    assert_eq!((&of("ann")["outcome"], &of("ann")["note"]), (&json!("removed"), &json!("as we said")));
    assert_eq!(of("ann")["user"]["last_use"], "never");
    let csv = reviews::export(access, &p, r.id, Form::Csv).await.unwrap();
    assert!(csv.contains("\"'=cmd|' /C calc'!A0\""), "no formula: {csv}");
    assert!(csv.lines().all(|l| !l.starts_with('=') && !l.contains(",=")), "{csv}");
    // Behind the program's back.
    tamper(&t, "UPDATE review_items SET note = 'as we did not say' WHERE note = 'as we said' AND decision = 'remove'").await;
    let said = reviews::check(access, &p, r.id, closed.manifest.as_deref()).await.unwrap();
    assert_eq!((said.form, said.intact), (Some(Form::Json), false));
});

story!(async fn a_file_names_no_other_customer_of_the_providers_people(t) {
    let c = Cast::new(&t.store).await;
    let us = c.w.tenant("us", true).await.id;
    let (globex, initech) = (c.w.tenant("globex", false).await.id, c.w.tenant("initech", false).await.id);
    let (set, most) = (Reach::set([c.acme, globex].into()).unwrap(), Reach::except([globex, initech].into()).unwrap());
    for (name, reach) in [("tom", &set), ("tim", &most)] {
        let who = person(&c.w, us, name, UserKind::Technician).await;
        let o = c.w.access.over(&c.w.may(us).await, reach.clone()).await.unwrap();
        let new = NewGrant::manual(us, who.id, crate::access::id(crate::access::READ_ONLY));
        grants::add_over(&c.w.access, &o, new).await.unwrap();
    }
    let r = c.open_but_boss().await;
    let (access, p) = (&c.w.access, c.may(&c.boss).await);
    let named = |text: &str| {
        let text = text.replace('-', "");
        [globex, initech].iter().any(|t| text.contains(&t.0.simple().to_string()))
    };
    let read = async || {
        let json = reviews::export(access, &p, r.id, Form::Json).await.unwrap();
        let csv = reviews::export(access, &p, r.id, Form::Csv).await.unwrap();
        assert!(!named(&json) && !named(&csv), "{json}{csv}");
        let doc: serde_json::Value = serde_json::from_str(&json).unwrap();
        let of = |name: &str| {
            let all = doc["items"].as_array().unwrap();
            let i = all.iter().find(|i| i["user"]["name"] == name).unwrap();
            json!([i["scope"], i["in_tenant"], i["other_tenants"]])
        };
        assert_eq!(of("tom"), json!(["tenants", c.acme, 1]));
        assert_eq!(of("tim"), json!(["except", null, 2]));
        assert_eq!(of("ann"), json!(["tenant", c.acme, null]));
        assert!(csv.contains(&format!(",tenants,{},1,", c.acme)) && csv.contains(",except,,2,"), "{csv}");
    };
    read().await;
    c.close(&c.boss, r.id).await.unwrap();
    read().await;
    assert!(reviews::check(access, &p, r.id, None).await.unwrap().intact);
    // At home the whole of it is written down.
    let lead = person(&c.w, us, "lena", UserKind::Technician).await;
    crate::access::give(&c.w, &lead, us, muster::access::catalogue::TENANT_ADMINISTRATOR).await;
    let p = c.w.may(us).await;
    let new = New { reviewers: vec![(us, lead.id)], ..c.plan(&[]) };
    let new = New { filter: Filter { role: Some(crate::access::id(crate::access::READ_ONLY)), ..Filter::default() }, ..new };
    let r = reviews::open(access, &p, new).await.unwrap();
    let json = reviews::export(access, &p, r.id, Form::Json).await.unwrap();
    assert!(json.contains(&most.column()), "{json}");
});

/// The documents as they were before they said how many other tenants: without it, and with the scope as the row has it.
fn first_shape(json: &str, csv: &str) -> (String, String) {
    let mut doc: serde_json::Value = serde_json::from_str(json).unwrap();
    for item in doc["items"].as_array_mut().unwrap() {
        item.as_object_mut().unwrap().remove("other_tenants").unwrap();
    }
    let at = csv.lines().next().unwrap().split(',').position(|c| c == "other_tenants").unwrap();
    let without = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        [&cells[..at], &cells[at + 1..]].concat().join(",") + "\r\n"
    };
    (doc.to_string(), csv.lines().map(without).collect())
}

story!(async fn one_that_was_closed_long_ago_is_checked_by_the_shape_it_had(t) {
    let c = Cast::new(&t.store).await;
    let r = c.open_but_boss().await;
    let (access, p) = (&c.w.access, c.may(&c.boss).await);
    c.close(&c.boss, r.id).await.unwrap();
    let json = reviews::export(access, &p, r.id, Form::Json).await.unwrap();
    let csv = reviews::export(access, &p, r.id, Form::Csv).await.unwrap();
    let (json, csv) = first_shape(&json, &csv);
    let (json, csv) = (crypto::sha256_hex(json), crypto::sha256_hex(csv));
    tamper(&t, &format!("UPDATE reviews SET manifest = '{json}', csv_manifest = '{csv}'")).await;
    let said = reviews::check(access, &p, r.id, Some(&csv)).await.unwrap();
    assert_eq!((said.form, said.intact), (Some(Form::Csv), true));
    tamper(&t, "UPDATE review_items SET role_name = 'Something else'").await;
    assert!(!reviews::check(access, &p, r.id, None).await.unwrap().intact);
});
