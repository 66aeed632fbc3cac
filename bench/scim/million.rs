//! A million people in one tenant beside ten thousand: what goes by index should hardly notice. What goes through all
//! rows is told without a target.

use crate::{
    bulk::{self, Db},
    load::ms,
    shared::{
        Fail, Setting,
        figures::{Figures, percentile},
        http::Http,
        muster::{Directory, Muster},
    },
};
use serde_json::Value;
use std::time::Instant;

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    for (name, options) in bulk::databases(set, "million").await? {
        one(set, figures, name, &options).await?;
    }
    Ok(())
}

/// By index: the name of the figure, the address, and what the answer has in it; `{n}` is the number of a person, `{id}` their
/// id, `{at}` when they were changed last.
const BY_INDEX: [(&str, &str, &str); 9] = [
    ("read", "/Users/{id}", PERSON),
    ("id", "/Users?filter=id%20eq%20%22{id}%22", PERSON),
    ("user_name", "/Users?filter=userName%20eq%20%22P{n}@Bench.example%22", PERSON),
    ("external_id", "/Users?filter=externalId%20eq%20%22ext-p{n}%22", PERSON),
    ("email", "/Users?filter=emails.value%20eq%20%22p{n}@bench.example%22", PERSON),
    (
        "work_email",
        "/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22p{n}@bench.example%22",
        PERSON,
    ),
    ("display_name", "/Users?filter=displayName%20eq%20%22Person%20p{n}%22", PERSON),
    ("last_modified", "/Users?filter=meta.lastModified%20eq%20%22{at}%22", PERSON),
    (
        "member",
        "/Groups?excludedAttributes=members&filter=members.value%20eq%20%22{id}%22",
        "\"All of them\"",
    ),
];
const PERSON: &str = "\"p{n}@bench.example\"";
/// Through all rows, or a count of them.
const SCANS: [(&str, &str); 3] = [
    ("first page with the exact total", "/Users?count=100"),
    ("title co \"x\" (nobody)", "/Users?filter=title%20co%20%22x%22"),
    (
        "displayName sw \"Person p99\"",
        "/Users?filter=displayName%20sw%20%22Person%20p99%22&count=10",
    ),
];

async fn one(
    set: &Setting,
    figures: &mut Figures,
    name: &str,
    options: &[String],
) -> Result<(), Fail> {
    let sizes: [u64; 2] = if set.quick { [1000, 20_000] } else { [10_000, 1_000_000] };
    let data = set.work.join(format!("million-{name}"));
    let m = Muster::start(&set.muster, &data, options).await?;
    let d = Directory::create(&m, "million", &["--preset", "entra"])?;
    Http::open(m.addr).await?.status(&d.create_person(bulk::SEED)).await?;
    let db = Db::of(&data, options);
    let group = {
        let mut http = Http::open(m.addr).await?;
        let made = d.request("POST", "/Groups", "{\"displayName\": \"All of them\"}");
        let made: Value = serde_json::from_slice(http.exchange_body(&made).await?.1)?;
        made["id"].as_str().ok_or("no group")?.to_owned()
    };
    let mut before: Vec<f64> = Vec::new();
    let mut there = 0;
    for size in sizes {
        let began = Instant::now();
        db.people(there + 1, size).await?;
        db.members(&group, there + 1, size).await?;
        there = size;
        // The server would have ended a connection that was silent for so long.
        let mut http = Http::open(m.addr).await?;
        println!(
            "million, {name}: {size} people, filled in {:.0} s",
            began.elapsed().as_secs_f64()
        );
        let mut now = Vec::new();
        for (what, path, found) in BY_INDEX {
            let mut times = Vec::new();
            for i in 0..if set.quick { 200_u64 } else { 2000 } {
                // Spread over all of them.
                let n = 1 + i * 7_919_777 % size;
                let path = path.replace("{n}", &n.to_string());
                let mut path = path.replace("{id}", &bulk::id(n).to_string());
                if path.contains("{at}") {
                    let read = d.request("GET", &format!("/Users/{}", bulk::id(n)), "");
                    let read: Value = serde_json::from_slice(http.exchange_body(&read).await?.1)?;
                    path =
                        path.replace("{at}", read["meta"]["lastModified"].as_str().unwrap_or(""));
                }
                let request = d.request("GET", &path, "");
                let sent = Instant::now();
                let (status, body) = http.exchange_body(&request).await?;
                times.push(ms(sent));
                let found = found.replace("{n}", &n.to_string());
                if status != 200 || !String::from_utf8_lossy(body).contains(&found) {
                    let said = String::from_utf8_lossy(body).into_owned();
                    return Err(format!("{what} of {n}: {status} {said}").into());
                }
            }
            let (p50, p99) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
            println!("million, {name}, {size} people, {what}: p50 {p50:.3} ms, p99 {p99:.3} ms");
            now.push(p50);
        }
        for (what, path) in SCANS {
            let sent = Instant::now();
            let status = http.status(&d.request("GET", path, "")).await?;
            println!("million, {name}, {size} people, {what}: {status} in {:.1} ms", ms(sent));
        }
        if size == sizes[0] {
            before = now;
        } else {
            for (((what, ..), was), is) in BY_INDEX.iter().zip(&before).zip(&now) {
                figures.under(&format!("million_{name}_{what}"), is / was, "ratio", 3.0);
            }
        }
    }
    println!("million, {name}: memory {:.1} MB", m.resident_mb()?);
    Ok(())
}
