//! Muster beside a peer: npm's certified `oidc-provider`, in memory, as it comes. Code exchange, refresh with rotation,
//! introspection and userinfo, for the same kind of client with the same kind of keys, the sides taking turns in one
//! run. Muster writes durably; on PostgreSQL its refreshing is measured beside that database's own rate.

#![expect(clippy::cast_precision_loss, reason = "a program, measuring")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program, measuring"
)]

mod issuer;
mod load;
mod raw;
#[path = "../shared/mod.rs"]
#[allow(dead_code, reason = "each benchmark uses its part")]
mod shared;

use issuer::Issuer;
use load::{Chain, Each, Load, Same, play};
use shared::{
    Fail, Setting,
    figures::{Figures, median},
    http::request,
};
use std::{process::ExitCode, sync::Arc, time::Duration};

/// Connections at once; the figures are those of the first.
const CONNECTIONS: [usize; 2] = [16, 64];
/// Codes a connection exchanges before new ones are made: the peer's memory keeps a thousand things.
const CODES: usize = 256;

fn main() -> ExitCode {
    shared::start(run)
}

/// Who takes part.
struct Sides {
    all: Vec<Arc<Issuer>>,
    peer: usize,
    postgres: Option<(usize, String)>,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Code,
    Refresh,
    Introspect,
    Userinfo,
}

async fn run(arguments: Vec<String>) -> Result<bool, Fail> {
    let set = Setting::read(&arguments)?;
    let mut all = vec![Arc::new(Issuer::muster(&set, "Muster on SQLite", &[]).await?)];
    let mut postgres = None;
    if let Some(url) = &set.postgres {
        let options = ["--database-url".to_owned(), url.clone()];
        postgres = Some((all.len(), url.clone()));
        all.push(Arc::new(Issuer::muster(&set, "Muster on PostgreSQL", &options).await?));
    }
    let peer = all.len();
    all.push(Arc::new(Issuer::peer(&set).await?));
    let sides = Sides { all, peer, postgres };

    let mut figures = Figures::default();
    for (name, what, target) in [
        ("code", What::Code, None),
        ("refresh", What::Refresh, Some(3.0)),
        ("introspection", What::Introspect, Some(5.0)),
        ("userinfo", What::Userinfo, Some(5.0)),
    ] {
        if set.wants(name) {
            for connections in CONNECTIONS {
                let target = target.filter(|_| connections == CONNECTIONS[0]);
                compare(&set, &mut figures, &sides, (name, what), connections, target).await?;
            }
        }
    }
    Ok(figures.done())
}

/// One kind of request at one concurrency: each side in turn, several rounds, the first to warm up.
async fn compare(
    set: &Setting,
    figures: &mut Figures,
    sides: &Sides,
    (name, what): (&str, What),
    connections: usize,
    target: Option<f64>,
) -> Result<(), Fail> {
    let turn = set.seconds(2);
    let mut loads: Vec<Load> = sides.all.iter().map(|_| Load::default()).collect();
    let mut database = Load::default();
    let (mut ratios, mut of_database) = (Vec::new(), Vec::new());
    for round in 0..=set.rounds() {
        let mut rates = Vec::new();
        for (i, side) in sides.all.iter().enumerate() {
            let load = turn_of(side, what, connections, turn).await?;
            rates.push(load.per_second());
            if round > 0 {
                loads[i].add(load);
            }
        }
        if round > 0 {
            ratios.push(rates[0] / rates[sides.peer]);
        }
        if let (Some((i, url)), What::Refresh) = (&sides.postgres, what) {
            let side = &sides.all[*i];
            let tokens = side.tokens(&side.people(connections).await?).await?;
            let tokens: Vec<String> = tokens.into_iter().map(|(_, refresh)| refresh).collect();
            let load = raw::rotate(url, &tokens, turn).await?;
            if round > 0 {
                of_database.push(rates[*i] / load.per_second());
                database.add(load);
            }
        }
    }
    for (side, load) in sides.all.iter().zip(&mut loads) {
        println!("{name}, {connections} connections, {}: {}", side.name, load.told());
    }
    if database.done > 0 {
        println!("{name}, {connections} connections, PostgreSQL itself: {}", database.told());
    }
    let ratio = median(&mut ratios);
    println!(
        "{name}, {connections} connections: Muster on SQLite does {ratio:.2} times what the peer does"
    );
    if let Some(target) = target {
        figures.at_least(&format!("{name}_of_peer"), ratio, "ratio", target);
        if !of_database.is_empty() {
            let ratio = median(&mut of_database);
            figures.at_least(&format!("{name}_of_postgres"), ratio, "ratio", 0.5);
        }
    }
    Ok(())
}

async fn turn_of(
    side: &Arc<Issuer>,
    what: What,
    connections: usize,
    time: Duration,
) -> Result<Load, Fail> {
    let (addr, people) = (side.client.addr, side.people(connections).await?);
    if what == What::Code {
        let (mut load, each) = (Load::default(), CODES / connections);
        while load.elapsed < time {
            let lists = side.exchanges(&people, each).await?;
            let lists = lists.into_iter();
            let scripts = lists.map(|l| Each { requests: l.into(), sent: Vec::new() }).collect();
            load.add(play(addr, scripts, Duration::MAX, false).await?);
        }
        return Ok(load);
    }
    let tokens = side.tokens(&people).await?.into_iter();
    if what == What::Refresh {
        let scripts = tokens.map(|(_, refresh)| {
            let side = side.clone();
            Chain { request: side.refresh(&refresh), make: move |t: &str| side.refresh(t) }
        });
        // A thousand things are all that the peer's memory holds: at 64 connections it may lose one in use.
        return play(addr, scripts.collect(), time, side.is_peer()).await;
    }
    let scripts = tokens.map(|(access, _)| {
        if what == What::Introspect {
            let request = side.client.form(side.introspect, &[("token", &access)]);
            return Same { request, wants: b"\"active\":true" };
        }
        let bearer = format!("Bearer {access}");
        let request = request("GET", side.userinfo, &[("Authorization", &bearer)], "");
        Same { request, wants: b"\"preferred_username\"" }
    });
    play(addr, scripts.collect(), time, false).await
}
