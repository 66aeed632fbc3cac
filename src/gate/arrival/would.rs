//! What would become of somebody, by what really becomes of them: the same functions, in a store in which nothing stays.

use super::{
    Arrived, Coming, Groups, Identity, Settling, arrive, grouping, may_enter, put, settle,
};
use crate::{
    access::{Access, Permit, perm::Provision},
    actor::Actor,
    apps::Apps,
    directories::SignIn,
    error::{Error, Kind, Result},
    gate::{Demands, Gate},
    protocol::oidc::Claims,
    store::{Cx, Scope, Store},
    tx,
    users::User,
};

/// What would become of them.
#[derive(Debug, Default)]
pub struct Would {
    /// Who they are here, or would be.
    pub user: Option<User>,
    /// They would be made: nobody has brought them.
    pub made: bool,
    /// They would accept an invitation with it.
    pub invited: bool,
    /// What is done about their groups; what these give is in what is demanded, but where Graph is asked for them.
    pub groups: Option<Groups>,
    /// What would be demanded of them; `None` where it would not come so far.
    pub demands: Option<Demands>,
    /// What keeps them out before anybody looks at what they prove.
    pub refusal: Option<Error>,
    /// What keeps them out although they prove enough.
    pub unsettled: Option<Error>,
}

/// What is asked for beside who somebody is.
#[derive(Debug, Clone, Default)]
pub struct Through {
    /// Through which application (client id).
    pub app: Option<String>,
    /// To use which permission.
    pub permission: Option<String>,
}

/// A decision about the person; anything else is our own trouble.
fn decided<T>(r: Result<T>) -> Result<std::result::Result<T, Error>> {
    match r {
        Err(e) if matches!(e.kind(), Kind::Internal | Kind::Unavailable) => Err(e),
        r => Ok(r),
    }
}

impl Gate {
    /// The same over another store, with nothing remembered.
    fn afresh(&self, store: &Store) -> Self {
        let access = Access::new(store.clone(), self.0.access.catalogue().clone());
        let (keys, apps) = (&self.0.keys, Apps::new(store));
        Self::new(store, &access, keys, &apps, &self.0.issuer, self.0.limits)
    }

    /// What would become of whoever the provider says this of, as far as it does not depend on what they prove; whether the
    /// directory is open is not asked. `actor` asks.
    ///
    /// # Errors
    /// `Unavailable` while others rehearse; those of our own trouble.
    pub async fn would(
        &self,
        actor: &Actor,
        (s, claims): (&SignIn, &Claims),
        identity: &Identity,
        through: &Through,
    ) -> Result<Would> {
        let (gate, actor, through) = (self.clone(), actor.clone(), through.clone());
        let (s, claims, identity) = (s.clone(), claims.clone(), identity.clone());
        let rehearsed = self.0.store.rehearse(move |store| {
            Box::pin(async move {
                let place = (s.tenant, s.directory);
                let permit = gate.0.access.rehearses(&store, &actor, place)?;
                let seen = gate.afresh(&store);
                let coming = Coming {
                    store: &store,
                    access: &seen.0.access,
                    permit: &permit,
                    signin: &s,
                    claims: &claims,
                    identity: &identity,
                };
                let mut would = Would::default();
                match decided(arrive(&coming, None).await)? {
                    Err(e) => would.refusal = Some(e),
                    Ok(arrived) => {
                        gate.goes_on(&coming, arrived, &permit, &through, &mut would).await?;
                    }
                }
                Ok(would)
            })
        });
        rehearsed.await
    }

    /// From where it is known who they are.
    async fn goes_on(
        &self,
        c: &Coming<'_>,
        Arrived { user, accepts, made }: Arrived,
        permit: &Permit<Provision>,
        through: &Through,
        would: &mut Would,
    ) -> Result<()> {
        let (t, d, store) = (c.signin.tenant, c.signin.directory, c.store);
        (would.made, would.invited) = (made, accepts.is_some());
        let id = user.id;
        if let Err(e) = may_enter(&user) {
            (would.refusal, would.user) = (Some(e), Some(user));
            return Ok(());
        }
        would.groups = grouping(c.signin, c.claims, &user);
        let listed = match &would.groups {
            Some(Groups::These(ids)) => decided(put(store, permit, &user, ids).await)?.err(),
            _ => None,
        };
        would.user = Some(user);
        if listed.is_some() {
            would.refusal = listed;
            return Ok(());
        }
        // What was done until here is seen by who remembers nothing of before.
        let used = |p: &str| through.permission.as_deref() == Some(p);
        let seen = self.afresh(store);
        let mut demands = seen.demands((t, id), t, through.app.as_deref(), &used).await?;
        if let Some(accepting) = &accepts {
            demands.total.class = demands.total.class.max(accepting.demanded);
        }
        would.demands = Some(demands);
        let settling = Settling {
            tenant: t,
            directory: d,
            generation: None,
            user: id,
            identity: c.identity.clone(),
            ready: accepts.map(|a| a.ready),
        };
        // Roles of an invitation may be in other tenants than the person's own.
        let cx = match settling.ready {
            Some(_) => Cx::new(permit.actor().clone(), Scope::Platform),
            None => permit.cx(),
        };
        let access = seen.0.access.clone();
        let done =
            tx!(store, &cx, [access, settling], |tx| { settle(tx, &access, &settling).await });
        would.unsettled = decided(done)?.err();
        Ok(())
    }
}
