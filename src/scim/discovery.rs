//! What the server says of itself (RFC 7644, 4): configuration, resource types, schemas.

use super::{Call, answer, bulk::MAX_OPERATIONS, cursor::TIMEOUT};
use crate::{
    error::{Error, Result},
    events::PROVISIONING,
    protocol::scim::{GROUP, LIST, Resource, USER},
};
use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

/// The most resources of a page.
pub(super) const MAX_PAGE: i64 = 1000;
/// The resources of a page where nobody says how many.
pub(super) const PAGE: i64 = 100;

/// One of the three, or one entry of the latter two.
///
/// # Errors
/// `NotFound`; `Forbidden` for a filter (RFC 7644, 4: discovery is not filtered).
pub(super) fn get(call: &Call, kind: &str, rest: &[&str]) -> Result<Response> {
    if call.params.contains_key("filter") {
        return Err(Error::forbidden("discovery endpoints are not filtered"));
    }
    let base = &call.base;
    let all = match kind {
        "serviceproviderconfig" if rest.is_empty() => return Ok(shown(configuration(call))),
        "resourcetypes" => types(call),
        "schemas" => call.schemas.served(base, call.unique_groups),
        _ => return Err(Error::not_found("this entry")),
    };
    match rest {
        [] => Ok(shown(json!({
            "schemas": [LIST], "totalResults": all.len(), "itemsPerPage": all.len(),
            "startIndex": 1, "Resources": all,
        }))),
        [id] => {
            let is_it = |v: &Value| v["id"].as_str().is_some_and(|i| i.eq_ignore_ascii_case(id));
            let found = all.into_iter().find(is_it);
            let gone = || Error::not_found(format!("'{}'", crate::text::excerpt(id)));
            found.map(shown).ok_or_else(gone)
        }
        _ => Err(Error::not_found("this entry")),
    }
}

fn shown(body: Value) -> Response {
    answer(StatusCode::OK, Some(body), None, None)
}

fn configuration(call: &Call) -> Value {
    let base = &call.base;
    let mut about = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": {
            "supported": true, "maxOperations": MAX_OPERATIONS,
            "maxPayloadSize": call.app.config.limits.scim_body.0,
        },
        "filter": { "supported": true, "maxResults": MAX_PAGE },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "pagination": {
            "index": true, "cursor": true, "defaultPaginationMethod": "index",
            "defaultPageSize": PAGE, "maxPageSize": MAX_PAGE, "cursorTimeout": TIMEOUT.as_secs(),
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token of this directory in the Authorization header; two may be live at once.",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    });
    // RFC 9967: to applications, by streams of their own; there is nothing to be said where none asked for it, and clients
    // that know RFC 7643 alone stumble over it.
    if call.app.events.provisions(call.permit.tenant()) {
        about["securityEvents"] = json!({ "asyncRequest": "none", "eventUris": PROVISIONING });
    }
    about
}

fn types(call: &Call) -> Vec<Value> {
    let base = &call.base;
    let one = |id: &str, endpoint: &str, about: &str, schema: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": id,
            "name": id,
            "endpoint": endpoint,
            "description": about,
            "schema": schema,
            "meta": {
                "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{id}"),
            },
        })
    };
    let mut user = one("User", "/Users", "A person", USER);
    let extensions = call.schemas.extensions(Resource::User);
    user["schemaExtensions"] =
        extensions.map(|s| json!({ "schema": &*s.urn, "required": false })).collect();
    vec![user, one("Group", "/Groups", "A group", GROUP)]
}
