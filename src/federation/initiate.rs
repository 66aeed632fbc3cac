//! Sign-ins that a provider begins (OpenID Connect Core, 4): a tile in its portal leads to
//! `/federation/{directory}/initiate`, by `GET` or by a form, with who it is (`iss`), for whom (`login_hint`) and where to
//! (`target_link_uri`). Nothing of that is believed: what follows is a sign-in of our own, with state, nonce and PKCE in this
//! browser, and the address is one of ours or of an application, or none.

use super::{caller, error::or_page, provider::Providers, start::leave};
use crate::{
    app::App,
    directories,
    error::{Error, Result},
    flows::{self, After, State as Flow},
    id::{DirectoryId, RequestId},
    tenants::{self, Status},
    web::{Browser, Redirect, StrictPath, strict},
};
use axum::{
    Extension,
    body::Body,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use url::form_urlencoded::Serializer;

/// What a provider may say; what else it says is passed over.
const PARAMETERS: [&str; 3] = ["iss", "login_hint", "target_link_uri"];

/// `GET`.
pub(super) async fn asked(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    Extension(request): Extension<RequestId>,
    StrictPath(directory): StrictPath<DirectoryId>,
    browser: Browser,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let begun = begun(&app, &providers, request, directory, &browser, query.as_bytes());
    or_page(&app, request, begun.await)
}

/// `POST`, from a page of the provider's. Another site's form comes without our cookies (`SameSite=Lax`): begun here, the
/// sign-in would be another browser's, and a new cookie would end what is under way in this one. So the same is asked again,
/// by `GET`.
pub(super) async fn posted(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(directory): StrictPath<DirectoryId>,
    body: Body,
) -> Response {
    let again = async {
        let pairs = strict::pairs(&strict::body(body).await?)?;
        let known = pairs.iter().filter(|(name, _)| PARAMETERS.contains(&name.as_str()));
        let query = Serializer::new(String::new()).extend_pairs(known).finish();
        let to = format!("/federation/{directory}/initiate?{query}");
        Ok(Redirect::to(&to).into_response())
    };
    or_page(&app, request, again.await)
}

async fn begun(
    app: &App,
    providers: &Providers,
    request: RequestId,
    id: DirectoryId,
    browser: &Browser,
    sent: &[u8],
) -> Result<Response> {
    let none = || Error::not_found("this way of signing in");
    let pairs = strict::pairs(sent)?;
    let get = |n: &str| {
        let found = pairs.iter().find(|(name, _)| name == n).map(|(_, v)| v.as_str());
        found.filter(|v| !v.is_empty())
    };
    let whose = directories::tenants_of(&app.store, std::iter::once(id)).await?;
    let tenant = *whose.get(&id).ok_or_else(none)?;
    if tenants::get(&app.store, tenant).await?.status != Status::Active {
        return Err(none());
    }
    let s = directories::signin(&app.store, tenant, id, &app.master).await?.ok_or_else(none)?;
    if get("iss") != Some(s.issuer.as_str()) {
        let text = "'iss' is not this directory's provider: it has to be its issuer, to the letter";
        return Err(Error::invalid(text).attr("iss"));
    }
    let mut flow = Flow::new(After::Page, Some(tenant));
    flow.login_hint = get("login_hint").filter(|h| h.len() <= 320).map(str::to_owned);
    if let Some(target) = get("target_link_uri") {
        let ours = target.strip_prefix(app.config.issuer());
        match ours {
            Some("/me/factors") => flow.to_factors = true,
            Some("" | "/" | "/me") => {}
            // An application's home page, as it is registered.
            _ if app.apps.begins_at(tenant, target).await? => {
                flow.start = Some(target.to_owned());
            }
            _ => {}
        }
    }
    let cx = caller::platform(request);
    let flow_id = flows::begin(&app.store, &cx, flow.clone(), browser.hash()).await?;
    Ok(browser.keep(leave(app, providers, request, flow_id, &flow, id).await?))
}
