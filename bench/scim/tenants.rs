//! Ten thousand tenants beside ten: the start, the memory, the time of a SCIM request and of a token are the same.

use crate::{
    bulk::{self, Db},
    load::ms,
    shared::{
        Fail, Setting,
        figures::{Figures, median, percentile},
        http::{Http, request},
        muster::{Directory, Muster, text},
    },
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::time::Instant;

const FEW: u64 = 10;

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    for (name, options) in bulk::databases(set, "tenants").await? {
        one(set, figures, name, &options).await?;
    }
    Ok(())
}

#[derive(Default)]
struct Seen {
    start: Vec<f64>,
    memory: Vec<f64>,
    scim: Vec<f64>,
    token: Vec<f64>,
}

async fn one(
    set: &Setting,
    figures: &mut Figures,
    name: &str,
    options: &[String],
) -> Result<(), Fail> {
    let many: u64 = if set.quick { 1000 } else { 10_000 };
    let data = set.work.join(format!("tenants-{name}"));
    let (d, basic) = {
        let m = Muster::start(&set.muster, &data, options).await?;
        let d = Directory::create(&m, "tenants", &["--preset", "entra"])?;
        Http::open(m.addr).await?.status(&d.create_person(bulk::SEED)).await?;
        let create = ["integration", "create", "tenants", "RMM", "--role", "Read-Only", "--scope"];
        let made = m.run(&[&create[..], &["computers.view"]].concat())?;
        let pair = format!("{}:{}", text(&made, "client_id")?, text(&made, "client_secret")?);
        (d, format!("Basic {}", BASE64_STANDARD.encode(pair)))
    };
    let db = Db::of(&data, options);
    let mut tenants = db.tenants(1, FEW).await?;
    let few = look(set, &data, options, &d, &basic, &tenants).await?;
    tenants.extend(db.tenants(FEW + 1, many).await?);
    // The same ten are asked, and then all of them.
    let mut some = look(set, &data, options, &d, &basic, &tenants[..FEW as usize]).await?;
    let mut few = few;
    let mut compare = |what: &str, a: &mut Vec<f64>, b: &mut Vec<f64>, unit: &str, most: f64| {
        let (a, b) = (median(a), median(b));
        println!(
            "tenants, {name}, {what}: {FEW} tenants {a:.3} {unit}, {many} tenants {b:.3} {unit}"
        );
        figures.under(&format!("tenants_{name}_{what}"), b / a, "ratio", most);
    };
    compare("start", &mut few.start, &mut some.start, "ms", 1.25);
    compare("memory", &mut few.memory, &mut some.memory, "MB", 1.1);
    compare("scim", &mut few.scim, &mut some.scim, "ms", 1.25);
    compare("token", &mut few.token, &mut some.token, "ms", 1.25);
    let m = Muster::start(&set.muster, &data, options).await?;
    let (mut http, idle) = (Http::open(m.addr).await?, m.resident_mb()?);
    let mut times = Vec::new();
    for (base, token) in &tenants {
        times.push(ask(&mut http, base, token).await?);
    }
    let (p50, p99) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
    println!(
        "tenants, {name}: {many} tenants, each asks once: p50 {p50:.3} ms, p99 {p99:.3} ms; memory {idle:.1} MB before, \
         {:.1} MB after (what is remembered of them is bounded)",
        m.resident_mb()?
    );
    Ok(())
}

async fn ask(http: &mut Http, base: &str, token: &str) -> Result<f64, Fail> {
    let bearer = format!("Bearer {token}");
    let path = format!("{base}/Users?filter=userName%20eq%20%22nobody@bench.example%22");
    let asked = request("GET", &path, &[("Authorization", &bearer)], "");
    let sent = Instant::now();
    match http.status(&asked).await? {
        200 => Ok(ms(sent)),
        status => Err(format!("a tenant was answered with {status}").into()),
    }
}

async fn look(
    set: &Setting,
    data: &std::path::Path,
    options: &[String],
    d: &Directory,
    basic: &str,
    tenants: &[(String, String)],
) -> Result<Seen, Fail> {
    let mut seen = Seen::default();
    let body = "grant_type=client_credentials&scope=computers.view";
    let headers = [("Authorization", basic), ("Content-Type", "application/x-www-form-urlencoded")];
    let token = request("POST", "/oauth/token", &headers, body);
    for _ in 0..5 {
        let m = Muster::start(&set.muster, data, options).await?;
        seen.start.push(ms_of(m.ready_after));
        let mut http = Http::open(m.addr).await?;
        for n in 0..300 {
            let (base, bearer) = &tenants[n % tenants.len()];
            let took = ask(&mut http, base, bearer).await?;
            let read =
                d.request("GET", "/Users?filter=userName%20eq%20%22seedling@bench.example%22", "");
            http.status(&read).await?;
            let sent = Instant::now();
            let status = http.status(&token).await?;
            if status != 200 {
                return Err(format!("a token was answered with {status}").into());
            }
            // The first of each tenant fills what is remembered.
            if n >= 50 {
                seen.scim.push(took);
                seen.token.push(ms(sent));
            }
        }
        seen.memory.push(m.resident_mb()?);
    }
    Ok(seen)
}

fn ms_of(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
