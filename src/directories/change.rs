//! A change of a directory, whole: its name, its two halves, its switch and its stage, under one lock and by one look at its
//! version. Whoever calls it has the transaction, so that all of it is done or nothing.

use super::{
    Directory, PresetColumn, Provisioning, SignInSettings, Stage, Status, db, locked, rules,
    signin::{self, Half},
    stage, switch,
};
use crate::{
    access::{Access, Entrusted, Permit, Setter, guard, perm::SystemEditSettings},
    audit::{self, Event},
    crypto::seal::MasterKey,
    error::{Error, Result},
    id::{DirectoryId, TenantId},
    protocol::oidc::Preset,
    sessions::{self, Who},
    store::{J, Topic, Tx},
};
use serde_json::json;

/// A change of a directory; `None` leaves as it is.
#[derive(Debug, Default)]
pub struct Edit {
    /// Another name.
    pub name: Option<String>,
    /// Another product; counts as a change of the sign-in half.
    pub preset: Option<Preset>,
    /// The whole sign-in half anew (a missing secret keeps the one there is), or `Some(None)`: without one.
    pub signin: Option<Option<SignInSettings>>,
    /// How the provisioning half behaves.
    pub provisioning: Option<Provisioning>,
    /// On, or off.
    pub status: Option<Status>,
    /// How far the sign-in half has come: back to a draft, or on.
    pub stage: Option<Stage>,
}
impl Edit {
    /// Moved on or back, and nothing else.
    pub fn stage(to: Stage) -> Self {
        Self { stage: Some(to), ..Self::default() }
    }
    /// Whether sessions end with it.
    pub fn ends(&self) -> bool {
        self.status == Some(Status::Disabled) || matches!(self.signin, Some(None))
    }
}

/// A change that was looked at as far as it can be before its transaction.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    name: Option<String>,
    preset: Option<PresetColumn>,
    half: Option<Half>,
    provisioning: Option<Provisioning>,
    status: Option<Status>,
    stage: Option<Stage>,
    /// Whoever says where people sign in holds what they hold; looked at where it may be asked.
    entrusted: Option<Entrusted>,
    by: Option<Setter>,
    label: String,
}

/// What became of a directory.
#[derive(Debug)]
pub(crate) struct Changed {
    pub before: Directory,
    pub now: Directory,
    /// Sessions that ended because nobody could end them from where they began any more.
    pub sessions_ended: usize,
}

/// Looks at a change.
///
/// # Errors
/// `Invalid`, naming the field.
pub(crate) async fn prepare(
    access: &Access,
    p: &Permit<SystemEditSettings>,
    id: DirectoryId,
    edit: Edit,
    master: &MasterKey,
) -> Result<Prepared> {
    let name = edit.name.as_deref().map(|n| crate::text::key("name", n)).transpose()?;
    if let Some(to) = &edit.provisioning {
        to.checked()?;
    }
    if edit.stage == Some(Stage::Testing) {
        let text = "'stage' becomes 'testing' when a test login is asked for";
        return Err(Error::invalid(text).attr("stage"));
    }
    let by = Setter::of(p.actor());
    let seal = |s| signin::sealed(s, id, master, by.clone());
    let half = edit.signin.map(|s| s.map(seal).transpose()).transpose()?;
    let half = half.map(Option::unwrap_or_default);
    // Without a sign-in half nobody signs in: taking it away gives nobody anything.
    let opens = half.as_ref().map_or(edit.preset.is_some(), |h| h.issuer.is_some());
    let asked = opens || edit.stage.is_some();
    let entrusted =
        if asked { Some(access.entrusted(p.actor(), (p.tenant(), id), None).await?) } else { None };
    Ok(Prepared {
        name: name.map(str::to_owned),
        preset: edit.preset.map(PresetColumn),
        half,
        provisioning: edit.provisioning,
        status: edit.status,
        stage: edit.stage,
        entrusted,
        by,
        label: p.actor().label(),
    })
}

/// Makes it so. `provisioning::edit` calls it and brings the groups in line.
///
/// # Errors
/// `NotFound`; `Precondition` when `if_match` is not its version; `Invalid`; `Forbidden` beyond the caller's own rights;
/// `Conflict` as [`stage`] says, and where nobody who administers would be left who can sign in.
pub(crate) async fn change(
    tx: &mut Tx,
    access: &Access,
    (t, id): (TenantId, DirectoryId),
    if_match: Option<i64>,
    c: &Prepared,
) -> Result<Changed> {
    let (before, secret) = locked(tx, t, id, if_match).await?;
    // Enforced and switched on, it shuts what people have here of their own: somebody who administers must be left who
    // comes in.
    let shuts = c.status == Some(Status::Active) || c.stage == Some(Stage::Enforced);
    let guard = if shuts { Some(guard::before(tx, t).await?) } else { None };
    let mut d = halves(tx, access, &before, secret, c).await?;
    let mut sessions_ended = 0;
    if before.issuer.is_some() && before.issuer != d.issuer {
        sessions_ended = orphans(tx, &d).await?;
    }
    if let Some(to) = &c.provisioning {
        d = behaves(tx, d, to).await?;
    }
    if let Some(status) = c.status.filter(|s| *s != d.status) {
        d = switch::set_status_in(tx, t, id, status).await?;
    }
    if let Some(to) = c.stage {
        d = stage::moves(tx, access, d, to, c.entrusted.as_ref()).await?;
    }
    if let Some(guard) = guard.filter(|_| stage::shuts(&d) && !stage::shuts(&before)) {
        let field = if c.stage.is_some() { "stage" } else { "status" };
        guard.after(tx, guard::By::Hand).await.map_err(|e| stage::locked_out(e, field))?;
    }
    Ok(Changed { before, now: d, sessions_ended })
}

/// Name, product and sign-in half. A change of the sign-in half bumps its generation, and takes somebody who holds what the
/// directory's people hold: it says who can sign in as them.
async fn halves(
    tx: &mut Tx,
    access: &Access,
    was: &Directory,
    secret: Option<String>,
    c: &Prepared,
) -> Result<Directory> {
    let (t, id) = (was.tenant_id, was.id);
    let mut next = was.clone();
    next.name = c.name.clone().unwrap_or(next.name);
    next.preset = c.preset.unwrap_or(next.preset);
    let half = rules::next_half(c.half.clone(), was, secret.clone());
    next.issuer.clone_from(&half.issuer);
    next.client_id.clone_from(&half.client_id);
    next.secret_expires_at = half.secret_expires_at;
    next.signin = J(half.stored.clone());
    signin::half_fits(next.preset.0, next.issuer.as_deref())?;
    next.signin.0.attest(&was.signin.0, &c.label, tx.now());
    let signin_changed = rules::signin_differs(was, &next) || half.secret != secret;
    if signin_changed {
        next.signin.0.set_by.clone_from(&c.by);
    }
    if rules::another_provider(was, &next) {
        next.stage = rules::begins(tx.actor(), was.issuer.is_some().then_some(was.stage));
    }
    if !signin_changed && *was == next {
        return Ok(next);
    }
    let answers = signin_changed || next.signin != was.signin;
    let asks = answers && next.issuer.is_some();
    if let Some(entrusted) = c.entrusted.as_ref().filter(|_| asks) {
        entrusted.check(access, tx).await?;
    }
    let (brings, brought) = (next.signin.0.newcomers.any(), was.signin.0.newcomers.any());
    if brings && !brought && !db::tokens(tx, t, id).await?.is_empty() {
        let detail = "the directory's people and groups come by SCIM: what a sign-in brings beside it would undo what SCIM \
                      takes away; revoke its SCIM tokens first";
        return Err(Error::conflict(detail).attr("signin.newcomers").code("scim_token"));
    }
    next.generation += i64::from(signin_changed);
    let d = db::update(tx, &next, half.secret.as_deref()).await?;
    let detail = rules::difference(was, &next, half.secret != secret);
    let event = Event::new("directory.edit").target("directory", id).detail(detail);
    audit::record(tx, t, event).await?;
    signin::stated(tx, &d, &was.signin.0).await?;
    tx.changed(Topic::Directory(id));
    Ok(d)
}

/// Without a sign-in half, or with another provider, there is nobody any more whose word would end the sessions that came
/// through the one before.
async fn orphans(tx: &mut Tx, d: &Directory) -> Result<usize> {
    let (t, id) = (d.tenant_id, d.id);
    let why = match d.issuer {
        Some(_) => "the directory's sign-in is another provider's now",
        None => "the directory's sign-in was taken away",
    };
    let ended = sessions::revoke(tx, Who::Directory(t, id), why).await?.sessions;
    if ended > 0 {
        switch::note_ended(tx, t, id, ended).await?;
    }
    Ok(ended)
}

/// How the provisioning half behaves.
async fn behaves(tx: &mut Tx, was: Directory, to: &Provisioning) -> Result<Directory> {
    if was.provisioning.0 == *to {
        return Ok(was);
    }
    let d = db::set_provisioning(tx, was.tenant_id, was.id, J(to.clone())).await?;
    let detail = json!({ "from": was.provisioning.0, "to": to });
    let event = Event::new("directory.provisioning").target("directory", d.id).detail(detail);
    audit::record(tx, d.tenant_id, event).await?;
    tx.changed(Topic::Directory(d.id));
    Ok(d)
}
