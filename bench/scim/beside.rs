//! A first synchronisation beside a stream: people looked for and made through 16 connections, on a server of which nobody
//! hears anything, and then on one whose application has a stream of all events of provisioning and fetches it. How much
//! slower the second is, how many events that makes, and how many are under way when the directory is done.

use crate::{
    bulk,
    load::{Load, together},
    shared::{
        Fail, Setting,
        figures::Figures,
        http::{Http, request},
        muster::{Directory, Muster, text},
        signin::REDIRECT,
    },
    sync::asked,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

const CONNECTIONS: usize = 16;
const TENANT: &str = "beside";
const APP: &str = "Hears";
/// Nothing more comes when nothing came for so long.
const QUIET: Duration = Duration::from_secs(20);

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    let alone = bulk::databases(set, "alone").await?;
    let beside = bulk::databases(set, "beside").await?;
    for ((name, alone), (_, beside)) in alone.into_iter().zip(beside) {
        one(set, figures, name, (&alone, &beside)).await?;
    }
    Ok(())
}

async fn one(
    set: &Setting,
    figures: &mut Figures,
    name: &str,
    (alone, beside): (&[String], &[String]),
) -> Result<(), Fail> {
    let people = if set.quick { 2000 } else { 100_000 };
    let (without, memory_without) = {
        let m = Muster::start(&set.muster, &set.work.join(format!("alone-{name}")), alone).await?;
        let d = Arc::new(Directory::create(&m, TENANT, &["--preset", "entra"])?);
        let mut memory = Memory::of(&m)?;
        let load = sync(&m, &d, people, &mut memory).await?;
        (load, memory.above_idle())
    };
    let m = Muster::start(&set.muster, &set.work.join(format!("beside-{name}")), beside).await?;
    let d = Arc::new(Directory::create(&m, TENANT, &["--preset", "entra"])?);
    let receiver = Receiver::create(&m).await?;
    // Which streams want what is read again in a moment.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut memory = Memory::of(&m)?;
    let fetching = tokio::spawn(receiver.clone().fetch());
    let with = sync(&m, &d, people, &mut memory).await?;
    let heard = || receiver.heard.load(Ordering::Relaxed);
    let (behind, done) = (people.saturating_sub(heard()), Instant::now());
    // The last of them is heard, or nothing comes any more.
    let mut last = (heard(), Instant::now());
    while last.0 < people && last.1.elapsed() < QUIET && !fetching.is_finished() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        memory.look(&m)?;
        if heard() > last.0 {
            last = (heard(), Instant::now());
        }
    }
    let after = last.1.duration_since(done);
    receiver.stop.store(true, Ordering::Relaxed);
    fetching.await??;
    let stream = m.run(&["app", "stream", "show", TENANT, APP])?;
    let left = stream["queued"].as_u64().unwrap_or(0) as usize;
    let memory = memory.above_idle();
    let told = |what: &str, mut load: Load| {
        println!("sync beside a stream, {name}, {what}: {people} people, {}", load.told());
        load.per_second()
    };
    let without = told("without one", without);
    let with = told("with one", with);
    println!(
        "sync beside a stream, {name}: {} events heard, {behind} of them later than the last answer, the last of all {:.1} s \
         after it; {left} wait, {} were not kept; memory above idle {memory:.1} MB, {memory_without:.1} MB without one",
        heard(),
        after.as_secs_f64(),
        stream["dropped"],
    );
    let figure = |what: &str| format!("beside_{name}_{what}");
    figures.seen(&figure("without"), without, "/s");
    figures.seen(&figure("with"), with, "/s");
    figures.seen(&figure("slower"), without / with, "ratio");
    figures.seen(&figure("events"), (heard() + left) as f64, "events");
    figures.seen(&figure("behind"), behind as f64, "events");
    figures.seen(&figure("memory"), memory, "MB");
    Ok(())
}

/// Resident memory, idle and at most.
struct Memory {
    idle: f64,
    most: f64,
}
impl Memory {
    fn of(m: &Muster) -> Result<Self, Fail> {
        let idle = m.resident_mb()?;
        Ok(Self { idle, most: idle })
    }
    fn look(&mut self, m: &Muster) -> Result<(), Fail> {
        self.most = self.most.max(m.resident_mb()?);
        Ok(())
    }
    fn above_idle(&self) -> f64 {
        self.most - self.idle
    }
}

/// Each person is looked for, and then made.
async fn sync(
    m: &Muster,
    d: &Arc<Directory>,
    people: usize,
    memory: &mut Memory,
) -> Result<Load, Fail> {
    let addr = m.addr;
    let work = together(CONNECTIONS, |c, _| {
        let d = d.clone();
        async move {
            let mut http = Http::open(addr).await?;
            let mut times = Vec::new();
            for n in 0..people / CONNECTIONS {
                let who = format!("c{c}n{n}");
                let path = format!("/Users?filter=userName%20eq%20%22{who}@bench.example%22");
                asked(&mut http, &mut times, &d.request("GET", &path, "")).await?;
                asked(&mut http, &mut times, &d.create_person(&who)).await?;
            }
            Ok(times)
        }
    });
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            r = &mut work => break r,
            () = tokio::time::sleep(Duration::from_millis(50)) => memory.look(m)?,
        }
    }
}

/// An application that hears of everybody, and fetches what it is told as fast as it can.
#[derive(Clone)]
struct Receiver {
    addr: SocketAddr,
    bearer: String,
    path: String,
    heard: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Receiver {
    async fn create(m: &Muster) -> Result<Self, Fail> {
        let create = ["app", "create", TENANT, APP, "--redirect-uri", REDIRECT];
        let scopes =
            ["--scope", "ssf.manage", "--scope", "ssf.read", "--scope", "ssf.provisioning"];
        let app = m.run(&[&create[..], &scopes].concat())?;
        let pair = format!("{}:{}", text(&app, "client_id")?, text(&app, "client_secret")?);
        let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
        let headers = [
            ("Authorization", basic.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        let body = "grant_type=client_credentials&scope=ssf.manage%20ssf.read";
        let mut http = Http::open(m.addr).await?;
        let token = http.send(&request("POST", "/oauth/token", &headers, body)).await?;
        let bearer = format!("Bearer {}", text(&token.json(), "access_token")?);
        let asked = json!({
            "events_requested": muster::events::PROVISIONING,
            "delivery": { "method": "urn:ietf:rfc:8936" },
        });
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let made = request("POST", "/ssf/stream", &headers, &asked.to_string());
        let made = http.send(&made).await?.json();
        let delivered = made["events_delivered"].as_array().map_or(0, Vec::len);
        if delivered != muster::events::PROVISIONING.len() {
            return Err(format!("the stream is another than was asked for: {made}").into());
        }
        let path = format!("/ssf/poll/{}", text(&made, "stream_id")?);
        let (heard, stop) = (Arc::default(), Arc::default());
        Ok(Self { addr: m.addr, bearer, path, heard, stop })
    }

    /// Until it is told to stop and nothing waits.
    async fn fetch(self) -> Result<(), Fail> {
        let mut http = Http::open(self.addr).await?;
        let headers =
            [("Authorization", self.bearer.as_str()), ("Content-Type", "application/json")];
        let mut got: Vec<String> = Vec::new();
        loop {
            let body = json!({ "ack": got, "returnImmediately": true }).to_string();
            let asked = request("POST", &self.path, &headers, &body);
            let (status, body) = http.exchange_body(&asked).await?;
            match status {
                200 => {}
                // What events are signed with takes a moment to make.
                503 if !self.stop.load(Ordering::Relaxed) => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
                status => {
                    let said = String::from_utf8_lossy(body);
                    return Err(format!("fetching was answered with {status}: {said}").into());
                }
            }
            let page: Value = serde_json::from_slice(body)?;
            got = page["sets"].as_object().into_iter().flat_map(|s| s.keys().cloned()).collect();
            self.heard.fetch_add(got.len(), Ordering::Relaxed);
            if got.is_empty() {
                if self.stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
