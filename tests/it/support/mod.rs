//! The harness: registers tests, gives each a fresh database, reports how many ran on which.

pub mod authenticator;
mod database;
pub mod dns;
pub mod keys;
pub mod op;
pub mod person;
pub mod server;
pub mod tab;

pub use database::TestDb;
pub use server::TestServer;

/// A page, with the length of what is sealed into its link for who forgot their password in its place: it is another text
/// each time, and must be of one length whatever it says.
pub fn unsealed(page: &str) -> String {
    let mut parts = page.split("/forgot?at=");
    let first = parts.next().unwrap_or_default().to_owned();
    let plain = |part: &str| {
        let (sealed, rest) = part.split_once('"').expect("a link");
        format!("/forgot?at={}\"{rest}", sealed.len())
    };
    first + &parts.map(plain).collect::<String>()
}

/// Gives somebody a way in that nobody uses: whoever has none counts as nobody's administrator.
pub async fn way_in(
    store: &muster::store::Store,
    tenant: muster::id::TenantId,
    user: muster::id::UserId,
) {
    let who = muster::actor::Principal::System("test");
    let actor = muster::actor::Actor::prove(who, muster::id::RequestId::new());
    let cx = muster::store::Cx::new(actor, muster::store::Scope::Tenant(tenant));
    muster::tx!(store, &cx, [], |tx| {
        tx.unaudited("test");
        let now = tx.now();
        muster::sql!(
            tx,
            exec,
            "INSERT INTO passwords (tenant_id, user_id, hash, changed_at, alone) VALUES ($1, $2, $3, $4, $5)",
            tenant,
            user,
            "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            now,
            false
        )
    })
    .unwrap();
}

use futures::future::BoxFuture;
use libtest_mimic::{Arguments, Failed, Trial};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The environment variable with the PostgreSQL URL.
pub const POSTGRES: &str = "MUSTER_TEST_POSTGRES";

/// A test over a database.
pub struct Story {
    pub module: &'static str,
    pub name: &'static str,
    pub body: fn(TestDb) -> BoxFuture<'static, ()>,
}
inventory::collect!(Story);

/// A test without one.
pub struct Pure {
    pub module: &'static str,
    pub name: &'static str,
    pub body: fn(),
}
inventory::collect!(Pure);

/// `story!(async fn name(t) { ... });`: `t` is a [`TestDb`]; runs on every database.
#[macro_export]
macro_rules! story {
    ($(#[$m:meta])* async fn $name:ident($t:ident) $body:block) => {
        $(#[$m])*
        #[allow(unused_variables, unused_mut)]
        async fn $name(mut $t: $crate::support::TestDb) $body
        inventory::submit! { $crate::support::Story {
            module: module_path!(), name: stringify!($name), body: |t| Box::pin($name(t)),
        } }
    };
}

/// `pure!(fn name() { ... });`: a test that needs no database.
#[macro_export]
macro_rules! pure {
    ($(#[$m:meta])* fn $name:ident() $body:block) => {
        $(#[$m])*
        fn $name() $body
        inventory::submit! { $crate::support::Pure {
            module: module_path!(), name: stringify!($name), body: $name,
        } }
    };
}

fn path(module: &str, name: &str) -> String {
    let module = module.split_once("::").map_or("", |(_, m)| m);
    format!("{module}::{name}")
}

fn guarded(run: impl FnOnce()) -> Result<(), Failed> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|e| {
        let text = e
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| e.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Failed::from(text.unwrap_or_else(|| "panicked".to_owned()))
    })
}

fn trial(
    prefix: &str,
    story: &'static Story,
    postgres: Option<String>,
    ran: &Arc<AtomicUsize>,
) -> Trial {
    let ran = ran.clone();
    let name = path(story.module, story.name);
    Trial::test(format!("{prefix}::{name}"), move || {
        let out = guarded(|| {
            let rt = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            rt.block_on(async {
                let db = database::fresh(postgres.as_deref()).await;
                let cleanup = db.cleanup();
                // In a task of its own, so that a panic does not skip the clean-up.
                let r = tokio::spawn((story.body)(db)).await;
                cleanup.await;
                if let Err(e) = r {
                    std::panic::resume_unwind(e.into_panic());
                }
            });
            rt.shutdown_background();
        });
        if out.is_ok() {
            ran.fetch_add(1, Ordering::SeqCst);
        }
        out
    })
}

pub fn run() -> ExitCode {
    let mut args = Arguments::from_args();
    let postgres = std::env::var(POSTGRES).ok().filter(|u| !u.is_empty());
    if args.test_threads.is_none() {
        args.test_threads = Some(std::thread::available_parallelism().map_or(3, |n| n.get() * 3));
    }
    let (lite, pg) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut trials = Vec::new();
    for t in inventory::iter::<Pure> {
        trials.push(Trial::test(format!("pure::{}", path(t.module, t.name)), move || {
            guarded(t.body)
        }));
    }
    for t in inventory::iter::<Story> {
        trials.push(trial("sqlite", t, None, &lite));
        if let Some(url) = &postgres {
            trials.push(trial("postgres", t, Some(url.clone()), &pg));
        }
    }
    // Those of one room often wait for the same: in an order of chance, which is the same each time, others work meanwhile.
    trials.sort_by_cached_key(|t| muster::crypto::sha256(t.name()));
    let conclusion = libtest_mimic::run(&args, trials);
    if let Some(url) = &postgres {
        let rt = tokio::runtime::Runtime::new().expect("a runtime");
        rt.block_on(database::end(url));
    }
    if !args.list {
        let lite = lite.load(Ordering::SeqCst);
        match postgres {
            Some(_) => {
                println!("sqlite: {lite} passed, postgres: {} passed", pg.load(Ordering::SeqCst));
            }
            None => println!("sqlite: {lite} passed, postgres: not run (set {POSTGRES})"),
        }
    }
    conclusion.exit_code()
}
