//! From the moment the directory's deactivation is sent to the last of: session, refresh token and introspection
//! refused. Each is asked every millisecond; sixteen connections create people meanwhile.

use crate::shared::{
    Fail, Setting,
    figures::{Figures, percentile},
    http::{Http, request},
    muster::Directory,
    signin::{Client, Person, prepare, sign_in},
    upstream,
};
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const CREATORS: u64 = 16;
pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    one(set, figures, "sqlite", &[]).await?;
    if let Some(url) = &set.postgres {
        one(set, figures, "postgres", &["--database-url".to_owned(), url.clone()]).await?;
    }
    Ok(())
}

async fn one(
    set: &Setting,
    figures: &mut Figures,
    database: &str,
    options: &[String],
) -> Result<(), Fail> {
    let people = if set.quick { 20 } else { 200 };
    let issuer = upstream::start().await?.issuer.clone();
    let (m, directory, client) =
        prepare(&set.muster, &set.work.join(database), options, &issuer, "bench").await?;
    let mut signed_in = Vec::new();
    for n in 0..people {
        signed_in.push(sign_in(&m, &directory, &client, &format!("leaver{n}")).await?);
    }

    let stop = Arc::new(AtomicBool::new(false));
    let created = Arc::new(AtomicU64::new(0));
    let creators: Vec<_> = (0..CREATORS)
        .map(|c| {
            let (d, stop, created, addr) =
                (directory.clone(), stop.clone(), created.clone(), m.addr);
            tokio::spawn(async move {
                let mut http = Http::open(addr).await?;
                while !stop.load(Ordering::Relaxed) {
                    let n = created.fetch_add(1, Ordering::Relaxed);
                    let status = http.status(&d.create_person(&format!("new{c}x{n}"))).await?;
                    if status != 201 {
                        return Err(format!("a creation was answered with {status}").into());
                    }
                }
                Ok::<(), Fail>(())
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let began = Instant::now();
    let mut times = Vec::new();
    for person in signed_in {
        times.push(deactivate(&client, &directory, person).await?);
    }
    let took = began.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    for c in creators {
        c.await??;
    }
    let made = created.load(Ordering::Relaxed) as f64 / took;
    println!(
        "deactivations on {database}: p50 {:.1} ms, worst {:.1} ms, while {made:.0} people a second were created",
        percentile(&mut times, 0.5),
        percentile(&mut times, 1.0)
    );
    let p99 = percentile(&mut times, 0.99);
    figures.under(&format!("deactivation_to_last_refusal_p99_{database}"), p99, "ms", 50.0);
    Ok(())
}

/// Milliseconds from the request's first byte to the last of the three refusals.
async fn deactivate(client: &Arc<Client>, d: &Directory, p: Person) -> Result<f64, Fail> {
    let session = {
        let ask = request("GET", "/me", &[("Cookie", p.cookie.as_str())], "");
        poll(client, move |_, _| ask.clone(), |a| a.0 != 200)
    };
    let introspection = {
        let ask = client.form("/oauth/introspect", &[("token", &p.access)]);
        poll(client, move |_, _| ask.clone(), |a| a.1["active"] != Value::Bool(true))
    };
    let refresh = {
        let first = p.refresh.clone();
        let ask = move |c: &Client, last: &Value| {
            let token = last["refresh_token"].as_str().unwrap_or(&first);
            c.form("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
        };
        poll(client, ask, |a| a.0 != 200)
    };
    // The polls are under way before the directory speaks.
    tokio::time::sleep(Duration::from_millis(3)).await;
    let mut http = Http::open(client.addr).await?;
    let patch = serde_json::json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "Replace", "path": "active", "value": "False"}],
    });
    let off = d.request("PATCH", &format!("/Users/{}", p.scim_id), &patch.to_string());
    let sent = Instant::now();
    let status = http.status(&off).await?;
    if !matches!(status, 200 | 204) {
        return Err(format!("the deactivation was answered with {status}").into());
    }
    let mut last = Duration::ZERO;
    for refused in [session, introspection, refresh] {
        let at = refused.await??;
        if at < sent {
            return Err("something was refused before the directory spoke".into());
        }
        last = last.max(at - sent);
    }
    Ok(last.as_secs_f64() * 1000.0)
}

/// Asks every millisecond until the answer is a refusal, and says when that came; it must stay one.
fn poll(
    client: &Arc<Client>,
    ask: impl Fn(&Client, &Value) -> Vec<u8> + Send + 'static,
    refused: impl Fn(&(u16, Value)) -> bool + Send + 'static,
) -> tokio::task::JoinHandle<Result<Instant, Fail>> {
    let client = client.clone();
    tokio::spawn(async move {
        let mut http = Http::open(client.addr).await?;
        let mut every = tokio::time::interval(Duration::from_millis(1));
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut last = Value::Null;
        for _ in 0..60_000 {
            every.tick().await;
            let answer = http.send(&ask(&client, &last)).await?;
            let answer = (answer.status, answer.json());
            if refused(&answer) {
                let at = Instant::now();
                let again = http.send(&ask(&client, &last)).await?;
                if !refused(&(again.status, again.json())) {
                    return Err("refused, and then not".into());
                }
                return Ok(at);
            }
            last = answer.1;
        }
        Err("never refused".into())
    })
}
