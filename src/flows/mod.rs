//! What a sign-in or an authorization has in flight. The steps of a sign-in meet in a flow row, not by calling each
//! other; it lives on the server, bound to the browser that began it, so nothing of it can be changed from outside.
//! All single use is one statement.

mod codes;
mod db;
pub mod goodbye;

pub use codes::{Code, CodeUse, NewCode, code_claim, code_issued, code_put};

use crate::{
    apps::About,
    clock::Timestamp,
    credentials::{Enrolment, Proved, reset},
    crypto::{
        ct_eq,
        token::{self, Kind},
    },
    directories::Trial,
    error::Result,
    id::{AppId, DirectoryId, FlowId, TenantId},
    invitations::Invited,
    setup,
    store::{Cx, J, Scope, Store, Tx},
    tenants::Required,
    tx,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// How long a person may take.
pub const LIFE: Duration = Duration::from_secs(20 * 60);
/// How long they may be away at an upstream provider.
const UPSTREAM_LIFE: Duration = Duration::from_secs(15 * 60);

/// What a sign-in is for, and how far it has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// Where it goes when the person is signed in.
    pub after: After,
    /// The tenant whose ways in are shown.
    pub tenant: Option<TenantId>,
    /// The tenant, or that there is none, follows from an address that was typed: pages must not tell which.
    #[serde(default)]
    pub by_email: bool,
    /// The short name of a company that was typed, or stood in the address: pages must not tell whether there is one.
    #[serde(default)]
    pub named: Option<String>,
    /// In which tenant the session will act is settled: the request says so, or the person has.
    #[serde(default)]
    pub settled: bool,
    /// A name to begin with.
    pub login_hint: Option<String>,
    /// A password that was right, while the code is missing.
    #[serde(default)]
    pub password: Option<Proved>,
    /// What somebody who is only just coming in has chosen.
    #[serde(default)]
    pub enrolment: Option<Enrolment>,
    /// A stronger proof than the directory gave: asked for once.
    #[serde(default)]
    pub step_up: Option<StepUp>,
    /// Who has signed in goes to the page of what they sign in with.
    #[serde(default)]
    pub to_factors: bool,
    /// Where else they go: an application's start address, which was held against those that are registered.
    #[serde(default)]
    pub start: Option<String>,
    /// A session is good enough only if its proof is not older (`prompt=login`, `max_age`).
    pub min_auth_time: Option<Timestamp>,
}

impl State {
    /// A flow that has only begun.
    pub fn new(after: After, tenant: Option<TenantId>) -> Self {
        let settled = tenant.is_some() && matches!(after, After::Authorize { .. });
        Self {
            after,
            tenant,
            by_email: false,
            named: None,
            settled,
            login_hint: None,
            password: None,
            enrolment: None,
            step_up: None,
            to_factors: false,
            start: None,
            min_auth_time: None,
        }
    }
    /// Whether it is said where the person belongs: in a company, or in one of which nobody is told whether there is one.
    pub fn placed(&self) -> bool {
        self.tenant.is_some() || self.by_email || self.named.is_some()
    }
    /// Whether somebody of this company belongs there.
    pub fn opens_to(&self, home: TenantId) -> bool {
        match (&self.tenant, &self.named) {
            (Some(t), _) => *t == home,
            (None, Some(_)) => false,
            (None, None) => true,
        }
    }
    /// The test login that it is.
    pub fn trial(&self) -> Option<Trial> {
        match self.after {
            After::Trial(trial) => Some(trial),
            _ => None,
        }
    }
}

/// Where a sign-in goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// The signed-in page.
    Page,
    /// Back to an authorization request.
    Authorize {
        /// The application.
        app: AppId,
        /// What people are shown of it.
        about: About,
        /// The request, checked, in the issuer's own form.
        request: Value,
    },
    /// An invitation is accepted.
    Invitation(Invited),
    /// The instance is set up.
    Setup(setup::Draft),
    /// A directory's sign-in half is tried: nobody comes in.
    Trial(Trial),
    /// What somebody signs in with is set up anew.
    Reset(reset::Ticket),
}

/// A stronger proof that a directory is asked for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct StepUp {
    /// Which directory.
    pub directory: DirectoryId,
    /// What must be proved.
    pub required: Required,
    /// It was asked: what it answers then is its last word.
    pub asked: bool,
}

/// Begins a flow for the browser whose cookie hashes to `browser`.
///
/// # Errors
/// The database's.
pub async fn begin(store: &Store, cx: &Cx, state: State, browser: &str) -> Result<FlowId> {
    let (id, browser) = (FlowId::new(), browser.to_owned());
    tx!(store, cx, [state, browser], |tx| {
        tx.unaudited("a flow is nobody's act yet");
        let expires = tx.now().plus(LIFE);
        db::insert(tx, id, &browser, &J(&state), expires).await?;
        Ok(id)
    })
}

/// The flow, for the browser that began it; `None` when it is gone, over, or another's.
///
/// # Errors
/// The database's.
pub async fn get(store: &Store, id: FlowId, browser: &str) -> Result<Option<State>> {
    let now = store.clock().now();
    let mut c = store.read(Scope::Platform).await?;
    let row = db::get(&mut c, id).await?;
    Ok(row.filter(|r| r.expires_at > now && ct_eq(&r.browser, browser)).map(|r| r.state.0))
}

/// Notes how far a flow has come.
///
/// # Errors
/// The database's.
pub async fn put(store: &Store, cx: &Cx, id: FlowId, state: &State) -> Result<()> {
    tx!(store, cx, [state], |tx| {
        tx.unaudited("a flow is nobody's act yet");
        db::update(tx, id, &J(&state)).await?;
        Ok(())
    })
}

/// Ends a flow; says whether it was still there: of two that end it, one may go on.
///
/// # Errors
/// The database's.
pub async fn end(store: &Store, cx: &Cx, id: FlowId) -> Result<bool> {
    tx!(store, cx, [], |tx| {
        tx.unaudited("a flow is nobody's act yet");
        Ok(db::delete(tx, id).await? == 1)
    })
}

/// A redirect to an upstream provider, waiting for its answer.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// The flow it belongs to.
    pub flow: FlowId,
    /// The directory's tenant.
    pub tenant: TenantId,
    /// The directory.
    pub directory: DirectoryId,
    /// The directory's generation at the start.
    pub generation: i64,
    /// The nonce the id token must repeat.
    pub nonce: String,
    /// The PKCE verifier.
    pub verifier: String,
    /// What was asked for (`max_age`, `acr_values`): what the answer is judged by.
    pub request: Value,
    /// When.
    pub started_at: Timestamp,
}
impl Upstream {
    /// The test login that it is of, if it is of one: whatever became of the flow meanwhile, nobody comes in by it.
    pub fn trial(&self) -> Option<Trial> {
        serde_json::from_value(self.request["trial"].clone()).ok()
    }
}

/// Notes a redirect; gives the `state` parameter.
///
/// # Errors
/// The database's.
pub async fn upstream_put(store: &Store, cx: &Cx, up: Upstream) -> Result<crate::secret::Secret> {
    let (state, hash) = token::generate(Kind::State);
    tx!(store, cx, [up, hash], |tx| {
        tx.unaudited("a flow is nobody's act yet");
        let expires = tx.now().plus(UPSTREAM_LIFE);
        db::insert_upstream(tx, &hash, &up, expires).await
    })?;
    Ok(state)
}

/// What the `state` of an answer turned out to be.
#[derive(Debug)]
pub enum Claimed {
    /// This browser's own.
    Ours(Upstream),
    /// Another browser's: whoever shows it should not have it.
    Foreign(Upstream),
    /// Unknown, used, or over.
    Gone,
}

/// Claims the answer to a redirect, once. A state shown by another browser is used up as well.
///
/// # Errors
/// The database's.
pub async fn upstream_claim(store: &Store, cx: &Cx, state: &str, browser: &str) -> Result<Claimed> {
    let Some(hash) = token::hash(Kind::State, state) else { return Ok(Claimed::Gone) };
    let claimed = tx!(store, cx, [hash], |tx| {
        tx.unaudited("a flow is nobody's act yet");
        db::claim_upstream(tx, &hash).await
    })?;
    let Some(row) = claimed else { return Ok(Claimed::Gone) };
    let mut c = store.read(Scope::Platform).await?;
    let flow = db::get(&mut c, row.flow_id).await?;
    let now = store.clock().now();
    let Some(flow) = flow.filter(|f| f.expires_at > now && row.expires_at > now) else {
        return Ok(Claimed::Gone);
    };
    let up = Upstream {
        flow: row.flow_id,
        tenant: row.tenant_id,
        directory: row.directory_id,
        generation: row.generation,
        nonce: row.nonce,
        verifier: row.verifier,
        request: row.request.0,
        started_at: row.created_at,
    };
    Ok(if ct_eq(&flow.browser, browser) { Claimed::Ours(up) } else { Claimed::Foreign(up) })
}

/// Removes what is over.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, cx: &Cx) -> Result<u64> {
    tx!(store, cx, [], |tx| {
        tx.unaudited("expired rows");
        db::sweep(tx).await
    })
}

/// Removes what was under way in a tenant that is deleted.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId) -> Result<u64> {
    db::leave(tx, t).await
}
