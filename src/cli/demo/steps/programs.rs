//! Programs: an application that people sign in to, and a script with an integration user.

use super::super::play::{CALLBACK, Client, Play, Tokens, unproved};
use crate::{
    crypto,
    error::{Error, Result},
};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

/// What the application asks for. The person's roles permit the first two, not the third.
const ASKED: &str = "openid offline_access computers.view users.edit users.delete";

/// Registers the application and goes through code + PKCE in Anna's browser, which is signed in already.
pub(super) async fn authorize(p: &mut Play) -> Result<()> {
    let app = json!({ "name": "Contoso Wiki", "redirect_uris": [CALLBACK], "trusted": true });
    let made = p.muster.post("/tenants/contoso/apps", &app).await?;
    p.app = client(&made);
    let verifier = crypto::random_b64(32);
    let challenge = s256(&verifier);
    let (state, nonce) = (crypto::random_b64(12), crypto::random_b64(12));
    let mut url =
        Url::parse(&format!("{}/oauth/authorize", p.muster_url)).map_err(Error::internal)?;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &p.app.id)
        .append_pair("redirect_uri", CALLBACK)
        .append_pair("scope", ASKED)
        .append_pair("state", &state)
        .append_pair("nonce", &nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    let page = p.anna.browser.open(url.as_str(), Some(CALLBACK)).await?;
    let code = page.query("code").ok_or_else(|| {
        let error = page.query("error_description").or_else(|| page.query("error"));
        unproved(format!("no code came back: {}", error.unwrap_or_else(|| page.seen())))
    })?;
    if page.query("state").as_deref() != Some(state.as_str()) {
        return Err(unproved("the answer's state is not the one sent"));
    }
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", verifier.as_str()),
    ];
    let (status, answer) = p.token(&p.app, "token", &form).await?;
    if status != 200 {
        return Err(unproved(format!("the code was answered {status}: {answer}")));
    }
    let claims = claims(answer["id_token"].as_str().unwrap_or_default());
    if claims["nonce"] != nonce.as_str() {
        return Err(unproved("the id token's nonce is not the one sent"));
    }
    p.tokens = Some(Tokens {
        access: text(&answer["access_token"]),
        refresh: text(&answer["refresh_token"]),
        scope: text(&answer["scope"]),
        id_claims: claims,
    });
    Ok(())
}

pub(super) async fn scopes_follow(p: &mut Play) -> Result<String> {
    let tokens = p.tokens.clone().ok_or_else(|| unproved("the application has no tokens"))?;
    let held = |scope: &str| tokens.scope.split(' ').any(|s| s == scope);
    if !held("computers.view") || !held("users.edit") || held("users.delete") {
        return Err(unproved(format!("the token's scope is '{}'", tokens.scope)));
    }
    let (_, seen) = p.token(&p.app, "introspect", &[("token", &tokens.access)]).await?;
    if seen["active"] != true || seen["scope"] != tokens.scope.as_str() {
        return Err(unproved(format!("introspection says otherwise: {seen}")));
    }
    let (status, me) = p.api(Method::GET, "/me", &tokens.access, None).await?;
    if status != 200 {
        return Err(unproved(format!("the API answers {status} to the token: {me}")));
    }
    Ok(format!(
        "asked for '{ASKED}', received '{}'; roles in the id token: {}",
        tokens.scope, tokens.id_claims["roles"]
    ))
}

/// Makes an integration user that may see people, and gets a token for it.
pub(super) async fn integrate(p: &mut Play) -> Result<()> {
    let new = json!({
        "name": "Nightly report", "scopes": ["users.view"], "roles": ["Read-Only"],
    });
    let made = p.muster.post("/tenants/contoso/integrations", &new).await?;
    p.integration = client(&made);
    let form = [("grant_type", "client_credentials"), ("scope", "users.view")];
    let (status, answer) = p.token(&p.integration, "token", &form).await?;
    if status != 200 {
        return Err(unproved(format!("the token request was answered {status}: {answer}")));
    }
    p.integration_token = text(&answer["access_token"]);
    Ok(())
}

pub(super) async fn token_is_scoped(p: &mut Play) -> Result<String> {
    let token = p.integration_token.clone();
    let (status, list) = p.api(Method::GET, "/tenants/contoso/users", &token, None).await?;
    if status != 200 {
        return Err(unproved(format!("the API answers {status} to the token: {list}")));
    }
    let people = list["items"].as_array().map_or(0, Vec::len);
    let body = json!({ "kind": "tenant", "user_name": "intruder" });
    let (written, _) = p.api(Method::POST, "/tenants/contoso/users", &token, Some(&body)).await?;
    if written != 403 {
        return Err(unproved(format!("adding somebody with it is answered {written}, not 403")));
    }
    let form = [("grant_type", "client_credentials"), ("scope", "users.edit")];
    let (wider, answer) = p.token(&p.integration, "token", &form).await?;
    if wider != 400 || answer["error"] != "invalid_scope" {
        return Err(unproved(format!("asking for more is answered {wider}: {answer}")));
    }
    Ok(format!("it lists {people} users; writing is 403; asking for users.edit is invalid_scope"))
}

fn client(made: &Value) -> Client {
    Client { id: text(&made["client_id"]), secret: text(&made["client_secret"]) }
}

fn text(v: &Value) -> String {
    v.as_str().unwrap_or_default().to_owned()
}

/// RFC 7636, 4.2
fn s256(verifier: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

/// What an id token says. It came straight from the issuer, so its claims may be read as they are.
fn claims(token: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = token.split('.').nth(1).and_then(|p| URL_SAFE_NO_PAD.decode(p).ok());
    payload.and_then(|p| serde_json::from_slice(&p).ok()).unwrap_or(Value::Null)
}
