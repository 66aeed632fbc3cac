//! A directory's first synchronisation: 100,000 people, each looked for and then made, and 1,008 groups of up to 100 of them,
//! through 16 connections.

use crate::{
    bulk::{self, Db},
    load::{Load, ms, together},
    shared::{
        Fail, Setting,
        figures::{Figures, percentile},
        http::Http,
        muster::{Directory, Muster},
    },
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const CONNECTIONS: usize = 16;
const OF_GROUP: usize = 100;

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    for (name, options) in bulk::databases(set, "sync").await? {
        one(set, figures, name, &options).await?;
    }
    Ok(())
}

async fn one(
    set: &Setting,
    figures: &mut Figures,
    name: &str,
    options: &[String],
) -> Result<(), Fail> {
    let people = if set.quick { 4000 } else { 100_000 };
    let m = Muster::start(&set.muster, &set.work.join(format!("sync-{name}")), options).await?;
    let d = Arc::new(Directory::create(&m, "sync", &["--preset", "entra"])?);
    let (addr, idle) = (m.addr, m.resident_mb()?);
    let began = Instant::now();
    let work = together(CONNECTIONS, |c, _| {
        let d = d.clone();
        async move {
            let mut http = Http::open(addr).await?;
            let mut times = Vec::new();
            let mut ids = Vec::new();
            let each = people / CONNECTIONS;
            for n in 0..each {
                let who = format!("c{c}n{n}");
                let path = format!("/Users?filter=userName%20eq%20%22{who}@bench.example%22");
                asked(&mut http, &mut times, &d.request("GET", &path, "")).await?;
                let made = asked(&mut http, &mut times, &d.create_person(&who)).await?;
                ids.push(made["id"].clone());
                if ids.len() == OF_GROUP || n + 1 == each {
                    let called = format!("Group {who}");
                    let path = "/Groups?excludedAttributes=members&filter=displayName%20eq%20%22";
                    let path = format!("{path}{}%22", called.replace(' ', "%20"));
                    asked(&mut http, &mut times, &d.request("GET", &path, "")).await?;
                    let body = json!({"displayName": called, "externalId": who}).to_string();
                    let request = d.request("POST", "/Groups", &body);
                    let group = asked(&mut http, &mut times, &request).await?;
                    let list: Vec<_> = ids.drain(..).map(|id| json!({"value": id})).collect();
                    let body = json!({
                        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                        "Operations": [{"op": "Add", "path": "members", "value": list}],
                    });
                    let path = format!("/Groups/{}", group["id"].as_str().unwrap_or(""));
                    let request = d.request("PATCH", &path, &body.to_string());
                    asked(&mut http, &mut times, &request).await?;
                }
            }
            Ok(times)
        }
    });
    let mut most = idle;
    let mut work = std::pin::pin!(work);
    let mut load: Load = loop {
        tokio::select! {
            r = &mut work => break r?,
            () = tokio::time::sleep(Duration::from_millis(50)) => most = most.max(m.resident_mb()?),
        }
    };
    println!(
        "first sync, {name}: {people} people and {} groups in {:.1} s: {}",
        (people / CONNECTIONS).div_ceil(OF_GROUP) * CONNECTIONS,
        began.elapsed().as_secs_f64(),
        load.told()
    );
    figures.seen(&format!("sync_{name}_time"), began.elapsed().as_secs_f64(), "s");
    // Whatever was asked is in the log.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let db = Db::of(&set.work.join(format!("sync-{name}")), options);
    let kept = db.number("SELECT count(*) FROM provisioning_log WHERE lost = 0").await?;
    let lost = db.number("SELECT coalesce(sum(lost), 0) FROM provisioning_log").await?;
    println!("first sync, {name}: {kept} requests in the log, {lost} for which it had no room");
    figures.under(&format!("sync_{name}_log_lost"), lost as f64, "entries", 1.0);
    println!("first sync, {name}: memory {idle:.1} MB idle, {most:.1} MB at most");
    figures.under(&format!("sync_{name}_slowest"), percentile(&mut load.times, 1.0), "ms", 1000.0);
    figures.under(&format!("sync_{name}_memory"), most - idle, "MB", 64.0);
    Ok(())
}

/// Sends, notes how long it took, and gives what was answered.
pub async fn asked(http: &mut Http, times: &mut Vec<f64>, request: &[u8]) -> Result<Value, Fail> {
    let sent = Instant::now();
    let (status, body) = http.exchange_body(request).await?;
    times.push(ms(sent));
    if !(200..300).contains(&status) {
        return Err(format!("answered with {status}: {}", String::from_utf8_lossy(body)).into());
    }
    Ok(serde_json::from_slice(body).unwrap_or_default())
}
