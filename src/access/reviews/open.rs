//! The beginning of a review: who has what is written down, and whose it is to decide.

use super::{
    Filter, Item, Plan, Review, Reviewer, State, Undecided, Way, db, plans::days, telling,
};
use crate::{
    access::{
        Access, Path, Permit, Site, Via, effective,
        perm::{Permission as _, UsersManageRoles},
        roles, who_can,
    },
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Kind, Result},
    id::{ReviewId, ReviewItemId, ReviewPlanId, RoleId, TenantId, UserId},
    store::{J, Scope},
    text, tx,
};
use serde_json::json;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

/// So many people are looked at in one go.
const LOOK: i64 = 1_000;
/// The largest review, and how many may decide about one.
const MOST: usize = 20_000;
const REVIEWERS: usize = 50;

/// A review to be begun.
#[derive(Debug, Clone)]
pub struct New {
    /// For people.
    pub name: String,
    /// What it is about.
    pub filter: Filter,
    /// Who decides; none: whoever begins it.
    pub reviewers: Vec<(TenantId, UserId)>,
    /// When it is closed by itself.
    pub due_at: Timestamp,
    /// What becomes of what nobody decides about.
    pub undecided: Undecided,
    /// Begin another after so many days, and so on.
    pub every_days: Option<i64>,
}

/// The same, with what was checked.
pub(super) struct Draft {
    pub(super) plan: Option<ReviewPlanId>,
    pub(super) name: String,
    pub(super) filter: Filter,
    pub(super) reviewers: Vec<Reviewer>,
    pub(super) undecided: Undecided,
    pub(super) due_at: Timestamp,
    /// Who is answerable for it: as in the audit trail, and the user.
    pub(super) maker: (String, Option<(TenantId, UserId)>),
    /// From when to when its plan is moved on with it.
    pub(super) moves: Option<(Timestamp, Timestamp)>,
}

/// Marks that another node has begun it.
pub(super) const BEGUN: &str = "begun";

/// What whoever decides about access may do.
pub(super) fn managing() -> &'static str {
    UsersManageRoles::ID
}

/// Begins a review of the permit's tenant.
///
/// # Errors
/// [`Kind::Invalid`] for reviewers who do not manage roles there, or a subject whom nobody but themselves would review;
/// [`Kind::NotFound`] for a role or directory that is not there; [`Kind::TooLarge`].
pub async fn open(access: &Access, p: &Permit<UsersManageRoles>, new: New) -> Result<Review> {
    let t = p.tenant();
    let name = text::checked("name", text::name("name", &new.name)?, 200)?.to_owned();
    let now = access.0.store.clock().now();
    if new.due_at <= now {
        return Err(Error::invalid("'due_at' is not after now").attr("due_at"));
    }
    if let Some(n) = new.every_days {
        if !(1..=3660).contains(&n) {
            return Err(Error::invalid("'every_days' is from 1 to 3660").attr("every_days"));
        }
        if new.due_at.since(now) > days(n) {
            let text = "the next would begin before this one is due";
            return Err(Error::invalid(text).attr("every_days"));
        }
    }
    let mut wanted = new.reviewers;
    if wanted.is_empty() {
        wanted.extend(p.actor().user());
    }
    let reviewers = reviewers(access, t, &wanted).await?;
    if let Some(role) = new.filter.role {
        let mut c = access.0.store.read(Scope::Platform).await?;
        roles::find(&mut c, access.catalogue(), t, role).await?;
    }
    if let Some(d) = new.filter.directory {
        let mut c = access.0.store.read(Scope::Tenant(t)).await?;
        if !db::has_directory(&mut c, t, d).await? {
            return Err(Error::not_found("directory").attr("directory"));
        }
    }
    let maker = (p.actor().label(), p.actor().user());
    let plan = new.every_days.map(|every_days| Plan {
        tenant_id: t,
        id: ReviewPlanId::new(),
        name: name.clone(),
        filter: J(new.filter.clone()),
        reviewers: J(reviewers.clone()),
        undecided: new.undecided,
        every_days,
        decide_seconds: i64::try_from(new.due_at.since(now).as_secs().max(1)).unwrap_or(1),
        next_at: now.plus(days(every_days)),
        created_by: maker.0.clone(),
        created_by_tenant: maker.1.map(|m| m.0),
        created_by_user: maker.1.map(|m| m.1),
        created_at: now,
    });
    let (filter, undecided, due_at) = (new.filter, new.undecided, new.due_at);
    let id = plan.as_ref().map(|p| p.id);
    let draft = Draft { plan: id, name, filter, reviewers, undecided, due_at, maker, moves: None };
    let items = items(access, p, &draft).await?;
    if let Some(i) = items.iter().find(|i| i.reviewer_user.is_none()) {
        return Err(Error::invalid(format!(
            "'{}' is among those whose access is reviewed, and nobody else would decide about it: name another reviewer",
            i.user_label
        ))
        .attr("reviewers"));
    }
    write(access, p, draft, items, plan).await
}

/// Begins one by a plan. What is nobody's else than its subject's is then anybody's who manages roles there.
pub(super) async fn begin(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    draft: Draft,
) -> Result<Review> {
    let items = items(access, p, &draft).await?;
    write(access, p, draft, items, None).await
}

async fn reviewers(
    access: &Access,
    t: TenantId,
    wanted: &[(TenantId, UserId)],
) -> Result<Vec<Reviewer>> {
    let mut out: Vec<Reviewer> = Vec::new();
    for (home, user) in wanted {
        let held = access.effective(*home, *user, t).await?;
        let known = access.0.people.person(*home, *user).await?;
        let known = known.filter(|_| held.allows(UsersManageRoles::ID));
        let known = known.ok_or_else(|| {
            let text = format!("a reviewer holds '{}' in the tenant", UsersManageRoles::ID);
            Error::invalid(text).attr("reviewers")
        })?;
        if !out.iter().any(|r| r.is((*home, *user))) {
            out.push(Reviewer { tenant: *home, user: *user, name: known.label.clone() });
        }
    }
    if out.is_empty() || out.len() > REVIEWERS {
        let text = format!("name the reviewers: from one to {REVIEWERS} people");
        return Err(Error::invalid(text).attr("reviewers"));
    }
    Ok(out)
}

/// Of these reviewers those who give roles in the tenant now.
pub(super) async fn standing(
    access: &Access,
    t: TenantId,
    reviewers: &[Reviewer],
) -> Result<BTreeSet<(TenantId, UserId)>> {
    let mut out = BTreeSet::new();
    for r in reviewers {
        if access.effective(r.tenant, r.user, t).await?.allows(managing()) {
            out.insert((r.tenant, r.user));
        }
    }
    Ok(out)
}

/// Who has what now, of what the review is about; each with whose it is to decide.
async fn items(access: &Access, p: &Permit<UsersManageRoles>, draft: &Draft) -> Result<Vec<Item>> {
    let (t, filter) = (p.tenant(), &draft.filter);
    let row = access.0.people.tenant(t).await?.ok_or_else(|| Error::not_found("tenant"))?;
    let site = Site { tenant: t, tags: &row.tags.0 };
    let all: Vec<RoleId> = roles::list(access, p).await?.iter().map(|r| r.id).collect();
    let (mut out, mut after) = (Vec::new(), None);
    loop {
        // platform: who has something in a tenant may be at home in the provider's.
        let mut c = access.0.store.scan(Scope::Platform).await?;
        let found = who_can::candidates(&mut c, t, &all, after, LOOK).await?;
        drop(c);
        let who: Vec<_> = found.iter().map(|f| (f.home, f.user)).collect();
        let mut people = access.crowd(&who).await?;
        people.retain(|s| filter.kind.is_none_or(|k| k == s.subject.kind));
        let mut by_home: HashMap<TenantId, Vec<UserId>> = HashMap::new();
        for s in &people {
            by_home.entry(s.home).or_default().push(s.user);
        }
        let mut facts = HashMap::new();
        for (home, users) in by_home {
            let mut c = access.0.store.scan(Scope::Tenant(home)).await?;
            facts.extend(db::facts(&mut c, home, &users).await?.into_iter().map(|f| (f.id, f)));
        }
        for s in &people {
            let Some(f) = facts.get(&s.user) else { continue };
            let ours = s.home == t && f.directory_id == filter.directory;
            if filter.directory.is_some() && !ours {
                continue;
            }
            for path in s.paths.iter().filter(|p| p.reach.covers(site)) {
                if filter.role.is_some_and(|r| r != path.role.id) {
                    continue;
                }
                // It is not theirs as long as a mapped group gives them something.
                if matches!(path.via, Via::Default { behind: true, .. }) {
                    continue;
                }
                let mut item = item((s.home, s.user), path);
                item.user_label.clone_from(&s.label);
                (item.user_kind, item.user_live) = (s.subject.kind, s.subject.live);
                item.void = effective::void(&s.subject, path).map(str::to_owned);
                item.last_use = f.seen.max(f.signed_in).max(f.secret_used);
                out.push(item);
            }
        }
        if out.len() > MOST {
            let text = format!(
                "a review has {MOST} items at most: narrow it down to a role, a directory or a kind"
            );
            return Err(Error::new(Kind::TooLarge, text));
        }
        match found.last() {
            Some(last) if i64::try_from(found.len()).is_ok_and(|n| n == LOOK) => {
                after = Some(last.user);
            }
            _ => break,
        }
    }
    out.sort_by(|a, b| {
        (&a.user_label, a.subject(), &a.role_name).cmp(&(&b.user_label, b.subject(), &b.role_name))
    });
    assign(&mut out, &draft.reviewers);
    for item in &mut out {
        item.id = ReviewItemId::new();
    }
    Ok(out)
}

/// One way in which somebody has a role.
fn item((home, user_id): (TenantId, UserId), p: &Path) -> Item {
    let (via, via_id, source, group_name, directory_name, reason) = match &p.via {
        Via::Assignment { grant, source, reason } => {
            (Way::Grant, grant.0, source.as_str(), None, None, reason.clone())
        }
        Via::Mapping { mapping, group_name, directory_name, .. } => {
            let (group, directory) = (Some(group_name.clone()), Some(directory_name.clone()));
            (Way::Mapping, mapping.0, "mapping", group, directory, None)
        }
        Via::Parked { change, group_name, directory_name, .. } => {
            let directory = Some(directory_name.clone());
            (Way::Parked, change.0, "parked", group_name.clone(), directory, None)
        }
        Via::Default { id, .. } => (Way::Default, id.0, "default", None, None, None),
    };
    Item {
        id: ReviewItemId(uuid::Uuid::nil()),
        home,
        user_id,
        user_label: String::new(),
        user_kind: crate::actor::UserKind::Tenant,
        user_live: false,
        role_id: p.role.id,
        role_name: p.role.name.clone(),
        scope: p.reach.column(),
        scope_tenant: p.reach.tenant(),
        via,
        via_id,
        source: source.to_owned(),
        group_name,
        directory_name,
        reason,
        given_by: p.by.clone(),
        since: p.since,
        until: p.until,
        void: None,
        last_use: None,
        reviewer_tenant: None,
        reviewer_user: None,
        reviewer_name: None,
        decision: None,
        shorten_to: None,
        note: None,
        decided_by: None,
        decided_by_tenant: None,
        decided_by_user: None,
        decided_at: None,
        outcome: None,
        outcome_text: None,
    }
}

/// Each person's items go to one reviewer, in turn; a reviewer's own to another, if there is one.
fn assign(items: &mut [Item], reviewers: &[Reviewer]) {
    let (mut turn, mut last) = (0, None);
    for i in items {
        let who = i.subject();
        if last.is_some_and(|l| l != who) {
            turn += 1;
        }
        last = Some(who);
        let from = turn % reviewers.len().max(1);
        let mut order = reviewers.iter().cycle().skip(from).take(reviewers.len());
        if let Some(r) = order.find(|r| !r.is(who)) {
            i.reviewer_tenant = Some(r.tenant);
            i.reviewer_user = Some(r.user);
            i.reviewer_name = Some(r.name.clone());
        }
    }
}

async fn write(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    draft: Draft,
    items: Vec<Item>,
    plan: Option<Plan>,
) -> Result<Review> {
    let t = p.tenant();
    let review = Review {
        tenant_id: t,
        id: ReviewId::new(),
        plan_id: draft.plan,
        name: draft.name,
        filter: J(draft.filter),
        reviewers: J(draft.reviewers),
        undecided: draft.undecided,
        due_at: draft.due_at,
        state: State::Open,
        created_by: draft.maker.0,
        created_by_tenant: draft.maker.1.map(|m| m.0),
        created_by_user: draft.maker.1.map(|m| m.1),
        created_at: access.0.store.clock().now(),
        closed_at: None,
        closed_by: None,
        manifest: None,
        csv_manifest: None,
    };
    let moves = draft.plan.zip(draft.moves);
    let people: HashSet<_> = items.iter().map(Item::subject).collect();
    let (people, items, plan) = (people.len(), Arc::new(items), Arc::new(plan));
    tx!(access.0.store, &p.cx(), [review, items, plan], |tx| {
        if let Some(plan) = plan.as_ref() {
            db::insert_plan(tx, plan).await?;
        }
        if let Some((plan, moves)) = moves
            && !db::move_on(tx, t, plan, moves).await?
        {
            return Err(Error::conflict("another node has begun it").code(BEGUN));
        }
        db::insert(tx, &review).await?;
        for i in items.iter() {
            db::insert_item(tx, t, review.id, i).await?;
        }
        let detail = json!({
            "filter": review.filter.0, "items": items.len(), "people": people, "plan": review.plan_id,
            "due_at": review.due_at.rfc3339(), "undecided": review.undecided,
            "reviewers": review.reviewers.0.iter().map(|r| r.user).collect::<Vec<_>>(),
        });
        let event = Event::new("review.open").target("review", review.id).detail(detail);
        audit::record(tx, t, event.personal(json!({ "name": review.name }))).await?;
        if !items.is_empty() {
            telling::tell(tx, t, review.id, false).await?;
        }
        Ok(review)
    })
}
