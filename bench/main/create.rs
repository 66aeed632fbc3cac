//! SCIM creation of people beside the limit of the store: the same rows written in this process.

use crate::shared::{
    Fail, Setting,
    figures::{Figures, median},
    http::flood,
    muster::{Directory, Muster, person},
};
use muster::{
    actor::{Actor, Principal},
    audit::{self, Event},
    clock::Clock,
    id::{DirectoryId, RequestId, TenantId, UserId},
    sql,
    store::{Cx, Database, J, Options, Scope, Store, Tx},
};
use serde_json::json;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const CONNECTIONS: u64 = 16;

/// A store of its own with a tenant and a directory in it.
struct Raw {
    store: Store,
    cx: Cx,
    tenant: TenantId,
    directory: DirectoryId,
    next: AtomicU64,
}

impl Raw {
    async fn open(folder: &Path) -> Result<Arc<Self>, Fail> {
        std::fs::create_dir_all(folder)?;
        let options = Options {
            database: Database::Sqlite(folder.join("raw.db")),
            connections: 2,
            durable: true,
            demand_audit: false,
        };
        let store = Store::open(&options, Clock::System).await?;
        let actor = Actor::prove(Principal::System("bench"), RequestId::new());
        let (tenant, directory) = (TenantId::new(), DirectoryId::new());
        let cx = Cx::new(actor, Scope::Tenant(tenant));
        let begin = Cx::new(cx.actor.clone(), Scope::Platform);
        store
            .write(&begin, move |tx: &mut Tx| {
                Box::pin(async move {
                    let (now, none) = (tx.now(), J(json!({})));
                    sql!(tx, exec, "INSERT INTO tenants (id, slug, name, provider, status, policy, version,
                        created_at, updated_at) VALUES ($1, 'raw', 'Raw', FALSE, 'active', $2, 1, $3, $3)",
                        tenant, none, now)?;
                    sql!(tx, exec, "INSERT INTO directories (tenant_id, id, name, preset, status, provisioning, signin,
                        generation, version, created_at, updated_at)
                        VALUES ($1, $2, 'Raw', 'entra', 'active', $3, $3, 1, 1, $4, $4)",
                        tenant, directory, none, now)?;
                    Ok(())
                })
            })
            .await
            .map_err(|e| told(&e))?;
        Ok(Arc::new(Self { store, cx, tenant, directory, next: AtomicU64::new(0) }))
    }

    /// The rows of one person: the user, the address, the audit event with what is personal in it.
    async fn one(&self) -> muster::error::Result<()> {
        let (t, d, id) = (self.tenant, self.directory, UserId::new());
        let name = format!("raw{}", self.next.fetch_add(1, Ordering::Relaxed));
        let doc = Arc::new(person(&name));
        self.store
            .write(&self.cx, move |tx: &mut Tx| {
                let (name, doc) = (name.clone(), doc.clone());
                Box::pin(async move {
                    let now = tx.now();
                    let (mail, shown) = (format!("{name}@bench.example"), format!("Person {name}"));
                    sql!(tx, exec, "INSERT INTO users (tenant_id, id, directory_id, kind, user_name, user_name_key,
                        external_id, display_name, email, email_key, active, enabled, doc, folded, version,
                        created_at, updated_at)
                        VALUES ($1, $2, $3, 'tenant', $4, $4, $5, $6, $4, $4, TRUE, TRUE, $7, $7, 1, $8, $8)",
                        t, id, d, mail, name, shown, J(&*doc), now)?;
                    sql!(tx, exec, "INSERT INTO user_emails (tenant_id, user_id, seq, value_key, type_key)
                        VALUES ($1, $2, 0, $3, 'work')", t, id, mail)?;
                    let event = Event::new("user.create")
                        .target("user", id)
                        .detail(json!({"kind": "tenant", "active": true}))
                        .personal(json!({"user_name": mail, "display_name": shown, "email": mail}));
                    audit::record(tx, t, event).await
                })
            })
            .await
    }

    /// People per second, as many writers as the server gets connections.
    async fn flood(self: &Arc<Self>, time: Duration) -> Result<f64, Fail> {
        let started = Instant::now();
        let writers: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let raw = self.clone();
                tokio::spawn(async move {
                    let mut done: u64 = 0;
                    while started.elapsed() < time {
                        raw.one().await.map_err(|e| told(&e))?;
                        done += 1;
                    }
                    Ok::<u64, Fail>(done)
                })
            })
            .collect();
        let mut done: u64 = 0;
        for w in writers {
            done += w.await??;
        }
        Ok(done as f64 / started.elapsed().as_secs_f64())
    }
}

/// With what only an operator may read.
fn told(e: &muster::error::Error) -> Fail {
    format!("{e:?}").into()
}

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    let m = Muster::start(&set.muster, &set.work.join("create"), &[]).await?;
    let directory = Arc::new(Directory::create(&m, "bench", &["--preset", "entra"])?);
    let raw = Raw::open(&set.work.join("raw")).await?;
    let turn = set.seconds(3);
    let (mut ours, mut limit, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=set.rounds() {
        let d = directory.clone();
        let make = move |c, n| d.create_person(&format!("r{round}c{c}n{n}"));
        let a = flood(m.addr, CONNECTIONS, turn, 201, make).await?;
        if a.refused > 0 {
            return Err(format!("{} creations were refused", a.refused).into());
        }
        let b = raw.flood(turn).await?;
        // The first round warms up.
        if round > 0 {
            ours.push(a.per_second());
            limit.push(b);
            ratios.push(a.per_second() / b);
        }
    }
    println!(
        "SCIM creation, {CONNECTIONS} connections: {:.0}/s; the same rows in-process: {:.0}/s",
        median(&mut ours),
        median(&mut limit)
    );
    figures.at_least("scim_create_of_store_limit", median(&mut ratios), "ratio", 0.3);
    Ok(())
}
