//! The end of a tenant: its export, and its deletion with all that is its own. Each room removes its own rows, in pieces, so
//! that other writers get their turn; this room says in which order, and goes on until nothing is left. What remains is the
//! audit trail, without the personal data that stands apart from it.
//!
//! A deletion is a mark on the tenant's row ([`tenants::mark`]) and work that may stop at any moment: whoever goes on
//! begins at the first step again and finds there nothing left to do. The row goes last, with whatever others' scopes say of
//! the tenant, in a transaction that has seen every step find nothing.

mod export;

pub use export::Export;

use crate::{
    access::leaving as access,
    apps, audit, credentials, directories, domains,
    error::{Error, Kind, Result},
    events, flows, groups,
    id::TenantId,
    invitations::daily,
    outbox, provisioning, repeats, sessions, signals, signins,
    store::{Cx, Store, Tx},
    tenants::{self, Tenant},
    tx, usage, users,
};
use futures::future::BoxFuture;
use std::time::{Duration, Instant};

/// Rows of one table that go in one transaction.
const PIECE: i64 = 500;
/// People that go in one transaction: with each goes what hangs on them.
const PEOPLE: i64 = 100;
/// Applications likewise: each may have been given something anywhere.
const APPS: usize = 10;

/// What applications are told when a session ends: it is sent before what it needs goes, so far as it can be.
const FAREWELLS: [&str; 4] = ["session.ended", "consent.ended", "logout.deliver", events::PUSH];
/// How long such messages may be waited for that nobody has tried to deliver yet.
const GRACE: Duration = Duration::from_secs(60);

type Step = for<'a> fn(&'a mut Tx, TenantId) -> BoxFuture<'a, Result<u64>>;

/// In this order: what would go with something else all at once goes before it.
const STEPS: [Step; 20] = [
    |tx, t| Box::pin(domains::leave(tx, t)),
    |tx, t| Box::pin(flows::leave(tx, t)),
    |tx, t| Box::pin(repeats::forget(tx, t)),
    |tx, t| Box::pin(daily::forget(tx, t)),
    |tx, t| Box::pin(access::pieces(tx, t, PIECE)),
    |tx, t| Box::pin(events::leave(tx, t, PIECE)),
    |tx, t| Box::pin(apps::leave(tx, t, APPS)),
    |tx, t| Box::pin(users::leaving::some(tx, t, PEOPLE)),
    |tx, t| Box::pin(groups::leave(tx, t, PIECE)),
    |tx, t| Box::pin(access::rest(tx, t, PIECE)),
    |tx, t| Box::pin(signals::leave(tx, t, PIECE)),
    |tx, t| Box::pin(directories::leave(tx, t, PIECE)),
    |tx, t| Box::pin(provisioning::log::leave(tx, t, PIECE)),
    |tx, t| Box::pin(provisioning::health::leave(tx, t, PIECE)),
    |tx, t| Box::pin(signins::leave(tx, t, PIECE)),
    |tx, t| Box::pin(usage::leave(tx, t, PIECE)),
    |tx, t| Box::pin(credentials::leave(tx, t, PIECE)),
    |tx, t| Box::pin(sessions::leaving::some(tx, t, PIECE)),
    |tx, t| Box::pin(outbox::leave(tx, t, PIECE)),
    |tx, t| Box::pin(audit::forget(tx, t, PIECE)),
];

/// Goes on with the deletion of a marked tenant for about so long; says whether it is gone. `cx` is the server's own, over
/// [`crate::store::Scope::Platform`].
///
/// # Errors
/// The database's.
pub async fn go_on(store: &Store, cx: &Cx, t: TenantId, within: Duration) -> Result<bool> {
    let began = Instant::now();
    let tenant = match tenants::get(store, t).await {
        Ok(tenant) => tenant,
        Err(e) if e.kind() == Kind::NotFound => return Ok(true),
        Err(e) => return Err(e),
    };
    if !may_begin(store, &tenant).await? {
        return Ok(false);
    }
    sessions::leaving::end_guests(store, cx, t).await?;
    for step in STEPS {
        loop {
            let gone = tx!(store, cx, [], |tx| {
                tx.unaudited("a piece of a deletion whose beginning and end are recorded");
                let gone = step(tx, t).await?;
                if gone > 0 {
                    tenants::progress(tx, t, gone).await?;
                }
                Ok(gone)
            })?;
            if gone == 0 {
                break;
            }
            // Something went: whoever calls again and again gets to the end.
            if began.elapsed() > within {
                return Ok(false);
            }
        }
    }
    tx!(store, cx, [], |tx| {
        let mut late = 0;
        for step in STEPS {
            late += step(tx, t).await?;
        }
        if late > 0 {
            tx.unaudited("what came late goes, and it is looked once more");
            tenants::progress(tx, t, late).await?;
            return Ok(false);
        }
        access::unname(tx, t).await?;
        if !tenants::remove(tx, t).await? {
            tx.unaudited("another node was quicker");
        }
        Ok(true)
    })
}

/// Whether what applications are to be told is on its way, or was waited for long enough.
async fn may_begin(store: &Store, tenant: &Tenant) -> Result<bool> {
    let marked = tenant.deleting.as_ref();
    let since = marked.ok_or_else(|| Error::internal("nobody wants this tenant deleted"))?.0.since;
    let waited = store.clock().now() > since.plus(GRACE);
    Ok(waited || outbox::untried(store, tenant.id, &FAREWELLS).await? == 0)
}

/// Goes on with every deletion for a while; says whether there are any left. A worker calls it, at the start as well.
///
/// # Errors
/// The database's.
pub async fn round(store: &Store, cx: &Cx, within: Duration) -> Result<bool> {
    let mut left = false;
    for t in tenants::leaving(store).await? {
        // One that cannot go on holds up no other.
        match go_on(store, cx, t, within).await {
            Ok(gone) => left |= !gone,
            Err(e) => {
                tracing::error!(tenant = %t, error = ?e, "the deletion of a tenant does not go on");
                left = true;
            }
        }
    }
    Ok(left)
}
