//! What the steps hand to each other: who plays, and what was found so far.

use super::{
    browser::{Browser, Form, Page},
    directory::Directory,
    stage::Stage,
};
use crate::{
    cli::reach::Reach,
    error::{Error, Result},
};
use serde_json::Value;
use std::time::Instant;

/// A person of the company.
pub(super) struct Person {
    pub name: &'static str,
    pub upn: &'static str,
    pub password: String,
    /// The id the company's login knows them by.
    pub object_id: String,
    /// The address of the one-time code, for who has one.
    pub otpauth: Option<String>,
    /// The id they have in Muster.
    pub scim_id: String,
    pub browser: Browser,
}

/// The application's tokens.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    pub access: String,
    pub refresh: String,
    pub scope: String,
    pub id_claims: Value,
}

/// A client of OAuth: the application, the integration.
#[derive(Debug, Clone, Default)]
pub(super) struct Client {
    pub id: String,
    pub secret: String,
}

/// The play so far.
pub(super) struct Play {
    pub muster_url: String,
    pub company_url: String,
    /// The owner of Muster's data directory, over its socket.
    pub muster: Reach,
    /// The owner of the company's login's.
    pub company: Reach,
    pub http: reqwest::Client,
    /// Signs in with password and one-time code.
    pub anna: Person,
    /// Signs in with a password only.
    pub ben: Person,
    pub directory: Option<Directory>,
    pub scim_base: String,
    pub scim_token: String,
    pub admin: Value,
    /// Where Anna's browser was after signing in.
    pub landed: Option<Page>,
    /// Where Ben's browser was.
    pub refused: Option<Page>,
    pub app: Client,
    pub tokens: Option<Tokens>,
    pub integration: Client,
    pub integration_token: String,
    pub deactivation_sent: Option<Instant>,
}

/// Where the application gets its answers; nobody needs to listen there.
pub(super) const CALLBACK: &str = "http://127.0.0.1:9/wiki/callback";

impl Play {
    pub(super) fn new(stage: &Stage) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build().map_err(Error::internal)?;
        let person = |name, upn| {
            Ok::<_, Error>(Person {
                name,
                upn,
                password: format!("{} {}", crate::crypto::random_b64(9), "violet harbour"),
                object_id: String::new(),
                otpauth: None,
                scim_id: String::new(),
                browser: Browser::new()?,
            })
        };
        Ok(Self {
            muster_url: stage.muster.url.clone(),
            company_url: stage.company.url.clone(),
            muster: stage.muster.owner(),
            company: stage.company.owner(),
            http,
            anna: person("Anna Keller", "anna.keller@contoso.example")?,
            ben: person("Ben Frei", "ben.frei@contoso.example")?,
            directory: None,
            scim_base: String::new(),
            scim_token: String::new(),
            admin: Value::Null,
            landed: None,
            refused: None,
            app: Client::default(),
            tokens: None,
            integration: Client::default(),
            integration_token: String::new(),
            deactivation_sent: None,
        })
    }

    /// The directory, once there is one.
    pub(super) fn directory(&self) -> Result<&Directory> {
        self.directory.as_ref().ok_or_else(|| unproved("no directory was made"))
    }

    /// A token request by a client; the status and the answer.
    pub(super) async fn token(
        &self,
        client: &Client,
        path: &str,
        form: &[(&str, &str)],
    ) -> Result<(u16, Value)> {
        let request = self
            .http
            .post(format!("{}/oauth/{path}", self.muster_url))
            .basic_auth(&client.id, Some(&client.secret))
            .form(form);
        let response = request.send().await.map_err(Error::unavailable)?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(Error::unavailable)?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// A request to Muster's API with an access token; the status and the answer.
    pub(super) async fn api(
        &self,
        method: reqwest::Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value)> {
        let url = format!("{}/api/v1{path}", self.muster_url);
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(Error::unavailable)?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(Error::unavailable)?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// What a reader can look at afterwards.
    pub(super) fn tour(&self) -> String {
        let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
        format!(
            "Look around:
  sign in           {muster}/signin?tenant=contoso  (then at the company's login:)
    with two factors  {anna} / {anna_pw}
                      one-time code from {otp}
                      (the directory deactivated her in the last step: you will be refused, and told)
    with one factor   {ben} / {ben_pw}
  administrator     {muster}/signin?tenant=provider
                      {admin} / {admin_pw}
                      one-time code from {admin_otp}
  SCIM              {scim}
                      token {scim_token}
  issuer            {muster}/.well-known/openid-configuration
  application       client {app} secret {app_secret}
  integration       client {int} secret {int_secret}",
            muster = self.muster_url,
            anna = self.anna.upn,
            anna_pw = self.anna.password,
            otp = self.anna.otpauth.as_deref().unwrap_or("-"),
            ben = self.ben.upn,
            ben_pw = self.ben.password,
            admin = text(&self.admin["user"]["user_name"]),
            admin_pw = text(&self.admin["password"]),
            admin_otp = text(&self.admin["otpauth"]),
            scim = self.scim_base,
            scim_token = self.scim_token,
            app = self.app.id,
            app_secret = self.app.secret,
            int = self.integration.id,
            int_secret = self.integration.secret,
        )
    }
}

/// What a proof says when it does not hold.
pub(super) fn unproved(why: impl Into<String>) -> Error {
    Error::invalid(why)
}

impl Person {
    /// Signs in as a person does: opens the address, follows, fills in what is asked, until a page asks nothing that
    /// this person can answer.
    pub(super) async fn sign_in(&self, start: &str) -> Result<Page> {
        let mut page = self.browser.open(start, None).await?;
        // A second time where the proof was too weak and is asked for once more.
        let mut passwords = 0;
        let mut typed_code = false;
        for _ in 0..8 {
            let forms = page.forms();
            let asks = |f: &Form, meaning: &str| f.fields.iter().any(|f| f.meaning == meaning);
            let next = if let Some(way) = forms.iter().find(|f| f.action == "/federation/start") {
                way
            } else if let Some(form) = forms.iter().find(|f| asks(f, "one-time-code"))
                && !typed_code
            {
                typed_code = true;
                form
            } else if let Some(form) = forms.iter().find(|f| asks(f, "current-password"))
                && passwords < 2
            {
                passwords += 1;
                form
            } else {
                break;
            };
            let code = self.code()?;
            let fill = |meaning: &str| match meaning {
                "username" => Some(self.upn.to_owned()),
                "current-password" => Some(self.password.clone()),
                "one-time-code" => code.clone(),
                _ => None,
            };
            page = self.browser.submit(&page, next, |f| fill(&f.meaning), None).await?;
        }
        Ok(page)
    }

    /// What their authenticator app shows now.
    fn code(&self) -> Result<Option<String>> {
        let Some(url) = &self.otpauth else { return Ok(None) };
        let totp = totp_rs::Totp::from_url(url).map_err(|e| Error::internal(format!("{e:?}")))?;
        let now = totp.generate_current();
        Ok(Some(format!("{now}")))
    }
}
