//! Start to ready on a database with 10,000 people in it, and the memory that the server holds a minute later.

use crate::shared::{
    Fail, Setting,
    figures::{Figures, median},
    http::Http,
    muster::{Directory, Muster},
};
use std::{sync::Arc, time::Duration};

const PEOPLE: u64 = 10_000;
const CONNECTIONS: u64 = 16;

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    let data = set.work.join("start");
    {
        let m = Muster::start(&set.muster, &data, &[]).await?;
        let directory = Arc::new(Directory::create(&m, "bench", &["--preset", "entra"])?);
        let fill = (0..CONNECTIONS).map(|c| {
            let (d, addr) = (directory.clone(), m.addr);
            tokio::spawn(async move {
                let mut http = Http::open(addr).await?;
                for n in 0..PEOPLE / CONNECTIONS {
                    let status = http.status(&d.create_person(&format!("c{c}n{n}"))).await?;
                    if status != 201 {
                        return Err(format!("a creation was answered with {status}").into());
                    }
                }
                Ok::<(), Fail>(())
            })
        });
        for task in fill.collect::<Vec<_>>() {
            task.await??;
        }
    }
    let mut times = Vec::new();
    let mut last = None;
    for _ in 0..5 {
        drop(last.take());
        let m = Muster::start(&set.muster, &data, &[]).await?;
        times.push(m.ready_after.as_secs_f64() * 1000.0);
        last = Some(m);
    }
    figures.under("start_to_ready_10000_people", median(&mut times), "ms", 50.0);
    if let Some(m) = &last {
        tokio::time::sleep(if set.quick { Duration::from_secs(5) } else { Duration::from_mins(1) })
            .await;
        figures.under("resident_memory_10000_people", m.resident_mb()?, "MB", 40.0);
    }
    Ok(())
}
