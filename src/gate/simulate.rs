//! "What would be decided?": an id token that somebody pasted, or a sign-in of the past, judged by the directory's settings
//! and the tenant's policy as they are now, by the very function that a sign-in asks. Nothing is written and nobody is let in;
//! the token is neither kept nor told of.

use super::{Demands, Gate};
use crate::{
    access::{Permit, perm::SystemViewLogs},
    clock::Timestamp,
    crypto::{jwt, unb64},
    directories::{self, Directory, Keyring},
    domains,
    error::{Error, Result},
    id::{DirectoryId, TenantId},
    protocol::oidc::{self, Claims, Connection, Decision, Demand, Evidence, Expected, Verdict},
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
    pub notes: Vec<&'static str>,
    /// What the provider calls the person.
    pub subject: Option<String>,
    /// Who that is here.
    pub user: Option<User>,
    /// What is demanded of them; `None` where nobody is known.
    pub demands: Option<Demands>,
    /// The decision; `None` if it would not come so far.
    pub decision: Option<Decision>,
    /// Why they would not come in, at once or, where the provider would be asked once more, if it said the same again.
    pub refusal: Option<(Reason, String)>,
    /// What the provider would be asked then.
    pub asked: Vec<(&'static str, String)>,
}

/// What is read of a token or a record.
struct Seen {
    signature: String,
    notes: Vec<&'static str>,
    subject: Option<(String, String)>,
    user: Option<User>,
    evidence: Option<Evidence>,
    at: Timestamp,
    refusal: Option<Error>,
    /// Of a pasted token.
    claims: Option<Claims>,
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
        drop(c);
        let d = d.ok_or_else(|| Error::not_found(format!("directory {directory}")))?;
        let mut seen = match &ask.what {
            What::Token(token) => of_token(&d, token.expose_secret(), ring, store.clock().now())?,
            What::Past(reference) => self.of_past(permit, &d, reference).await?,
        };
        if let (Some((issuer, subject)), None) = (&seen.subject, &seen.user) {
            let mut c = store.read(Scope::Tenant(t)).await?;
            seen.user = users::find_by_identity(&mut c, t, d.id, issuer, subject).await?;
            if seen.user.is_none() {
                seen.user = users::find_by_external_id(&mut c, t, d.id, subject).await?;
            }
        }
        let comes = seen.user.is_none() && seen.refusal.is_none();
        let comes = comes && newcomer(self, &d, &mut seen).await?;
        if seen.refusal.is_none() {
            seen.refusal = stands(&d, seen.user.as_ref(), comes);
        }
        if seen.claims.is_some() && d.signin.0.newcomers.groups.is_some() {
            seen.notes.push(
                "the groups that the token lists are put in place before a real sign-in is judged: what they give may demand more",
            );
        }
        let demands = match &seen.user {
            Some(u) => Some(self.owed(t, u, ask).await?),
            None => None,
        };
        Ok(judged(&d, seen, demands))
    }

    async fn owed(&self, t: TenantId, u: &User, ask: &Simulated) -> Result<Demands> {
        let used = |p: &str| ask.permission.as_deref() == Some(p);
        self.demands((t, u.id), t, ask.app.as_deref(), &used).await
    }

    /// What the record of a sign-in kept.
    async fn of_past(
        &self,
        p: &Permit<SystemViewLogs>,
        d: &Directory,
        reference: &str,
    ) -> Result<Seen> {
        let (t, store) = (p.tenant(), &self.0.store);
        let past = signins::get(store, p, reference).await?;
        if past.directory_id != Some(d.id) {
            return Err(Error::not_found("a sign-in with this reference, through this directory"));
        }
        let detail = &past.detail.0;
        let kept = [&detail["evidence"], &detail["seen"]["evidence"]];
        let evidence = kept.into_iter().find_map(Evidence::read).ok_or_else(|| {
            Error::invalid("this sign-in did not come so far that it left evidence").attr("signin")
        })?;
        let user = match past.user_id {
            Some(id) => users::find(&mut store.read(Scope::Tenant(t)).await?, t, id).await?,
            None => None,
        };
        let said = |name: &str| detail["seen"][name].as_str().map(str::to_owned);
        Ok(Seen {
            signature: "checked when the person signed in".to_owned(),
            notes: vec!["judged as of when the person signed in, by the settings of now"],
            subject: said("issuer").zip(said("subject")),
            user,
            evidence: Some(evidence),
            at: past.at,
            refusal: None,
            claims: None,
        })
    }
}

/// What a pasted token says.
fn of_token(d: &Directory, token: &str, ring: &Keyring, now: Timestamp) -> Result<Seen> {
    let no = |text: &str| Error::invalid(text.to_owned()).attr("token");
    let (Some(issuer), Some(client_id)) = (&d.issuer, &d.client_id) else {
        return Err(no("the directory has no sign-in half that could read a token"));
    };
    let token = token.trim();
    let payload = token.split('.').nth(1).filter(|_| token.len() <= 32_768).and_then(unb64);
    let claims: Option<Map<String, Value>> = payload.and_then(|p| serde_json::from_slice(&p).ok());
    let claims = claims
        .ok_or_else(|| no("'token' is no id token: three parts, the second of them claims"))?;
    let (signature, mut refusal) = signature(token, issuer, ring);
    let mut seen = Seen {
        signature,
        notes: Vec::new(),
        subject: None,
        user: None,
        evidence: None,
        at: now,
        refusal: None,
        claims: None,
    };
    match Claims::parse(&claims) {
        Err(e) => refusal = refusal.or(Some(e)),
        Ok(mut claims) => {
            seen.at = Timestamp::from_secs(claims.iat);
            if claims.exp <= now.secs() {
                seen.notes.push("the token is over by now; it is judged as of when it was issued");
            }
            // Which sign-in it answers, nobody can tell any more.
            seen.notes.push("'nonce' is not looked at");
            let nonce = claims.nonce.take().unwrap_or_default();
            claims.nonce = Some(nonce.clone());
            let expected = Expected { issuer, client_id, nonce: &nonce, now: seen.at };
            refusal = refusal.or_else(|| claims.check(&expected).err());
            if refusal.is_none() && claims.iss == *issuer {
                match oidc::subject(d.preset.0, &claims) {
                    Ok(s) => seen.subject = Some((claims.iss.clone(), s.to_owned())),
                    Err(e) => refusal = Some(e),
                }
            }
            seen.evidence = Some(Evidence::of(&claims));
            seen.claims = Some(claims);
        }
    }
    seen.refusal = refusal;
    Ok(seen)
}

/// What can be said of a signature by the keys that are known; asking the provider for more is a sign-in's business.
fn signature(token: &str, issuer: &str, ring: &Keyring) -> (String, Option<Error>) {
    if let Err(e) = jwt::header(token) {
        return (format!("does not hold: {}", e.detail()), Some(e));
    }
    let Some(known) = ring.get(issuer) else {
        let text = "not checked: nobody has signed in through this directory since the server started, so its provider's \
                    keys are not known";
        return (text.to_owned(), None);
    };
    match jwt::verify(token, &known.keys, &known.algs) {
        Ok(_) => ("holds: by a key that the provider publishes".to_owned(), None),
        Err(e) if e.code_str() == Some("key_unknown") => {
            let text =
                "not checked: by a key that the provider did not publish when it was last asked";
            (text.to_owned(), None)
        }
        Err(e) => (format!("does not hold: {}", e.detail()), Some(e)),
    }
}

/// Whether somebody whom nobody brought would come in with this token; what keeps them out otherwise is the refusal.
async fn newcomer(gate: &Gate, d: &Directory, seen: &mut Seen) -> Result<bool> {
    let Some(claims) = seen.claims.as_ref() else { return Ok(false) };
    let newcomers = &d.signin.0.newcomers;
    if newcomers.people == directories::People::Nobody {
        return Ok(false);
    }
    if oidc::is_guest(d.preset.0, claims) && !newcomers.guests {
        let why = "the account is a guest in the directory, and its settings let no guests in";
        seen.refusal = Some(Reason::GuestNotAllowed.error(why));
        return Ok(false);
    }
    let mut c = gate.0.store.read(Scope::Tenant(d.tenant_id)).await?;
    for address in oidc::vouched(d.preset.0, claims).filter_map(domains::plain_address) {
        if domains::confirmed(&mut c, d.tenant_id, &address).await? {
            seen.notes.push(
                "nobody is known by this account: a new person would be made, unless somebody of this address is here \
                 otherwise; what the company's people have by default may demand more than is judged here",
            );
            return Ok(true);
        }
    }
    let why = "the directory vouches for no address of the person in a domain that is confirmed for the tenant";
    seen.refusal = Some(Reason::DomainNotVerified.error(why));
    Ok(false)
}

/// What keeps the person out whatever they prove; `comes`: as a new person.
fn stands(d: &Directory, user: Option<&User>, comes: bool) -> Option<Error> {
    if d.status != directories::Status::Active {
        return Some(Reason::DirectoryNotActive.error("the directory is switched off"));
    }
    let Some(user) = user else {
        let why = "the directory has provisioned nobody whom it calls so";
        return (!comes).then(|| Reason::IdentityUnknown.error(why));
    };
    if !user.active {
        return Some(Reason::UserDeactivated.error("deactivated by the directory"));
    }
    (!user.enabled).then(|| Reason::UserDisabled.error("switched off by hand"))
}

/// The same function that decides a sign-in, on the same settings.
fn judged(d: &Directory, seen: Seen, demands: Option<Demands>) -> Simulation {
    let stored = &d.signin.0;
    let connection = Connection {
        preset: d.preset.0,
        rules: &stored.rules,
        attested: stored.attested.as_ref(),
        generation: d.generation,
    };
    let owed = demands.as_ref().map_or_else(tenants::Demand::default, |d| d.total);
    let demand = |again| Demand {
        class: owed.class.class(),
        max_age: owed.max_age,
        left_at: seen.at,
        now: seen.at,
        again,
        policy: demands.as_ref().map(|d| d.policy),
    };
    let decide = |again| Some(oidc::decide(&connection, seen.evidence.as_ref()?, &demand(again)));
    let (decision, last) = (decide(true), decide(false));
    let asked = match &decision {
        Some(x) if x.verdict == Verdict::AskOnce && seen.refusal.is_none() => {
            let class = owed.class.class();
            let anew = || vec![("prompt", "login".to_owned())];
            let mut asked =
                oidc::step_up(connection.preset, connection.rules, class).unwrap_or_else(anew);
            asked.push(("max_age", "0".to_owned()));
            asked
        }
        _ => Vec::new(),
    };
    let weak = last.as_ref().and_then(|x| match x.verdict {
        Verdict::TooWeak => Some((Reason::MfaNotProved, x.why.clone())),
        Verdict::TooOld => Some((Reason::AuthTooOld, x.why.clone())),
        Verdict::Enough | Verdict::AskOnce => None,
    });
    let refused = seen.refusal.as_ref().map(|e| (Reason::of(e), e.detail().to_owned()));
    Simulation {
        signature: seen.signature,
        notes: seen.notes,
        subject: seen.subject.map(|(_, s)| s),
        user: seen.user,
        demands,
        decision,
        refusal: refused.or(weak),
        asked,
    }
}
