//! Changes of a group: each step is one statement over the members it names, so that many steps at once, from many
//! requests, add up and none is lost.

use super::{Group, GroupChange, GroupRow, db, fresh, gone, name_taken, rules};
use crate::{
    access::{
        Permit, defaults,
        guard::{self, By},
        parked::{self, Parked},
        perm::Provision,
    },
    audit::{self, Event},
    directories::{self, Provisioning, UnknownMembers},
    error::{Error, Result},
    id::{DirectoryId, GroupId, TenantId, UserId},
    store::{Lock, Store, Topic, Tx},
    tx,
};
use std::{collections::BTreeSet, sync::Arc};

/// Applies `changes` in order, all or nothing; says whether anything changed (if not, the version stays).
///
/// # Errors
/// `NotFound`; `Precondition`; `Invalid`; `Conflict` (code `uniqueness`) for a name in use.
pub async fn apply(
    store: &Store,
    p: &Permit<Provision>,
    id: GroupId,
    if_match: Option<i64>,
    changes: Vec<GroupChange>,
) -> Result<(Group, bool)> {
    all(store, p, id, if_match, (changes, false)).await
}

/// As [`apply`], where the changes put another in the group's place (PUT), which the trail says.
///
/// # Errors
/// As [`apply`].
pub async fn replace(
    store: &Store,
    p: &Permit<Provision>,
    id: GroupId,
    if_match: Option<i64>,
    changes: Vec<GroupChange>,
) -> Result<(Group, bool)> {
    all(store, p, id, if_match, (changes, true)).await
}

async fn all(
    store: &Store,
    p: &Permit<Provision>,
    id: GroupId,
    if_match: Option<i64>,
    (changes, whole): (Vec<GroupChange>, bool),
) -> Result<(Group, bool)> {
    let (t, d) = (p.tenant(), p.directory());
    let changes = Arc::new(changes);
    let asked = changes.clone();
    tx!(store, &p.cx(), [changes], |tx| {
        tx.lock_beside(Lock::Group(id), defaults::lock(t)).await?;
        let was = db::of_directory(tx, t, d, id).await?.ok_or_else(|| gone(id))?;
        fresh(&was, if_match)?;
        let settings = settings(tx, t, d).await?;
        // Who leaves a group loses what it gives, and who comes to one what they had by default.
        let takes = changes.iter().any(rules::takes_away);
        let comes = rules::coming(&changes);
        if !comes.is_empty() && guard::makes_administrators(tx, t, id).await? {
            tx.lock(guard::ends()).await?;
        }
        let guard = if guard::group_change(tx, t, id, takes, &comes).await? {
            Some(guard::before(tx, t).await?)
        } else {
            None
        };
        let mut done = Done::new(&was);
        for change in changes.iter() {
            done.step(tx, &was, change, &settings).await?;
        }
        if !done.changed(&was) {
            tx.unaudited("members who came and went in the same request");
            return Ok((done.group(was), false));
        }
        let key = settings.names_unique();
        let row = db::update(tx, t, id, &done.name, done.external_id.as_deref(), key).await?;
        let touched: Vec<UserId> = done.added.union(&done.removed).copied().collect();
        let mapped = !touched.is_empty() && db::mapped(tx, t, id).await?;
        if mapped {
            let (added, removed): (Vec<UserId>, Vec<UserId>) =
                (done.added.iter().copied().collect(), done.removed.iter().copied().collect());
            parked::back(tx, (t, d), id, &added).await?;
            done.parked = parked::members(tx, (t, d), id, &removed, &settings.mass_change).await?;
        }
        let held = match guard {
            Some(g) => g.after(tx, By::Group).await?,
            None => false,
        };
        let event = Event::new("group.modify").target("group", id);
        let mut detail = done.detail(&was, held);
        if whole {
            detail["replaced"] = true.into();
        }
        audit::record(tx, t, event.detail(detail)).await?;
        if mapped {
            announce(tx, t, &touched);
        }
        Ok((done.group(row), true))
    })
    .map_err(|e| name_taken(e, rules::new_name(&asked).unwrap_or("")))
}

/// The directory's settings, which decide about names and strangers.
pub(super) async fn settings(tx: &mut Tx, t: TenantId, d: DirectoryId) -> Result<Provisioning> {
    let found = directories::find(tx, t, d).await?;
    let found = found.ok_or_else(|| Error::not_found(format!("directory {d}")))?;
    Ok(found.provisioning.0)
}

/// A few people one by one, many through their tenant.
pub(super) fn announce(tx: &mut Tx, t: TenantId, users: &[UserId]) {
    if users.len() > rules::FEW {
        tx.changed(Topic::Access(t));
    } else {
        for u in users {
            tx.changed(Topic::User(t, *u));
        }
    }
}

/// Adds those of `users` who are of this directory; says who is new, and who is nobody here.
pub(super) async fn add(
    tx: &mut Tx,
    g: &GroupRow,
    users: &[UserId],
    settings: &Provisioning,
) -> Result<(Vec<UserId>, Vec<UserId>)> {
    let wanted: BTreeSet<UserId> = users.iter().copied().collect();
    if wanted.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let wanted: Vec<UserId> = wanted.into_iter().collect();
    let added = db::add(tx, g.tenant_id, g.directory_id, g.id, &wanted).await?;
    let skipped = if added.len() == wanted.len() {
        Vec::new()
    } else {
        db::strangers(tx, g.tenant_id, g.directory_id, &wanted).await?
    };
    if let (Some(first), UnknownMembers::Refuse) = (skipped.first(), settings.strangers()) {
        let detail = format!("member '{first}' is not a user of this directory");
        return Err(Error::invalid(detail).code("invalidValue").attr("members"));
    }
    Ok((added, skipped))
}

/// What the steps have come to.
struct Done {
    name: String,
    external_id: Option<String>,
    added: BTreeSet<UserId>,
    removed: BTreeSet<UserId>,
    strangers: BTreeSet<UserId>,
    steps: Vec<bool>,
    parked: Option<Parked>,
}

impl Done {
    fn new(was: &GroupRow) -> Self {
        Self {
            name: was.display_name.clone(),
            external_id: was.external_id.clone(),
            added: BTreeSet::new(),
            removed: BTreeSet::new(),
            strangers: BTreeSet::new(),
            steps: Vec::new(),
            parked: None,
        }
    }
    async fn step(
        &mut self,
        tx: &mut Tx,
        g: &GroupRow,
        change: &GroupChange,
        settings: &Provisioning,
    ) -> Result<()> {
        let (t, id) = (g.tenant_id, g.id);
        let changed = match change {
            GroupChange::Rename(name) => {
                rules::checked(name, None)?;
                std::mem::replace(&mut self.name, name.clone()) != *name
            }
            GroupChange::ExternalId(x) => {
                rules::checked(&self.name, x.as_deref())?;
                std::mem::replace(&mut self.external_id, x.clone()) != *x
            }
            GroupChange::Add(users) => {
                let (added, strangers) = add(tx, g, users, settings).await?;
                self.strangers.extend(strangers);
                self.came(added)
            }
            GroupChange::Remove(users) => self.left(db::remove(tx, t, id, users).await?),
            GroupChange::Keep(users) => self.left(db::keep_only(tx, t, id, users).await?),
            GroupChange::Replace(users) => {
                let left = self.left(db::keep_only(tx, t, id, users).await?);
                let (added, strangers) = add(tx, g, users, settings).await?;
                self.strangers.extend(strangers);
                self.came(added) || left
            }
            GroupChange::Clear => self.left(db::clear(tx, t, id).await?),
        };
        self.steps.push(changed);
        Ok(())
    }
    fn came(&mut self, users: Vec<UserId>) -> bool {
        let some = !users.is_empty();
        for u in users {
            if !self.removed.remove(&u) {
                self.added.insert(u);
            }
        }
        some
    }
    fn left(&mut self, users: Vec<UserId>) -> bool {
        let some = !users.is_empty();
        for u in users {
            if !self.added.remove(&u) {
                self.removed.insert(u);
            }
        }
        some
    }
    fn changed(&self, was: &GroupRow) -> bool {
        !self.added.is_empty()
            || !self.removed.is_empty()
            || self.name != was.display_name
            || self.external_id != was.external_id
    }
    /// The group as it is answered with.
    fn group(self, row: GroupRow) -> Group {
        let skipped = self.strangers.into_iter().collect();
        Group { row, skipped, steps: self.steps, parked: self.parked }
    }
    /// Who came and who left is in the audit event up to a number that can be read.
    fn detail(&self, was: &GroupRow, held: bool) -> serde_json::Value {
        let some = |set: &BTreeSet<UserId>| -> Vec<UserId> {
            set.iter().take(rules::FEW).copied().collect()
        };
        let mut detail = serde_json::json!({
            "added": { "count": self.added.len(), "users": some(&self.added) },
            "removed": { "count": self.removed.len(), "users": some(&self.removed) },
            "skipped": self.strangers.len(),
            "held": held,
        });
        if let Some(parked) = self.parked {
            detail["parked"] =
                serde_json::json!({ "change": parked.change, "people": parked.people });
        }
        if self.name != was.display_name {
            detail["display_name"] =
                serde_json::json!({ "from": was.display_name, "to": self.name });
        }
        if self.external_id != was.external_id {
            detail["external_id"] =
                serde_json::json!({ "from": was.external_id, "to": self.external_id });
        }
        detail
    }
}
