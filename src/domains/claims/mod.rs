//! Proof by DNS: a company says that a domain is its own, publishes the text it is given, and is believed as long as the
//! text stands there.

mod db;

use super::{Domain, db as domains_db, rules};
use crate::{
    access::{
        Permit, guard,
        perm::{SystemEditSettings, SystemViewSettings},
    },
    audit::{self, Event},
    clock::Timestamp,
    crypto, directories,
    error::{Error, Result},
    id::TenantId,
    net::dns::{Found, Texts},
    outbox,
    store::{Cx, Lock, Scope, Store, Tx},
    tx,
};
use serde_json::json;
use std::time::Duration;

/// The outbox's word for what administrators of a tenant are told of its domains.
pub const TOPIC: &str = "domain.notice";

/// The name under a domain at which the text is published.
const LABEL: &str = "_muster-challenge";
/// What it begins with.
const VALUE: &str = "muster-domain-verification=";
/// How many a tenant may ask for that are not proved.
const OPEN: i64 = 50;
/// How often what was proved is looked for again.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How soon again, where no server answered.
const SOON: Duration = Duration::from_secs(3600);
/// For so long after the text is gone people still come in by the domain as before.
const GRACE: Duration = Duration::from_secs(14 * 24 * 3600);

crate::row! {
    /// What a tenant says is its domain.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Claim {
        /// Whose it would be.
        pub tenant_id: TenantId,
        /// The domain, as DNS has it.
        pub name: String,
        /// What the text must hold.
        pub token: String,
        /// Who asked.
        pub asked_by: String,
        /// When.
        pub created_at: Timestamp,
        /// When it was last looked for by hand.
        pub checked_at: Option<Timestamp>,
        /// Why it was not believed then, in words.
        pub found: Option<String>,
    }
}

impl Claim {
    /// The name of the record to publish.
    pub fn record(&self) -> String {
        format!("{LABEL}.{}", self.name)
    }
    /// Its text.
    pub fn value(&self) -> String {
        format!("{VALUE}{}", self.token)
    }
}

/// A domain of one tenant: proved, asked for, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The domain.
    pub name: String,
    /// What counts.
    pub domain: Option<Domain>,
    /// What was asked for.
    pub claim: Option<Claim>,
}

/// The domains of a tenant, by name.
///
/// # Errors
/// The database's.
pub async fn of_tenant(store: &Store, p: &Permit<SystemViewSettings>) -> Result<Vec<Own>> {
    let t = p.tenant();
    let mut c = store.read(Scope::Tenant(t)).await?;
    let domains = domains_db::of_tenant(&mut c, t).await?;
    let claims = db::of_tenant(&mut c, t).await?;
    drop(c);
    let mut all: std::collections::BTreeMap<String, Own> = domains
        .into_iter()
        .map(|d| (d.name.clone(), Own { name: d.name.clone(), domain: Some(d), claim: None }))
        .collect();
    for claim in claims {
        let name = claim.name.clone();
        let own = all.entry(name.clone());
        own.or_insert(Own { name, domain: None, claim: None }).claim = Some(claim);
    }
    Ok(all.into_values().collect())
}

/// A tenant says that a domain is its own; asked again, it gets the same text.
///
/// # Errors
/// `Invalid` for what is no domain that a company can own; `Conflict` with too many that are not proved.
pub async fn ask(store: &Store, p: &Permit<SystemEditSettings>, name: &str) -> Result<Own> {
    let name = rules::own(name)?;
    let t = p.tenant();
    let token = crypto::random_b64(24);
    tx!(store, &p.cx(), [name, token], |tx| {
        if db::get(tx, t, &name).await?.is_none() {
            if db::open(tx, t).await? >= OPEN {
                let text = format!("more than {OPEN} domains are asked for; take some back first");
                return Err(Error::conflict(text).attr("domain"));
            }
            let by = tx.actor().label();
            if db::insert(tx, t, &name, &token, &by).await? > 0 {
                let event = Event::new("domain.ask").target("tenant", t);
                audit::record(tx, t, event.detail(json!({ "domain": name }))).await?;
            }
        }
        own(tx, t, &name).await
    })
}

async fn own(tx: &mut Tx, t: TenantId, name: &str) -> Result<Own> {
    let domain = domains_db::by_name(tx, name).await?.filter(|d| d.tenant_id == t);
    let claim = db::get(tx, t, name).await?;
    if domain.is_none() && claim.is_none() {
        return Err(Error::not_found(format!("domain {name}")));
    }
    Ok(Own { name: name.to_owned(), domain, claim })
}

/// One at a time decides whose a domain is.
fn lock(name: &str) -> Lock {
    Lock::Named(format!("domain {name}"))
}

fn words(found: &Found, claim: &Claim) -> Option<String> {
    let record = claim.record();
    Some(match found {
        Found::There => return None,
        Found::Here => format!("not every DNS server knows of {record} yet; look again in a while"),
        Found::NotThere(false) => {
            format!(
                "there is no TXT record at {record}; publish it, and look again when DNS has it"
            )
        }
        // What it says is not shown: a name can point at what only this server's resolver sees.
        Found::NotThere(true) => format!("the TXT record at {record} has another text"),
        Found::Unknown(why) => format!("too few DNS servers answer about {record}: {why}"),
    })
}

/// Looks for the text now; where it stands, the domain is the tenant's from now on.
///
/// # Errors
/// `NotFound` for a domain that was not asked for; `Conflict` where it is another's, which only who owns it gets to know, and
/// where nobody who administers would be left who can sign in.
pub async fn check(
    store: &Store,
    texts: &Texts,
    p: &Permit<SystemEditSettings>,
    name: &str,
) -> Result<Own> {
    let name = rules::name(name).map_err(|_| Error::not_found("domain"))?;
    let t = p.tenant();
    let mut c = store.read(Scope::Tenant(t)).await?;
    let none = || Error::not_found(format!("domain {name}"));
    let claim = db::get(&mut c, t, &name).await?.ok_or_else(none)?;
    drop(c);
    // No transaction is open while others are asked.
    let found = texts.look(&claim.record(), &claim.value()).await;
    let why = words(&found, &claim);
    // Whose it was is another tenant's row.
    let cx = Cx::new(p.actor().clone(), Scope::Platform);
    tx!(store, &cx, [name, claim, found, why], |tx| {
        tx.lock(lock(&name)).await?;
        if db::checked(tx, t, &name, &claim.token, why.as_deref()).await? == 0 {
            return Err(Error::not_found(format!("domain {name}")));
        }
        if found == Found::There {
            // As of a domain that is confirmed by hand.
            let guard = guard::before(tx, t).await?;
            proved(tx, t, &name).await?;
            let left = guard.after(tx, guard::By::Hand).await;
            left.map_err(|e| directories::locked_out(e, "domain"))?;
        } else {
            tx.unaudited("when it was looked for, and what was found");
        }
        own(tx, t, &name).await
    })
    .map_err(|e| if e.violates("domains_name") { anothers() } else { e })
}

fn anothers() -> Error {
    let text =
        "this domain is confirmed for another company here; ask the administrators of the platform";
    Error::conflict(text).attr("domain").code("uniqueness")
}

async fn proved(tx: &mut Tx, t: TenantId, name: &str) -> Result<()> {
    let was = domains_db::by_name(tx, name).await?;
    match was {
        // What was confirmed by hand stays so, whatever becomes of the record.
        Some(d) if d.tenant_id == t && d.method == super::Method::Hand => {
            tx.unaudited("it was confirmed before");
            return Ok(());
        }
        Some(d) if d.tenant_id == t => {
            domains_db::seen(tx, t, name).await?;
            if d.lost_at.is_none() {
                tx.unaudited("it was proved before");
                return Ok(());
            }
        }
        // What somebody else proved once, and has not been able to for weeks, goes to who proves it now.
        Some(d) if d.lapsed => {
            domains_db::delete(tx, d.tenant_id, name).await?;
            let lines = [format!(
                "Another company published the record for {name}; addresses in it lead there now."
            )];
            let notice =
                json!({ "subject": format!("{name} is not yours any more"), "lines": lines });
            outbox::push(tx, d.tenant_id, TOPIC, &notice).await?;
            let event = Event::new("domain.remove").target("tenant", d.tenant_id);
            let detail =
                json!({ "domain": name, "why": "another company proved that it is theirs" });
            audit::record(tx, d.tenant_id, event.detail(detail)).await?;
            domains_db::insert_proved(tx, t, name).await?;
        }
        Some(_) => return Err(anothers()),
        None => domains_db::insert_proved(tx, t, name).await?,
    }
    let event = Event::new("domain.prove").target("tenant", t);
    audit::record(tx, t, event.detail(json!({ "domain": name }))).await
}

/// Takes back what was asked for, and what was proved: the domain is nobody's then. What was confirmed by hand goes as it
/// came, by a Global Administrator.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn drop_own(store: &Store, p: &Permit<SystemEditSettings>, name: &str) -> Result<()> {
    let name = rules::name(name).map_err(|_| Error::not_found("domain"))?;
    let t = p.tenant();
    tx!(store, &p.cx(), [name, p], |tx| {
        let was = domains_db::by_name(tx, &name).await?.filter(|d| d.tenant_id == t);
        if was.is_some_and(|d| d.method == super::Method::Hand) && !p.everything() {
            let text = "a Global Administrator confirmed this domain, and alone takes it away";
            return Err(Error::forbidden(text).attr("domain"));
        }
        let claimed = db::delete(tx, t, &name).await?;
        let had = domains_db::delete(tx, t, &name).await?;
        if claimed + had == 0 {
            return Err(Error::not_found(format!("domain {name}")));
        }
        let event = Event::new("domain.remove").target("tenant", t);
        audit::record(tx, t, event.detail(json!({ "domain": name }))).await
    })
}

/// Looks again for what was proved, each once a day; says how many were looked for. A worker calls it.
///
/// # Errors
/// The database's.
pub async fn look_again(store: &Store, texts: &Texts, cx: &Cx) -> Result<usize> {
    let mut c = store.read(Scope::Platform).await?;
    let due = db::due(&mut c, store.clock().now().minus(DAY)).await?;
    drop(c);
    let n = due.len();
    for claim in due {
        let found = texts.look(&claim.record(), &claim.value()).await;
        let (t, name, looked) = (claim.tenant_id, claim.name, claim.checked_at);
        tx!(store, cx, [name, found], |tx| { seen_again(tx, t, &name, looked, &found).await })?;
    }
    Ok(n)
}

async fn seen_again(
    tx: &mut Tx,
    t: TenantId,
    name: &str,
    looked: Option<Timestamp>,
    found: &Found,
) -> Result<()> {
    tx.lock(lock(name)).await?;
    let was = domains_db::by_name(tx, name).await?;
    let Some(was) = was.filter(|d| d.tenant_id == t && d.checked_at == looked) else {
        tx.unaudited("it was taken away, or looked for by another node or by hand, meanwhile");
        return Ok(());
    };
    let now = tx.now();
    let action = match (found, was.lost_at) {
        (Found::There | Found::Here, None) => {
            tx.unaudited("it stands as it stood");
            return domains_db::seen(tx, t, name).await;
        }
        (Found::There | Found::Here, Some(_)) => {
            if !counts_again(tx, t, name).await? {
                tx.unaudited("it stays as it was");
                tracing::warn!(
                    domain = name,
                    "a domain that was proved again would shut out the last who administers"
                );
                return domains_db::later(tx, t, name, now).await;
            }
            "domain.found"
        }
        (Found::Unknown(_), _) => {
            tx.unaudited("nobody answered");
            return domains_db::later(tx, t, name, now.minus(DAY).plus(SOON)).await;
        }
        (Found::NotThere(_), since) => {
            let lapsed = since.is_some_and(|s| s < now.minus(GRACE));
            domains_db::lost(tx, t, name, lapsed).await?;
            match (since, lapsed && !was.lapsed) {
                (None, _) => "domain.lost",
                (Some(_), true) => "domain.lapse",
                (Some(_), false) => {
                    tx.unaudited("it is gone as it was");
                    return Ok(());
                }
            }
        }
    };
    let event = Event::new(action).target("tenant", t);
    audit::record(tx, t, event.detail(json!({ "domain": name }))).await?;
    let record = format!("{LABEL}.{name}");
    let (subject, lines) = match action {
        "domain.lost" => (
            format!("The proof of {name} is gone"),
            vec![
                format!("The TXT record at {record}, which proves that {name} is yours, is not there any more."),
                "Publish it again. After two weeks without it, nobody new is let in by that domain; who is known goes on as before.".to_owned(),
            ],
        ),
        "domain.lapse" => (
            format!("{name} lets nobody new in any more"),
            vec![format!("The TXT record at {record} has been gone for two weeks. Publish it again, and look: muster domain check.")],
        ),
        _ => (
            format!("The proof of {name} is there again"),
            vec![format!("The TXT record at {record} was found.")],
        ),
    };
    outbox::push(tx, t, TOPIC, &json!({ "subject": subject, "lines": lines })).await?;
    Ok(())
}

/// Lets a domain count again, whose proof was gone; not where it would shut out the last who administers.
async fn counts_again(tx: &mut Tx, t: TenantId, name: &str) -> Result<bool> {
    let guard = guard::before(tx, t).await?;
    let name = name.to_owned();
    let seen = tx.savepoint(move |tx| {
        Box::pin(async move {
            domains_db::seen(tx, t, &name).await?;
            guard.after(tx, guard::By::Hand).await.map(drop)
        })
    });
    match seen.await {
        Ok(()) => Ok(true),
        Err(e) if e.code_str() == Some("last_administrator") => Ok(false),
        Err(e) => Err(e),
    }
}

/// Frees what a tenant that is deleted asked for.
pub(super) async fn leave(tx: &mut Tx, t: TenantId) -> Result<u64> {
    db::leave(tx, t).await
}
