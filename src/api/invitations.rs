//! Invitations: who is asked in, and where that stands.

use super::{
    answer::{Done, Made, Page, Shown, Time, With},
    call::{Call, sift},
    find,
};
use crate::{
    access::{
        perm::{UsersAdd, UsersView},
        roles::called,
    },
    actor::UserKind,
    clock::Timestamp,
    error::{Error, Result},
    id::{InvitationId, RoleId, TenantId, UserId},
    invitations::{
        self, CameBack, Daily, Invitation, New, Post, State, Suspended, Undelivered, Wanted,
    },
    secret::ExposeSecret as _,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;

/// A person to be invited.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "email": "anna@contoso.com", "roles": [{ "role": "Read-Only" }] }))]
pub(super) struct NewInvitation {
    /// Where the letter goes.
    email: String,
    /// `tenant`, or in the provider's tenant `technician` or `administrator`.
    #[serde(default = "tenant_kind")]
    #[schemars(with = "String")]
    kind: UserKind,
    /// The name to sign in with; the address where none is given.
    user_name: Option<String>,
    /// For people to read.
    display_name: Option<String>,
    /// The roles that acceptance gives.
    #[serde(default)]
    roles: Vec<NewPlannedRole>,
    /// No letter leaves; the answer has the link, to be handed over.
    #[serde(default)]
    by_hand: bool,
    /// The language of its letters, `en` or `de`, where it is not the tenant's.
    locale: Option<String>,
}

fn tenant_kind() -> UserKind {
    UserKind::Tenant
}

/// A role that acceptance gives.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPlannedRole {
    /// The role's id or name.
    role: String,
    /// In which tenant, id or slug; the person's own where none is named.
    tenant: Option<String>,
    /// On the whole instance.
    #[serde(default)]
    everywhere: bool,
}

/// An invitation.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Invitation")]
pub(super) struct InvitationShown {
    id: InvitationId,
    tenant: TenantId,
    user: UserId,
    email: String,
    state: State,
    /// Why it is `suspended`; `null` in every other state.
    suspended: Option<Suspended>,
    roles: Vec<PlannedRole>,
    /// Their name, as the letter has it.
    invited_by: String,
    /// The same.
    invited_by_name: String,
    invited_by_user: Option<UserId>,
    created_at: Time,
    expires_at: Time,
    /// When the last letter left.
    sent_at: Option<Time>,
    /// When the last letter was given up, or came back; `null` again when it is sent again.
    letter_failed_at: Option<Time>,
    /// Why.
    letter_failed: Option<Undelivered>,
    /// What the mail server answered, where it refused the letter for good; without anybody's address.
    letter_reply: Option<String>,
    /// When the person, whose link is dead, last asked for a new one; `null` again when it is sent again.
    asked_at: Option<Time>,
    accepted_at: Option<Time>,
    /// `directory` or `local`.
    accepted_by: Option<String>,
    /// Planned roles that acceptance did not give, as the inviter could not give them any more.
    left_out: Vec<ShownLeftOut>,
    revoked_at: Option<Time>,
    /// The language of its letters, where it is not the tenant's.
    locale: Option<String>,
    /// What is to be done about it, if something is.
    next: Option<&'static str>,
    /// The way to accept, to be handed over; only where no letter leaves, and only this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// A planned role that was not given.
#[derive(Debug, Serialize, JsonSchema)]
struct ShownLeftOut {
    role: RoleId,
    /// What the role is called; null where it is gone.
    role_name: Option<String>,
    /// `null`: on the whole instance.
    tenant: Option<TenantId>,
    why: String,
}

/// A planned role.
#[derive(Debug, Serialize, JsonSchema)]
struct PlannedRole {
    role: RoleId,
    /// What the role is called; null where it is gone.
    role_name: Option<String>,
    /// `null`: on the whole instance.
    tenant: Option<TenantId>,
}

/// What the roles of these invitations are called, read in one go.
async fn names(c: &Call, all: &[&Invitation]) -> Result<HashMap<RoleId, String>> {
    let mut roles: Vec<RoleId> = Vec::new();
    for i in all {
        roles.extend(i.plan.0.iter().map(|p| p.role));
        roles.extend(i.left_out.iter().flat_map(|l| &l.0).map(|l| l.role));
    }
    called(&c.app.access, roles).await
}

async fn one(c: &Call, i: &Invitation) -> Result<Shown<InvitationShown>> {
    Ok(Shown::of(show(i, c.app.store.clock().now(), None, &names(c, &[i]).await?)))
}

fn show(
    i: &Invitation,
    now: Timestamp,
    link: Option<String>,
    called: &HashMap<RoleId, String>,
) -> InvitationShown {
    let named = |role: RoleId| called.get(&role).cloned();
    let roles = i.plan.0.iter().map(|p| PlannedRole {
        role: p.role,
        role_name: named(p.role),
        tenant: p.tenant,
    });
    let state = i.state(now);
    InvitationShown {
        id: i.id,
        tenant: i.tenant_id,
        user: i.user_id,
        email: i.email.clone(),
        state,
        suspended: i.suspended().filter(|_| state == State::Suspended),
        roles: roles.collect(),
        invited_by: i.invited_by.clone(),
        invited_by_name: i.invited_by.clone(),
        invited_by_user: i.invited_by_user,
        created_at: i.created_at.into(),
        expires_at: i.expires_at.into(),
        sent_at: i.sent_at.map(Into::into),
        letter_failed_at: i.failed_at.map(Into::into),
        letter_failed: i.undelivered(),
        letter_reply: i.failed_reply.clone(),
        asked_at: i.asked_at.map(Into::into),
        accepted_at: i.accepted_at.map(Into::into),
        accepted_by: i.accepted_by.clone(),
        left_out: i
            .left_out
            .iter()
            .flat_map(|l| &l.0)
            .map(|l| ShownLeftOut {
                role: l.role,
                role_name: named(l.role),
                tenant: l.tenant,
                why: l.why.clone(),
            })
            .collect(),
        revoked_at: i.revoked_at.map(Into::into),
        locale: i.locale.clone(),
        next: i.next(now),
        link,
    }
}

pub(super) fn post(c: &Call) -> Post {
    Post {
        sends: c.app.mailer.sends(),
        life: *c.app.config.signin.invitation,
        master: c.app.master.clone(),
        daily: Daily {
            tenant: c.app.config.limits.letters_per_tenant,
            inviter: c.app.config.limits.letters_per_inviter,
        },
    }
}

/// Where no letter leaves, whoever invited hands the link over.
pub(super) async fn made(
    c: &Call,
    m: &invitations::Made,
    by_hand: bool,
) -> Result<InvitationShown> {
    let link = (by_hand || !c.app.mailer.sends())
        .then(|| c.url(&format!("/invite/{}", m.token.expose_secret())));
    let called = names(c, &[&m.invitation]).await?;
    Ok(show(&m.invitation, c.app.store.clock().now(), link, &called))
}

pub(super) async fn create(c: With<NewInvitation>) -> Result<Made<InvitationShown>> {
    let p = c.tenant::<UsersAdd>().await?;
    let n = c.json()?;
    let mut wanted = Vec::new();
    for r in &n.roles {
        wanted.push(planned(&c, p.tenant(), r).await?);
    }
    let new = New {
        email: n.email,
        kind: n.kind,
        user_name: n.user_name,
        display_name: n.display_name,
        only_if_new: false,
        by_hand: n.by_hand,
        locale: n.locale,
    };
    let m = invitations::create(&c.app.store, &c.app.access, &p, &post(&c), new, &wanted).await?;
    Ok(Made::of(made(&c, &m, n.by_hand).await?))
}

/// The role, with the caller's right to give it where it is wanted.
pub(super) async fn planned(c: &Call, home: TenantId, r: &NewPlannedRole) -> Result<Wanted> {
    if r.everywhere {
        if r.tenant.is_some() {
            let text = "'tenant' and 'everywhere' do not go together";
            return Err(Error::invalid(text).attr("roles"));
        }
        let at = c.require(home).await?;
        let role: RoleId = find::role(c, &at, &r.role).await?;
        return Ok(Wanted::Everywhere(c.global().await?, role));
    }
    let at = match &r.tenant {
        Some(name) => c.other(name).await?,
        None => c.require(home).await?,
    };
    let role = find::role(c, &at, &r.role).await?;
    Ok(Wanted::In(at, role))
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<InvitationShown>>> {
    let p = c.tenant::<UsersView>().await?;
    let (limit, store, p) = (c.limit()?, &c.app.store, &p);
    let words = "it is pending, accepted, expired, revoked, outdated or suspended";
    let (state, now) = (c.among("state", State::parse, words)?, store.clock().now());
    let fetch = |after, n| invitations::list(store, p, after, n);
    let wanted = |i: &Invitation| state.is_none_or(|s| i.state(now) == s);
    let (items, next) = sift(limit, c.cursor()?, fetch, |i: &Invitation| i.id, wanted).await?;
    let called = names(&c, &items.iter().collect::<Vec<_>>()).await?;
    let shown = items.iter().map(|i| show(i, now, None, &called));
    Ok(Shown::page(shown, next.map(|id| id.to_string())))
}

pub(super) async fn get(c: Call) -> Result<Shown<InvitationShown>> {
    let p = c.tenant::<UsersView>().await?;
    let id: InvitationId = c.id("invitation")?;
    let i = invitations::get(&c.app.store, &p, id).await?;
    one(&c, &i).await
}

/// How it is sent again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "by_hand": false }))]
pub(super) struct Resend {
    /// No letter leaves; the answer has the link, to be handed over.
    #[serde(default)]
    by_hand: bool,
}

pub(super) async fn resend(c: With<Resend>) -> Result<Shown<InvitationShown>> {
    let p = c.tenant::<UsersAdd>().await?;
    let id: InvitationId = c.id("invitation")?;
    let Resend { by_hand } = c.json()?;
    let (store, access, post) = (&c.app.store, &c.app.access, post(&c));
    let m = invitations::resend(store, access, &p, &post, id, by_hand).await?;
    Ok(Shown::of(made(&c, &m, by_hand).await?))
}

/// What a mail provider says of a letter that it had taken.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LetterCameBack")]
#[schemars(example = json!({ "email": "anna@contoso.com" }))]
pub(super) struct Bounced {
    /// To which address it was written: the person may have another by now.
    email: String,
    /// It did not come back, but its reader called it unwanted.
    #[serde(default)]
    complaint: bool,
}

pub(super) async fn bounced(c: With<Bounced>) -> Result<Shown<InvitationShown>> {
    let p = c.tenant::<UsersAdd>().await?;
    let id: InvitationId = c.id("invitation")?;
    let Bounced { email, complaint } = c.json()?;
    let how = if complaint { CameBack::Complained } else { CameBack::Bounced };
    let (store, access) = (&c.app.store, &c.app.access);
    let i = invitations::came_back(store, access, &p, id, &email, how).await?;
    one(&c, &i).await
}

pub(super) async fn revoke(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersAdd>().await?;
    invitations::revoke(&c.app.store, &c.app.access, &p, c.id("invitation")?).await?;
    Ok(Done)
}
