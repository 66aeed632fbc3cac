//! `GET /federation/callback/{directory}`: the answer of a provider. The state is claimed first, by one statement: an answer
//! counts once, in the browser that asked.

use super::{
    admit::{Attempt, Refused, admit, refuse},
    caller,
    error::or_page,
    provider::{Provider, Providers},
    token, trial,
};
use crate::{
    app::App,
    directories::{self, SignIn},
    error::{Error, Kind, Result},
    flows::{self, Claimed, Upstream},
    id::{DirectoryId, RequestId},
    protocol::oidc::Claims,
    secret::Secret,
    signins::Reason,
    tenants::{self, Status},
    text::excerpt,
    web::{Browser, Device, LiveSession, strict},
};
use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    response::Response,
};
use serde_json::{Map, Value};
use std::{collections::HashMap, sync::Arc};

pub(super) async fn callback(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    Extension(request): Extension<RequestId>,
    browser: Browser,
    before: Option<LiveSession>,
    Device(device): Device,
    (Path(directory), RawQuery(query)): (Path<String>, RawQuery),
) -> Response {
    let (query, at) = (query.unwrap_or_default(), directory.parse().ok());
    or_page(
        &app,
        request,
        Box::pin(answered(&app, &providers, request, &browser, (before, device), (at, &query)))
            .await,
    )
}

/// What a provider answers with. Others may add parameters of their own, so unknown ones are passed over; none may
/// come twice.
struct Answer(HashMap<String, String>);

impl Answer {
    fn read(query: &str) -> Result<Self> {
        Ok(Self(strict::pairs(query.as_bytes())?.into_iter().collect()))
    }
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
}

async fn answered(
    app: &App,
    providers: &Providers,
    request: RequestId,
    browser: &Browser,
    (before, device): (Option<LiveSession>, Value),
    (at, query): (Option<DirectoryId>, &str),
) -> Result<Response> {
    let answer = Answer::read(query)?;
    let state = answer.get("state").unwrap_or_default();
    let cx = caller::platform(request);
    let up = match flows::upstream_claim(&app.store, &cx, state, browser.hash()).await? {
        Claimed::Ours(up) => up,
        Claimed::Foreign(up) => {
            let e = Reason::StateForeign.error("the answer came back in another browser");
            let attempt = Attempt { app, request, up: &up, device, before: None, flow: None };
            return refuse(&attempt, Refused::of(e)).await;
        }
        Claimed::Gone => {
            let text = "this sign-in has ended or was answered before; begin again";
            return Err(Error::new(Kind::Invalid, text).code("state_unknown"));
        }
    };
    if let Some(trial) = up.trial() {
        let proved = if at == Some(up.directory) {
            proved(app, providers, &up, &answer, true).await
        } else {
            Err(elsewhere())
        };
        return trial::answered(app, request, &up, &trial, proved).await;
    }
    let flow = flows::get(&app.store, up.flow, browser.hash()).await?;
    let attempt = Attempt { app, request, up: &up, device, before, flow };
    if at != Some(up.directory) {
        // Nothing of it is shown to the provider that was asked: the code may be another's.
        return refuse(&attempt, Refused::of(elsewhere())).await;
    }
    match proved(app, providers, &up, &answer, false).await {
        Ok(p) => admit(attempt, (&p.signin, &p.provider), (&p.claims, &p.id_token)).await,
        Err(e) => refuse(&attempt, Refused::of(e)).await,
    }
}

fn elsewhere() -> Error {
    let why = "the answer came to the address of another directory than was asked";
    Reason::IssuerMismatch.error(why)
}

/// An answer that is the provider's, to our question.
pub(super) struct Proved {
    pub signin: SignIn,
    pub provider: Arc<Provider>,
    /// Those that we read.
    pub claims: Claims,
    /// All of them.
    pub all: Map<String, Value>,
    /// What they were in.
    pub id_token: Secret,
}

async fn proved(
    app: &App,
    providers: &Providers,
    up: &Upstream,
    answer: &Answer,
    trial: bool,
) -> Result<Proved> {
    // Whatever was switched off while the person was away.
    if tenants::get(&app.store, up.tenant).await?.status != Status::Active {
        return Err(Reason::TenantSuspended.error("the tenant is suspended"));
    }
    let signin = if trial {
        directories::signin_to_test(&app.store, up.tenant, up.directory, &app.master).await?
    } else {
        directories::signin(&app.store, up.tenant, up.directory, &app.master).await?
    };
    let signin = signin.ok_or_else(|| {
        Reason::DirectoryNotActive.error("the directory's sign-in is switched off")
    })?;
    if signin.generation != up.generation {
        let why = "the directory's settings were changed while the person was away";
        return Err(Reason::GenerationChanged.error(why));
    }
    let provider = providers.get(app, &signin).await?;
    from_whom_we_asked(answer, &signin, &provider)?;
    if let Some(error) = answer.get("error") {
        let more = answer.get("error_description").unwrap_or_default();
        let why = format!("the provider answered {}: {}", excerpt(error), excerpt(more));
        let reason = match error {
            // Okta's word, and OpenID's (Unmet Authentication Requirements 1.0). Entra says that more would have to be
            // done than it can have done; we never forbid it to show a page.
            "unmet_authentication_requirements" | "interaction_required" => Reason::AcrUnmet,
            _ => Reason::IdpError,
        };
        return Err(reason.error(why));
    }
    let code = answer.get("code").ok_or_else(|| {
        Reason::IdpError.error("the provider's answer has neither code nor error")
    })?;
    let (claims, all, id_token) =
        token::claims(app, providers, &provider, &signin, up, code).await?;
    Ok(Proved { signin, provider, claims, all, id_token })
}

/// RFC 9207: an answer that says who it is from must be from whom we asked, also when it is an error; and a provider that
/// always says it must have said it.
fn from_whom_we_asked(answer: &Answer, s: &SignIn, provider: &Provider) -> Result<()> {
    match answer.get("iss") {
        Some(iss) if iss == s.issuer => Ok(()),
        Some(iss) => {
            Err(Reason::IssuerMismatch.error(format!("the answer is from '{}'", excerpt(iss))))
        }
        None if provider.says_iss => {
            let why =
                "the answer does not say who it is from, and the provider states that it does";
            Err(Reason::IssuerMismatch.error(why))
        }
        None => Ok(()),
    }
}
