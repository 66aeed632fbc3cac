//! A request of the provisioning log once more, by the same verbs: rehearsed, so that nothing stays of it, or for good.

use super::{
    caller, error,
    note::Noted,
    perform,
    record::{Watch, about, made, refusal},
};
use crate::{
    access::{
        Permit,
        perm::{Provision, SystemEditSettings},
    },
    app::App,
    directories::Reading,
    error::{Error, Result},
    groups,
    id::{DirectoryId, GroupId},
    provisioning::log::{self, Logged, Replayed},
};
use axum::{
    http::{HeaderValue, Method, Request, StatusCode, request::Parts},
    response::Response,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;
use uuid::Uuid;

/// A group with more members is shown without them.
const MEMBERS: i64 = 1000;
/// The largest document that is shown.
const LARGEST: usize = 1 << 20;

type Proved = (Permit<Provision>, Reading);

/// Does a logged request once more; `apply`: for good.
pub fn again(
    app: App,
    permit: Permit<SystemEditSettings>,
    directory: DirectoryId,
    entry: Logged,
    apply: bool,
) -> BoxFuture<'static, Result<Replayed>> {
    Box::pin(async move {
        let proved = caller::again(&app, &permit, directory).await?;
        if apply {
            log::replaying(&app.store, &app.access, &permit, directory, &entry).await?;
            return one(&app, proved, &entry, true).await;
        }
        if reads(&entry) {
            // What changes nothing keeps no writer waiting.
            return one(&app, proved, &entry, false).await;
        }
        let whole = app.clone();
        app.store
            .rehearse(move |store| {
                let app = whole.over(store);
                Box::pin(async move { one(&app, proved, &entry, false).await })
            })
            .await
    })
}

/// Whether a request only reads.
fn reads(e: &Logged) -> bool {
    ["GET", "HEAD"].contains(&e.method.as_str())
}

/// The request as it was sent.
fn parts(e: &Logged) -> Result<Parts> {
    let method = Method::from_bytes(e.method.as_bytes()).map_err(Error::internal)?;
    let query = e.query.as_deref().map(|q| format!("?{q}")).unwrap_or_default();
    let odd = |_| Error::conflict("its address cannot be sent again").code("not_kept");
    let mut r = Request::builder().method(method).uri(format!("/{query}")).body(()).map_err(odd)?;
    let headers = e.headers.0.as_object();
    for (name, value) in headers.into_iter().flatten() {
        let name = super::record::HEADERS.into_iter().find(|h| h.as_str() == name);
        let value = value.as_str().and_then(|v| HeaderValue::from_str(v).ok());
        if let (Some(name), Some(value)) = (name, value) {
            r.headers_mut().insert(name, value);
        }
    }
    Ok(r.into_parts().0)
}

async fn one(app: &App, proved: Proved, e: &Logged, applied: bool) -> Result<Replayed> {
    let rest = e.path.trim_start_matches('/');
    let body = Bytes::from(e.body.clone().unwrap_or_default());
    let parts = parts(e)?;
    let what = about(rest);
    let before = document(app, &proved, what).await?;
    let again = (proved.0.clone(), proved.1.clone());
    let id = proved.0.actor().request();
    let watch = applied.then(|| {
        let mut watch = Watch::new(app, id, &proved, rest, &parts).replay_of(e.id);
        watch.body(&body);
        watch
    });
    let (answer, noted) = perform(app, proved, rest, parts, &body).await;
    let mut response = answer.unwrap_or_else(|e| error::response(&e));
    let resource = made(what, &response);
    let told = Noted { outcomes: noted.outcomes.clone(), changed: noted.changed.clone() };
    if let Some(watch) = watch {
        response = watch.end(told, response).await;
    }
    let after = document(app, &again, resource).await?;
    Ok(Replayed {
        applied,
        status: response.status().as_u16(),
        refused: refusal(&response),
        outcomes: noted.outcomes,
        changed: noted.changed,
        resource,
        before,
        after,
    })
}

/// A resource as it is now, if it is there.
async fn document(
    app: &App,
    proved: &Proved,
    what: Option<(&'static str, Option<Uuid>)>,
) -> Result<Option<Value>> {
    let Some((kind @ ("User" | "Group"), Some(id))) = what else { return Ok(None) };
    let large = kind == "Group"
        && groups::at_least(&app.store, &proved.0, GroupId(id), MEMBERS + 1).await?;
    let query = if large { "?excludedAttributes=members" } else { "" };
    let read = Request::get(format!("/{query}")).body(()).map_err(Error::internal)?;
    let place = format!("{kind}s/{id}");
    let again = (proved.0.clone(), proved.1.clone());
    let (answer, _) = perform(app, again, &format!("v2/{place}"), read.into_parts().0, b"").await;
    match answer {
        Ok(r) if r.status() == StatusCode::OK => text(r).await.map(Some),
        Ok(_) => Ok(None),
        Err(e) if e.kind() == crate::error::Kind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

async fn text(r: Response) -> Result<Value> {
    let whole = Limited::new(r.into_body(), LARGEST).collect().await;
    let whole = whole.map_err(|e| Error::internal(format!("a document: {e}")))?;
    serde_json::from_slice(&whole.to_bytes()).map_err(Error::internal)
}
