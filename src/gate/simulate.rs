//! "What would be decided?": an id token that somebody pasted, or a sign-in of the past, judged by the directory's settings
//! and the tenant's policy as they are now, by the very functions that a sign-in asks. Nothing is written and nobody is let
//! in; the token is neither kept nor told of. What cannot be known from here is said.

use super::{
    Demands, Gate,
    arrival::{self, Identity, Judged, Through},
};
use crate::{
    access::{Permit, perm::SystemViewLogs},
    clock::Timestamp,
    crypto::{jwt, unb64},
    directories::{self, Directory, Keyring, People, SignIn},
    error::{Error, Result},
    id::DirectoryId,
    protocol::oidc::{Claims, Connection, Decision, Demand, Evidence, Expected},
    secret::{ExposeSecret as _, Secret},
    signins::{self, Reason},
    store::Scope,
    tenants,
    users::{self, User},
};
use serde_json::{Map, Value};

/// What is to be judged.
#[derive(Debug)]
pub enum What {
    /// An id token, as text.
    Token(Secret),
    /// A sign-in of the past, by its reference.
    Past(String),
}

/// A question of what would be decided.
#[derive(Debug)]
pub struct Simulated {
    /// What is judged.
    pub what: What,
    /// Through which application (client id), if through one.
    pub app: Option<String>,
    /// To use which permission, if one.
    pub permission: Option<String>,
}

/// What would be decided.
#[derive(Debug)]
pub struct Simulation {
    /// What is known of the signature and of who the token is from and for.
    pub signature: String,
    /// What else is to be known about the answer.
    pub notes: Vec<String>,
    /// What a sign-in would look at beside what is known here, and could refuse.
    pub caveats: Vec<String>,
    /// What the provider calls the person.
    pub subject: Option<String>,
    /// Who that is here.
    pub user: Option<User>,
    /// As whom they would be made, whom nobody brought.
    pub comes: Option<String>,
    /// What is demanded of them; `None` where it would not come so far.
    pub demands: Option<Demands>,
    /// The decision; `None` if it would not come so far.
    pub decision: Option<Decision>,
    /// Why they would not come in, at once or, where the provider would be asked once more, if it said the same again.
    pub refusal: Option<(Reason, String)>,
    /// What the provider would be asked then.
    pub asked: Vec<(&'static str, String)>,
}

/// What is known of what is judged.
#[derive(Default)]
struct Seen {
    signature: String,
    notes: Vec<String>,
    caveats: Vec<String>,
    identity: Option<Identity>,
    user: Option<User>,
    comes: Option<String>,
    demands: Option<Demands>,
    evidence: Option<Evidence>,
    at: Timestamp,
    /// Of the proof it says nothing.
    refusal: Option<Error>,
    /// Although they prove enough.
    unsettled: Option<Error>,
}
impl Seen {
    fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }
    fn caveat(&mut self, text: &str) {
        self.caveats.push(text.to_owned());
    }
}

impl Gate {
    /// What would be decided of it now.
    ///
    /// # Errors
    /// `NotFound` for a directory, a sign-in or an application that is not there; `Invalid` for what is no id token, and for a
    /// sign-in that left no evidence.
    pub async fn simulate(
        &self,
        permit: &Permit<SystemViewLogs>,
        directory: DirectoryId,
        ask: &Simulated,
        ring: &Keyring,
    ) -> Result<Simulation> {
        let (t, store) = (permit.tenant(), &self.0.store);
        if let Some(id) = &ask.app
            && !self.0.apps.find(id).await?.is_some_and(|c| c.serves(t))
        {
            return Err(Error::not_found("an application of this client id").attr("app"));
        }
        let mut c = store.read(Scope::Tenant(t)).await?;
        let d = directories::find(&mut c, t, directory).await?;
        let tenant = tenants::find(&mut c, t).await?;
        drop(c);
        let d = d.ok_or_else(|| Error::not_found(format!("directory {directory}")))?;
        // It is looked at first; and nobody has anything in a tenant that is suspended, so that nothing is demanded.
        let closed = arrival::open(tenant.as_ref(), Some(&d)).err();
        let known = closed.as_ref().is_none_or(|e| Reason::of(e) != Reason::TenantSuspended);
        let ask = (ask, known);
        let mut seen = match &ask.0.what {
            What::Token(token) => {
                self.of_token(permit, &d, ask, token.expose_secret(), ring).await?
            }
            What::Past(reference) => self.of_past(permit, &d, ask, reference).await?,
        };
        if let Some(e) = closed
            && let Some(also) = seen.refusal.replace(e)
        {
            let reason = Reason::of(&also).code();
            seen.note(&format!("and if it were: {} ({reason})", also.detail()));
        }
        Ok(judged(&d, seen))
    }

    /// What the record of a sign-in kept.
    async fn of_past(
        &self,
        permit: &Permit<SystemViewLogs>,
        d: &Directory,
        (ask, known): (&Simulated, bool),
        reference: &str,
    ) -> Result<Seen> {
        let (t, store) = (permit.tenant(), &self.0.store);
        let past = signins::get(store, permit, reference).await?;
        if past.directory_id != Some(d.id) {
            return Err(Error::not_found("a sign-in with this reference, through this directory"));
        }
        let detail = &past.detail.0;
        let kept = [&detail["evidence"], &detail["seen"]["evidence"]];
        let evidence = kept.into_iter().find_map(Evidence::read).ok_or_else(|| {
            Error::invalid("this sign-in did not come so far that it left evidence").attr("signin")
        })?;
        let said = |name: &str| detail["seen"][name].as_str().map(str::to_owned);
        let identity = said("issuer").zip(said("subject"));
        let mut seen = Seen {
            signature: "checked when the person signed in".to_owned(),
            identity: identity.map(|(issuer, subject)| Identity { issuer, subject }),
            evidence: Some(evidence),
            at: past.at,
            ..Seen::default()
        };
        seen.note("judged as of when the person signed in, by the settings of now");
        let newcomers = &d.signin.0.newcomers;
        let mut reader = store.read(Scope::Tenant(t)).await?;
        seen.user = match (past.user_id, &seen.identity) {
            (Some(id), _) => users::find(&mut reader, t, id).await?,
            (None, Some(who)) => who.find(&mut reader, (t, d.id), newcomers.any()).await?,
            (None, None) => None,
        };
        drop(reader);
        match &seen.user {
            Some(user) if !known => seen.refusal = arrival::may_enter(user).err(),
            Some(user) => {
                seen.refusal = arrival::may_enter(user).err();
                let used = |p: &str| ask.permission.as_deref() == Some(p);
                let demands = self.demands((t, user.id), t, ask.app.as_deref(), &used).await?;
                seen.demands = Some(demands);
            }
            None => {
                let why = "the directory has provisioned nobody whom it calls so";
                seen.refusal = Some(Reason::IdentityUnknown.error(why));
                if newcomers.people != People::Nobody {
                    seen.note(
                        "whether they would come in as a new person the record does not say, as it keeps no address: paste an id \
                         token to see it",
                    );
                }
            }
        }
        Ok(seen)
    }

    /// What a pasted token says, and what would become of whoever brings it.
    async fn of_token(
        &self,
        p: &Permit<SystemViewLogs>,
        d: &Directory,
        (ask, known): (&Simulated, bool),
        token: &str,
        ring: &Keyring,
    ) -> Result<Seen> {
        let no = |text: &str| Error::invalid(text.to_owned()).attr("token");
        let s = SignIn::of(d);
        let s = s.ok_or_else(|| no("the directory has no sign-in half that could read a token"))?;
        let (mut seen, claims) = read(&s, token, ring, self.0.store.clock().now())?;
        let (Some(claims), Some(identity), None) = (claims, &seen.identity, &seen.refusal) else {
            return Ok(seen);
        };
        if !known {
            return Ok(seen);
        }
        let through = Through { app: ask.app.clone(), permission: ask.permission.clone() };
        let would = self.would(p.actor(), (&s, &claims), identity, &through).await?;
        if would.groups == Some(arrival::Groups::Asked) {
            seen.caveat(
                "a sign-in asks Graph for the person's groups, and what these give may demand more",
            );
        }
        if would.invited {
            seen.note("they are invited: a sign-in accepts the invitation");
        }
        let (user, made) = (would.user, would.made);
        if made {
            // There is nobody of that id.
            seen.comes = user.map(|u| u.user_name);
            seen.note("nobody is known by this account: a new person would be made");
        } else {
            seen.user = user;
        }
        (seen.demands, seen.unsettled) = (would.demands, would.unsettled);
        seen.refusal = would.refusal.or_else(|| arrival::lasts(&claims, seen.at).err());
        Ok(seen)
    }
}

/// What a pasted token says.
fn read(s: &SignIn, token: &str, ring: &Keyring, now: Timestamp) -> Result<(Seen, Option<Claims>)> {
    let token = token.trim();
    let payload = token.split('.').nth(1).filter(|_| token.len() <= 32_768).and_then(unb64);
    let claims: Option<Map<String, Value>> = payload.and_then(|p| serde_json::from_slice(&p).ok());
    let no = "'token' is no id token: three parts, the second of them claims";
    let claims = claims.ok_or_else(|| Error::invalid(no).attr("token"))?;
    let mut seen = Seen { at: now, ..Seen::default() };
    seen.refusal = signature(&mut seen, token, &s.issuer, ring);
    let claims = match Claims::parse(&claims) {
        Ok(claims) => claims,
        Err(e) => {
            seen.refusal = seen.refusal.or(Some(e));
            return Ok((seen, None));
        }
    };
    // One that is over is judged as of when it was new; one of the future is not.
    seen.at = Timestamp::from_secs(claims.iat).min(now);
    if claims.exp <= now.secs() {
        seen.note("the token is over by now; it is judged as of when it was issued");
    }
    seen.evidence = Some(Evidence::of(&claims));
    // What a sign-in asked, nobody can tell any more; that it asked something, is sure.
    let nonce = claims.nonce.clone().filter(|n| !n.is_empty());
    let (issuer, client_id) = (s.issuer.as_str(), s.client_id.as_str());
    let given = nonce.as_deref().unwrap_or("what was asked");
    let wrong = claims.check(&Expected { issuer, client_id, nonce: given, now: seen.at }).err();
    seen.caveat(
        "a sign-in compares 'nonce' with what it asked; of a pasted token that is not known, nor whether it was used before",
    );
    seen.refusal = seen.refusal.or(wrong);
    if seen.refusal.is_none() {
        match Identity::of(s, &claims) {
            Ok(identity) => seen.identity = Some(identity),
            Err(e) => seen.refusal = Some(e),
        }
    }
    Ok((seen, Some(claims)))
}

/// What can be said of a signature by the keys that are known; asking the provider for more is a sign-in's business.
fn signature(seen: &mut Seen, token: &str, issuer: &str, ring: &Keyring) -> Option<Error> {
    let verified = jwt::header(token).and_then(|_| match ring.get(issuer) {
        Some(known) => jwt::verify(token, &known.keys, &known.algs).map(|_| true),
        None => Ok(false),
    });
    let unchecked = match verified {
        Ok(true) => {
            "holds: by a key that the provider publishes".clone_into(&mut seen.signature);
            return None;
        }
        Ok(false) => {
            "nobody has signed in through this directory since the server started, so its provider's keys are not known"
        }
        Err(e) if e.code_str() == Some("key_unknown") => {
            "by a key that the provider did not publish when it was last asked; a sign-in asks it anew, and refuses \
             (key_unknown) what it still does not publish"
        }
        Err(e) => {
            seen.signature = format!("does not hold: {}", e.detail());
            return Some(e);
        }
    };
    seen.signature = format!("not checked: {unchecked}");
    seen.caveats.push(format!("the signature was not checked: {unchecked}"));
    None
}

/// The same function that decides a sign-in, on the same settings.
fn judged(d: &Directory, seen: Seen) -> Simulation {
    let stored = &d.signin.0;
    let connection = Connection {
        preset: d.preset.0,
        rules: &stored.rules,
        attested: stored.attested.as_ref(),
        generation: d.generation,
    };
    let owed = seen.demands.as_ref().map_or_else(tenants::Demand::default, |d| d.total);
    let demand = Demand {
        class: owed.class.class(),
        max_age: owed.max_age,
        left_at: seen.at,
        now: seen.at,
        again: true,
        policy: seen.demands.as_ref().map(|d| d.policy),
    };
    let judged = seen.evidence.as_ref().map(|e| arrival::judge(&connection, e, &demand));
    let (decision, weak, asked) = match judged {
        Some(Judged { decision, weak, asked }) => (Some(decision), weak, asked),
        None => (None, None, Vec::new()),
    };
    let told = |e: &Error| (Reason::of(e), e.detail().to_owned());
    let refused = seen.refusal.as_ref().map(told);
    let asked = if refused.is_some() { Vec::new() } else { asked };
    Simulation {
        signature: seen.signature,
        notes: seen.notes,
        caveats: seen.caveats,
        subject: seen.identity.map(|i| i.subject),
        user: seen.user,
        comes: seen.comes,
        demands: seen.demands,
        decision,
        refusal: refused.or(weak).or_else(|| seen.unsettled.as_ref().map(told)),
        asked,
    }
}
