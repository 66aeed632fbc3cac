//! POSTs under a key (`Idempotency-Key`, draft-ietf-httpapi-idempotency-key-header): whoever lost the answer asks again and
//! gets it, and nothing is done twice. One layer around every route; what a route does knows nothing of it.

use super::{Needs, Route, call::Call, called, error, param::KEY};
use crate::{
    error::{Error, Kind, Result},
    id::{RequestId, TenantId},
    repeats::{self, Asked, Claim, Outcome, Turn},
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use tracing::Instrument as _;

const NAME: &str = "Idempotency-Key";
/// Says that an answer is of the first request under its key.
static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// What an answer has to say beside its body.
static KEPT: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::ETAG, header::LOCATION, header::RETRY_AFTER];

/// The key of a request: a string as RFC 8941 writes it, or the bare text. Other methods are repeated as they are, and keys
/// that come with them are not looked at.
///
/// # Errors
/// `Invalid` for what is no key, or more than one.
pub(super) fn key(route: &Route, headers: &HeaderMap) -> Result<Option<String>> {
    let mut all = headers.get_all(NAME).iter();
    let Some(first) = all.next().filter(|_| route.method == "POST") else { return Ok(None) };
    let bad = || {
        let text = format!("'{NAME}' is one text of 1 to {KEY} visible ASCII characters");
        Error::invalid(text).attr(NAME)
    };
    let text = first.to_str().map_err(|_| bad())?.trim();
    let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    let fits = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\');
    if all.next().is_some() || text.is_empty() || text.len() > KEY || !text.bytes().all(fits) {
        return Err(bad());
    }
    Ok(Some(text.to_owned()))
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Kept {
    /// Reads an answer, which is one piece.
    async fn of(response: Response<Body>) -> Result<(Self, Response<Body>)> {
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.map_err(Error::internal)?;
        let text = |name: &HeaderName| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        };
        let kept = Self {
            status: parts.status.as_u16(),
            headers: KEPT.iter().filter_map(text).collect(),
            body: String::from_utf8(body.to_vec()).map_err(Error::internal)?,
        };
        Ok((kept, Response::from_parts(parts, Body::from(body))))
    }
    fn again(self) -> Result<Response<Body>> {
        let mut r = Response::new(Body::from(self.body));
        *r.status_mut() = StatusCode::from_u16(self.status).map_err(Error::internal)?;
        let h = r.headers_mut();
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name).map_err(Error::internal)?;
            h.insert(name, HeaderValue::try_from(value).map_err(Error::internal)?);
        }
        h.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        h.insert(REPLAYED.clone(), HeaderValue::from_static("true"));
        Ok(r)
    }
}

/// All that a request says, beside whose it is, its route and its tenant.
fn what(call: &Call) -> String {
    let sorted = |map: &std::collections::HashMap<String, String>| {
        let mut all: Vec<_> = map.iter().filter(|(k, _)| *k != "tenant").collect();
        all.sort();
        format!("{all:?}")
    };
    let mut out = format!("{}\n{}\n", sorted(&call.path), sorted(&call.query));
    for b in &call.body {
        // Writing to a String does not fail.
        let _ = write!(out, "{b:02x}");
    }
    out
}

/// Does a request, once.
pub(super) async fn run(
    route: &'static Route,
    mut call: Call,
    key: &str,
) -> Result<Response<Body>> {
    let of_a_tenant = call.path.contains_key("tenant");
    let tenant = if of_a_tenant { call.tenant_id().await? } else { TenantId::PLATFORM };
    // Before the key is looked at, which would tell that there is such a tenant; and of what was answered who may not ask
    // any more hears nothing.
    may(route, &call, tenant).await?;
    let (store, master) = (call.app.store.clone(), call.app.master.clone());
    let what = what(&call);
    let asked = Asked { actor: call.actor(), tenant, route: route.path, key, what: &what };
    let claim = match repeats::begin(&store, &master, asked).await? {
        Turn::First(claim) => claim,
        Turn::Again(text) => {
            let kept: Kept = serde_json::from_str(&text).map_err(Error::internal)?;
            return kept.again();
        }
    };
    call.caller.actor = call.caller.actor.keyed();
    let id = call.actor().request();
    // To its end, whoever waits for it: a caller whose connection broke asks again.
    let work = async move {
        let app = call.app.clone();
        let done = tokio::spawn(called::handled(route, call).in_current_span()).await;
        let done = done.unwrap_or_else(|e| Err(Error::internal(e)));
        let outcome = match &done {
            Ok(_) => Outcome::Done,
            Err(e) if matches!(e.kind(), Kind::Internal | Kind::Unavailable) => Outcome::Unknown,
            Err(_) => Outcome::Refused,
        };
        let response =
            done.map_or_else(|e| error::problem(&e, Some(id)), super::Reply::into_response);
        let (kept, response) = Kept::of(response).await?;
        keep(&app, claim, &kept, outcome, id).await;
        Ok(response)
    };
    let work = tokio::spawn(work.in_current_span());
    work.await.unwrap_or_else(|e| Err(Error::internal(e)))
}

/// What was done is done, whether or not its answer can be kept.
async fn keep(app: &crate::app::App, claim: Claim, kept: &Kept, outcome: Outcome, id: RequestId) {
    let text = serde_json::to_string(kept).unwrap_or_default();
    if let Err(e) = claim.end(&app.store, &app.master, &text, outcome).await {
        tracing::warn!(request = %id, error = ?e, "the answer to a request under a key cannot be kept");
    }
}

/// Refuses who may not ask this, as the route does.
async fn may(route: &Route, call: &Call, tenant: TenantId) -> Result<()> {
    match route.needs {
        Needs::Caller => Ok(()),
        Needs::Owner => call.owner(),
        Needs::Global => call.global().await.map(drop),
        Needs::Permission(permission) => {
            call.app.access.demand(call.actor(), tenant, permission).await?;
            call.caller.proved_for(&call.app, tenant, Some(permission)).await
        }
    }
}
