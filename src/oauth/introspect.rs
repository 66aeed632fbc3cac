//! `POST /oauth/introspect` (RFC 7662): the answer is that of this moment. A client sees tokens of its own tenant; what
//! it may not see is not active.

use super::{
    caller,
    error::{OAuthError, no_store},
};
use crate::{app::App, sessions, web::ClientAddr};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// Answers an introspection.
pub async fn post(
    State(app): State<App>,
    from: ClientAddr,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let params = caller::form(&headers, &body)?;
    let client = caller::client(&app, &headers, &params, from.ip()).await?;
    if client.app.public {
        return Err(OAuthError::new("unauthorized_client", "a public client may not introspect"));
    }
    let token = params.need("token")?;
    let answer = if token.starts_with("mst_rt_") {
        refresh(&app, &client, token).await?
    } else {
        match app.gate.bearer(token).await {
            Ok(b)
                if b.client.app.id == client.app.id
                    || client.app.platform
                    || b.tid == client.app.tenant_id =>
            {
                let mut out = b.claims().clone();
                out.remove("ep");
                out.insert("active".into(), json!(true));
                out.insert("scope".into(), json!(b.scopes.join(" ")));
                out.insert("token_type".into(), json!("Bearer"));
                out.insert("username".into(), json!(b.user_name()));
                Value::Object(out)
            }
            Ok(_) => inactive(),
            Err(e) if e.kind() == crate::error::Kind::Unauthenticated => {
                own(&app, &client, token).await?
            }
            Err(e) => return Err(e.into()),
        }
    };
    let mut r = answer.to_string().into_response();
    r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    no_store(r.headers_mut());
    Ok(r)
}

fn inactive() -> Value {
    json!({"active": false})
}

/// A token that an application has for itself.
async fn own(app: &App, client: &crate::apps::Client, token: &str) -> Result<Value, OAuthError> {
    match app.gate.own(token).await {
        Ok(o) if o.client.app.id == client.app.id => {
            let mut out = o.claims().clone();
            out.remove("ep");
            out.insert("active".into(), json!(true));
            out.insert("scope".into(), json!(o.scopes.join(" ")));
            out.insert("token_type".into(), json!("Bearer"));
            Ok(Value::Object(out))
        }
        Ok(_) => Ok(inactive()),
        Err(e) if e.kind() == crate::error::Kind::Unauthenticated => Ok(inactive()),
        Err(e) => Err(e.into()),
    }
}

async fn refresh(
    app: &App,
    client: &crate::apps::Client,
    token: &str,
) -> Result<Value, OAuthError> {
    let Some(t) = sessions::refresh_token(&app.store, token).await? else { return Ok(inactive()) };
    let now = app.store.clock().now();
    if t.over || t.expires_at <= now || t.app != client.app.id {
        return Ok(inactive());
    }
    let standing = app.gate.refresh_standing(client, &t).await;
    match standing {
        Ok(scopes) => Ok(json!({
            "active": true, "scope": scopes.join(" "), "client_id": client.app.client_id,
            "sub": t.user, "tid": t.tid, "exp": app.gate.refresh_ends(&t).await?.secs(), "token_type": "refresh_token",
        })),
        Err(e) if e.kind() == crate::error::Kind::Unauthenticated => Ok(inactive()),
        Err(e) => Err(e.into()),
    }
}
