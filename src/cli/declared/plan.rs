//! From what a file says and what a server has to the steps between them.

use super::{
    current::{Current, all, policy},
    document::{Application, Directory, Document, Role, Tenant},
    roles::Roles,
};
use crate::{
    cli::{
        reach::Reach,
        verbs::{at, escaped, given, text_of},
    },
    error::{Error, Result},
    text::fold,
};
use axum::http::Method;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// What is to be done, in order, and what is not.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// What waits for a directory to send it.
    pub(super) waiting: Vec<String>,
    /// What differs and stays so.
    pub(super) left: Vec<String>,
    /// Which roles can be given where, with those that it makes.
    roles: Roles,
}

/// One request.
pub(super) struct Step {
    order: Order,
    pub(super) sign: char,
    pub(super) what: String,
    pub(super) changes: Vec<String>,
    /// What stands for the id of what it makes, in braces, in later steps.
    pub(super) word: Option<String>,
    pub(super) method: Method,
    pub(super) path: String,
    /// None, or an object.
    pub(super) body: Value,
    /// Of a directory that is made: whether people are to be let in by it at once.
    pub(super) opens: bool,
}

/// Things come after what they name, and go before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Tenants,
    Domains,
    Roles,
    /// After the tenants' own: a tenant can have had a role of the name before, and cannot make one later.
    Offered,
    Directories,
    Policies,
    Applications,
    Mappings,
    Defaults,
    GoneMappings,
    GoneApplications,
    GoneRoles,
    GoneDomains,
}

impl Plan {
    /// Compares. With `prune`, what the file does not name goes (never tenants and directories).
    ///
    /// # Errors
    /// The server's; `Invalid` for a secret that cannot be read.
    pub(super) async fn of(
        r: &Reach,
        wanted: &Document,
        is: &Current,
        prune: bool,
    ) -> Result<Self> {
        let mut plan = Self { roles: is.roles.clone(), ..Self::default() };
        let none = Tenant::default();
        for t in &wanted.tenants {
            let was = is.tenant(&t.slug);
            plan.tenant(t, was);
            let was = was.unwrap_or(&none);
            plan.domains(t, was, prune);
            plan.roles(t, was, is, prune);
        }
        // What names roles, when those of all tenants are known.
        for t in &wanted.tenants {
            let was = is.tenant(&t.slug).unwrap_or(&none);
            plan.policy(t, was)?;
            for d in &t.directories {
                plan.directory(t, d, was.directories.iter().find(|w| same(&w.name, &d.name)), is)?;
            }
            plan.applications(t, was, is, prune);
            plan.mappings(r, t, is, prune).await?;
            plan.default_role(t, was);
        }
        plan.steps.sort_by_key(|s| s.order);
        Ok(plan)
    }
    fn step(
        &mut self,
        (order, sign): (Order, char),
        what: String,
        changes: Vec<String>,
        (method, path, body): (Method, String, Value),
    ) {
        let (word, opens) = (None, false);
        self.steps.push(Step { order, sign, what, changes, word, method, path, body, opens });
    }
    /// A step that makes something, and the word for its id.
    fn make(&mut self, order: Order, what: String, path: String, body: Value) -> String {
        let word = format!("{{{}}}", self.steps.len() + 1);
        self.step((order, '+'), what, Vec::new(), (Method::POST, path, body));
        if let Some(s) = self.steps.last_mut() {
            s.word = Some(word.clone());
        }
        word
    }

    fn tenant(&mut self, t: &Tenant, was: Option<&Tenant>) {
        let what = format!("tenant {}", t.slug);
        let Some(was) = was else {
            self.roles.found(&t.slug);
            let body = json!({
                "slug": t.slug, "name": t.name, "provider": t.provider.unwrap_or_default(),
                "tags": t.tags.clone().unwrap_or_default(),
            });
            self.make(Order::Tenants, what, "/tenants".to_owned(), body);
            return;
        };
        if t.provider.is_some_and(|p| p != was.provider.unwrap_or_default()) {
            self.left.push(format!("{what}: which tenant is the provider's is not changed"));
        }
        let (mut changes, mut body) = (Vec::new(), Map::new());
        if t.name.is_some() && t.name != was.name {
            changes.push(told("name", &json!(was.name), &json!(t.name)));
            body.insert("name".to_owned(), json!(t.name));
        }
        if let Some(tags) = t.tags.as_ref().map(|t| sorted(t))
            && was.tags.as_ref().is_none_or(|w| sorted(w) != tags)
        {
            changes.push(told("tags", &json!(was.tags), &json!(tags)));
            body.insert("tags".to_owned(), json!(tags));
        }
        if !body.is_empty() {
            let call = (Method::PATCH, at(&t.slug), Value::Object(body));
            self.step((Order::Tenants, '~'), what, changes, call);
        }
    }
    fn policy(&mut self, t: &Tenant, was: &Tenant) -> Result<()> {
        let none = Map::new();
        let (has, Some(wanted)) = (was.policy.as_ref().unwrap_or(&none), &t.policy) else {
            return Ok(());
        };
        // A role can be written in more than one way, so what counts is which are meant.
        let meant = |p: &Map<String, Value>| {
            policy(&Value::Object(p.clone()), |said| self.roles.find(&t.slug, said))
                .unwrap_or_default()
        };
        let (was, body) = (meant(has), meant(wanted));
        if named_roles(&body) < named_roles(wanted) {
            let text = format!("policy of {}: two names under 'mfa.roles' are of one role", t.slug);
            return Err(Error::invalid(text));
        }
        if was == body {
            return Ok(());
        }
        let changes = differing(has, wanted);
        let call = (Method::PUT, format!("{}/policy", at(&t.slug)), Value::Object(body));
        self.step((Order::Policies, '~'), format!("policy of {}", t.slug), changes, call);
        Ok(())
    }
    fn default_role(&mut self, t: &Tenant, was: &Tenant) {
        let Some(wanted) = &t.default_role else { return };
        let has = was.default_role.as_deref().unwrap_or_default();
        let meant = |said: &str| self.roles.find(&t.slug, said).unwrap_or_else(|| said.to_owned());
        if meant(has) == meant(wanted) {
            return;
        }
        let path = format!("{}/default-role", at(&t.slug));
        let call = match wanted.as_str() {
            "" => (Method::DELETE, path, Value::Null),
            role => (Method::PUT, path, json!({ "role": meant(role) })),
        };
        let change = told("role", &json!(has), &json!(wanted));
        let what = format!("default role of {}", t.slug);
        self.step((Order::Defaults, '~'), what, vec![change], call);
    }
    fn domains(&mut self, t: &Tenant, was: &Tenant, prune: bool) {
        let Some(wanted) = &t.domains else { return };
        let has = was.domains.clone().unwrap_or_default();
        for d in wanted.iter().filter(|d| !has.iter().any(|h| same(h, d))) {
            let body = json!({ "domain": d, "tenant": t.slug });
            self.make(
                Order::Domains,
                format!("domain {d} of {}", t.slug),
                "/domains".to_owned(),
                body,
            );
        }
        for d in has.iter().filter(|h| !wanted.iter().any(|d| same(h, d))) {
            let what = format!("domain {d} of {}", t.slug);
            let path = format!("/domains/{}", escaped(d));
            self.gone(Order::GoneDomains, what, Some(path), prune);
        }
    }
    /// What is there and not in the file.
    fn gone(&mut self, order: Order, what: String, path: Option<String>, prune: bool) {
        match path.filter(|_| prune) {
            Some(path) => {
                self.step((order, '-'), what, Vec::new(), (Method::DELETE, path, Value::Null));
            }
            None => self.left.push(format!("{what}: not in the file")),
        }
    }

    fn roles(&mut self, t: &Tenant, was: &Tenant, is: &Current, prune: bool) {
        let path = format!("{}/roles", at(&t.slug));
        let fields = |r: &Role| {
            let mut r = json!({
                "name": r.name, "description": r.description, "offered": r.offered,
                "permissions": sorted(&r.permissions),
            });
            r.as_object_mut().map(std::mem::take).unwrap_or_default()
        };
        for r in &t.roles {
            let what = format!("role '{}' of {}", r.name, t.slug);
            let order = if r.offered { Order::Offered } else { Order::Roles };
            match was.roles.iter().find(|w| same(&w.name, &r.name)) {
                None => {
                    let body = Value::Object(fields(r));
                    let word = self.make(order, what, path.clone(), body);
                    self.roles.make(&t.slug, &r.name, &word);
                    if r.offered {
                        self.roles.offer(&t.slug, &r.name, &word);
                    }
                }
                Some(w) => {
                    let (was, now) = (fields(w), fields(r));
                    let changes = differing(&was, &now);
                    let Some(id) = is.id(&t.slug, "role", &r.name).filter(|_| !changes.is_empty())
                    else {
                        continue;
                    };
                    if r.offered {
                        self.roles.offer(&t.slug, &r.name, id);
                    }
                    let body = only_new(&was, &now);
                    let call = (Method::PATCH, format!("{path}/{id}"), body);
                    self.step((order, '~'), what, changes, call);
                }
            }
        }
        for w in was.roles.iter().filter(|w| !t.roles.iter().any(|r| same(&r.name, &w.name))) {
            let gone = is.id(&t.slug, "role", &w.name).map(|id| format!("{path}/{id}"));
            self.gone(Order::GoneRoles, format!("role '{}' of {}", w.name, t.slug), gone, prune);
        }
    }

    fn directory(
        &mut self,
        t: &Tenant,
        d: &Directory,
        was: Option<&Directory>,
        is: &Current,
    ) -> Result<()> {
        let what = format!("directory '{}' of {}", d.name, t.slug);
        let path = format!("{}/directories", at(&t.slug));
        let none = Map::new();
        let signin = |was: &Map<String, Value>| -> Result<Option<Value>> {
            let Some(wanted) = &d.signin else { return Ok(None) };
            if was.iter().chain(wanted).all(|(k, _)| wanted.get(k).or(was.get(k)) == was.get(k)) {
                return Ok(None);
            }
            let mut all = over(was, wanted);
            if let Some(file) = &d.client_secret_file {
                all.insert("client_secret".to_owned(), text_of(file)?.into());
            }
            Ok(Some(Value::Object(all)))
        };
        let Some(was) = was else {
            let body = given(json!({
                "name": d.name, "preset": d.preset, "signin": signin(&none)?,
                "provisioning": d.provisioning,
            }));
            let word = self.make(Order::Directories, what.clone(), path.clone(), body);
            if let Some(made) = self.steps.last_mut() {
                made.opens = d.signin.is_some() && d.stage.as_deref() == Some("active");
            }
            let (mut body, mut changes) = (Map::new(), Vec::new());
            if d.status != "active" {
                changes.push(told("status", &json!("active"), &json!(d.status)));
                body.insert("status".to_owned(), json!(d.status));
            }
            // Whether it is open at once, who makes it decides.
            if let Some(stage @ ("draft" | "enforced")) = d.stage.as_deref() {
                changes.push(told("stage", &Value::Null, &json!(stage)));
                body.insert("stage".to_owned(), json!(stage));
            }
            if !body.is_empty() {
                let call = (Method::PATCH, format!("{path}/{word}"), Value::Object(body));
                self.step((Order::Directories, '~'), what, changes, call);
            }
            return Ok(());
        };
        let (mut body, mut changes) = (Map::new(), Vec::new());
        for (field, old, new) in
            [("preset", &was.preset, &d.preset), ("status", &was.status, &d.status)]
        {
            if old != new {
                changes.push(told(field, &json!(old), &json!(new)));
                body.insert(field.to_owned(), json!(new));
            }
        }
        match (was.stage.as_deref(), d.stage.as_deref()) {
            (has, Some(wanted)) if has != Some(wanted) && wanted != "testing" => {
                changes.push(told("stage", &json!(has), &json!(wanted)));
                body.insert("stage".to_owned(), json!(wanted));
            }
            (has, Some("testing")) if has != Some("testing") => {
                self.left.push(format!("{what}: a test begins with `muster directory test`"));
            }
            _ => {}
        }
        let has = was.signin.as_ref().unwrap_or(&none);
        if let Some(all) = signin(has)? {
            let wanted = d.signin.as_ref().unwrap_or(&none);
            changes.extend(
                differing(has, &over(has, wanted)).into_iter().map(|c| format!("signin.{c}")),
            );
            body.insert("signin".to_owned(), all);
        }
        if let Some(wanted) = &d.provisioning {
            let has = was.provisioning.as_ref().unwrap_or(&none);
            let all = over(has, wanted);
            let more = differing(has, &all);
            if !more.is_empty() {
                changes.extend(more.into_iter().map(|c| format!("provisioning.{c}")));
                body.insert("provisioning".to_owned(), Value::Object(all));
            }
        }
        if let Some(id) = is.id(&t.slug, "directory", &d.name).filter(|_| !body.is_empty()) {
            let call = (Method::PATCH, format!("{path}/{id}"), Value::Object(body));
            self.step((Order::Directories, '~'), what, changes, call);
        }
        Ok(())
    }

    fn applications(&mut self, t: &Tenant, was: &Tenant, is: &Current, prune: bool) {
        let path = format!("{}/apps", at(&t.slug));
        for a in &t.applications {
            let what = format!("application '{}' of {}", a.name, t.slug);
            let Some(w) = was.applications.iter().find(|w| same(&w.name, &a.name)) else {
                self.application(a, &path, what);
                continue;
            };
            if (a.public, a.platform) != (w.public, w.platform) {
                self.left.push(format!("{what}: 'public' and 'platform' are not changed"));
            }
            let mut changes = differing(&w.settings, &over(&w.settings, &a.settings));
            let mut body = only_new(&w.settings, &over(&w.settings, &a.settings));
            if a.enabled != w.enabled {
                changes.push(told("enabled", &json!(w.enabled), &json!(a.enabled)));
                body["enabled"] = a.enabled.into();
            }
            if let Some(id) = is.id(&t.slug, "app", &a.name).filter(|_| !changes.is_empty()) {
                let call = (Method::PATCH, format!("{path}/{id}"), body);
                self.step((Order::Applications, '~'), what, changes, call);
            }
        }
        let kept = |w: &Application| t.applications.iter().any(|a| same(&a.name, &w.name));
        for w in was.applications.iter().filter(|w| !kept(w)) {
            let gone = is.id(&t.slug, "app", &w.name).map(|id| format!("{path}/{id}"));
            let what = format!("application '{}' of {}", w.name, t.slug);
            self.gone(Order::GoneApplications, what, gone, prune);
        }
    }
    fn application(&mut self, a: &Application, path: &str, what: String) {
        let mut body = a.settings.clone();
        body.insert("name".to_owned(), json!(a.name));
        body.insert("public".to_owned(), json!(a.public));
        body.insert("platform".to_owned(), json!(a.platform));
        let body = Value::Object(body);
        let word = self.make(Order::Applications, what.clone(), path.to_owned(), body);
        if !a.enabled {
            let off = (Method::PATCH, format!("{path}/{word}"), json!({ "enabled": false }));
            let change = told("enabled", &json!(true), &json!(false));
            self.step((Order::Applications, '~'), what, vec![change], off);
        }
    }

    async fn mappings(&mut self, r: &Reach, t: &Tenant, is: &Current, prune: bool) -> Result<()> {
        let path = format!("{}/mappings", at(&t.slug));
        let mut named = HashSet::new();
        for m in &t.mappings {
            let key = self.roles.key(&t.slug, m);
            let there = is.mapped(&t.slug).iter().any(|w| w.key == key);
            named.insert(key);
            if there {
                continue;
            }
            let what = format!("mapping {m} of {}", t.slug);
            let group = match is.id(&t.slug, "directory", &m.directory) {
                Some(directory) => group(r, &t.slug, directory, &m.group).await?,
                None => None,
            };
            let Some(group) = group else {
                self.waiting.push(format!("{what}: the directory has not sent the group yet"));
                continue;
            };
            let place = m.in_tenant.as_deref().unwrap_or(&t.slug);
            let role = self.roles.find(place, &m.role).unwrap_or_else(|| m.role.clone());
            let body = given(json!({
                "group": group, "role": role, "in_tenant": m.in_tenant,
                "everywhere": m.everywhere, "scope": m.scope,
            }));
            self.make(Order::Mappings, what, path.clone(), body);
        }
        for w in is.mapped(&t.slug).iter().filter(|w| !named.contains(&w.key)) {
            let what = format!("mapping {} of {}", w.shown, t.slug);
            self.gone(Order::GoneMappings, what, Some(format!("{path}/{}", w.id)), prune);
        }
        Ok(())
    }
}

/// A directory's group of this name, if there is one.
async fn group(r: &Reach, tenant: &str, directory: &str, name: &str) -> Result<Option<String>> {
    let path = format!("{}/groups?limit=500&text={}", at(tenant), escaped(name));
    let found = all(r, &path).await?;
    let mut found = found.iter().filter(|g| {
        g["directory"] == *directory && g["display_name"].as_str().is_some_and(|n| same(n, name))
    });
    match (found.next(), found.next()) {
        (Some(g), None) => Ok(g["id"].as_str().map(str::to_owned)),
        (Some(_), Some(_)) => {
            let text =
                format!("more than one group of the directory in {tenant} is called '{name}'");
            Err(Error::conflict(text))
        }
        (None, _) => Ok(None),
    }
}

fn same(a: &str, b: &str) -> bool {
    fold(a) == fold(b)
}
fn sorted(all: &[String]) -> Vec<String> {
    let mut all = all.to_vec();
    all.sort();
    all.dedup();
    all
}
/// One with another over it.
fn over(was: &Map<String, Value>, more: &Map<String, Value>) -> Map<String, Value> {
    let mut all = was.clone();
    for (k, v) in more {
        match (all.get_mut(k), v) {
            (Some(Value::Object(old)), Value::Object(new)) => *old = over(old, new),
            _ => {
                all.insert(k.clone(), v.clone());
            }
        }
    }
    all
}
/// How many roles a policy names.
fn named_roles(p: &Map<String, Value>) -> usize {
    let roles = p.get("mfa").and_then(|m| m.get("roles")).and_then(Value::as_object);
    roles.map_or(0, Map::len)
}
fn told(field: &str, was: &Value, now: &Value) -> String {
    format!("{field} {was} -> {now}")
}
fn differing(was: &Map<String, Value>, now: &Map<String, Value>) -> Vec<String> {
    let changed = now.iter().filter(|(k, v)| was.get(*k) != Some(v));
    changed.map(|(k, v)| told(k, was.get(k).unwrap_or(&Value::Null), v)).collect()
}
fn only_new(was: &Map<String, Value>, now: &Map<String, Value>) -> Value {
    let changed = now.iter().filter(|(k, v)| was.get(*k) != Some(v));
    Value::Object(changed.map(|(k, v)| (k.clone(), v.clone())).collect())
}
