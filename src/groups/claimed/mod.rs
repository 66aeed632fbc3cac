//! Groups that a sign-in lists, where SCIM brings none: the person is in exactly those from then on. A group that is not
//! known yet is made, so that it can be mapped; what it is called is its id.

mod db;

use super::{GroupChange, GroupDraft, apply, apply::settings, rules};
use crate::{
    access::{Permit, perm::Provision},
    audit::{self, Event},
    error::{Error, Result},
    id::{GroupId, UserId},
    store::{List, Lock, Scope, Store},
    text, tx,
};
use std::collections::{BTreeMap, BTreeSet};

/// The most groups of one person.
pub const MOST: usize = 1000;

/// What became of somebody's groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Claimed {
    /// They are in these too.
    pub came: usize,
    /// And in these no more.
    pub left: usize,
    /// So many names cannot be a group's, and were passed over.
    pub odd: usize,
}

/// Puts a person of the directory into the groups of these ids of its own, and into no others of it. Each group is a change
/// like SCIM's: what somebody loses beyond the limits of a mass change is parked, and the last administrator stays. What
/// cannot be a group's id is passed over and counted: one odd name keeps nobody out, and nothing else from being done.
///
/// # Errors
/// `Invalid` for more than [`MOST`]; those of [`apply()`].
pub async fn claim(
    store: &Store,
    p: &Permit<Provision>,
    user: UserId,
    ids: &[String],
) -> Result<Claimed> {
    let mut wanted: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    if wanted.len() > MOST {
        return Err(Error::invalid(format!("more than {MOST} groups")));
    }
    let listed = wanted.len();
    wanted.retain(|id| rules::checked(id, Some(id)).is_ok());
    let (t, d) = (p.tenant(), p.directory());
    let list = List::Texts(wanted.iter().map(|w| (*w).to_owned()).collect());
    let mut c = store.read(Scope::Tenant(t)).await?;
    // Of several of one id the oldest counts.
    let known: BTreeMap<String, GroupId> = db::by_external_id(&mut c, t, d, &list)
        .await?
        .into_iter()
        .map(|g| (g.external_id, g.id))
        .collect();
    let is_in: BTreeSet<GroupId> = db::of_user(&mut c, t, d, user).await?.into_iter().collect();
    drop(c);
    let mut done = Claimed { odd: listed - wanted.len(), ..Claimed::default() };
    let mut stays = BTreeSet::new();
    for id in wanted {
        let group = match known.get(id) {
            Some(group) => *group,
            None => known_by(store, p, id).await?,
        };
        stays.insert(group);
        if !is_in.contains(&group) {
            apply(store, p, group, None, vec![GroupChange::Add(vec![user])]).await?;
            done.came += 1;
        }
    }
    for group in is_in.difference(&stays) {
        apply(store, p, *group, None, vec![GroupChange::Remove(vec![user])]).await?;
        done.left += 1;
    }
    Ok(done)
}

/// The group of this id, made where there is none. People who come at the same time wait for each other: an id is one
/// group.
async fn known_by(store: &Store, p: &Permit<Provision>, external_id: &str) -> Result<GroupId> {
    let (t, d) = (p.tenant(), p.directory());
    let external_id = external_id.to_owned();
    tx!(store, &p.cx(), [external_id], |tx| {
        tx.lock(Lock::Named(format!("groups that sign-ins list {d}"))).await?;
        if let Some(there) = db::of_external_id(tx, t, d, &external_id).await? {
            tx.unaudited("it is there");
            return Ok(there);
        }
        let unique = settings(tx, t, d).await?.names_unique();
        // Ids may differ by case alone, or be a name that another group has.
        let mut name = external_id.clone();
        let mut n = 1;
        while unique && db::called(tx, t, d, &text::fold(&name)).await? {
            n += 1;
            name = format!("{external_id} ({n})");
        }
        let id = GroupId::new();
        let draft = GroupDraft {
            display_name: name,
            external_id: Some(external_id.clone()),
            members: Vec::new(),
        };
        let row = super::db::insert(tx, t, d, id, &draft, unique).await?;
        let detail =
            serde_json::json!({ "display_name": row.display_name, "members": 0, "skipped": 0 });
        audit::record(tx, t, Event::new("group.create").target("group", id).detail(detail)).await?;
        Ok(id)
    })
}
