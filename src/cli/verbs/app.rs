//! `muster app`: applications that sign people in with us.

use super::{
    at, confirmed, given, json_of,
    paged::Paged,
    secret::{self, Secret, Whose},
    thing_at,
};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum App {
    /// Make an application; prints its client id and, unless it is public or has keys, its secret this once
    #[command(after_help = "Examples:
  muster app create contoso Wiki --redirect-uri https://wiki.contoso.com/callback
  muster app create contoso 'Phone app' --public --redirect-uri com.contoso.app:/callback
  muster app create contoso Wiki --redirect-uri https://wiki.contoso.com/callback --jwks-file keys.json")]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// Its name for people
        name: String,
        /// Where answers may go, compared character by character; may be given several times
        #[arg(long = "redirect-uri", required = true, value_name = "URI")]
        redirect_uris: Vec<String>,
        /// What it may ask for [default: everything]; may be given several times
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// It cannot keep a secret (a browser or phone app)
        #[arg(long)]
        public: bool,
        /// The platform's own: people of every tenant may sign in to it (the provider's only; takes a Global Administrator)
        #[arg(long)]
        platform: bool,
        /// You answer for it: people are not asked for their consent
        #[arg(long)]
        trusted: bool,
        #[command(flatten)]
        details: Details,
    },
    /// Change an application; what is not named stays as it is, and an address given as '' is taken away
    #[command(after_help = "Examples:
  muster app edit contoso Wiki --logo-uri https://wiki.contoso.com/logo.svg
  muster app edit contoso Wiki --logo-uri '' --policy-uri ''
  muster app edit contoso Wiki --enabled false")]
    Edit {
        /// Tenant: id or slug
        tenant: String,
        /// Application: id or name
        app: String,
        /// Another name
        #[arg(long)]
        name: Option<String>,
        /// Where answers may go, instead of what was; may be given several times
        #[arg(long = "redirect-uri", value_name = "URI")]
        redirect_uris: Vec<String>,
        /// What it may ask for, instead of what was; may be given several times
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Whether people are spared the question for their consent
        #[arg(long, value_name = "true|false")]
        trusted: Option<bool>,
        /// The switch; off ends everything issued to it
        #[arg(long, value_name = "true|false")]
        enabled: Option<bool>,
        #[command(flatten)]
        details: Details,
    },
    /// A tenant's applications
    List {
        /// Tenant: id or slug
        tenant: String,
        /// Only those whose name holds this
        #[arg(long)]
        text: Option<String>,
        /// Only those that are switched on, or off
        #[arg(long, value_name = "true|false")]
        enabled: Option<bool>,
        #[command(flatten)]
        page: Paged,
    },
    /// One application
    Show {
        /// Tenant: id or slug
        tenant: String,
        /// Its id or name
        app: String,
    },
    /// Switch it on again
    Enable {
        /// Tenant: id or slug
        tenant: String,
        /// Its id or name
        app: String,
    },
    /// Switch it off; everything issued to it ends
    Disable {
        /// Tenant: id or slug
        tenant: String,
        /// Its id or name
        app: String,
    },
    /// Delete it; everything issued to it ends
    Delete {
        /// Tenant: id or slug
        tenant: String,
        /// Its id or name
        app: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// What it proves itself with
    #[command(subcommand)]
    Secret(Secret),
    /// The stream of security events that it asked for
    #[command(subcommand)]
    Stream(Stream),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Stream {
    /// What it is told, and how the stream does
    Show(Whose),
    /// Stop it for a while, let it flow again, or keep nothing any more; the application is told
    #[command(after_help = "Example:
  muster app stream set contoso Wiki paused --reason 'the Wiki moves'")]
    Set {
        #[command(flatten)]
        whose: Whose,
        /// What it is to do
        #[arg(value_parser = ["enabled", "paused", "disabled"])]
        status: String,
        /// Why, for the application and the audit trail
        #[arg(long)]
        reason: String,
    },
    /// End it, with what waits for it
    Drop(Whose),
}

#[derive(Debug, Args)]
pub(crate) struct Details {
    /// Its home page
    #[arg(long, value_name = "URL")]
    client_uri: Option<String>,
    /// Its picture, shown where people sign in to it (https)
    #[arg(long, value_name = "URL")]
    logo_uri: Option<String>,
    /// How it treats personal data
    #[arg(long, value_name = "URL")]
    policy_uri: Option<String>,
    /// Its terms of service
    #[arg(long, value_name = "URL")]
    tos_uri: Option<String>,
    /// Where people may be sent after signing out; may be given several times
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// Where it is told that a session has ended
    #[arg(long, value_name = "URL")]
    backchannel_logout_uri: Option<String>,
    #[command(flatten)]
    keys: Keys,
}

/// What a client proves itself with instead of a secret.
#[derive(Debug, Args)]
pub(crate) struct Keys {
    /// A file with its public keys (a JSON Web Key Set); `-` reads stdin
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks_file: Option<PathBuf>,
    /// Where it publishes its public keys
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<String>,
}

impl Keys {
    /// The fields of a request.
    pub(super) fn fields(&self) -> Result<Value> {
        let jwks = self.jwks_file.as_deref().map(json_of).transpose()?;
        Ok(given(json!({ "jwks": jwks, "jwks_uri": self.jwks_uri })))
    }
}

impl Details {
    fn fields(&self) -> Result<Value> {
        let after = &self.post_logout_redirect_uris;
        let mut all = given(json!({
            "client_uri": self.client_uri, "logo_uri": self.logo_uri, "policy_uri": self.policy_uri,
            "tos_uri": self.tos_uri, "backchannel_logout_uri": self.backchannel_logout_uri,
            "post_logout_redirect_uris": (!after.is_empty()).then_some(after),
        }));
        add(&mut all, &self.keys.fields()?);
        Ok(all)
    }
    /// The same for a change: an empty address takes what was set away.
    fn changes(&self) -> Result<Value> {
        let mut all = self.fields()?;
        for value in all.as_object_mut().into_iter().flat_map(|o| o.values_mut()) {
            if value.as_str() == Some("") {
                *value = Value::Null;
            }
        }
        if matches!(self.post_logout_redirect_uris.as_slice(), [one] if one.is_empty()) {
            all["post_logout_redirect_uris"] = json!([]);
        }
        Ok(all)
    }
}

/// Adds the fields of another object.
pub(super) fn add(to: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        to[name] = value.clone();
    }
}

pub(super) async fn run(v: App, r: &Reach) -> Result<Value> {
    match v {
        App::Create { tenant, name, redirect_uris, scopes, public, platform, trusted, details } => {
            let scopes = (!scopes.is_empty()).then_some(scopes);
            let mut body = given(json!({
                "name": name, "redirect_uris": redirect_uris, "scopes": scopes, "public": public,
                "platform": platform, "trusted": trusted,
            }));
            add(&mut body, &details.fields()?);
            r.post(&format!("{}/apps", at(&tenant)), &body).await
        }
        App::Edit { tenant, app, name, redirect_uris, scopes, trusted, enabled, details } => {
            let mut body = given(json!({
                "name": name, "trusted": trusted, "enabled": enabled,
                "redirect_uris": (!redirect_uris.is_empty()).then_some(redirect_uris),
                "scopes": (!scopes.is_empty()).then_some(scopes),
            }));
            add(&mut body, &details.changes()?);
            r.patch(&find(r, &tenant, &app).await?, &body).await
        }
        App::List { tenant, text, enabled, page } => {
            page.list(
                r,
                &format!("{}/apps", at(&tenant)),
                &[("text", text), ("enabled", enabled.map(|on| on.to_string()))],
            )
            .await
        }
        App::Show { tenant, app } => r.get(&find(r, &tenant, &app).await?).await,
        App::Enable { tenant, app } => {
            r.patch(&find(r, &tenant, &app).await?, &json!({ "enabled": true })).await
        }
        App::Disable { tenant, app } => {
            r.patch(&find(r, &tenant, &app).await?, &json!({ "enabled": false })).await
        }
        App::Delete { tenant, app, yes } => {
            let path = find(r, &tenant, &app).await?;
            confirmed("the application", &app, yes)?;
            r.delete(&path).await
        }
        App::Stream(v) => {
            let of = |w: Whose| async move {
                Ok::<_, crate::error::Error>(format!(
                    "{}/event-stream",
                    find(r, &w.tenant, &w.client).await?
                ))
            };
            match v {
                Stream::Show(w) => r.get(&of(w).await?).await,
                Stream::Set { whose, status, reason } => {
                    let body = json!({ "status": status, "reason": reason });
                    r.call_at(Method::PUT, &of(whose).await?, Some(&body), None).await
                }
                Stream::Drop(w) => r.delete(&of(w).await?).await,
            }
        }
        App::Secret(v) => {
            let path = find(r, &v.whose().tenant, &v.whose().client).await?;
            secret::run(v, &path, r).await
        }
    }
}

async fn find(r: &Reach, tenant: &str, name: &str) -> Result<String> {
    thing_at(r, tenant, "apps", "application", name).await
}
