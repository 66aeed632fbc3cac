//! What is demanded of somebody's sign-in, and whether it is met: by the policy of the tenant that they act in, over the
//! roles and permissions they have there and the application they use.

use super::{Gate, TenantState};
use crate::{
    access::{Effective, catalogue::GLOBAL_ADMINISTRATOR},
    error::{Error, Kind, Result},
    id::{TenantId, UserId},
    protocol::oidc::Class,
    sessions::Live,
    tenants::{Demand, Required, Source},
};

/// What demands something, by its name for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// `role`, `permission`, `application` or `everybody`.
    pub kind: &'static str,
    /// Its name; empty for everybody.
    pub name: String,
    /// What.
    pub demand: Demand,
}

/// All that is demanded of somebody in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demands {
    /// By what.
    pub all: Vec<By>,
    /// Together.
    pub total: Demand,
    /// Of which version of the tenant's settings.
    pub policy: i64,
}

/// All of it together, for who holds `held` in a tenant.
pub(super) fn total(
    tenant: &TenantState,
    held: &Effective,
    app: Option<&str>,
    used: impl Fn(&str) -> bool,
) -> Demand {
    let roles = held.roles.iter().map(|r| (r.id, r.mfa));
    let all = tenant.policy.demands(roles, |p| held.allows(p), app, used);
    all.into_iter().fold(floor(held), |sum, (_, d)| sum.and(d))
}

/// What no policy takes away: whoever may do everything owes more than a password, wherever they act. A tenant's policy is
/// set by people who may do less.
fn floor(held: &Effective) -> Demand {
    let class = if held.global { Required::Attested } else { Required::None };
    Demand { class, max_age: None }
}

/// What is owed for what only Global Administrators do, and for a token that speaks for one everywhere.
pub const FOR_THE_INSTANCE: Demand = Demand { class: Required::Mfa, max_age: None };

impl Gate {
    /// What proof somebody owes who acts in `tid`, through the application with this client id if one is named; `used` says
    /// which permissions are used now.
    ///
    /// # Errors
    /// The database's.
    pub async fn demands(
        &self,
        (home, user): (TenantId, UserId),
        tid: TenantId,
        app: Option<&str>,
        used: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Demands> {
        let tenant = self.tenant(tid).await?;
        let held = self.0.access.effective(home, user, tid).await?;
        let roles = held.roles.iter().map(|r| (r.id, r.mfa));
        let all = tenant.policy.demands(roles, |p| held.allows(p), app, used);
        let role = |id| held.roles.iter().find(|r| r.id == id).map(|r| r.name.clone());
        let mut all: Vec<By> = all
            .into_iter()
            .map(|(source, demand)| {
                let (kind, name) = match source {
                    Source::Role(id) => ("role", role(id).unwrap_or_default()),
                    Source::Everybody => ("everybody", String::new()),
                    Source::Permission(p) => ("permission", p.to_owned()),
                    Source::App(a) => ("application", a.to_owned()),
                };
                By { kind, name, demand }
            })
            .collect();
        let floor = floor(&held);
        if floor != Demand::default() {
            let name = self.0.access.catalogue().role(GLOBAL_ADMINISTRATOR);
            let name = name.map(|r| r.name.clone()).unwrap_or_default();
            all.push(By { kind: "role", name, demand: floor });
        }
        let total = all.iter().fold(Demand::default(), |sum, b| sum.and(b.demand));
        Ok(Demands { all, total, policy: tenant.version })
    }
    /// Refuses a session that proves less than `demand`, or proved it too long ago.
    ///
    /// # Errors
    /// [`Kind::NeedsStepUp`].
    pub fn meets(&self, s: &Live, demand: Demand) -> Result<()> {
        let owed = owed(s, demand.class);
        if !satisfies(&s.class, owed) {
            return Err(too_weak(&s.class, owed));
        }
        let now = self.0.store.clock().now();
        let since = |age: i64| {
            let age = std::time::Duration::from_secs(age.unsigned_abs());
            s.proved_since(now.minus(age))
        };
        if demand.max_age.is_none_or(since) { Ok(()) } else { Err(too_old(s)) }
    }
}

/// Whether a class of assurance (`none single attested mfa phr`) is enough. What an administrator attests of a directory is
/// no proof: it counts where the policy says that it suffices, and nowhere else.
pub fn satisfies(class: &str, required: Required) -> bool {
    Class::parse(class).unwrap_or(Class::None) >= required.class()
}

/// What a session owes where so much is demanded: that of an account for emergencies always two factors and no more, or a
/// policy that nobody can meet would leave nobody to change it.
pub fn owed(s: &Live, demanded: Required) -> Required {
    if s.evidence.0["break_glass"] == true { Required::Mfa } else { demanded }
}

/// The refusal of a login whose proof is too weak.
pub fn too_weak(class: &str, required: Required) -> Error {
    let want = match required {
        Required::Phr => "a phishing-resistant second factor",
        Required::Mfa | Required::Attested | Required::None => "a second factor",
    };
    Error::new(
        Kind::NeedsStepUp,
        format!("this sign-in did not prove {want}, which your role or company demands"),
    )
    .code("mfa_not_proved")
    .operator(format!("class {class}, required {required:?}"))
}

/// The refusal of a session whose proof is too old for what is asked.
pub fn too_old(s: &Live) -> Error {
    let text = "this takes a proof of who you are that is fresh; sign in again";
    let when = s.proved_at().map_or_else(|| "unknown".to_owned(), crate::clock::Timestamp::rfc3339);
    Error::new(Kind::NeedsStepUp, text).code("auth_too_old").operator(format!("proved at {when}"))
}
