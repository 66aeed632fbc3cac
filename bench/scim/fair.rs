//! One tenant that asks as fast as it can over 64 connections, in three ways, while another sends its 25 requests a
//! second: what the latter waits, and whether anything is refused.

use crate::{
    bulk,
    load::{Load, ms},
    shared::{
        Fail, Setting,
        figures::{Figures, percentile},
        http::Http,
        muster::{Directory, Muster, text},
    },
};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const CONNECTIONS: u64 = 64;
const A_SECOND: u64 = 25;
/// People of the busy tenant, for its scans.
const PEOPLE: u64 = 4000;

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    for (name, options) in bulk::databases(set, "fair").await? {
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
    let m = Muster::start(&set.muster, &set.work.join(format!("fair-{name}")), options).await?;
    let busy = Arc::new(Directory::create(&m, "busy", &["--preset", "entra"])?);
    let calm = Arc::new(Directory::create(&m, "calm", &["--preset", "entra"])?);
    let made = AtomicU64::new(0);
    let people = if set.quick { PEOPLE / 10 } else { PEOPLE };
    hammer(&m, &busy, &Arc::new(AtomicBool::new(false)), 16, |d, n| {
        (n < people / 16)
            .then(|| d.create_person(&format!("f{}", made.fetch_add(1, Ordering::Relaxed))))
    })
    .await?;
    let made = Http::open(m.addr).await?.send(&calm.create_person("known")).await?.json();
    let id = text(&made, "id")?;
    let time = set.seconds(6);
    let mut alone = quietly(&m, &calm, &id, "a", time).await?;
    println!("fair, {name}: 25 requests a second, alone: {}", alone.load.told());
    let scan = busy.request("GET", "/Users?filter=title%20co%20%22nobody%22", "");
    let next = AtomicU64::new(0);
    for kind in ["creates", "reads", "scans"] {
        let over = Arc::new(AtomicBool::new(false));
        let flood = hammer(&m, &busy, &over, CONNECTIONS, |d, _| {
            Some(match kind {
                "creates" => {
                    d.create_person(&format!("{kind}{}", next.fetch_add(1, Ordering::Relaxed)))
                }
                "reads" => {
                    d.request("GET", "/Users?filter=userName%20eq%20%22f1@bench.example%22", "")
                }
                _ => scan.clone(),
            })
        });
        let watched = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let r = quietly(&m, &calm, &id, kind, time).await;
            over.store(true, Ordering::Relaxed);
            r
        };
        let (flood, mut served) = tokio::try_join!(flood, watched)?;
        println!(
            "fair, {name}: beside {CONNECTIONS} connections of {kind} ({:.0}/s): {}, {} refused",
            flood.per_second(),
            served.load.told(),
            served.refused
        );
        let figure = |what: &str| format!("fair_{name}_{kind}_{what}");
        let a_second = served.load.done as f64 / served.sent as f64 * A_SECOND as f64;
        figures.at_least(&figure("served"), a_second, "requests/s", A_SECOND as f64);
        figures.under(&figure("refused"), served.refused as f64, "requests", 1.0);
        figures.under(&figure("p99"), percentile(&mut served.load.times, 0.99), "ms", 250.0);
    }
    Ok(())
}

/// As fast as it goes, until it is over or `make` has no more. Any refusal ends the benchmark.
async fn hammer(
    m: &Muster,
    d: &Arc<Directory>,
    over: &Arc<AtomicBool>,
    connections: u64,
    make: impl Fn(&Directory, u64) -> Option<Vec<u8>> + Sync,
) -> Result<Load, Fail> {
    let started = Instant::now();
    let one = async || -> Result<u64, Fail> {
        let mut http = Http::open(m.addr).await?;
        let mut n = 0;
        while !over.load(Ordering::Relaxed) {
            let Some(request) = make(d, n) else { break };
            let status = http.status(&request).await?;
            if !(200..300).contains(&status) {
                return Err(format!("the busy tenant was answered with {status}").into());
            }
            n += 1;
        }
        Ok(n)
    };
    let all = futures::future::try_join_all((0..connections).map(|_| one())).await?;
    Ok(Load { done: all.iter().sum(), elapsed: started.elapsed(), times: Vec::new(), broken: 0 })
}

struct Served {
    load: Load,
    sent: u64,
    refused: u64,
}

/// 25 a second, each when it is due whatever became of the one before: a create, a read, a filter, a PATCH. The time of
/// an answer counts from when its request was due.
async fn quietly(
    m: &Muster,
    d: &Arc<Directory>,
    id: &str,
    mark: &str,
    time: Duration,
) -> Result<Served, Fail> {
    let (addr, started) = (m.addr, Instant::now());
    let count = time.as_millis() as u64 * A_SECOND / 1000;
    let tasks: Vec<_> = (0..count)
        .map(|n| {
            let request = match n % 4 {
                0 => d.create_person(&format!("{mark}{n}")),
                1 => d.request("GET", &format!("/Users/{id}"), ""),
                2 => d.request("GET", "/Users?filter=userName%20eq%20%22known@bench.example%22", ""),
                _ => {
                    let body = json!({
                        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                        "Operations": [{"op": "replace", "path": "title", "value": format!("{mark}{n}")}],
                    });
                    d.request("PATCH", &format!("/Users/{id}"), &body.to_string())
                }
            };
            tokio::spawn(async move {
                let mut http = Http::open(addr).await?;
                let due = started + Duration::from_millis(n * 1000 / A_SECOND);
                tokio::time::sleep_until(due.into()).await;
                let status = http.status(&request).await?;
                Ok::<_, Fail>((status, ms(due)))
            })
        })
        .collect();
    let (mut times, mut refused) = (Vec::new(), 0);
    for t in tasks {
        match t.await?? {
            (200..300, took) => times.push(took),
            _ => refused += 1,
        }
    }
    let load = Load { done: times.len() as u64, elapsed: started.elapsed(), times, broken: 0 };
    Ok(Served { load, sent: count, refused })
}
