//! The company's directory as a provisioning client: the requests Entra ID sends, with its own payloads (capital
//! verbs in PATCH, booleans as texts, member removal by value array). It knows a base URL and a token.

use crate::error::{Error, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A SCIM client in the manner of Entra ID.
pub(super) struct Directory {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Directory {
    pub(super) fn new(http: reqwest::Client, base: &str, token: &str) -> Self {
        Self { http, base: base.to_owned(), token: token.to_owned() }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("accept", "application/scim+json");
        if let Some(body) = body {
            request = request
                .header("content-type", "application/scim+json; charset=utf-8")
                .body(body.to_string());
        }
        let response = request.send().await.map_err(|e| Error::unavailable(&e))?;
        let status = response.status();
        let text = response.text().await.map_err(|e| Error::unavailable(&e))?;
        Ok((status.as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null)))
    }
    async fn demand(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        wanted: &[StatusCode],
    ) -> Result<Value> {
        let shown = format!("{method} {path}");
        let (status, answer) = self.send(method, path, body).await?;
        if wanted.iter().any(|w| w.as_u16() == status) {
            return Ok(answer);
        }
        let detail = answer["detail"].as_str().unwrap_or("no reason given");
        Err(Error::invalid(format!("SCIM {shown} was answered {status}: {detail}")))
    }

    /// Entra's connection test: a search for somebody who cannot exist finds nobody, and says so properly.
    pub(super) async fn test_connection(&self) -> Result<()> {
        let nobody = uuid::Uuid::new_v4();
        let path = format!("/Users?filter=userName+eq+%22{nobody}%22");
        let list = self.demand(Method::GET, &path, None, &[StatusCode::OK]).await?;
        if list["totalResults"] != 0 || !list["Resources"].is_array() {
            return Err(Error::invalid("the connection test was not answered with an empty list"));
        }
        Ok(())
    }

    /// Match, then create, then complete: what Entra does for each person. The id it gets.
    pub(super) async fn provision(&self, object_id: &str, upn: &str, name: &str) -> Result<String> {
        let path = format!("/Users?filter=externalId+eq+%22{object_id}%22");
        let found = self.demand(Method::GET, &path, None, &[StatusCode::OK]).await?;
        if found["totalResults"] != 0 {
            return Err(Error::invalid(format!("{upn} is there before being created")));
        }
        let (given, family) = name.split_once(' ').unwrap_or((name, ""));
        let body = json!({
            "schemas": [CORE, ENTERPRISE],
            "externalId": object_id,
            "userName": upn,
            "active": "True",
            "displayName": name,
            "emails": [{ "primary": true, "type": "work", "value": upn }],
            "meta": { "resourceType": "User" },
            "name": { "formatted": name, "familyName": family, "givenName": given },
            "roles": [],
        });
        let made = self.demand(Method::POST, "/Users", Some(body), &[StatusCode::CREATED]).await?;
        let id = made["id"].as_str().unwrap_or_default().to_owned();
        let complete = json!({ "schemas": [PATCH], "Operations": [
            { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+41 44 555 01 99" },
            { "op": "Replace", "path": format!("{ENTERPRISE}:department"), "value": "Support" },
        ]});
        self.patch(&format!("/Users/{id}"), complete).await?;
        Ok(id)
    }

    /// Creates a group without members, as Entra does, and adds them afterwards. The id it gets.
    pub(super) async fn group(
        &self,
        object_id: &str,
        name: &str,
        members: &[&str],
    ) -> Result<String> {
        let body = json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:Group",
                "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
            ],
            "externalId": object_id,
            "displayName": name,
            "meta": { "resourceType": "Group" },
        });
        let made = self.demand(Method::POST, "/Groups", Some(body), &[StatusCode::CREATED]).await?;
        let id = made["id"].as_str().unwrap_or_default().to_owned();
        let members: Vec<Value> =
            members.iter().map(|m| json!({ "$ref": null, "value": m })).collect();
        let add = json!({ "schemas": [PATCH], "Operations": [
            { "op": "Add", "path": "members", "value": members },
        ]});
        self.patch(&format!("/Groups/{id}"), add).await?;
        Ok(id)
    }

    /// Entra's soft delete, its boolean as a text.
    pub(super) async fn deactivate(&self, id: &str) -> Result<()> {
        let body = json!({ "schemas": [PATCH], "Operations": [
            { "op": "Replace", "path": "active", "value": "False" },
        ]});
        self.patch(&format!("/Users/{id}"), body).await
    }

    async fn patch(&self, path: &str, body: Value) -> Result<()> {
        let wanted = [StatusCode::OK, StatusCode::NO_CONTENT];
        self.demand(Method::PATCH, path, Some(body), &wanted).await.map(drop)
    }
}
