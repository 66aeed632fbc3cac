//! The revoke path. One transaction ends sessions and refresh families, counts up the epoch that access tokens
//! carry, drops caches and puts the message into the outbox.

use super::{Past, apps, db, over};
use crate::{
    error::Result,
    id::{AppId, DirectoryId, FamilyId, SessionId, TenantId, UserId},
    outbox,
    store::{Conn, Topic, Tx},
};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Whose access ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody of a tenant, and every token for it.
    Tenant(TenantId),
    /// Everything issued to an application or integration client (of any tenant: run under `Scope::Platform`).
    App(TenantId, AppId),
    /// One user, everywhere.
    User(TenantId, UserId),
    /// One user but for this session and what refreshes in it; access tokens end all the same, and are got anew there.
    Others(TenantId, UserId, SessionId),
    /// What of a tenant's people is over by its policy: sessions with what refreshes in them, and refresh families. Whoever
    /// changes the policy has the tenant read anew by all who remember it.
    Older {
        /// The tenant.
        tenant: TenantId,
        /// Sessions that began, or were last used, before this.
        sessions: Past,
        /// Refresh families likewise.
        families: Past,
    },
    /// Every session that came through a directory, and what was issued in them.
    Directory(TenantId, DirectoryId),
    /// One session and what was issued in it.
    Session(TenantId, SessionId),
    /// One refresh family.
    Family(TenantId, FamilyId),
    /// What one user's agreement gave an application; whoever reads the agreement (`gate`) is told that it changed.
    Consent(TenantId, UserId, AppId),
}

/// What ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Sessions.
    pub sessions: usize,
    /// Refresh families.
    pub families: usize,
}

/// Of more people than this it is said at once that all is to be read anew.
const MANY: usize = 500;

/// Ends it, in the running transaction; run that in the urgent lane (`cx.urgent()`).
///
/// # Errors
/// As the store.
pub async fn revoke(tx: &mut Tx, who: Who, why: &'static str) -> Result<Revoked> {
    let (tenant, sessions, families) = match who {
        Who::Tenant(t) => {
            db::bump(tx, t, t.0).await?;
            tx.changed(Topic::Tenant(t));
            (t, db::end_of_tenant(tx, t, why).await?, db::families_of_tenant(tx, t, why).await?)
        }
        Who::App(t, app) => {
            db::bump(tx, t, app.0).await?;
            tx.changed(Topic::App(app));
            (t, Vec::new(), db::families_of_app(tx, app, why).await?)
        }
        Who::User(t, user) => {
            let s = db::end_of_user(tx, t, user, why).await?;
            let f = db::families_of_user(tx, t, user, why).await?;
            revoke_tokens(tx, t, user).await?;
            (t, s, f)
        }
        Who::Others(t, user, kept) => {
            let s = db::end_others(tx, t, (user, kept), why).await?;
            let f = db::families_of_others(tx, t, (user, kept), why).await?;
            revoke_tokens(tx, t, user).await?;
            (t, s, f)
        }
        Who::Older { tenant: t, sessions, families } => {
            let s = over::db::end_older(tx, t, sessions, why).await?;
            let f = over::db::families_older(tx, t, families, &s, why).await?;
            (t, s, f)
        }
        Who::Directory(t, d) => {
            let s = db::end_of_directory(tx, t, d, why).await?;
            let f = db::families_of_sessions(tx, t, &s, why).await?;
            let people: BTreeSet<UserId> = s.iter().map(|e| e.user_id).collect();
            if people.len() > MANY {
                tx.changed(Topic::Everything);
            } else {
                for user in people {
                    tx.changed(Topic::User(t, user));
                }
            }
            (t, s, f)
        }
        Who::Session(t, id) => {
            let s = db::end_one(tx, t, id, why).await?;
            for e in &s {
                tx.changed(Topic::User(t, e.user_id));
            }
            (t, s, db::families_of_session(tx, t, id, why).await?)
        }
        Who::Family(t, id) => (t, Vec::new(), db::family(tx, t, id, why).await?),
        Who::Consent(t, user, app) => {
            tx.changed(Topic::User(t, user));
            let left = apps::leave(tx, t, user, app).await?;
            for part in left.chunks(500) {
                let told = json!({
                    "why": why, "user": user, "app": app, "sessions": part, "at": tx.now(),
                    "by": tx.actor().label(), "request": tx.actor().asked(),
                });
                outbox::push(tx, t, "consent.ended", &told).await?;
            }
            (t, Vec::new(), db::families_of_consent(tx, t, (user, app), why).await?)
        }
    };
    let done = Revoked { sessions: sessions.len(), families: families.len() };
    if done != Revoked::default() {
        // Large tenants are told of in parts: a message stays small.
        for part in sessions.chunks(500) {
            let list: Vec<_> =
                part.iter().map(|e| json!({"session": e.id, "user": e.user_id})).collect();
            let told = json!({
                "why": why, "sessions": list, "at": tx.now(), "by": tx.actor().label(),
                "request": tx.actor().asked(),
            });
            outbox::push(tx, tenant, "session.ended", &told).await?;
        }
        for part in families.chunks(500) {
            let list: Vec<_> =
                part.iter().map(|f| json!({"family": f.id, "app": f.app_id})).collect();
            outbox::push(tx, tenant, "grant.ended", &json!({"why": why, "families": list})).await?;
        }
    }
    Ok(done)
}

/// As [`revoke`] of a user who has neither session nor refresh family, as the caller has seen under the user's lock:
/// access tokens end.
///
/// # Errors
/// As the store.
pub async fn revoke_tokens(tx: &mut Tx, t: TenantId, user: UserId) -> Result<()> {
    tx.changed(Topic::User(t, user));
    db::bump(tx, t, user.0).await
}

/// How often everything of a tenant, an application or a user (`subject`: its id) was ended: what an access token
/// carries and what is compared when it is shown again.
///
/// # Errors
/// As the store.
pub async fn epoch(c: &mut Conn, t: TenantId, subject: Uuid) -> Result<i64> {
    db::epoch(c, t, subject).await
}
