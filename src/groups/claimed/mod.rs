//! Groups that a sign-in lists, where SCIM brings none: the person is in exactly those from then on. A group that is not
//! known yet is made, so that it can be mapped; what it is called is its id.

mod db;

use super::{GroupChange, GroupDraft, apply, create};
use crate::{
    access::{Permit, perm::Provision},
    error::{Error, Result},
    id::{GroupId, UserId},
    store::{List, Scope, Store},
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
}

/// Puts a person of the directory into the groups of these ids of its own, and into no others of it. Each group is a change
/// like SCIM's: what somebody loses beyond the limits of a mass change is parked, and the last administrator stays.
///
/// # Errors
/// `Invalid` for more than [`MOST`]; those of [`apply()`].
pub async fn claim(
    store: &Store,
    p: &Permit<Provision>,
    user: UserId,
    ids: &[String],
) -> Result<Claimed> {
    let wanted: BTreeSet<&str> = ids.iter().map(String::as_str).filter(|i| !i.is_empty()).collect();
    if wanted.len() > MOST {
        return Err(Error::invalid(format!("more than {MOST} groups")));
    }
    let (t, d) = (p.tenant(), p.directory());
    let list = List::Texts(wanted.iter().map(|w| (*w).to_owned()).collect());
    let mut c = store.read(Scope::Tenant(t)).await?;
    let known: BTreeMap<String, GroupId> = db::by_external_id(&mut c, t, d, &list)
        .await?
        .into_iter()
        .map(|g| (g.external_id, g.id))
        .collect();
    let is_in: BTreeSet<GroupId> = db::of_user(&mut c, t, d, user).await?.into_iter().collect();
    drop(c);
    let mut done = Claimed::default();
    let mut stays = BTreeSet::new();
    for id in wanted {
        match known.get(id) {
            Some(group) => {
                stays.insert(*group);
                if !is_in.contains(group) {
                    let change = vec![GroupChange::Add(vec![user])];
                    apply(store, p, *group, None, change).await?;
                    done.came += 1;
                }
            }
            None => {
                let draft = GroupDraft {
                    display_name: id.to_owned(),
                    external_id: Some(id.to_owned()),
                    members: vec![user],
                };
                create(store, p, draft).await?;
                done.came += 1;
            }
        }
    }
    for group in is_in.difference(&stays) {
        apply(store, p, *group, None, vec![GroupChange::Remove(vec![user])]).await?;
        done.left += 1;
    }
    Ok(done)
}
