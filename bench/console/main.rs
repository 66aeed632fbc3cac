//! How long the lists of the console take in a tenant of 100,000 people: from the request to the whole page, on a
//! connection that is there, with what a browser of an administrator sends. `bench/run console` runs it.

#![expect(clippy::cast_precision_loss, reason = "a program, measuring")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program, measuring"
)]

#[path = "../scim/bulk.rs"]
#[allow(dead_code, reason = "each benchmark uses its part")]
mod bulk;
#[path = "../shared/mod.rs"]
#[allow(dead_code, reason = "each benchmark uses its part")]
mod shared;

use bulk::Db;
use serde_json::Value;
use shared::{
    Fail, Setting,
    figures::{Figures, percentile},
    http::{Answer, Http, request},
    signin, upstream,
};
use std::{process::ExitCode, time::Instant};

/// So often each list is asked for before it is measured.
const WARM: u32 = 100;

/// The tenant.
const TENANT: &str = "big";

/// Those that look through everybody, as the page says before it does: without a target.
const SCANS: &[(&str, &str)] = &[("users_anywhere_in_names", "/users?text=4711&anywhere=yes")];

/// The lists, by the name of their figure: the address under the tenant's, where `{one}` is somebody's id, `{group}` that of
/// a group of all people, which gives them the role `{role}`, and `{dir}` that of their directory.
const LISTS: &[(&str, &str)] = &[
    ("overview", ""),
    ("users", "/users"),
    ("users_by_prefix", "/users?text=p4711"),
    ("users_by_part_of_an_address", "/users?text=p99999%40bench"),
    ("users_whom_nobody_is_called", "/users?text=zzzz"),
    ("users_of_a_kind", "/users?kind=technician"),
    ("users_switched_off", "/users?state=off"),
    ("users_of_a_rare_kind", "/users?kind=administrator"),
    ("users_by_shown_name", "/users?text=person%20p471"),
    ("users_by_a_letter_that_all_have", "/users?text=p"),
    ("person", "/users/{one}"),
    ("groups", "/groups"),
    ("groups_called_so", "/groups?text=all%2047"),
    ("invitations", "/invitations"),
    ("roles", "/roles"),
    ("mappings", "/mappings"),
    ("assignments", "/assignments"),
    ("reviews", "/reviews"),
    ("decisions", "/decisions"),
    ("directories", "/directories"),
    ("domains", "/domains"),
    ("apps", "/apps"),
    ("integrations", "/integrations"),
    ("signins", "/signins"),
    ("signins_refused", "/signins?outcome=refused"),
    ("audit", "/audit"),
    ("audit_of_an_action", "/audit?action=user.*"),
    ("audit_of_the_owner", "/audit?actor=owner"),
    ("group", "/groups/{group}"),
    ("roles_side_by_side", "/roles/matrix"),
    ("who_may", "/explain/who?permission=computers.view"),
    ("users_with_a_role", "/users?role={role}"),
    ("roles_for_a_while", "/elevation"),
    ("who_may_ask", "/elevation/eligible"),
    ("parked", "/decisions/parked"),
    ("adoptions", "/decisions/adoptions"),
    ("tombstones", "/decisions/tombstones"),
    ("suppressions", "/suppressions"),
    ("letters", "/mail"),
    ("activity", "/activity"),
    ("provisioning_log", "/directories/{dir}/log"),
    ("setup_links", "/directories/{dir}/setup-links"),
    ("test_logins", "/directories/{dir}/signin/tests"),
    ("history", "/users/{one}/history"),
];

fn main() -> ExitCode {
    shared::start(run)
}

async fn run(arguments: Vec<String>) -> Result<bool, Fail> {
    let set = Setting::read(&arguments)?;
    let mut figures = Figures::default();
    for (name, options) in bulk::databases(&set, "console").await? {
        if set.wants(name) {
            one(&set, &mut figures, name, &options).await?;
        }
    }
    Ok(figures.done())
}

async fn one(
    set: &Setting,
    figures: &mut Figures,
    name: &str,
    options: &[String],
) -> Result<(), Fail> {
    let provider = upstream::start().await?;
    let data = set.work.join(format!("console-{name}"));
    let (m, directory, client) =
        signin::prepare(&set.muster, &data, options, &provider.issuer, TENANT).await?;
    let boss = signin::sign_in(&m, &directory, &client, "boss").await?;
    m.run(&["grant", "add", TENANT, &boss.scim_id, "Tenant Administrator"])?;
    let mut http = Http::open(m.addr).await?;
    http.status(&directory.create_person(bulk::SEED)).await?;
    let people = if set.quick { 20_000 } else { 100_000 };
    let began = Instant::now();
    Db::of(&data, options).people(1, people).await?;
    let made = http
        .exchange_body(&directory.request("POST", "/Groups", "{\"displayName\": \"All\"}"))
        .await?
        .1;
    let made: Value = serde_json::from_slice(made)?;
    let group = made["id"].as_str().ok_or("no group")?.to_owned();
    Db::of(&data, options).members(&group, 1, people).await?;
    let role = "01900000-0000-7000-8000-000000000004";
    m.run(&["mapping", "create", TENANT, "--group", &group, "--role", role])?;
    records(&Db::of(&data, options), people).await?;
    // The server closes a connection on which nothing was asked for as long as that took.
    let mut http = Http::open(m.addr).await?;
    println!("console, {name}: {people} people in {:.0} s", began.elapsed().as_secs_f64());

    let times = if set.quick { 50 } else { 300 };
    let base = format!("/admin/in/{TENANT}");
    for (list, path) in LISTS {
        let path = path.replace("{one}", &boss.scim_id).replace("{group}", &group);
        let path =
            format!("{base}{}", path.replace("{role}", role).replace("{dir}", &directory.id));
        let first = page(&mut http, &boss.cookie, &path).await?;
        let bytes = first.body.len();
        // PostgreSQL plans a statement anew the first times on each connection: measured is the page as it is all day.
        again(&mut http, &boss.cookie, &path, WARM).await?;
        let p99 = again(&mut http, &boss.cookie, &path, times).await?;
        figures.under(&format!("console_{name}_{list}_p99"), p99, "ms", 10.0);
        if bytes > 60_000 {
            return Err(format!("{path} has {bytes} bytes").into());
        }
    }
    for (list, path) in SCANS {
        let path = format!("{base}{path}");
        let p99 = again(&mut http, &boss.cookie, &path, times.min(50)).await?;
        figures.seen(&format!("console_{name}_{list}_p99"), p99, "ms");
    }
    // Page after page, as somebody reads on.
    let (mut path, mut took) = (format!("{base}/users"), Vec::new());
    for _ in 0..times {
        let began = Instant::now();
        let answer = page(&mut http, &boss.cookie, &path).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let next = text.split("rel=\"next\" href=\"").nth(1).and_then(|r| r.split('"').next());
        path = next
            .ok_or_else(|| format!("{path} has no page after it"))?
            .replace("&amp;", "&")
            .replace("&#38;", "&");
    }
    figures.under(
        &format!("console_{name}_users_page_after_page_p99"),
        percentile(&mut took, 0.99),
        "ms",
        10.0,
    );
    Ok(())
}

/// As many groups, events of the trail, sign-ins and entries of the provisioning log as there are people, the records of
/// thirty days.
async fn records(db: &Db, n: u64) -> Result<(), Fail> {
    let ours = format!("tenant_id = (SELECT id FROM tenants WHERE slug = '{TENANT}')");
    let called = |c: &'static str| (c, "r.display_key || ' ' || n.i");
    let group = [
        ("id", "{id}"),
        ("display_name", "r.display_name || ' ' || n.i"),
        called("display_key"),
        ("unique_key", "r.unique_key || ' ' || n.i"),
        ("external_id", "NULL"),
    ];
    db.copies("groups", &ours, &group, n).await?;
    let before = [("id", "{then}"), ("at", "r.at - n.i * {step}")];
    db.copies("audit_events", &ours, &before, n).await?;
    // Each of somebody else.
    let theirs = [before[0], before[1], ("reference", "r.reference || n.i"), ("user_id", "{id}")];
    db.copies("signins", &ours, &theirs, n).await?;
    db.copies("provisioning_log", &ours, &before, n).await
}

async fn page(http: &mut Http, cookie: &str, path: &str) -> Result<Answer, Fail> {
    let answer = http.send(&request("GET", path, &[("Cookie", cookie)], "")).await?;
    match answer.status {
        200 => Ok(answer),
        n => Err(format!("{path}: {n} {}", String::from_utf8_lossy(&answer.body)).into()),
    }
}

async fn again(http: &mut Http, cookie: &str, path: &str, times: u32) -> Result<f64, Fail> {
    let sent = request("GET", path, &[("Cookie", cookie)], "");
    let mut took = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        let status = http.status(&sent).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        if status != 200 {
            return Err(format!("{path}: {status}").into());
        }
    }
    Ok(percentile(&mut took, 0.99))
}
