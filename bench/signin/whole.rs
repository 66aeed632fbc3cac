//! Whole sign-ins of people who are there: the application's request, the choice of the directory, the provider's answer
//! (its token endpoint on loopback), the code for tokens.

use crate::shared::{
    Fail, Setting,
    figures::{Figures, percentile},
    http::Http,
    muster::text,
    signin::{Steps, again, prepare},
    upstream,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    one(set, figures, "sqlite", &[]).await?;
    if let Some(url) = &set.postgres {
        // A database of its own: the other's secrets are sealed with the key of a server that is gone.
        one(set, figures, "postgres", &["--database-url".to_owned(), format!("{url}_whole")])
            .await?;
    }
    Ok(())
}

async fn one(
    set: &Setting,
    figures: &mut Figures,
    database: &str,
    options: &[String],
) -> Result<(), Fail> {
    let provider = upstream::start().await?;
    let folder = set.work.join(format!("whole-{database}"));
    let (m, directory, client) =
        prepare(&set.muster, &folder, options, &provider.issuer, "whole").await?;
    let m = Arc::new(m);
    let mut people = Vec::new();
    let mut http = Http::open(m.addr).await?;
    for n in 0..64 {
        let made = http.send(&directory.create_person(&format!("comer{n}"))).await?;
        people.push(text(&made.json(), "id")?);
    }
    for at_once in [1, 16] {
        let (began, time) = (Instant::now(), set.seconds(5));
        let tasks: Vec<_> = (0..at_once)
            .map(|c| {
                let (m, client, id) = (m.clone(), client.clone(), people[c].clone());
                tokio::spawn(async move {
                    let mut all = Vec::new();
                    while began.elapsed() < time {
                        let (_, steps) =
                            again(&m, &client, &format!("comer{c}"), id.clone()).await?;
                        all.push(steps);
                    }
                    Ok::<Vec<Steps>, Fail>(all)
                })
            })
            .collect();
        let mut all = Vec::new();
        for t in tasks {
            all.extend(t.await??);
        }
        let rate = all.len() as f64 / began.elapsed().as_secs_f64();
        figures.seen(&format!("signin_{database}_whole_{at_once}"), rate, "1/s");
        let middle = |part: fn(&Steps) -> Duration| {
            let mut times: Vec<f64> = all.iter().map(|s| part(s).as_secs_f64() * 1000.0).collect();
            percentile(&mut times, 0.5)
        };
        println!(
            "whole sign-ins on {database}, {at_once} at once: authorize {:.2}, start {:.2}, callback {:.2}, code {:.2} ms",
            middle(|s| s.authorize),
            middle(|s| s.start),
            middle(|s| s.callback),
            middle(|s| s.exchange)
        );
    }
    Ok(())
}
