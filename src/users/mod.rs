//! Users: the row, the SCIM document, identities, the switch. A directory's writes ([`create`], [`modify`],
//! [`delete`]) and a person's ([`add`], [`edit`], [`set_enabled`], [`remove`]) go through the same few statements:
//! row, e-mails, audit event, and where somebody's access ends, sessions and the last administrator's guard, all in
//! one transaction.
//!
//! Two switches stand side by side: `active` is the directory's word, `enabled` a person's. Both must be on, and
//! neither side can set the other's. A directory sees its own people and nobody else.

mod arrival;
mod by_hand;
mod db;
mod directory;
mod extension;
pub mod filter;
mod identity;
mod integration;
mod labels;
pub mod leaving;
mod members;
mod own_sessions;
pub mod query;
mod removal;
mod rules;
mod signed_in;
pub mod tombstones;

pub use arrival::{DELETED, UNOWNED, create, create_once};
pub(crate) use arrival::{adopt, is_account, meant_by, unowned};
pub use by_hand::{
    Adder, Edit, Editing, NewUser, Search, add, edit, named, reached, remove, set_enabled, view,
    within_reach,
};
pub use directory::{Change, delete_in, get, list, modify, modify_seen, replace_seen};
pub(crate) use directory::{deactivate_all, remove_some};
pub(crate) use extension::{carriers, drop_extension};
pub use identity::{
    find_by_address, find_by_external_id, find_by_identity, is_anothers, known_elsewhere, link,
};
pub use integration::{
    NewIntegration, add_integration, remove_integration, rename_integration,
    set_integration_enabled,
};
pub use labels::labels;
pub use members::{ListedUser, among, one, search};
pub use own_sessions::{Mine, end_own, name_session};
pub use query::{Page, Query};
pub use removal::{Removal, removal};
pub use rules::changed;
pub use signed_in::{end_sessions, sessions_of};

use crate::{
    access::{
        authors,
        guard::{self, Guard},
    },
    actor::UserKind,
    clock::Timestamp,
    error::{Error, Kind, Result},
    id::{DirectoryId, TenantId, UserId},
    row,
    store::{Conn, J, Lock, Scope, Store, Topic, Tx},
};
use serde_json::Value;

row! {
    /// A person or a service account.
    #[derive(Debug, Clone, PartialEq)]
    pub struct User {
        /// Whose.
        pub tenant_id: TenantId,
        /// Its id.
        pub id: UserId,
        /// The directory it came from; `None` for one added by hand.
        pub directory_id: Option<DirectoryId>,
        /// What kind of user.
        pub kind: UserKind,
        /// The name, as it was sent; unique in its directory in any case.
        pub user_name: String,
        /// The directory's own id for it.
        pub external_id: Option<String>,
        /// For people to read.
        pub display_name: Option<String>,
        /// The primary address.
        pub email: Option<String>,
        /// What the directory says.
        pub active: bool,
        /// The switch by hand.
        pub enabled: bool,
        /// The SCIM document, without `id`, `meta` and `groups`.
        pub doc: J<Value>,
        /// Bumped with each change; its ETag.
        pub version: i64,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it was last changed.
        pub updated_at: Timestamp,
    }
}

impl User {
    /// Whether both switches are on.
    pub fn live(&self) -> bool {
        self.active && self.enabled
    }
    /// How lists name it: the display name, else the user name.
    pub fn label(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.user_name)
    }
}

impl query::Placed for User {
    fn key(&self, by: &query::By) -> query::Key {
        use query::{By, Key};
        match by {
            by @ (By::Document { .. } | By::Chosen { .. }) => Key::in_document(&self.doc.0, by),
            By::Column(name) | By::Nullable(name) => match *name {
                "user_name_key" => Key::Text(crate::text::fold(&self.user_name)),
                "external_id" => Key::text(self.external_id.as_deref()),
                "display_key" => {
                    let shown = self.doc.0.get("displayName").and_then(Value::as_str);
                    Key::text(shown.map(crate::text::fold).as_deref())
                }
                "active" => Key::Bool(self.active),
                "updated_at" => Key::Time(self.updated_at.0),
                "id" => Key::Id(self.id.0),
                _ => Key::Time(self.created_at.0),
            },
        }
    }
    fn id(&self) -> uuid::Uuid {
        self.id.0
    }
}

/// A user as a directory wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// As sent.
    pub user_name: String,
    /// The directory's own id.
    pub external_id: Option<String>,
    /// For people to read.
    pub display_name: Option<String>,
    /// The primary address.
    pub email: Option<String>,
    /// Whether the person may come in, says the directory.
    pub active: bool,
    /// The document, its attribute names in the schema's spelling.
    pub doc: Value,
    /// Every address with its type, for the index that filters use.
    pub emails: Vec<(String, Option<String>)>,
}

/// The user, for a reader that has a connection over its tenant.
pub async fn find(c: &mut Conn, t: TenantId, id: UserId) -> Result<Option<User>> {
    db::get(c, t, id).await
}

/// The person of this name (in any case) whom no directory brought: who signs in with a password.
pub async fn find_local(c: &mut Conn, t: TenantId, name: &str) -> Result<Option<User>> {
    let found = db::local(c, t, &crate::text::fold(name.trim())).await?;
    Ok(found.filter(|u| u.kind != UserKind::Integration))
}

/// The tenants whose own people have somebody of this name (any case), few at most: for a sign-in that knows a name and
/// no company.
///
/// # Errors
/// The database's.
pub async fn homes_of(store: &Store, name: &str) -> Result<Vec<TenantId>> {
    let mut c = store.read(Scope::Platform).await?;
    db::homes_of(&mut c, &crate::text::fold(name.trim())).await
}

fn gone(id: UserId) -> Error {
    Error::not_found(format!("user {id}"))
}

/// Refuses when the caller saw another version.
///
/// # Errors
/// `Precondition`.
pub(crate) fn fresh(u: &User, if_match: Option<i64>) -> Result<()> {
    match if_match {
        Some(v) if v != u.version => {
            // Several were named, or what is no version.
            let not = if v < 0 { "none of those named".to_owned() } else { format!("not {v}") };
            let detail = format!("user {} is at version {}, {not}", u.id, u.version);
            Err(Error::new(Kind::Precondition, detail))
        }
        _ => Ok(()),
    }
}

/// Tells a taken name from other refusals.
fn name_taken(e: Error, name: &str, attr: &str) -> Error {
    if e.violates("users_name") || e.violates("users_local_name") {
        let detail = format!("{attr} '{}' belongs to another user", crate::text::excerpt(name));
        return Error::conflict(detail).code("uniqueness").attr(attr);
    }
    e
}

/// The guard, for those whose access could be an administrator's, or who make others so by a mapping; nobody else pays
/// for it. And it is written down what somebody leaves behind who answered for a mapping.
async fn guarded(tx: &mut Tx, u: &User) -> Result<Option<Guard>> {
    tx.lock_beside(Lock::User(u.id), guard::ends()).await?;
    let ties = guard::ties(tx, u.tenant_id, u.id).await?;
    if !ties.answers {
        return if ties.admin { guard::before(tx, u.tenant_id).await.map(Some) } else { Ok(None) };
    }
    let answers = authors::answers(tx, (u.tenant_id, u.id)).await?;
    let watched = answers.watched() || ties.admin;
    let guard = if watched { Some(guard::before(tx, u.tenant_id).await?) } else { None };
    authors::leaves(tx, answers).await?;
    Ok(guard)
}

/// Announces a change of the user, and of the client that an integration user is.
async fn announce(tx: &mut Tx, u: &User) -> Result<()> {
    tx.changed(Topic::User(u.tenant_id, u.id));
    if u.kind == UserKind::Integration {
        for app in db::clients(tx, u.tenant_id, u.id).await? {
            tx.changed(Topic::App(app));
        }
    }
    Ok(())
}
