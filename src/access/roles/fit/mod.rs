//! Whether a catalogue fits what is there: nobody loses a right because a file was replaced and a name was forgotten.

mod db;

use crate::{
    access::catalogue::{Catalogue, SELF_SERVICE},
    error::{Error, Result},
    id::RoleId,
    store::{Conn, Cx, Scope, Store},
    text, tx,
};
use std::collections::BTreeSet;

/// How many uses a refusal names.
const NAMED: usize = 20;

/// Refuses a catalogue that lacks a permission which a role or an integration user has, one of the shipped catalogue's
/// which an application may ask for, or a built-in role that somebody has or was promised; or one that a policy names.
/// What else an application may ask for may be a scope of its own making, and is only told in the log. Every catalogue
/// that is let in is remembered: one that has all that any of them had lacks nothing, and what is in use need not be
/// looked through.
///
/// # Errors
/// [`crate::error::Kind::Invalid`] with the list.
pub async fn must_fit(store: &Store, cx: &Cx, catalogue: &Catalogue) -> Result<()> {
    let mut served = names(catalogue);
    // platform: it is the catalogue of all tenants.
    let mut c = store.read(Scope::Platform).await?;
    let known: BTreeSet<String> = db::names(&mut c).await?.into_iter().collect();
    if known.is_empty() || !known.is_subset(&served) {
        has_what_is_in_use(&mut c, store, catalogue).await?;
    }
    drop(c);
    if known.is_empty() {
        // By which, most likely, was served before anything was remembered: what of it is used again later (roles that are
        // kept for somebody's return, an invitation that is sent anew) is looked for then.
        served.extend(names(&Catalogue::shipped()?));
    }
    let new: Vec<String> = served.difference(&known).cloned().collect();
    if new.is_empty() {
        return Ok(());
    }
    tx!(store, cx, [new], |tx| {
        tx.unaudited("what a start remembers of its own settings");
        db::remember(tx, &new).await
    })
}

/// Its permissions, and its built-in roles by their ids, which are no permission's.
fn names(catalogue: &Catalogue) -> BTreeSet<String> {
    let roles = catalogue.roles().iter().map(|r| r.id.to_string());
    catalogue.all().iter().cloned().chain(roles).collect()
}

async fn has_what_is_in_use(c: &mut Conn, store: &Store, catalogue: &Catalogue) -> Result<()> {
    let lacks = |p: &&String| !catalogue.all().contains(*p) && *p != SELF_SERVICE;
    let shipped = Catalogue::shipped()?;
    let mut uses = Vec::new();
    for r in db::roles(c).await? {
        for p in r.permissions.0.iter().filter(lacks) {
            uses.push(format!("'{p}' is of the role '{}' of {}", r.name, r.tenant));
        }
    }
    for a in db::apps(c).await? {
        for p in a.settings.0.scopes.iter().flatten().filter(lacks) {
            if a.kind == "integration" {
                uses.push(format!("'{p}' is of the integration user '{}' of {}", a.name, a.tenant));
            } else if shipped.all().contains(p) {
                let (name, tenant) = (&a.name, &a.tenant);
                uses.push(format!(
                    "'{p}' may be asked for by the application '{name}' of {tenant}"
                ));
            } else if p.contains('.') && !p.starts_with("muster.") {
                tracing::warn!(
                    scope = %text::excerpt(p),
                    application = a.name,
                    tenant = a.tenant,
                    "an application may ask for what is not of the catalogue"
                );
            }
        }
    }
    let known: BTreeSet<_> = catalogue.roles().iter().map(|r| r.id).collect();
    for u in db::built_in(c).await?.into_iter().filter(|u| !known.contains(&u.role)) {
        let name = shipped.role(u.role).map_or_else(|| u.role.to_string(), |r| r.name.clone());
        uses.push(format!("the built-in role '{name}' is {} in {}", u.way(), u.tenant));
    }
    let built_in = |id: &RoleId| shipped.role(*id).filter(|_| !known.contains(id));
    for i in db::promises(c, store.clock().now()).await? {
        for role in i.plan.0.iter().filter_map(|p| built_in(&p.role)) {
            let (name, to) = (&role.name, text::excerpt(&i.email));
            let tenant = &i.tenant;
            uses.push(format!(
                "the built-in role '{name}' is promised to '{to}' by an invitation of {tenant}"
            ));
        }
    }
    for t in db::policies(c).await? {
        for p in t.policy.0.permissions.keys().filter(lacks) {
            uses.push(format!("'{p}' stands in the sign-in policy of {}", t.tenant));
        }
        for role in t.policy.0.mfa.roles.keys().filter_map(built_in) {
            let (name, tenant) = (&role.name, &t.tenant);
            uses.push(format!(
                "the built-in role '{name}' stands in the sign-in policy of {tenant}"
            ));
        }
    }
    if uses.is_empty() {
        return Ok(());
    }
    let more = match uses.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    uses.truncate(NAMED);
    Err(Error::invalid(format!(
        "the catalogue (catalogue.permissions, catalogue.roles) lacks what is in use: {}{more}. Start with the \
         catalogue as it was and take these away first",
        uses.join("; ")
    ))
    .code("catalogue_in_use"))
}
