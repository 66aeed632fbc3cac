//! What the tenant adds to the SCIM schema of people. Attributes of one value, or several, are a form; what has parts of
//! its own, or else more to say, is written as the document that RFC 7643 7 describes.

use super::{mend, pressed};
use crate::{
    api::{Done, Page, Sent},
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde::{Deserialize, Serialize};
use serde_json::Value;

type Here = Path<(String, String)>;

/// An extension.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
struct Declaration {
    id: String,
    name: String,
    #[serde(default)]
    description: String,
    attributes: Vec<Attribute>,
}

/// An attribute.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Attribute {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    multi_valued: bool,
    description: String,
    case_exact: bool,
    mutability: String,
    returned: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    canonical_values: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reference_types: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sub_attributes: Vec<Attribute>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    add_replaces: bool,
}

impl Attribute {
    /// Whether the form can show all of it.
    fn plain(&self) -> bool {
        self.kind != "complex"
            && self.sub_attributes.is_empty()
            && self.canonical_values.is_empty()
            && self.reference_types.is_empty()
    }
    fn kind(&self) -> &str {
        match self.kind.as_str() {
            "dateTime" => "date and time",
            "boolean" => "yes or no",
            "integer" => "whole number",
            "decimal" => "number",
            "string" | "" => "text",
            other => other,
        }
    }
}

/// An extension, as the API shows it.
#[derive(Debug, Deserialize)]
struct Known {
    id: String,
    name: String,
    #[serde(default)]
    description: String,
    attributes: Vec<Attribute>,
    version: i64,
    updated_at: When,
    #[serde(default)]
    people: i64,
}

impl Known {
    fn escaped(&self) -> String {
        text::escape(&self.id)
    }
    fn people(&self) -> String {
        text::count(u64::try_from(self.people).unwrap_or_default(), "person", "people")
    }
}

#[derive(Template)]
#[template(path = "schemas.html")]
struct List {
    shell: Shell,
    schemas: Vec<Known>,
}

async fn opened(ask: &Ask, t: &str, title: &str) -> Result<Shell, Trouble> {
    let shell = ask.shell(t, Section::Directories, title).await?;
    let base = shell.base();
    Ok(shell.crumb("Directories", format!("{base}/directories")))
}

pub(super) async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = opened(&ask, &t, "Attributes of your own").await?;
    let found: Page<Known> = ask.get(&shell.api("/schemas")).await?;
    page(&List { shell, schemas: found.items })
}

/// Kinds of values that the form offers.
const KINDS: [(&str, &str); 6] = [
    ("string", "text"),
    ("boolean", "yes or no"),
    ("integer", "whole number"),
    ("decimal", "number"),
    ("dateTime", "date and time"),
    ("reference", "reference"),
];

/// So many lines are free for more attributes.
const FREE: usize = 4;

#[derive(Template)]
#[template(path = "schema_form.html")]
struct Edit {
    shell: Shell,
    /// Where it is sent.
    action: String,
    /// Of one that is there already: how it stands.
    known: Option<Known>,
    d: Declaration,
    /// The document, where it is written as one.
    document: Option<String>,
    version: String,
    kinds: [(&'static str, &'static str); 6],
}

impl Edit {
    fn new(shell: Shell, d: Declaration) -> Self {
        let action = format!("{}/schemas/declare", shell.base());
        let kinds = KINDS;
        Self { shell, action, known: None, d, document: None, version: String::new(), kinds }
            .lines()
    }
    fn of(shell: Shell, known: Known) -> Self {
        let d = Declaration {
            id: known.id.clone(),
            name: known.name.clone(),
            description: known.description.clone(),
            attributes: known.attributes.clone(),
        };
        let mut page = Self::new(shell, d);
        page.action = format!("{}/schemas/{}", page.shell.base(), known.escaped());
        page.version = known.version.to_string();
        if !known.attributes.iter().all(Attribute::plain) {
            page.document = Some(written(&page.d));
        }
        page.known = Some(known);
        page
    }
    /// With free lines at the end.
    fn lines(mut self) -> Self {
        self.d.attributes.retain(|a| !a.name.is_empty());
        let all = self.d.attributes.len() + FREE;
        self.d.attributes.resize(all, Attribute::default());
        self
    }
}

fn written(d: &Declaration) -> String {
    let mut d = d.clone();
    d.attributes.retain(|a| !a.name.is_empty());
    serde_json::to_string_pretty(&d).unwrap_or_default()
}

/// An example that can be declared as it is.
const EXAMPLE: &str = r#"{
  "id": "urn:contoso:params:scim:schemas:extension:badge:2.0:User",
  "name": "Badge",
  "attributes": [
    { "name": "tag" },
    { "name": "desk", "type": "complex", "subAttributes": [{ "name": "house" }, { "name": "room" }] }
  ]
}"#;

pub(super) async fn form(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = opened(&ask, &t, "Declare attributes").await?;
    let base = shell.base();
    let shell = shell.crumb("Attributes of your own", format!("{base}/schemas"));
    let slug = shell.slug().to_owned();
    let id = format!("urn:{slug}:params:scim:schemas:extension:own:2.0:User");
    let mut edit = Edit::new(shell, Declaration { id, ..Declaration::default() });
    if ask.word("as") == "document" {
        edit.document = Some(EXAMPLE.to_owned());
    }
    page(&edit)
}

/// The lines of the form.
fn lines(form: &Form) -> Vec<Attribute> {
    let mut out = Vec::new();
    for n in 0..100 {
        let at = |name: &str| format!("a{n}.{name}");
        let name = form.get(&at("name"));
        if name.is_empty() {
            continue;
        }
        let word = |yes: bool, a: &str, b: &str| if yes { a.to_owned() } else { b.to_owned() };
        out.push(Attribute {
            name: name.to_owned(),
            kind: form.some(&at("type")).unwrap_or("string").to_owned(),
            multi_valued: form.ticked(&at("multi")),
            description: form.get(&at("description")).to_owned(),
            case_exact: form.ticked(&at("case")),
            mutability: word(form.ticked(&at("once")), "immutable", "readWrite"),
            returned: form.some(&at("returned")).unwrap_or("default").to_owned(),
            add_replaces: form.ticked(&at("replaces")),
            ..Attribute::default()
        });
    }
    out
}

/// What was typed: as a document, or in lines.
fn read(form: &Form, id: &str) -> Result<Value, Problem> {
    if let Some(text) = form.some("document") {
        let no =
            |e: serde_json::Error| Problem::typed("document", format!("this is not JSON: {e}"));
        return serde_json::from_str(text).map_err(no);
    }
    let d = fields(form, id);
    serde_json::to_value(d).map_err(|e| Problem::ours(e.to_string()))
}

fn fields(form: &Form, id: &str) -> Declaration {
    Declaration {
        id: form.some("id").unwrap_or(id).to_owned(),
        name: form.get("name").to_owned(),
        description: form.get("description").to_owned(),
        attributes: lines(form),
    }
}

/// Shows the form again, with what was typed.
fn again(mut edit: Edit, form: &Form, mut p: Problem) -> Answer {
    let id = edit.d.id.clone();
    edit.document = form.some("document").map(str::to_owned);
    if edit.document.is_some() {
        p.field = Some("document".to_owned());
    } else {
        edit.d = fields(form, &id);
        edit = edit.lines();
    }
    let status = p.http();
    edit.shell = edit.shell.problem(Some(p));
    shown(status, &edit)
}

pub(super) async fn declare(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = opened(&ask, &t, "Declare attributes").await?;
    let base = shell.base();
    let p = match read(&form, "") {
        Ok(body) => {
            let sent = Sent::json(body).key(form.key());
            match ask.call::<Done>(Method::POST, &shell.api("/schemas"), sent).await {
                Ok(_) => return on(&format!("{base}/schemas"), "added"),
                Err(p) => mend(p)?,
            }
        }
        Err(p) => p,
    };
    let shell = shell.crumb("Attributes of your own", format!("{base}/schemas"));
    again(Edit::new(shell, Declaration::default()), &form, p)
}

async fn known(ask: &Ask, t: &str, urn: &str, title: &str) -> Result<(Shell, Known), Trouble> {
    let shell = opened(ask, t, title).await?;
    let base = shell.base();
    let path = shell.api(&format!("/schemas/{}", text::escape(urn)));
    let known: Known = ask.get(&path).await?;
    Ok((shell.crumb("Attributes of your own", format!("{base}/schemas")), known))
}

pub(super) async fn show(ask: Ask, Path((t, urn)): Here) -> Answer {
    let (shell, known) = known(&ask, &t, &urn, "").await?;
    let shell = shell.titled(known.name.clone());
    let mut edit = Edit::of(shell, known);
    if ask.word("as") == "document" {
        edit.document = Some(written(&edit.d));
    }
    page(&edit)
}

pub(super) async fn change(ask: Ask, Path((t, urn)): Here, form: Form) -> Answer {
    let (shell, known) = known(&ask, &t, &urn, "").await?;
    let shell = shell.titled(known.name.clone());
    let path = shell.api(&format!("/schemas/{}", text::escape(&urn)));
    let p = match read(&form, &known.id) {
        Ok(body) => {
            let sent = Sent::json(body).version(Some(form.get("version").to_owned()));
            match ask.call::<Done>(Method::PUT, &path, sent).await {
                Ok(_) => return on(&format!("{}/schemas", shell.base()), "saved"),
                Err(p) => mend(p)?,
            }
        }
        Err(p) => p,
    };
    again(Edit::of(shell, known), &form, p)
}

#[derive(Template)]
#[template(path = "schema_withdraw.html")]
struct Withdraw {
    shell: Shell,
    known: Known,
}

pub(super) async fn ask_withdraw(ask: Ask, Path((t, urn)): Here) -> Answer {
    let (shell, known) = known(&ask, &t, &urn, "Withdraw these attributes?").await?;
    page(&Withdraw { shell, known })
}

pub(super) async fn withdraw(ask: Ask, Path((t, urn)): Here, form: Form) -> Answer {
    let (shell, known) = known(&ask, &t, &urn, "Withdraw these attributes?").await?;
    let drop = if form.ticked("drop_values") { "?drop_values=true" } else { "" };
    let path = shell.api(&format!("/schemas/{}{drop}", text::escape(&urn)));
    match ask.call::<Done>(Method::DELETE, &path, Sent::nothing()).await {
        Ok(_) => on(&format!("{}/schemas", shell.base()), "removed"),
        Err(p) => {
            let p = pressed(p)?;
            let status = p.http();
            shown(status, &Withdraw { shell: shell.problem(Some(p)), known })
        }
    }
}
