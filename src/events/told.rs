//! What the audit trail had to tell, handed over by the outbox.

use super::{
    Events, db,
    kinds::{
        ACCOUNT_DISABLED, ACCOUNT_ENABLED, ACCOUNT_PURGED, ACTIVATE, CREATE, DEACTIVATE, DELETE,
        PROVISIONING,
    },
    put,
    rules::{self, About, Happened},
};
use crate::{
    audit::Told,
    error::{Error, Result},
    id::TenantId,
    outbox::Message,
    protocol::oidc::Class,
    sessions,
    store::{Cx, Tx},
    tx,
};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

/// The handler of [`crate::audit::TOLD`]: one row for each stream that may hear it.
///
/// # Errors
/// The database's.
pub async fn told(events: &Events, cx: &Cx, m: &Message) -> Result<()> {
    let told =
        Told::deserialize(&m.payload).map_err(|e| Error::internal(format!("{}: {e}", m.topic)))?;
    let all = rules::happened(&told);
    if all.is_empty() {
        return Ok(());
    }
    let txn = told.request.map_or_else(|| m.id.to_string(), |r| r.to_string());
    let (t, events) = (m.tenant, events.clone());
    let store = events.store().clone();
    tx!(store, cx, [events, all, txn], |tx| {
        tx.unaudited("what is told of was recorded");
        for h in &all {
            one(tx, &events, t, h, &txn).await?;
        }
        Ok(())
    })
}

async fn one(tx: &mut Tx, events: &Events, t: TenantId, h: &Happened, txn: &str) -> Result<()> {
    let streams = match h.about {
        About::Session(session, _) => db::in_session(tx, t, session).await?,
        About::Person(user) if !PROVISIONING.contains(&h.kind) => db::knowing(tx, t, user).await?,
        _ => db::serving(tx, t).await?,
    };
    put::each(tx, events, (t, &streams), h, txn).await?;
    if let (ACCOUNT_PURGED, About::Person(user)) = (h.kind, h.about) {
        sessions::apps::unmeet(tx, t, user).await?;
    }
    Ok(())
}

/// What is said of something that happened, with what the trail does not say of it; `None` where it is not so any more, or
/// not yet, as one of two switches keeps somebody out.
pub(super) async fn as_it_is(
    tx: &mut Tx,
    t: TenantId,
    h: &Happened,
) -> Result<Option<Map<String, Value>>> {
    if matches!(h.kind, ACCOUNT_PURGED | DELETE) {
        return Ok(Some(h.body.clone()));
    }
    let user = match h.about {
        About::Person(user) => user,
        About::Group(group) => {
            return Ok(db::is_group(tx, t, group).await?.then(|| h.body.clone()));
        }
        About::Session(session, _) => {
            let class = db::class(tx, t, session).await?.and_then(|c| Class::parse(&c));
            let so = class.is_some_and(|c| h.body.get("current_level") == Some(&json!(c.acr())));
            return Ok(so.then(|| h.body.clone()));
        }
    };
    let Some(known) = db::known(tx, t, user).await? else { return Ok(None) };
    let so = match h.kind {
        ACCOUNT_ENABLED | ACTIVATE => known.live,
        ACCOUNT_DISABLED | DEACTIVATE => !known.live,
        _ => true,
    };
    let mut body = h.body.clone();
    if h.kind == CREATE {
        let doc = known.doc.0.as_object();
        let mut names: Vec<&str> =
            doc.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        names.extend(["userName", "active"]);
        names.sort_unstable();
        names.dedup();
        body.insert("attributes".into(), json!(names));
    }
    Ok(so.then_some(body))
}
