//! Microsoft Graph, for the one question that an Entra id token may leave open: which groups a person is in, when they are
//! too many for the token. Asked as the application itself (`GroupMember.Read.All`), transitively.

use super::provider::Provider;
use crate::{
    app::App,
    directories::SignIn,
    error::{Error, Result},
    groups::claimed,
    protocol::oidc::Claims,
    secret::ExposeSecret as _,
};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

fn failed(what: &str, why: impl std::fmt::Display) -> Error {
    Error::unavailable(format!("{what}: {why}")).code("upstream_unavailable")
}

/// The ids of the groups of whom the id token is about.
///
/// # Errors
/// `Unavailable`, saying what Graph, or the token endpoint, answered.
pub(super) async fn groups(
    app: &App,
    s: &SignIn,
    provider: &Provider,
    claims: &Claims,
) -> Result<Vec<String>> {
    let oid = claims.oid.as_deref().unwrap_or_default();
    if oid.is_empty() || !oid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(failed("Graph", "the id token has no usable 'oid'"));
    }
    let token = token(app, s, provider).await?;
    let at = format!("{}/v1.0/users/{oid}/getMemberObjects", s.newcomers.graph());
    let body = json!({ "securityEnabledOnly": false }).to_string();
    let request = http::Request::post(at)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .body(body.into_bytes());
    let answer = app.net.send(request.map_err(|e| failed("Graph", e))?).await?;
    if answer.status() != http::StatusCode::OK {
        return Err(failed("Graph", answer.status()));
    }
    let body: Value = serde_json::from_slice(answer.body()).map_err(|e| failed("Graph", e))?;
    // Half a list would take away what stands in the other half.
    if body.get("@odata.nextLink").is_some() {
        return Err(failed("Graph", "its answer is not whole"));
    }
    let all = body["value"].as_array().ok_or_else(|| failed("Graph", "no list"))?;
    if all.len() > claimed::MOST {
        return Err(failed("Graph", format!("more than {} groups", claimed::MOST)));
    }
    let ids: Option<Vec<String>> = all.iter().map(|v| v.as_str().map(str::to_owned)).collect();
    ids.ok_or_else(|| failed("Graph", "what it lists are no ids"))
}

/// A token of our own for Graph (client credentials).
async fn token(app: &App, s: &SignIn, provider: &Provider) -> Result<String> {
    let what = "a token for Graph";
    let secret = s.client_secret.as_ref().ok_or_else(|| failed(what, "no client secret"))?;
    let at = provider.metadata.token_endpoint().ok_or_else(|| failed(what, "no token endpoint"))?;
    let form = Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &s.client_id)
        .append_pair("client_secret", secret.expose_secret())
        .append_pair("scope", &format!("{}/.default", s.newcomers.graph()))
        .finish();
    let request = http::Request::post(at.as_str())
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(form.into_bytes());
    let answer = app.net.send(request.map_err(|e| failed(what, e))?).await?;
    if answer.status() != http::StatusCode::OK {
        return Err(failed(what, answer.status()));
    }
    let body: Value = serde_json::from_slice(answer.body()).map_err(|e| failed(what, e))?;
    let token = body["access_token"].as_str().ok_or_else(|| failed(what, "no access token"))?;
    Ok(token.to_owned())
}
