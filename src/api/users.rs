//! People: their details and the switch.

use super::{
    answer::{Done, Made, Page, Shown, Time, With},
    call::{Call, PAGE, cut},
    find,
};
use crate::{
    access::{
        Permit,
        perm::{UsersAdd, UsersDelete, UsersEdit, UsersManageRoles, UsersView},
    },
    actor::UserKind,
    credentials::person,
    error::{Error, Result},
    id::{DirectoryId, TenantId, UserId},
    users::{self, Edit, ListedUser, NewUser, Search, User},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A user.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub(super) struct UserShown {
    id: UserId,
    tenant: TenantId,
    /// The directory that manages them; null for one added by hand.
    directory: Option<DirectoryId>,
    kind: UserKind,
    /// The name to sign in with.
    user_name: String,
    external_id: Option<String>,
    display_name: Option<String>,
    email: Option<String>,
    /// The directory's switch.
    active: bool,
    /// The switch by hand; both must be on.
    enabled: bool,
    version: i64,
    created_at: Time,
    updated_at: Time,
}
impl From<&User> for UserShown {
    fn from(u: &User) -> Self {
        Self {
            id: u.id,
            tenant: u.tenant_id,
            directory: u.directory_id,
            kind: u.kind,
            user_name: u.user_name.clone(),
            external_id: u.external_id.clone(),
            display_name: u.display_name.clone(),
            email: u.email.clone(),
            active: u.active,
            enabled: u.enabled,
            version: u.version,
            created_at: u.created_at.into(),
            updated_at: u.updated_at.into(),
        }
    }
}

/// A user, with what is known of their last sign-in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ListedUser")]
pub(super) struct MemberShown {
    #[serde(flatten)]
    user: UserShown,
    /// What the directory that manages them is called; null for one added by hand.
    managed_by: Option<String>,
    /// When they signed in last, as far as that is kept.
    last_signin_at: Option<Time>,
    /// What that sign-in proved; null where its session is no longer kept.
    last_class: Option<String>,
    /// Whether there is an invitation that they have not accepted, and that is neither over nor taken back.
    pending_invitation: bool,
}
impl From<&ListedUser> for MemberShown {
    fn from(m: &ListedUser) -> Self {
        let user = UserShown {
            id: m.id,
            tenant: m.tenant_id,
            directory: m.directory_id,
            kind: m.kind,
            user_name: m.user_name.clone(),
            external_id: m.external_id.clone(),
            display_name: m.display_name.clone(),
            email: m.email.clone(),
            active: m.active,
            enabled: m.enabled,
            version: m.version,
            created_at: m.created_at.into(),
            updated_at: m.updated_at.into(),
        };
        Self {
            user,
            managed_by: m.managed_by.clone(),
            last_signin_at: m.last_signin_at.map(Into::into),
            last_class: m.last_class.clone(),
            pending_invitation: m.pending_invitation,
        }
    }
}

/// So many who may have a role are looked at for one page of what is rare among them.
const EXAMINED: u32 = 5_000;

/// Those of `search` who have the role now: which role somebody has is told to who manages roles.
async fn holders(
    c: &Call,
    p: &Permit<UsersView>,
    role: &str,
    search: &Search,
    limit: u32,
) -> Result<(Vec<ListedUser>, Option<UserId>)> {
    let manages = c.tenant::<UsersManageRoles>().await?;
    let role = find::role(c, &manages, role).await?;
    let (mut found, mut after, mut examined, mut look) = (Vec::new(), search.after, 0, limit + 1);
    loop {
        let (these, on) = c.app.access.holders(&manages, role, after, look).await?;
        if !these.is_empty() {
            found.extend(users::among(&c.app.store, p, search, &these).await?);
        }
        if found.len() > limit as usize {
            found.truncate(limit as usize);
            let last = found.last().map(|m| m.id);
            return Ok((found, last));
        }
        examined += look;
        after = on;
        if on.is_none() || examined >= EXAMINED {
            return Ok((found, on));
        }
        look = PAGE;
    }
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<MemberShown>>> {
    let p = c.tenant::<UsersView>().await?;
    let kind = c.word("kind").map(|w| {
        UserKind::parse(w).ok_or_else(|| {
            Error::invalid("'kind' is administrator, technician, tenant or integration")
                .attr("kind")
        })
    });
    let limit = c.limit()?;
    let search = Search {
        text: c.word("text").map(str::to_owned),
        starts: c.word("starts").map(str::to_owned),
        kind: kind.transpose()?,
        directory: c.read::<DirectoryId>("directory")?,
        enabled: c.read("enabled")?,
        active: c.read("active")?,
        after: c.cursor()?,
        limit: Some(i64::from(limit) + 1),
    };
    if let Some(role) = c.word("role") {
        let (items, next) = holders(&c, &p, role, &search, limit).await?;
        return Ok(Shown::page(items.iter().map(Into::into), next.map(|id| id.to_string())));
    }
    let all = users::search(&c.app.store, &p, &search).await?;
    let (items, next) = cut(all, limit, |u| u.id.to_string());
    Ok(Shown::page(items.iter().map(Into::into), next))
}

pub(super) async fn add(c: With<NewUser>) -> Result<Made<UserShown>> {
    let p = c.tenant::<UsersAdd>().await?;
    let u = users::add(&c.app.store, &p, c.json()?).await?;
    Ok(Made::of(UserShown::from(&u)).version(u.version))
}

pub(super) async fn get(c: Call) -> Result<Shown<MemberShown>> {
    let p = c.tenant::<UsersView>().await?;
    let u = users::one(&c.app.store, &p, c.id("user")?).await?;
    Ok(Shown::of(MemberShown::from(&u)).version(u.version))
}

/// A change of a user; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangeUser", example = json!({ "enabled": false }))]
pub(super) struct Change {
    /// Another kind; of somebody whom a directory manages, the only thing to be changed besides the switch.
    kind: Option<UserKind>,
    /// Another name to sign in with.
    user_name: Option<String>,
    /// Another name to read; empty for none.
    display_name: Option<String>,
    /// Another address; empty for none.
    email: Option<String>,
    /// The switch: off ends sessions and tokens at once.
    enabled: Option<bool>,
}

pub(super) async fn edit(c: With<Change>) -> Result<Shown<UserShown>> {
    let p = c.tenant::<UsersEdit>().await?;
    let (store, id) = (&c.app.store, c.id("user")?);
    let Change { kind, user_name, display_name, email, enabled } = c.json()?;
    let edit = Edit { kind, user_name, display_name, email };
    let switch_only = enabled.is_some() && edit == Edit::default();
    let mut done = None;
    if !switch_only {
        let (access, proof) = (&c.app.access, c.caller.proof.as_deref());
        done = Some(person::edit(store, access, &p, proof, (id, c.if_match), edit).await?);
    }
    if let Some(on) = enabled {
        // An edit before it was of that version, and made another.
        let if_match = c.if_match.filter(|_| switch_only);
        done = Some(person::set_enabled_at(store, &p, (id, if_match), on).await?);
    }
    let u = done.ok_or_else(|| Error::internal("an edit of nothing"))?;
    Ok(Shown::of(UserShown::from(&u)).version(u.version))
}

pub(super) async fn remove(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersDelete>().await?;
    person::remove(&c.app.store, &p, c.id("user")?, c.if_match).await?;
    Ok(Done)
}

/// What a deletion takes with it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Removal {
    user: UserShown,
    /// What ends or goes, by how many.
    removes: Removes,
    /// What stays.
    stays: Vec<String>,
    /// What to think of besides.
    warnings: Vec<String>,
}

/// What ends or goes with a user.
#[derive(Serialize, JsonSchema)]
pub(super) struct Removes {
    sessions: i64,
    /// Families of refresh tokens.
    refresh_families: i64,
    /// Roles given to them, in any tenant.
    grants: i64,
    /// Memberships.
    groups: i64,
    /// Identities at their directory.
    identities: i64,
    passwords: i64,
    one_time_codes: i64,
    passkeys: i64,
    /// What they let applications know and do.
    consents: i64,
    /// Invitations to them that are open.
    invitations: i64,
}

impl From<users::Removal> for Removes {
    fn from(n: users::Removal) -> Self {
        Self {
            sessions: n.sessions,
            refresh_families: n.families,
            grants: n.grants,
            groups: n.groups,
            identities: n.identities,
            passwords: n.passwords,
            one_time_codes: n.codes,
            passkeys: n.passkeys,
            consents: n.consents,
            invitations: n.invitations,
        }
    }
}

/// What to think of before a user is deleted.
pub(super) fn warnings(user: &User) -> Vec<String> {
    let text = "a directory manages this person: it does not bring them again until somebody allows it (muster tombstone)";
    user.directory_id.iter().map(|_| text.to_owned()).collect()
}

pub(super) async fn removal(c: Call) -> Result<Shown<Removal>> {
    let p = c.tenant::<UsersDelete>().await?;
    let (user, n) = users::removal(&c.app.store, &p, c.id("user")?).await?;
    let stays = [
        "what they made: mappings, roles, applications, integration users, invitations to others",
        "what the audit trail and the attempts to sign in say of them",
    ];
    let (removes, warnings) = (Removes::from(n), warnings(&user));
    let stays = stays.map(str::to_owned).to_vec();
    let version = user.version;
    Ok(Shown::of(Removal { user: (&user).into(), removes, stays, warnings }).version(version))
}
