//! Client credentials: tokens per second beside a handler that only signs, and what the database does meanwhile.

use crate::shared::{
    Fail, Setting,
    figures::{Figures, median},
    http::{Http, flood, request},
    muster::{Muster, free_port, text},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

const CONNECTIONS: u64 = 32;
const SCOPE: &str = "computers.view deployments.view";

struct Bare(Child);
impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    let m = Muster::start(&set.muster, &set.work.join("tokens"), &[]).await?;
    m.run(&["tenant", "create", "bench"])?;
    let mut create = vec!["integration", "create", "bench", "RMM", "--role", "Read-Only"];
    create.extend(SCOPE.split(' ').flat_map(|s| ["--scope", s]));
    let integration = m.run(&create)?;
    let (id, secret) = (text(&integration, "client_id")?, text(&integration, "client_secret")?);
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
    let body = format!("grant_type=client_credentials&scope={}", SCOPE.replace(' ', "+"));
    let headers =
        [("Authorization", basic.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    let ask = request("POST", "/oauth/token", &headers, &body);
    let first = Http::open(m.addr).await?.send(&ask).await?;
    if first.status != 200 {
        return Err(format!("no token: {} {}", first.head, first.json()).into());
    }
    let token = text(&first.json(), "access_token")?;

    let bare = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let _bare = Bare(
        Command::new(std::env::current_exe()?)
            .args(["bare", &bare.port().to_string(), &token, SCOPE])
            .stdin(Stdio::null())
            .spawn()?,
    );
    while Http::open(bare).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let turn = set.seconds(3);
    let send = move |_, _| ask.clone();
    for addr in [m.addr, bare] {
        flood(addr, CONNECTIONS, turn / 3, 200, send.clone()).await?;
    }
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut issued, mut statements) = (0, 0.0);
    for _ in 0..set.rounds() {
        let before = m.metric("muster_store_statements_total").await?;
        let a = flood(m.addr, CONNECTIONS, turn, 200, send.clone()).await?;
        statements += m.metric("muster_store_statements_total").await? - before;
        issued += a.done;
        let b = flood(bare, CONNECTIONS, turn, 200, send.clone()).await?;
        if a.refused + b.refused > 0 {
            return Err(format!("{} + {} requests were refused", a.refused, b.refused).into());
        }
        ours.push(a.per_second());
        theirs.push(b.per_second());
        ratios.push(a.per_second() / b.per_second());
    }
    println!(
        "client credentials, {CONNECTIONS} connections: {:.0}/s; a bare handler that signs: {:.0}/s",
        median(&mut ours),
        median(&mut theirs)
    );
    figures.at_least("token_issuance_of_bare_signing", median(&mut ratios), "ratio", 0.5);
    // The workers' own polling, a few statements a second whatever the load, is in it.
    let per_token = statements / issued.max(1) as f64;
    figures.under("store_statements_per_token", per_token, "statements", 0.01);
    Ok(())
}
