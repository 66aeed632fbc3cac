//! A group with 100,000 members beside one with ten: what a change of one member costs, and what reading all of them
//! takes of memory.

use crate::{
    bulk::{self, Db},
    load::ms,
    shared::{
        Fail, Setting,
        figures::{Figures, median},
        http::Http,
        muster::{Directory, Muster, text},
    },
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const SMALL: u64 = 10;

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    for (name, options) in bulk::databases(set, "group").await? {
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
    let large: u64 = if set.quick { 10_000 } else { 100_000 };
    let cycles: u64 = if set.quick { 20 } else { 100 };
    let data = set.work.join(format!("group-{name}"));
    let m = Muster::start(&set.muster, &data, options).await?;
    let d = Directory::create(&m, "groups", &["--preset", "entra"])?;
    let mut http = Http::open(m.addr).await?;
    expect(&mut http, 201, &d.create_person(bulk::SEED)).await?;
    let db = Db::of(&data, options);
    db.people(1, large + cycles).await?;
    // The server would have ended a connection that was silent for so long.
    let mut http = Http::open(m.addr).await?;
    let mut groups = Vec::new();
    for (called, members) in [("Small", SMALL), ("Large", large)] {
        let body = json!({"displayName": called});
        let body = expect(&mut http, 201, &d.request("POST", "/Groups", &body.to_string())).await?;
        let id = text(&serde_json::from_slice(&body)?, "id")?;
        db.members(&id, 1, members).await?;
        http = Http::open(m.addr).await?;
        groups.push((called, id));
    }
    let mut times: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    for n in 0..cycles {
        for (called, group) in &groups {
            let who = bulk::id(large + 1 + n);
            let patch = |op: serde_json::Value| {
                let body = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [op],
                });
                d.request("PATCH", &format!("/Groups/{group}"), &body.to_string())
            };
            let add = patch(json!({"op": "add", "path": "members", "value": [{"value": who}]}));
            let path = format!("members[value eq \"{who}\"]");
            let filter =
                format!("?filter=displayName%20eq%20%22{called}%22&excludedAttributes=members");
            let asked = [
                ("add", add.clone()),
                ("remove_by_path", patch(json!({"op": "remove", "path": path}))),
                ("again", add),
                (
                    "remove_by_list",
                    patch(json!({"op": "remove", "path": "members", "value": [{"value": who}]})),
                ),
                (
                    "read",
                    d.request("GET", &format!("/Groups/{group}?excludedAttributes=members"), ""),
                ),
                ("filter", d.request("GET", &format!("/Groups{filter}"), "")),
            ];
            for (what, request) in asked {
                let sent = Instant::now();
                let (status, body) = http.exchange_body(&request).await?;
                if !(200..300).contains(&status) {
                    let said = String::from_utf8_lossy(body).into_owned();
                    return Err(format!("{what} was answered with {status}: {said}").into());
                }
                times.entry((what, *called)).or_default().push(ms(sent));
            }
        }
    }
    for what in ["add", "remove_by_path", "remove_by_list", "read", "filter"] {
        let mut of = |called| times.get_mut(&(what, called)).map_or(f64::NAN, |t| median(t));
        let (small, big) = (of("Small"), of("Large"));
        println!(
            "group, {name}, {what}: {SMALL} members {small:.2} ms, {large} members {big:.2} ms"
        );
        figures.under(&format!("group_{name}_{what}"), big / small, "ratio", 2.0);
    }
    let (_, group) = &groups[1];
    let request = d.request("GET", &format!("/Groups/{group}"), "");
    let idle = m.resident_mb()?;
    let (mut most, mut took) = (idle, Vec::new());
    let mut size = 0;
    for _ in 0..3 {
        let sent = Instant::now();
        let mut reading = std::pin::pin!(whole(&m, &request));
        size = loop {
            tokio::select! {
                r = &mut reading => break r?,
                () = tokio::time::sleep(Duration::from_millis(2)) => most = most.max(m.resident_mb()?),
            }
        };
        took.push(ms(sent));
    }
    if size < large as usize * 36 {
        return Err(format!("a group of {large} members was answered with {size} bytes").into());
    }
    println!(
        "group, {name}, all members: {:.1} MB in {:.0} ms; memory {idle:.1} MB idle, {most:.1} MB at most",
        size as f64 / 1e6,
        median(&mut took)
    );
    figures.under(&format!("group_{name}_members_memory"), most - idle, "MB", 64.0);
    Ok(())
}

async fn expect(http: &mut Http, status: u16, request: &[u8]) -> Result<Vec<u8>, Fail> {
    let answer = http.send(request).await?;
    if answer.status == status { Ok(answer.body) } else { Err(answer.head.into()) }
}

/// Reads an answer to its end, however it is framed, and says how many bytes it had.
async fn whole(m: &Muster, request: &[u8]) -> Result<usize, Fail> {
    let mut stream = TcpStream::connect(m.addr).await?;
    let text = String::from_utf8_lossy(request).replacen("\r\n", "\r\nConnection: close\r\n", 1);
    stream.write_all(text.as_bytes()).await?;
    let (mut size, mut part) = (0, vec![0; 64 * 1024]);
    loop {
        let n = stream.read(&mut part).await?;
        if size == 0 && !part.starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(&part[..n]).into_owned().into());
        }
        if n == 0 {
            return Ok(size);
        }
        size += n;
    }
}
