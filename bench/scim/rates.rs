//! Create, read by id, filter by userName, PATCH of `active`, at 1, 16 and 64 connections: every side in turn, several
//! rounds, the first to warm up.

use crate::{
    load::Load,
    raw::{Lite, Postgres},
    shared::{
        Fail, Setting,
        figures::{Figures, median},
    },
    sides::{Side, What},
};
use std::time::Duration;

const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Times what the faster peer does, and the share of what the database does, that are aimed at.
const OF_PEER: f64 = 10.0;
const OF_DATABASE: f64 = 0.5;

/// Everybody, with people in them.
struct Sides {
    sqlite: Side,
    postgres: Option<(Side, Postgres)>,
    lite: Lite,
    peers: Vec<Side>,
}

async fn peers(set: &Setting) -> Result<Vec<Side>, Fail> {
    let mut all = vec![Side::scimmy(set).await?, Side::scim2(set).await?];
    for side in &mut all {
        side.fill().await?;
    }
    Ok(all)
}

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    let wanted: Vec<_> = [
        ("read", What::Read),
        ("filter", What::Filter),
        ("patch", What::Patch),
        ("create", What::Create),
    ]
    .into_iter()
    .filter(|(name, _)| set.wants(name))
    .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut sqlite = Side::muster(set, "Muster on SQLite", &[]).await?;
    sqlite.fill().await?;
    let mut postgres = None;
    if let Some(url) = &set.postgres {
        let options = ["--database-url".to_owned(), url.clone()];
        let mut side = Side::muster(set, "Muster on PostgreSQL", &options).await?;
        side.fill().await?;
        postgres = Some((side, Postgres::open(url).await?));
    }
    let lite = Lite::open(&set.work.join("raw")).await?;
    let mut sides = Sides { sqlite, postgres, lite, peers: peers(set).await? };
    for (name, what) in wanted {
        for connections in CONNECTIONS {
            if what == What::Create {
                // One of the peers is the slower the more people it has.
                sides.peers.clear();
                sides.peers = peers(set).await?;
            }
            compare(set, figures, &sides, (name, what), connections).await?;
        }
    }
    Ok(())
}

/// What one side came to, over the rounds.
#[derive(Default)]
struct Tally {
    load: Load,
    rates: Vec<f64>,
}
impl Tally {
    fn add(&mut self, load: Load) {
        self.rates.push(load.per_second());
        self.load.add(load);
    }
    /// How often as much as the other, round by round.
    fn over(&self, other: &[f64]) -> f64 {
        let mut ratios: Vec<f64> = self.rates.iter().zip(other).map(|(a, b)| a / b).collect();
        median(&mut ratios)
    }
}

async fn compare(
    set: &Setting,
    figures: &mut Figures,
    sides: &Sides,
    (name, what): (&str, What),
    connections: usize,
) -> Result<(), Fail> {
    let turn = if set.quick { Duration::from_millis(400) } else { Duration::from_millis(1500) };
    let rounds = if set.quick { 2 } else { 4 };
    let (mut ours, mut ours_pg) = (Tally::default(), Tally::default());
    let (mut lite, mut pg) = (Tally::default(), Tally::default());
    let mut peers: Vec<Tally> = sides.peers.iter().map(|_| Tally::default()).collect();
    for round in 0..rounds {
        let keep = |tally: &mut Tally, load: Load| {
            if round > 0 {
                tally.add(load);
            }
        };
        keep(&mut ours, sides.sqlite.turn(what, connections, turn).await?);
        if connections == 1 {
            keep(&mut lite, sides.lite.turn(what, turn)?);
        }
        if let Some((side, raw)) = &sides.postgres {
            keep(&mut ours_pg, side.turn(what, connections, turn).await?);
            keep(&mut pg, raw.turn(what, connections, turn).await?);
        }
        for (side, tally) in sides.peers.iter().zip(&mut peers) {
            keep(tally, side.turn(what, connections, turn).await?);
        }
    }
    let show = |who: &str, tally: &mut Tally| {
        if !tally.rates.is_empty() {
            println!("{name}, {connections} connections, {who}: {}", tally.load.told());
        }
    };
    show("Muster on SQLite", &mut ours);
    show("SQLite itself, in the process, without HTTP", &mut lite);
    show("Muster on PostgreSQL", &mut ours_pg);
    show("PostgreSQL itself", &mut pg);
    for (side, tally) in sides.peers.iter().zip(&mut peers) {
        show(side.name, tally);
    }
    let rounds = ours.rates.len();
    let best: Vec<f64> =
        (0..rounds).map(|r| peers.iter().map(|p| p.rates[r]).fold(0.0, f64::max)).collect();
    if connections == 1 {
        println!(
            "{name}, 1 connection: Muster on SQLite does {:.1} times what the faster peer does",
            ours.over(&best)
        );
        let figure = format!("{name}_1_sqlite_of_sqlite");
        figures.at_least(&figure, ours.over(&lite.rates), "ratio", OF_DATABASE);
    } else {
        let figure = format!("{name}_{connections}_sqlite_of_peer");
        figures.at_least(&figure, ours.over(&best), "ratio", OF_PEER);
    }
    if !pg.rates.is_empty() {
        let figure = format!("{name}_{connections}_postgres_of_postgres");
        figures.at_least(&figure, ours_pg.over(&pg.rates), "ratio", OF_DATABASE);
    }
    Ok(())
}
