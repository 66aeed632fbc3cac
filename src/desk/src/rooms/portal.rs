//! The pages behind a setup link: a company's IT staff set one directory up, step by step, and see nothing else. They have
//! no account: what they may ask of the API, the link says.

use super::directories::{Directory, Health, SignIn, Steps, Test, issuer, moment};
use super::provisioning::Seen;
use crate::{
    Desk,
    api::{Client, Done, Page, Sent},
    ask::{Answer, Ask, Trouble, on, shown},
    assets,
    form::Form,
    problem::Problem,
    shell::said,
    text::{self, When},
};
use askama::Template;
use axum::{
    Router,
    http::{Method, StatusCode},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes() -> Router<Desk> {
    let back = || async { on("/portal", "") };
    Router::new()
        .route("/portal", get(show))
        .route("/portal/signin", get(back).post(save))
        .route("/portal/test", get(back).post(test))
        .route("/portal/activate", get(back).post(activate))
        .route("/portal/token", get(back).post(token))
        .route("/portal/token/revoke", get(back).post(revoke))
        .route("/portal/domain", get(back).post(domain))
        .route("/portal/domain/check", post(check))
}

/// What the link is for.
#[derive(Deserialize)]
struct Me {
    actor: String,
    portal: Option<Place>,
}

#[derive(Deserialize)]
struct Place {
    tenant: String,
    company: String,
    directory: String,
}

/// Whoever came by a link, and the way to the API about what it is for.
struct Visitor {
    client: Client,
    actor: String,
    place: Place,
}

impl Visitor {
    async fn of(ask: &Ask) -> Result<Self, Trouble> {
        let client = ask.portal();
        let me: Me = client.get("/me").await?;
        let place = me.portal.ok_or_else(Problem::nothing)?;
        Ok(Self { client, actor: me.actor, place })
    }
    fn directory(&self, path: &str) -> String {
        format!("/tenants/{}/directories/{}{path}", self.place.tenant, self.place.directory)
    }
    fn tenant(&self, path: &str) -> String {
        format!("/tenants/{}{path}", self.place.tenant)
    }
}

/// The frame, as far as the forms of other pages want one.
struct Frame {
    brand: String,
    stylesheets: [String; 2],
    script: &'static str,
    done: Option<&'static str>,
    problem: Option<Problem>,
    key: String,
}

impl Frame {
    fn wrong(&self, field: &str) -> Option<String> {
        self.problem.as_ref().filter(|p| p.is_at(field)).map(Problem::sentence)
    }
}

/// A token for SCIM.
#[derive(Deserialize)]
struct Token {
    id: String,
    created_at: When,
    last_used_at: Option<When>,
}

/// A domain.
#[derive(Deserialize)]
struct Domain {
    domain: String,
    state: String,
    record: Option<Record>,
}

#[derive(Deserialize)]
struct Record {
    name: String,
    value: String,
    problem: Option<String>,
}

/// What is typed into the form of the sign-in.
#[derive(Default)]
struct Typed {
    issuer: String,
    client_id: String,
    ends: String,
    proof: String,
    domain: String,
}

#[derive(Template)]
#[template(path = "portal.html")]
struct Show {
    shell: Frame,
    company: String,
    d: Directory,
    steps: Steps,
    typed: Typed,
    tokens: Vec<Token>,
    health: Health,
    test: Option<Test>,
    domains: Vec<Domain>,
    log: Vec<Seen>,
    /// What is shown this once.
    secret: Option<String>,
    /// The link to a test login.
    link: Option<String>,
}

impl Show {
    fn tested(&self) -> bool {
        self.test.as_ref().is_some_and(|t| t.passed && t.current)
    }
    fn offered(&self) -> bool {
        self.d.is("active") || self.d.is("enforced")
    }
    fn asked(&self) -> bool {
        self.health.last_request_at.is_some()
    }
    fn confirmed(&self) -> bool {
        self.domains.iter().any(|d| d.state == "confirmed")
    }
}

/// What a page is made with besides what the API says.
#[derive(Default)]
struct With {
    typed: Option<Typed>,
    problem: Option<Problem>,
    secret: Option<String>,
    link: Option<String>,
}

async fn made(ask: &Ask, v: &Visitor, with: With) -> Answer {
    let d: Directory = v.client.get(&v.directory("")).await?;
    let tokens: Page<Token> = v.client.get(&v.directory("/scim-tokens")).await?;
    let health: Health = v.client.get(&v.directory("/health")).await?;
    let tests: Page<Test> = v.client.get(&v.directory("/signin-tests")).await?;
    let domains: Page<Domain> = v.client.get(&v.tenant("/domains")).await?;
    let log: Page<Seen> = v.client.get(&v.directory("/log?limit=10")).await?;
    let steps = Steps::of(&d);
    let typed = with.typed.unwrap_or_else(|| {
        let (issuer, client_id, ends, proof) = d.typed(&steps);
        Typed { issuer, client_id, ends, proof, domain: String::new() }
    });
    let (brand, stylesheets) = ask.look();
    let status = with.problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = Frame {
        brand,
        stylesheets,
        script: assets::script(),
        done: said(ask.word("done")),
        problem: with.problem,
        key: text::key(),
    };
    let page = Show {
        shell,
        company: v.place.company.clone(),
        test: tests.items.into_iter().find(|t| t.asked_by == v.actor),
        d,
        steps,
        typed,
        tokens: tokens.items,
        health,
        domains: domains.items,
        log: log.items,
        secret: with.secret,
        link: with.link,
    };
    shown(status, &page)
}

/// Shows what did not go through where it was typed; what cannot be mended there is a page of its own.
async fn again(ask: &Ask, v: &Visitor, p: Problem, typed: Option<Typed>) -> Answer {
    if !p.mendable() {
        return Err(p.into());
    }
    made(ask, v, With { problem: Some(p), typed, ..With::default() }).await
}

async fn show(ask: Ask) -> Answer {
    let v = Visitor::of(&ask).await?;
    made(&ask, &v, With::default()).await
}

async fn save(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of(&ask).await?;
    let d: Directory = v.client.get(&v.directory("")).await?;
    let steps = Steps::of(&d);
    let mut half: SignIn = d.signin.clone().unwrap_or_default();
    half.issuer = issuer(&d.preset, form.get("issuer"));
    half.client_id = Some(form.get("client_id").to_owned());
    let was = half.client_secret_expires_at.take();
    half.client_secret_expires_at =
        moment(form.get("client_secret_expires_at"), was.as_ref()).map(Into::into);
    half.prove(&steps, &form);
    let body = json!({ "signin": half.sent(form.exact("client_secret")) });
    match v.client.patch::<Done>(&v.directory(""), body, None).await {
        Ok(_) => on("/portal", "saved"),
        Err(p) => {
            let word = |name: &str| form.get(name).to_owned();
            let typed = Typed {
                issuer: word("issuer"),
                client_id: word("client_id"),
                ends: word("client_secret_expires_at"),
                proof: word(steps.proof().map_or("", |p| p.0)),
                domain: String::new(),
            };
            again(&ask, &v, p, Some(typed)).await
        }
    }
}

/// A secret or a link, shown this once.
#[derive(Deserialize)]
struct Once {
    #[serde(default)]
    token: String,
    #[serde(default)]
    link: String,
}

async fn test(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of(&ask).await?;
    let sent = Sent::json(json!({})).key(form.key());
    match v.client.call::<Once>(Method::POST, &v.directory("/signin-tests"), sent).await {
        Ok(once) => made(&ask, &v, With { link: Some(once.link), ..With::default() }).await,
        Err(p) => again(&ask, &v, p, None).await,
    }
}

async fn activate(ask: Ask) -> Answer {
    let v = Visitor::of(&ask).await?;
    match v.client.post::<Done>(&v.directory("/activate"), json!({})).await {
        Ok(_) => on("/portal", "activated"),
        Err(p) => again(&ask, &v, p, None).await,
    }
}

async fn token(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of(&ask).await?;
    let sent = Sent::json(json!({})).key(form.key());
    match v.client.call::<Once>(Method::POST, &v.directory("/scim-tokens"), sent).await {
        Ok(once) => made(&ask, &v, With { secret: Some(once.token), ..With::default() }).await,
        Err(p) => again(&ask, &v, p, None).await,
    }
}

async fn revoke(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of(&ask).await?;
    let at = v.directory(&format!("/scim-tokens/{}", text::escape(form.get("token"))));
    match v.client.delete(&at).await {
        Ok(()) => on("/portal", "revoked"),
        Err(p) => again(&ask, &v, p, None).await,
    }
}

async fn domain(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of(&ask).await?;
    let sent = Sent::json(json!({ "domain": form.get("domain") })).key(form.key());
    match v.client.call::<Done>(Method::POST, &v.tenant("/domains"), sent).await {
        Ok(_) => on("/portal", "added"),
        Err(p) => {
            let d: Directory = v.client.get(&v.directory("")).await?;
            let (issuer, client_id, ends, proof) = d.typed(&Steps::of(&d));
            let domain = form.get("domain").to_owned();
            again(&ask, &v, p, Some(Typed { issuer, client_id, ends, proof, domain })).await
        }
    }
}

async fn check(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of(&ask).await?;
    let at = v.tenant(&format!("/domains/{}/check", text::escape(form.get("domain"))));
    match v.client.post::<Done>(&at, json!({})).await {
        Ok(_) => on("/portal", "checked"),
        Err(p) => again(&ask, &v, p, None).await,
    }
}
