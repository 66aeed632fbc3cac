//! Where a role holds: as it is shown, and as it is chosen.

use crate::{
    api::{Client, Page},
    form::Form,
    problem::Problem,
    shell::Shell,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// Where a role holds.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct Scope {
    kind: String,
    text: String,
    tag: Option<String>,
}

impl Scope {
    /// In words.
    pub(in crate::rooms) fn words(&self) -> String {
        // On pages a tenant is a company.
        match (&self.tag, self.text.strip_prefix("all tenants")) {
            (Some(tag), _) => format!("companies with the tag “{tag}”"),
            (None, Some(rest)) if self.kind != "tenant" => format!("all companies{rest}"),
            _ => self.text.clone(),
        }
    }
    /// In a sentence: in it, or on it.
    pub(in crate::rooms) fn at(&self) -> String {
        let word = if self.on_instance() { "on" } else { "in" };
        format!("{word} {}", self.words())
    }
    /// Whether it is the whole instance.
    pub(in crate::rooms) fn on_instance(&self) -> bool {
        self.kind == "instance"
    }
    /// Whether it is more than one tenant.
    pub(in crate::rooms) fn wide(&self) -> bool {
        self.kind != "tenant"
    }
}

#[derive(Deserialize)]
struct Tenant {
    slug: String,
    name: String,
    #[serde(default)]
    tags: Vec<String>,
}

/// So many tenants are offered as boxes; of more one types the short names.
const BOXES: usize = 40;

/// Where a role is to hold: the part of a form that the provider's people see.
#[derive(Debug, Default)]
pub(in crate::rooms) struct Where {
    /// Whether there is anything to choose.
    pub(in crate::rooms) wide: bool,
    /// Whether the whole instance can be chosen.
    pub(in crate::rooms) everywhere: bool,
    /// What is chosen.
    pub(in crate::rooms) kind: String,
    /// The tag.
    pub(in crate::rooms) tag: String,
    /// Tags there are.
    pub(in crate::rooms) tags: Vec<String>,
    /// Tenants to tick: short name, name, whether it is ticked.
    pub(in crate::rooms) boxes: Vec<(String, String, bool)>,
    /// The tenants that are typed.
    pub(in crate::rooms) typed: String,
}

fn chosen(form: &Form) -> Vec<String> {
    let typed = form.exact("tenants_typed");
    let typed = typed.split([' ', ',', ';', '\n', '\r']).map(str::to_owned);
    form.all("tenants").into_iter().chain(typed.filter(|t| !t.is_empty())).collect()
}

impl Where {
    /// As it was typed; `everywhere` says whether the whole instance can be chosen.
    pub(in crate::rooms) async fn of(
        c: &Client,
        shell: &Shell,
        form: &Form,
        everywhere: bool,
    ) -> Result<Self, Problem> {
        if !shell.me.place().is_some_and(|p| p.provider) {
            return Ok(Self::default());
        }
        let page: Page<Tenant> = c.get(&format!("/tenants?limit={}", BOXES + 1)).await?;
        let mut tags: Vec<String> = page.items.iter().flat_map(|t| t.tags.clone()).collect();
        tags.sort();
        tags.dedup();
        let ticked = chosen(form);
        let few = page.next.is_none() && page.items.len() <= BOXES;
        let boxes = page.items.into_iter().filter(|_| few).map(|t| {
            let on = ticked.contains(&t.slug);
            (t.slug, t.name, on)
        });
        Ok(Self {
            wide: true,
            everywhere: everywhere && shell.global(),
            kind: form.get("scope").to_owned(),
            tag: form.get("tag").to_owned(),
            tags,
            boxes: boxes.collect(),
            typed: form.exact("tenants_typed").to_owned(),
        })
    }
    /// What can be chosen: the word, and what it says.
    pub(in crate::rooms) fn kinds(&self, here: &str) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("", format!("Only in {here}")),
            ("tenants", "In chosen companies".to_owned()),
            ("tag", "In every company with a tag, as long as it has it".to_owned()),
            ("all_tenants", "In every company, those to come too".to_owned()),
            ("all_tenants_except", "In every company but the chosen ones".to_owned()),
        ];
        if self.everywhere {
            all.push(("everywhere", "On the whole instance".to_owned()));
        }
        all
    }
    /// The scope as the API takes it; none: this tenant, or the whole instance.
    pub(in crate::rooms) fn wanted(form: &Form) -> Result<Option<Value>, Problem> {
        let named = |kind: &str| {
            let tenants = chosen(form);
            if tenants.is_empty() {
                return Err(Problem::typed("scope", "choose at least one company"));
            }
            Ok(Some(json!({ "kind": kind, "tenants": tenants })))
        };
        match form.get("scope") {
            "tenants" => named("tenants"),
            "all_tenants_except" => named("all_tenants_except"),
            "tag" if form.get("tag").is_empty() => Err(Problem::typed("scope", "say which tag")),
            "tag" => Ok(Some(json!({ "kind": "tag", "tag": form.get("tag") }))),
            "all_tenants" => Ok(Some(json!({ "kind": "all_tenants" }))),
            _ => Ok(None),
        }
    }
    /// Whether the whole instance is chosen.
    pub(in crate::rooms) fn is_everywhere(form: &Form) -> bool {
        form.get("scope") == "everywhere"
    }
}
