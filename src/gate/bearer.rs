//! Access tokens that come back: verified, and then asked whether they may still act. Introspection, userinfo and the
//! API all come through here.

use super::{
    FOR_THE_INSTANCE, Gate, INSTANCE, Person, TenantState, db, demand, over, owed, satisfies, write,
};
use crate::{
    access::Effective,
    actor::{Principal, UserKind},
    apps::Client,
    clock::Timestamp,
    crypto::jwt::Verified,
    error::Result,
    id::{FamilyId, SessionId, TenantId, UserId},
    sessions::{self, Live, Who, revoke},
    store::{Cx, Topic},
    tx,
};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};

/// The header's type of our access tokens (RFC 9068).
pub const TOKEN_TYPE: &str = "at+jwt";

/// The longest life we give an access token, in seconds; a longer one is not ours.
const MAX_LIFE: i64 = 3600;

/// An access token of ours that may act now; only [`Gate::bearer`] makes one.
#[derive(Debug)]
pub struct Bearer {
    /// The user's tenant.
    pub home: TenantId,
    /// The user.
    pub user: UserId,
    /// The tenant the token is for.
    pub tid: TenantId,
    /// The session, for people.
    pub session: Option<SessionId>,
    /// The client it was issued to.
    pub client: Arc<Client>,
    /// The scopes that could be given now: fewer than were given, where its application, its person's rights or their
    /// agreement were narrowed since.
    pub scopes: Arc<[String]>,
    /// Its session, for people.
    live: Option<Arc<Live>>,
    verified: Arc<Verified>,
    person: Arc<Person>,
}

impl Bearer {
    /// The principal that acts with this token.
    pub fn principal(&self) -> Principal {
        let instance = self.has(INSTANCE);
        Principal::User {
            home: self.home,
            user: self.user,
            kind: self.person.kind,
            session: self.session,
            app: Some(self.client.app.id),
            scopes: (!instance).then(|| self.scopes.clone()),
            bound: (!instance).then_some(self.tid),
        }
    }
    /// Whether a scope was given.
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }
    /// Whether it was issued for use here: it names no audience but its own client. One that names another is for that
    /// service, which could send it to us in its person's name.
    pub fn is_for_us(&self) -> bool {
        let aud = self.verified.claims.get("aud").and_then(Value::as_str);
        aud.is_some_and(|a| a == self.client.app.client_id || Some(a) == self.issuer())
    }
    fn issuer(&self) -> Option<&str> {
        self.verified.claims.get("iss").and_then(Value::as_str)
    }
    /// How well the person was proved, where the token speaks for them in every tenant: it was judged when it was made by
    /// what the tenant it is for demands, and each other demands its own.
    pub fn proof(&self) -> Option<&Arc<Live>> {
        self.live.as_ref().filter(|_| self.has(INSTANCE))
    }
    /// All claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.verified.claims
    }
    /// What userinfo says: the same as the id token, as it is now.
    pub fn about(&self, held: &Effective) -> Map<String, Value> {
        let roles: Vec<String> = held.roles.iter().map(|r| r.name.clone()).collect();
        let mut out = write::about(&self.person, &roles, &self.scopes);
        out.insert("sub".into(), Value::from(self.user.to_string()));
        out.insert("tid".into(), Value::from(self.tid.to_string()));
        out
    }
    /// The name of the user.
    pub fn user_name(&self) -> &str {
        &self.person.user_name
    }
    /// Whether it is an integration user's.
    pub fn is_integration(&self) -> bool {
        self.person.kind == UserKind::Integration
    }
}

/// The claims we wrote, read strictly: a claim of another type is not absent, it is wrong.
struct Ours<'a> {
    sub: UserId,
    tid: TenantId,
    home: TenantId,
    sid: Option<SessionId>,
    client_id: &'a str,
    jti: &'a str,
    fam: Option<FamilyId>,
    scope: &'a str,
    ep: [i64; 3],
    iat: i64,
    exp: i64,
}

fn read<'a>(v: &'a Verified, issuer: &str) -> Option<Ours<'a>> {
    if v.header.typ.as_deref() != Some(TOKEN_TYPE) {
        return None;
    }
    let c = &v.claims;
    let s = |n: &str| c.get(n).and_then(Value::as_str);
    let mut ep = s("ep")?.split('.').map(str::parse::<i64>);
    let ep = [ep.next()?.ok()?, ep.next()?.ok()?, ep.next()?.ok()?];
    if s("iss")? != issuer {
        return None;
    }
    s("aud")?;
    let tid = TenantId::parse(s("tid")?)?;
    let home = match c.get("home") {
        None => tid,
        Some(h) => TenantId::parse(h.as_str()?)?,
    };
    let sid = match c.get("sid") {
        None => None,
        Some(x) => Some(SessionId::parse(x.as_str()?)?),
    };
    let fam = match c.get("fam") {
        None => None,
        Some(x) => Some(FamilyId::parse(x.as_str()?)?),
    };
    Some(Ours {
        sub: UserId::parse(s("sub")?)?,
        tid,
        home,
        sid,
        client_id: s("client_id")?,
        jti: s("jti")?,
        fam,
        scope: s("scope")?,
        ep,
        iat: c.get("iat")?.as_i64()?,
        exp: c.get("exp")?.as_i64()?,
    })
}

impl Gate {
    /// Verifies an access token of ours and asks whether it may act now: signature, type, issuer, life, tenant, user,
    /// client, session and what it proves, the epochs it carries, and whether it was revoked alone or with its refresh family.
    ///
    /// # Errors
    /// `Unauthenticated` with the code `invalid_token`.
    pub async fn bearer(&self, token: &str) -> Result<Bearer> {
        let bad = || over("the access token is not valid");
        let verified = self.0.keys.verify(token).map_err(|e| bad().operator(format!("{e:?}")))?;
        let t = read(&verified, self.issuer()).ok_or_else(bad)?;
        let now = self.0.store.clock().now();
        // Our own clock wrote both times: no skew is granted at the end, a little at the beginning (several nodes).
        let life = t.exp.checked_sub(t.iat).filter(|l| (1..=MAX_LIFE).contains(l));
        if t.exp <= now.secs() || t.iat > now.secs() + 60 || life.is_none() {
            return Err(over("the access token has expired"));
        }
        let client = self.client(t.client_id).await?;
        let (person, tenant) = self.person(t.home, t.sub, t.tid).await?;
        if t.ep != [tenant.epoch, client.epoch, person.epoch] {
            return Err(over("the access token was revoked"));
        }
        let mut session = None;
        if let Some(sid) = t.sid {
            let live = self.session_of(t.home, t.sub, sid).await?;
            let live = live.ok_or_else(|| over("there is no such session"))?;
            self.live_for(&live, t.tid).await?;
            if live.user != t.sub {
                return Err(bad());
            }
            let instance = t.scope.split(' ').any(|s| s == INSTANCE);
            self.proves(&tenant, &live, t.tid, (t.client_id, instance)).await?;
            session = Some(live);
        } else if person.kind != UserKind::Integration {
            return Err(bad());
        }
        let epoch = self.epoch(t.home).await?;
        if self.0.facts.revoked((t.home, t.sub), t.jti, t.fam, epoch).await? {
            return Err(over("the access token was revoked"));
        }
        let given: Vec<String> =
            t.scope.split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect();
        let is_person = t.sid.is_some();
        let scopes = self.still_given(&client, (t.home, t.sub), t.tid, is_person, &given).await?;
        Ok(Bearer {
            home: t.home,
            user: t.sub,
            tid: t.tid,
            session: t.sid,
            client,
            scopes: scopes.into(),
            live: session,
            person,
            verified,
        })
    }
    /// Refuses what hangs on a session that proves less than is demanded by now: a policy may have become stricter since, a
    /// credential changed, or the person's roles may demand more.
    async fn proves(
        &self,
        tenant: &TenantState,
        live: &Live,
        tid: TenantId,
        (client_id, instance): (&str, bool),
    ) -> Result<()> {
        let held = self.0.access.effective(live.home, live.user, tid).await?;
        let mut demand = demand::total(tenant, &held, Some(client_id), |_| false);
        if instance && held.global {
            demand = demand.and(FOR_THE_INSTANCE);
        }
        if satisfies(&live.class, owed(live, demand.class)) {
            return Ok(());
        }
        Err(over("the session proves less than is demanded now"))
    }
    /// Whether a refresh token of `client`'s, read from the database, might be used now (tenant, user, session, what
    /// it proves, and agreement), and for which scopes.
    ///
    /// # Errors
    /// `Unauthenticated`, saying what is over.
    pub async fn refresh_standing(
        &self,
        client: &Client,
        t: &sessions::Presented,
    ) -> Result<Vec<String>> {
        let (_, tenant) = self.person(t.home, t.user, t.tid).await?;
        let sid = t.session.ok_or_else(|| over("there is no such session"))?;
        let live = self.session_of(t.home, t.user, sid).await?;
        let live = live.ok_or_else(|| over("there is no such session"))?;
        self.live_for(&live, t.tid).await?;
        self.lasts(t.into()).await?;
        let instance = t.scopes.0.iter().any(|s| s == INSTANCE);
        self.proves(&tenant, &live, t.tid, (&client.app.client_id, instance)).await?;
        self.still_given(client, (t.home, t.user), t.tid, true, &t.scopes.0).await
    }
    /// Ends one access token (RFC 7009), until it would have expired. Only the client it was issued to may.
    ///
    /// # Errors
    /// The database's.
    pub async fn revoke_access(&self, cx: &Cx, token: &str, client: &Client) -> Result<bool> {
        let Ok(verified) = self.0.keys.verify(token) else { return Ok(false) };
        let Some(t) = read(&verified, self.issuer()) else {
            return self.revoke_own(cx, token, client).await;
        };
        if t.client_id != client.app.client_id {
            return Ok(false);
        }
        let (jti, until) = (t.jti.to_owned(), Timestamp::from_secs(t.exp));
        let (home, user) = (t.home, t.sub);
        tx!(self.0.store, cx, [jti], |tx| {
            tx.unaudited("a client ends its own token");
            tx.changed(Topic::User(home, user));
            db::revoke(tx, &jti, until).await
        })?;
        Ok(true)
    }
    /// Ends what a code or a family gave, by the id of its access token, and the family itself.
    ///
    /// # Errors
    /// The database's.
    pub async fn revoke_issued(
        tx: &mut crate::store::Tx,
        (home, user): (TenantId, UserId),
        family: Option<FamilyId>,
        jti: Option<&str>,
        until: Timestamp,
        why: &'static str,
    ) -> Result<()> {
        if let Some(f) = family {
            revoke(tx, Who::Family(home, f), why).await?;
            Self::end_family(tx, (home, user), f).await?;
        }
        if let Some(jti) = jti {
            tx.changed(Topic::User(home, user));
            db::revoke(tx, jti, until).await?;
        }
        Ok(())
    }
    /// Ends the access tokens that a refresh family gave. The family itself is the caller's to end.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_family(
        tx: &mut crate::store::Tx,
        (home, user): (TenantId, UserId),
        family: FamilyId,
    ) -> Result<()> {
        tx.changed(Topic::User(home, user));
        let until = tx.now().plus(Duration::from_secs(MAX_LIFE.unsigned_abs()));
        db::revoke(tx, &family.to_string(), until).await?;
        Ok(())
    }
    /// Removes what is over.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(&self, cx: &Cx) -> Result<u64> {
        tx!(self.0.store, cx, [], |tx| {
            tx.unaudited("expired rows");
            db::sweep(tx).await
        })
    }
}
