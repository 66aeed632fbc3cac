//! From what a file says and what a server has to the steps between them, and the steps done one by one.

use super::{
    current::{Current, all, policy},
    document::{Application, Directory, Document, Mapping, Role, Tenant},
};
use crate::{
    cli::{
        reach::Reach,
        verbs::{at, escaped, given, text_of, thing_at},
    },
    error::{Error, Result},
};
use axum::http::Method;
use serde_json::{Map, Value, json};

/// What is to be done, in order, and what is not.
#[derive(Default)]
pub(super) struct Plan {
    steps: Vec<Step>,
    /// What waits for a directory to send it.
    pub(super) waiting: Vec<String>,
    /// What differs and stays so.
    pub(super) left: Vec<String>,
}

/// One request.
struct Step {
    order: Order,
    sign: char,
    what: String,
    changes: Vec<String>,
    call: Call,
}

/// Things come after what they name, and go before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Tenants,
    Domains,
    Roles,
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

enum Call {
    Send(Method, String, Value),
    /// To what a step before has made: tenant, list, its word, name.
    Thing(String, &'static str, &'static str, String, Value),
    /// A policy, by names of roles.
    Policy(String, Map<String, Value>),
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
        let mut plan = Self::default();
        for t in &wanted.tenants {
            let none = Tenant::default();
            let was = is.tenant(&t.slug);
            plan.tenant(t, was);
            let was = was.unwrap_or(&none);
            plan.domains(t, was, prune);
            plan.roles(t, was, is, prune);
            for d in &t.directories {
                plan.directory(t, d, was.directories.iter().find(|w| same(&w.name, &d.name)), is)?;
            }
            plan.applications(t, was, is, prune);
            plan.mappings(r, t, was, is, prune).await?;
            plan.default_role(t, was);
        }
        plan.steps.sort_by_key(|s| s.order);
        Ok(plan)
    }
    fn step(&mut self, order: Order, sign: char, what: String, changes: Vec<String>, call: Call) {
        self.steps.push(Step { order, sign, what, changes, call });
    }

    fn tenant(&mut self, t: &Tenant, was: Option<&Tenant>) {
        let what = format!("tenant {}", t.slug);
        let Some(was) = was else {
            let body = json!({
                "slug": t.slug, "name": t.name, "provider": t.provider,
                "tags": t.tags.clone().unwrap_or_default(),
            });
            let call = Call::Send(Method::POST, "/tenants".to_owned(), body);
            self.step(Order::Tenants, '+', what, Vec::new(), call);
            self.policy(t, None);
            return;
        };
        if t.name != was.name {
            self.left.push(format!("{what}: it is called '{}', and is not renamed", was.name));
        }
        if t.provider != was.provider {
            self.left.push(format!("{what}: which tenant is the provider's is not changed"));
        }
        if let Some(tags) = t.tags.as_ref().map(|t| sorted(t))
            && was.tags.as_ref().is_none_or(|w| sorted(w) != tags)
        {
            let change = told("tags", &json!(was.tags), &json!(tags));
            let call = Call::Send(Method::PATCH, at(&t.slug), json!({ "tags": tags }));
            self.step(Order::Tenants, '~', what, vec![change], call);
        }
        self.policy(t, was.policy.as_ref());
    }
    fn policy(&mut self, t: &Tenant, was: Option<&Map<String, Value>>) {
        let Some(policy) = t.policy.as_ref().filter(|p| Some(*p) != was) else { return };
        let none = Map::new();
        let changes = differing(was.unwrap_or(&none), policy);
        let what = format!("policy of {}", t.slug);
        let call = Call::Policy(t.slug.clone(), policy.clone());
        self.step(Order::Policies, '~', what, changes, call);
    }
    fn default_role(&mut self, t: &Tenant, was: &Tenant) {
        let Some(wanted) = &t.default_role else { return };
        let has = was.default_role.as_deref().unwrap_or_default();
        if same(has, wanted) {
            return;
        }
        let path = format!("{}/default-role", at(&t.slug));
        let call = match wanted.as_str() {
            "" => Call::Send(Method::DELETE, path, Value::Null),
            role => Call::Send(Method::PUT, path, json!({ "role": role })),
        };
        let change = told("role", &json!(has), &json!(wanted));
        self.step(Order::Defaults, '~', format!("default role of {}", t.slug), vec![change], call);
    }
    fn domains(&mut self, t: &Tenant, was: &Tenant, prune: bool) {
        let Some(wanted) = &t.domains else { return };
        let has = was.domains.clone().unwrap_or_default();
        for d in wanted.iter().filter(|d| !has.iter().any(|h| same(h, d))) {
            let body = json!({ "domain": d, "tenant": t.slug });
            let call = Call::Send(Method::POST, "/domains".to_owned(), body);
            self.step(Order::Domains, '+', format!("domain {d} of {}", t.slug), Vec::new(), call);
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
                let call = Call::Send(Method::DELETE, path, Value::Null);
                self.step(order, '-', what, Vec::new(), call);
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
            match was.roles.iter().find(|w| same(&w.name, &r.name)) {
                None => {
                    let call = Call::Send(Method::POST, path.clone(), Value::Object(fields(r)));
                    self.step(Order::Roles, '+', what, Vec::new(), call);
                }
                Some(w) => {
                    let (was, now) = (fields(w), fields(r));
                    let changes = differing(&was, &now);
                    let Some(id) = is.id(&t.slug, "role", &r.name).filter(|_| !changes.is_empty())
                    else {
                        continue;
                    };
                    let body = only_new(&was, &now);
                    let call = Call::Send(Method::PATCH, format!("{path}/{id}"), body);
                    self.step(Order::Roles, '~', what, changes, call);
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
            let call = Call::Send(Method::POST, path, body);
            self.step(Order::Directories, '+', what.clone(), Vec::new(), call);
            if d.status != "active" {
                let (slug, name) = (t.slug.clone(), d.name.clone());
                let body = json!({ "status": d.status });
                let call = Call::Thing(slug, "directories", "directory", name, body);
                let change = told("status", &json!("active"), &json!(d.status));
                self.step(Order::Directories, '~', what, vec![change], call);
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
            let call = Call::Send(Method::PATCH, format!("{path}/{id}"), Value::Object(body));
            self.step(Order::Directories, '~', what, changes, call);
        }
        Ok(())
    }

    fn applications(&mut self, t: &Tenant, was: &Tenant, is: &Current, prune: bool) {
        let path = format!("{}/apps", at(&t.slug));
        for a in &t.applications {
            let what = format!("application '{}' of {}", a.name, t.slug);
            let Some(w) = was.applications.iter().find(|w| same(&w.name, &a.name)) else {
                self.application(t, a, &path, what);
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
                let call = Call::Send(Method::PATCH, format!("{path}/{id}"), body);
                self.step(Order::Applications, '~', what, changes, call);
            }
        }
        let kept = |w: &Application| t.applications.iter().any(|a| same(&a.name, &w.name));
        for w in was.applications.iter().filter(|w| !kept(w)) {
            let gone = is.id(&t.slug, "app", &w.name).map(|id| format!("{path}/{id}"));
            let what = format!("application '{}' of {}", w.name, t.slug);
            self.gone(Order::GoneApplications, what, gone, prune);
        }
    }
    fn application(&mut self, t: &Tenant, a: &Application, path: &str, what: String) {
        let mut body = a.settings.clone();
        body.insert("name".to_owned(), json!(a.name));
        body.insert("public".to_owned(), json!(a.public));
        body.insert("platform".to_owned(), json!(a.platform));
        let call = Call::Send(Method::POST, path.to_owned(), Value::Object(body));
        self.step(Order::Applications, '+', what.clone(), Vec::new(), call);
        if !a.enabled {
            let (slug, name) = (t.slug.clone(), a.name.clone());
            let off = Call::Thing(slug, "apps", "application", name, json!({ "enabled": false }));
            let change = told("enabled", &json!(true), &json!(false));
            self.step(Order::Applications, '~', what, vec![change], off);
        }
    }

    async fn mappings(
        &mut self,
        r: &Reach,
        t: &Tenant,
        was: &Tenant,
        is: &Current,
        prune: bool,
    ) -> Result<()> {
        let path = format!("{}/mappings", at(&t.slug));
        for m in t.mappings.iter().filter(|m| is.mapping(&t.slug, m).is_none()) {
            let what = format!("mapping {m} of {}", t.slug);
            let group = match is.id(&t.slug, "directory", &m.directory) {
                Some(directory) => group(r, &t.slug, directory, &m.group).await?,
                None => None,
            };
            let Some(group) = group else {
                self.waiting.push(format!("{what}: the directory has not sent the group yet"));
                continue;
            };
            let body = given(json!({
                "group": group, "role": m.role, "in_tenant": m.in_tenant,
                "everywhere": m.everywhere, "scope": m.scope,
            }));
            let call = Call::Send(Method::POST, path.clone(), body);
            self.step(Order::Mappings, '+', what, Vec::new(), call);
        }
        let kept = |w: &Mapping| t.mappings.iter().any(|m| m.to_string() == w.to_string());
        for w in was.mappings.iter().filter(|w| !kept(w)) {
            let gone = is.mapping(&t.slug, w).map(|id| format!("{path}/{id}"));
            self.gone(Order::GoneMappings, format!("mapping {w} of {}", t.slug), gone, prune);
        }
        Ok(())
    }

    /// How many steps.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }
    /// For people: a line each.
    pub(super) fn lines(&self) -> String {
        let mut out = String::new();
        let mut line = |sign: char, text: &str| {
            out.push(sign);
            out.push(' ');
            out.push_str(&clean(text));
            out.push('\n');
        };
        for s in &self.steps {
            let more = if s.changes.is_empty() {
                String::new()
            } else {
                format!(": {}", s.changes.join("; "))
            };
            line(s.sign, &format!("{}{more}", s.what));
        }
        self.waiting.iter().for_each(|w| line('?', w));
        self.left.iter().for_each(|l| line('=', l));
        out
    }
    /// For programs.
    pub(super) fn told(&self, done: usize) -> Value {
        let word = |s: &Step| match s.sign {
            '+' => "create",
            '-' => "delete",
            _ => "change",
        };
        let steps: Vec<Value> = (0..)
            .zip(&self.steps)
            .map(|(n, s)| {
                json!({ "do": word(s), "what": s.what, "changes": s.changes, "done": n < done })
            })
            .collect();
        json!({ "steps": steps, "waiting": self.waiting, "left": self.left })
    }
    /// Does it, step by step.
    ///
    /// # Errors
    /// The server's, with the step it refused; what was done before stays done, and applying again goes on from there.
    pub(super) async fn run(&self, r: &Reach) -> Result<()> {
        for (n, s) in self.steps.iter().enumerate() {
            let done = match &s.call {
                Call::Send(method, path, body) => {
                    let body = Some(body).filter(|b| !b.is_null());
                    r.call(method.clone(), path, body).await
                }
                Call::Thing(tenant, list, what, name, body) => {
                    let path = thing_at(r, tenant, list, what, name).await?;
                    r.patch(&path, body).await
                }
                Call::Policy(tenant, wanted) => {
                    let roles = all(r, &format!("{}/roles", at(tenant))).await?;
                    let here = r.get(&at(tenant)).await?["id"].take();
                    let id = |name: &str| {
                        let called = || roles.iter().filter(|r| r["name"].as_str() == Some(name));
                        // Its own before one of the same name that is only offered.
                        let it = called().find(|r| r["tenant"] == here).or_else(|| called().next());
                        it.and_then(|r| r["id"].as_str()).map(str::to_owned)
                    };
                    let body = policy(&Value::Object(wanted.clone()), id).unwrap_or_default();
                    let path = format!("{}/policy", at(tenant));
                    r.call(Method::PUT, &path, Some(&Value::Object(body))).await
                }
            };
            done.map_err(|e| {
                let of = self.steps.len();
                let text = format!("step {} of {of}, {}: {}", n + 1, s.what, e.detail());
                Error::new(e.kind(), format!("{text} (the steps before it are done)"))
            })?;
            eprintln!("{} {}", s.sign, clean(&s.what));
        }
        Ok(())
    }
}

/// A text for a terminal: whoever named a thing says nothing to it besides.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
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
    a.to_lowercase() == b.to_lowercase()
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
