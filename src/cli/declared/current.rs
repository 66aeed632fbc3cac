//! What a server has, read through its API, as a document and with the ids that changes need.

use super::{
    document::{Application, Directory, Document, Mapping, Role, Scope, Tenant, without_nulls},
    roles::Roles,
};
use crate::{
    cli::{
        reach::Reach,
        verbs::{at, escaped},
    },
    error::{Error, Kind, Result},
    text::fold,
};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A server's configuration.
pub(super) struct Current {
    pub(super) document: Document,
    /// Which roles can be given where.
    pub(super) roles: Roles,
    /// Ids by tenant, kind and name (folded).
    ids: HashMap<(String, &'static str, String), Vec<String>>,
    /// What mappings there are, by tenant.
    mappings: HashMap<String, Vec<Mapped>>,
    /// The ids of all tenants, by slug.
    tenants: HashMap<String, String>,
}

/// A mapping that is there.
pub(super) struct Mapped {
    pub(super) id: String,
    /// What it says, with the role's id.
    pub(super) key: String,
    /// The same for people.
    pub(super) shown: String,
}

impl Current {
    /// The id of the thing of a tenant that is called so; none where more than one is.
    pub(super) fn id(&self, tenant: &str, kind: &'static str, name: &str) -> Option<&str> {
        match self.ids.get(&(tenant.to_owned(), kind, fold(name)))?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
    /// The mappings of a tenant.
    pub(super) fn mapped(&self, tenant: &str) -> &[Mapped] {
        self.mappings.get(tenant).map(Vec::as_slice).unwrap_or_default()
    }
    /// A tenant as it is.
    pub(super) fn tenant(&self, slug: &str) -> Option<&Tenant> {
        self.document.tenants.iter().find(|t| t.slug == slug)
    }
    /// Reads it; `wanted` says of which tenants.
    ///
    /// # Errors
    /// The server's.
    pub(super) async fn read(r: &Reach, wanted: impl Fn(&str) -> bool) -> Result<Self> {
        let mut out = Self {
            document: Document::default(),
            roles: Roles::default(),
            ids: HashMap::new(),
            mappings: HashMap::new(),
            tenants: HashMap::new(),
        };
        let all = all(r, "/tenants").await?;
        out.tenants = all.iter().map(|t| (text(t, "slug"), text(t, "id"))).collect();
        // What a tenant that is made only now can be given.
        for t in all.iter().filter(|t| t["provider"] == true) {
            out.learn(r, &text(t, "slug")).await?;
        }
        let slugs: HashMap<String, String> =
            all.iter().map(|t| (text(t, "id"), text(t, "slug"))).collect();
        // Who does not hold the whole instance sees no domains.
        let domains = match self::all(r, "/domains").await {
            Ok(all) => Some(all),
            Err(e) if hidden(&e) => None,
            Err(e) => return Err(e),
        };
        for t in &all {
            let slug = text(t, "slug");
            if wanted(&slug) {
                let mut tenant = out.of(r, t, &slugs).await?;
                tenant.domains = domains.as_ref().map(|all| {
                    let id = text(t, "id");
                    all.iter()
                        .filter(|d| text(d, "tenant") == id)
                        .map(|d| text(d, "domain"))
                        .collect()
                });
                out.document.tenants.push(tenant);
            }
        }
        out.document.tenants.sort_by(|a, b| {
            (a.provider != Some(true), &a.slug).cmp(&(b.provider != Some(true), &b.slug))
        });
        Ok(out)
    }

    /// Reads which roles can be given in a tenant, where that is shown.
    ///
    /// # Errors
    /// The server's.
    pub(super) async fn learn(&mut self, r: &Reach, tenant: &str) -> Result<()> {
        let id = self.tenants.get(tenant).filter(|_| !self.roles.know(tenant));
        let Some(id) = id.cloned() else { return Ok(()) };
        match all(r, &format!("{}/roles", at(tenant))).await {
            Ok(listed) => self.roles.learn(tenant, &id, &listed),
            Err(e) if hidden(&e) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    async fn of(
        &mut self,
        r: &Reach,
        t: &Value,
        slugs: &HashMap<String, String>,
    ) -> Result<Tenant> {
        let slug = text(t, "slug");
        let path = at(&slug);
        let id = text(t, "id");
        let roles = all(r, &format!("{path}/roles")).await?;
        self.roles.learn(&slug, &id, &roles);
        let directories = all(r, &format!("{path}/directories")).await?;
        let apps = all(r, &format!("{path}/apps")).await?;
        let mappings = all(r, &format!("{path}/mappings")).await?;
        let default = r.get(&format!("{path}/default-role")).await?;
        // What is only offered here, and what is no application, may have the same name.
        let (own_roles, own_apps) = (own(&roles, "tenant", &id), own(&apps, "kind", "app"));
        let directories_here = directories.iter().collect();
        for (kind, list) in
            [("role", &own_roles), ("directory", &directories_here), ("app", &own_apps)]
        {
            for thing in list {
                let name = fold(&text(thing, "name"));
                self.ids.entry((slug.clone(), kind, name)).or_default().push(text(thing, "id"));
            }
        }
        let named = |list: &[Value]| -> HashMap<String, String> {
            list.iter().map(|v| (text(v, "id"), text(v, "name"))).collect()
        };
        let (role_names, directory_names) = (named(&roles), named(&directories));
        let called = |id: &str| Some(self.roles.written(&slug, id, role_names.get(id)?));
        let mut out = Tenant {
            name: Some(text(t, "name")),
            provider: t["provider"].as_bool().filter(|p| *p),
            tags: Some(texts(&t["tags"])),
            default_role: Some(match &default["role"] {
                Value::Null => String::new(),
                role => self.roles.written(&slug, &text(role, "id"), &text(role, "name")),
            }),
            policy: policy(&t["policy"], called),
            roles: own_roles.into_iter().map(role).collect(),
            directories: directories.iter().map(directory).collect(),
            applications: own_apps.into_iter().map(application).collect(),
            slug,
            ..Tenant::default()
        };
        for m in mappings.iter().filter(|m| m["tenant"] == *id) {
            let directory = text(m, "directory");
            let scope = &m["scope"];
            let many = matches!(
                scope["kind"].as_str(),
                Some("tenants" | "tag" | "all_tenants" | "all_tenants_except")
            );
            let in_tenant = m["in_tenant"].as_str().map(|t| slug_of(slugs, t));
            let in_tenant = in_tenant.filter(|t| *t != out.slug && !many);
            // A role of another tenant's own is called what it is called there.
            let place = in_tenant.as_ref().unwrap_or(&out.slug);
            self.learn(r, place).await?;
            let mapping = Mapping {
                directory: directory_names.get(&directory).cloned().unwrap_or(directory),
                group: text(m, "group_name"),
                role: self.roles.written(place, &text(m, "role"), &text(m, "role_name")),
                in_tenant,
                everywhere: m["everywhere"].as_bool().unwrap_or_default(),
                scope: many.then(|| Scope {
                    kind: text(scope, "kind"),
                    tenants: named_tenants(scope, slugs),
                    tag: scope["tag"].as_str().map(str::to_owned),
                }),
            };
            let key = self.roles.key(&out.slug, &mapping);
            let there = Mapped { id: text(m, "id"), key, shown: mapping.to_string() };
            self.mappings.entry(out.slug.clone()).or_default().push(there);
            out.mappings.push(mapping);
        }
        out.roles.sort_by(|a, b| a.name.cmp(&b.name));
        out.directories.sort_by(|a, b| a.name.cmp(&b.name));
        out.applications.sort_by(|a, b| a.name.cmp(&b.name));
        out.mappings.sort_by_cached_key(ToString::to_string);
        if let Some(there) = self.mappings.get_mut(&out.slug) {
            there.sort_by(|a, b| a.shown.cmp(&b.shown));
        }
        Ok(out)
    }
}

/// A list of the API, to its end.
///
/// # Errors
/// The server's.
pub(super) async fn all(r: &Reach, path: &str) -> Result<Vec<Value>> {
    let (mut out, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let more = cursor.map(|c| format!("{mark}cursor={}", escaped(&c))).unwrap_or_default();
        let mut page = r.get(&format!("{path}{more}")).await?;
        match page["items"].take() {
            Value::Array(items) => out.extend(items),
            _ => return Err(Error::internal(format!("no list at {path}"))),
        }
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(out),
        }
    }
}

/// Whether something is only not shown to the caller.
fn hidden(e: &Error) -> bool {
    matches!(e.kind(), Kind::Forbidden | Kind::NotFound)
}
/// Of a list what has this value there.
fn own<'a>(list: &'a [Value], field: &str, value: &str) -> Vec<&'a Value> {
    list.iter().filter(|v| v[field] == *value).collect()
}
pub(super) fn text(v: &Value, field: &str) -> String {
    v[field].as_str().unwrap_or_default().to_owned()
}
fn texts(v: &Value) -> Vec<String> {
    let all = v.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut all: Vec<String> = all.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    all.sort();
    all
}
fn slug_of(slugs: &HashMap<String, String>, id: &str) -> String {
    slugs.get(id).cloned().unwrap_or_else(|| id.to_owned())
}
/// The tenants of a scope, as ids or with their names beside them.
fn named_tenants(scope: &Value, slugs: &HashMap<String, String>) -> Vec<String> {
    let all = scope["tenants"].as_array().map(Vec::as_slice).unwrap_or_default();
    let one = |t: &Value| t.as_str().or_else(|| t["id"].as_str()).map(|id| slug_of(slugs, id));
    let mut all: Vec<String> = all.iter().filter_map(one).collect();
    all.sort();
    all
}
fn object(v: &Value) -> Map<String, Value> {
    match without_nulls(v.clone()) {
        Value::Object(o) => o,
        _ => Map::new(),
    }
}

/// A policy whose roles have the names that `name` gives for their ids.
pub(super) fn policy(
    p: &Value,
    name: impl Fn(&str) -> Option<String>,
) -> Option<Map<String, Value>> {
    let mut p = object(p);
    if let Some(Value::Object(roles)) = p.get_mut("mfa").and_then(|m| m.get_mut("roles")) {
        let renamed = std::mem::take(roles).into_iter();
        *roles = renamed.map(|(id, v)| (name(&id).unwrap_or(id), v)).collect();
    }
    Some(p).filter(|p| !p.is_empty())
}

fn role(v: &Value) -> Role {
    Role {
        name: text(v, "name"),
        description: text(v, "description"),
        offered: v["offered"].as_bool().unwrap_or_default(),
        permissions: texts(&v["permissions"]),
    }
}

fn directory(v: &Value) -> Directory {
    Directory {
        name: text(v, "name"),
        preset: text(v, "preset"),
        status: text(v, "status"),
        stage: v["stage"].as_str().map(str::to_owned),
        client_secret_file: None,
        signin: Some(object(&v["signin"])).filter(|s| !s.is_empty()),
        provisioning: Some(object(&v["provisioning"])),
    }
}

fn application(v: &Value) -> Application {
    Application {
        name: text(v, "name"),
        public: v["public"].as_bool().unwrap_or_default(),
        platform: v["platform"].as_bool().unwrap_or_default(),
        enabled: v["enabled"].as_bool().unwrap_or(true),
        settings: object(&v["settings"]),
    }
}
