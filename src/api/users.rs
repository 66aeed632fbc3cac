//! People and groups.

use super::call::{Call, Reply};
use crate::{
    access::perm::{UsersAdd, UsersDelete, UsersEdit, UsersView},
    actor::UserKind,
    clock::Timestamp,
    error::{Error, Result},
    groups::{self, GroupRow},
    id::DirectoryId,
    users::{self, Edit, NewUser, Search, User},
};
use serde_json::{Value, json};

pub(super) fn show(u: &User) -> Value {
    json!({
        "id": u.id, "tenant": u.tenant_id, "directory": u.directory_id, "kind": u.kind,
        "user_name": u.user_name, "external_id": u.external_id, "display_name": u.display_name,
        "email": u.email, "active": u.active, "enabled": u.enabled, "version": u.version,
        "created_at": u.created_at.rfc3339(), "updated_at": u.updated_at.rfc3339(),
    })
}

fn show_group(g: &GroupRow) -> Value {
    json!({
        "id": g.id, "tenant": g.tenant_id, "directory": g.directory_id,
        "display_name": g.display_name, "external_id": g.external_id, "version": g.version,
        "created_at": g.created_at.rfc3339(), "updated_at": g.updated_at.rfc3339(),
    })
}

pub(super) async fn list(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersView>().await?;
    let kind = c.word("kind").map(|w| {
        UserKind::parse(w).ok_or_else(|| {
            Error::invalid("'kind' is administrator, technician, tenant or integration")
                .attr("kind")
        })
    });
    let (limit, offset) = (i64::from(c.limit()?), c.cursor::<i64>()?.unwrap_or(0).max(0));
    let search = Search {
        text: c.word("text").map(str::to_owned),
        kind: kind.transpose()?,
        directory: c.read::<DirectoryId>("directory")?,
        offset,
        limit: Some(limit),
    };
    let page = users::search(&c.app.store, &p, &search).await?;
    let next = (offset + limit < page.total).then(|| (offset + limit).to_string());
    Reply::page(page.items.iter().map(show).collect(), next)
}

pub(super) async fn add(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersAdd>().await?;
    let u = users::add(&c.app.store, &p, c.json::<NewUser>()?).await?;
    Ok(Reply::created(show(&u))?.version(u.version))
}

pub(super) async fn get(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersView>().await?;
    let u = users::view(&c.app.store, &p, c.id("user")?).await?;
    Ok(Reply::ok(show(&u))?.version(u.version))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    kind: Option<UserKind>,
    user_name: Option<String>,
    display_name: Option<String>,
    email: Option<String>,
    enabled: Option<bool>,
}

pub(super) async fn edit(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersEdit>().await?;
    let (store, id) = (&c.app.store, c.id("user")?);
    let Change { kind, user_name, display_name, email, enabled } = c.json()?;
    let edit = Edit { kind, user_name, display_name, email };
    let switch_only = enabled.is_some() && edit == Edit::default();
    let mut done = None;
    if !switch_only {
        done = Some(users::edit(store, &p, id, c.if_match, edit).await?);
    }
    if let Some(on) = enabled {
        done = Some(users::set_enabled(store, &p, id, on).await?);
    }
    let u = done.ok_or_else(|| Error::internal("an edit of nothing"))?;
    Ok(Reply::ok(show(&u))?.version(u.version))
}

pub(super) async fn remove(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersDelete>().await?;
    users::remove(&c.app.store, &p, c.id("user")?).await?;
    Ok(Reply::done())
}

pub(super) async fn groups(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersView>().await?;
    let text = c.word("text").unwrap_or_default();
    let all = groups::search(&c.app.store, &p, text, i64::from(c.limit()?)).await?;
    Reply::page(all.iter().map(show_group).collect(), None)
}

pub(super) async fn group(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersView>().await?;
    let g = groups::view(&c.app.store, &p, c.id("group")?).await?;
    let mut shown = show_group(&g);
    let members = g.members.iter().flatten();
    shown["members"] = members.map(|m| json!({"id": m.id, "user_name": m.display})).collect();
    Ok(Reply::ok(shown)?.version(g.version))
}

pub(super) async fn sessions(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersView>().await?;
    let all = users::sessions_of(&c.app.store, &p, c.id("user")?).await?;
    let shown = all.iter().map(|s| {
        json!({
            "id": s.id, "acting_in": s.acting_tenant, "class": s.class, "evidence": s.evidence.0,
            "client": s.client.0, "created_at": s.created_at.rfc3339(),
            "last_seen_at": s.last_seen_at.rfc3339(), "expires_at": s.expires_at.rfc3339(),
            "ended_at": s.ended_at.map(Timestamp::rfc3339), "ended_why": s.ended_why,
        })
    });
    Reply::page(shown.collect(), None)
}

pub(super) async fn end_sessions(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersEdit>().await?;
    let ended = users::end_sessions(&c.app.store, &p, c.id("user")?, None).await?;
    Reply::ok(json!({"sessions": ended.sessions, "families": ended.families}))
}

pub(super) async fn end_session(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersEdit>().await?;
    users::end_sessions(&c.app.store, &p, c.id("user")?, Some(c.id("session")?)).await?;
    Ok(Reply::done())
}
