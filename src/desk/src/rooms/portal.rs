//! The pages behind a setup link: a company's IT staff set one directory up, step by step, and see nothing else. They have
//! no account: what they may ask of the API, the link says.

use super::directories::{Directory, Health, SignIn, Steps, Test, issuer, moment};
use super::provisioning::Seen;
use crate::{
    Desk,
    api::{Client, Done, Page, Sent},
    ask::{Answer, Ask, Trouble, on, page, shown},
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
    routing::get,
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
        .route("/portal/token/revoke", get(ask_revoke).post(revoke))
        .route("/portal/domain", get(back).post(domain))
        .route("/portal/domain/check", get(back).post(check))
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
    /// The same for a form: of the directory that its page showed. A browser has one link open, and may show the page of
    /// one that was open before.
    async fn of_form(ask: &Ask, form: &Form) -> Result<Self, Trouble> {
        let v = Self::of(ask).await?;
        if form.get("directory") == v.place.directory {
            return Ok(v);
        }
        let detail = "this page is of another setup link than the one that is open in this browser now. Nothing was \
                      done; open that link again";
        Err(Problem {
            status: 409,
            detail: detail.to_owned(),
            code: "another_link".to_owned(),
            ..Problem::default()
        }
        .into())
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
    company: String,
    /// What the page is about: its `h1`.
    title: String,
    stylesheets: [String; 2],
    script: &'static str,
    done: Option<&'static str>,
    problem: Option<Problem>,
    key: String,
}

impl Frame {
    fn of(ask: &Ask, v: &Visitor, title: String) -> Self {
        let (brand, stylesheets) = ask.look();
        Self {
            brand,
            company: v.place.company.clone(),
            title,
            stylesheets,
            script: assets::script(),
            done: said(ask.word("done")),
            problem: None,
            key: text::key(),
        }
    }
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
    /// Of what the form showed.
    version: String,
}

#[derive(Template)]
#[template(path = "portal.html")]
struct Show {
    shell: Frame,
    d: Directory,
    /// Of the directory that the form was made from.
    version: String,
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
        Typed { issuer, client_id, ends, proof, ..Typed::default() }
    });
    let version =
        if typed.version.is_empty() { d.version.to_string() } else { typed.version.clone() };
    let status = with.problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let problem = with.problem.map(|p| p.called("issuer", steps.place().0));
    let shell = Frame { problem, ..Frame::of(ask, v, format!("Connect {}", v.place.company)) };
    let all = Show {
        shell,
        version,
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
    shown(status, &all)
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

/// What is asked before it is done.
#[derive(Template)]
#[template(path = "portal_sure.html")]
struct Sure {
    shell: Frame,
    /// What that means, a paragraph each.
    says: Vec<String>,
    /// What stops.
    warning: String,
    /// What is sent: names and values.
    fields: Vec<(String, String)>,
    /// Whether the client secret is typed once more.
    secret: bool,
    action: &'static str,
    button: &'static str,
    back: &'static str,
}

/// The page before people's sign-in is another one, where that is what the form would do.
fn another(ask: &Ask, v: &Visitor, d: &Directory, (half, form): (&SignIn, &Form)) -> Option<Sure> {
    let now = d.replaces(half, form)?;
    let says = |s: &SignIn| {
        format!("{} with the client ID {}", s.issuer, s.client_id.as_deref().unwrap_or_default())
    };
    let kept = form.pairs().filter(|(n, _)| *n != "client_secret");
    let mut fields: Vec<_> = kept.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    fields.push(("step".to_owned(), "save".to_owned()));
    let ended =
        if now.issuer == half.issuer { "" } else { ", and the sessions of all who came by it end" };
    let warning = format!(
        "From the moment it is saved nobody of {} can sign in by it{ended}. It stands where people sign in again only \
         after a test login has succeeded (step 3) and it is activated (step 5).",
        v.place.company
    );
    Some(Sure {
        shell: Frame::of(ask, v, "Change by what your people sign in?".to_owned()),
        says: vec![
            format!("Now people sign in by {}.", says(now)),
            format!("Saved so, it would be {}.", says(half)),
        ],
        warning,
        fields,
        secret: !form.exact("client_secret").trim().is_empty(),
        action: "/portal/signin",
        button: "Change it",
        back: "Leave it as it is",
    })
}

async fn save(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of_form(&ask, &form).await?;
    let d: Directory = v.client.get(&v.directory("")).await?;
    let steps = Steps::of(&d);
    let mut half: SignIn = d.signin.clone().unwrap_or_default();
    half.issuer = issuer(&d.preset, form.get("issuer"));
    half.client_id = Some(form.get("client_id").to_owned());
    let was = half.client_secret_expires_at.take();
    half.client_secret_expires_at =
        moment(form.get("client_secret_expires_at"), was.as_ref()).map(Into::into);
    half.prove(&steps, &form);
    if let Some(sure) = another(&ask, &v, &d, (&half, &form)) {
        return page(&sure);
    }
    let body = json!({ "signin": half.sent(form.exact("client_secret")) });
    let version = form.get("version").to_owned();
    match v.client.patch::<Done>(&v.directory(""), body, Some(version.clone())).await {
        Ok(_) => on("/portal", "saved"),
        Err(p) => {
            let word = |name: &str| form.get(name).to_owned();
            let typed = Typed {
                issuer: word("issuer"),
                client_id: word("client_id"),
                ends: word("client_secret_expires_at"),
                proof: word(steps.proof().map_or("", |p| p.0)),
                domain: String::new(),
                version,
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
    let v = Visitor::of_form(&ask, &form).await?;
    let sent = Sent::json(json!({})).key(form.key());
    match v.client.call::<Once>(Method::POST, &v.directory("/signin-tests"), sent).await {
        Ok(once) => made(&ask, &v, With { link: Some(once.link), ..With::default() }).await,
        Err(p) => again(&ask, &v, p, None).await,
    }
}

async fn activate(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of_form(&ask, &form).await?;
    match v.client.post::<Done>(&v.directory("/activate"), json!({})).await {
        Ok(_) => on("/portal", "activated"),
        Err(p) => again(&ask, &v, p, None).await,
    }
}

async fn token(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of_form(&ask, &form).await?;
    let sent = Sent::json(json!({})).key(form.key());
    match v.client.call::<Once>(Method::POST, &v.directory("/scim-tokens"), sent).await {
        Ok(once) => made(&ask, &v, With { secret: Some(once.token), ..With::default() }).await,
        Err(p) => again(&ask, &v, p, None).await,
    }
}

/// What stops when a token is taken back.
async fn ask_revoke(ask: Ask) -> Answer {
    let v = Visitor::of(&ask).await?;
    let tokens: Page<Token> = v.client.get(&v.directory("/scim-tokens")).await?;
    let others = tokens.items.len().saturating_sub(1);
    let token = tokens.items.into_iter().find(|t| t.id == ask.word("token"));
    let Some(token) = token else { return on("/portal", "") };
    let used = token.last_used_at.as_ref();
    let used =
        used.map_or("which was never used".to_owned(), |at| format!("last used {}", at.shown));
    let warning = if others == 0 {
        "It is the only one. Until your directory has another, nobody comes, changes or goes by it: whoever leaves your \
         company keeps their access here."
    } else {
        "The other token goes on. See first that it is the one in use."
    };
    page(&Sure {
        shell: Frame::of(&ask, &v, "Take this token back?".to_owned()),
        says: vec![format!(
            "The token made {}, {used}, is refused from now on.",
            token.created_at.shown
        )],
        warning: warning.to_owned(),
        fields: vec![
            ("directory".to_owned(), v.place.directory.clone()),
            ("token".to_owned(), token.id),
        ],
        secret: false,
        action: "/portal/token/revoke",
        button: "Take it back",
        back: "Keep it",
    })
}

async fn revoke(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of_form(&ask, &form).await?;
    let at = v.directory(&format!("/scim-tokens/{}", text::escape(form.get("token"))));
    match v.client.delete(&at).await {
        Ok(()) => on("/portal", "revoked"),
        Err(p) => again(&ask, &v, p, None).await,
    }
}

async fn domain(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of_form(&ask, &form).await?;
    let sent = Sent::json(json!({ "domain": form.get("domain") })).key(form.key());
    match v.client.call::<Done>(Method::POST, &v.tenant("/domains"), sent).await {
        Ok(_) => on("/portal", "added"),
        Err(p) => {
            let d: Directory = v.client.get(&v.directory("")).await?;
            let (issuer, client_id, ends, proof) = d.typed(&Steps::of(&d));
            let domain = form.get("domain").to_owned();
            again(
                &ask,
                &v,
                p,
                Some(Typed { issuer, client_id, ends, proof, domain, ..Typed::default() }),
            )
            .await
        }
    }
}

async fn check(ask: Ask, form: Form) -> Answer {
    let v = Visitor::of_form(&ask, &form).await?;
    let at = v.tenant(&format!("/domains/{}/check", text::escape(form.get("domain"))));
    match v.client.post::<Done>(&at, json!({})).await {
        Ok(_) => on("/portal", "checked"),
        Err(p) => again(&ask, &v, p, None).await,
    }
}
