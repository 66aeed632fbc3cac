//! Somebody who is looked for by name: typed, or chosen among those whom that fits.

use crate::{
    api::{Client, Page},
    ask::Trouble,
    form::Form,
    problem::Problem,
    rooms::users::choose,
    shell::Shell,
    text,
};
use serde::Deserialize;

/// Somebody to choose.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct Person {
    /// Their id.
    pub(in crate::rooms) id: String,
    /// What they sign in with.
    pub(in crate::rooms) user_name: String,
    display_name: Option<String>,
    email: Option<String>,
}

impl Person {
    /// What they are called.
    pub(in crate::rooms) fn name(&self) -> &str {
        self.display_name.as_deref().filter(|n| !n.is_empty()).unwrap_or(&self.user_name)
    }
    /// What tells them from another of the same name.
    pub(in crate::rooms) fn hint(&self) -> String {
        match self.email.as_deref().filter(|e| !e.is_empty() && *e != self.user_name) {
            Some(email) => format!("{}, {email}", self.user_name),
            None => self.user_name.clone(),
        }
    }
}

#[derive(Deserialize)]
struct Tenant {
    id: String,
    slug: String,
    name: String,
    provider: bool,
}

/// So many are offered for a choice.
const FEW: usize = 10;

/// The part of a form that says who.
#[derive(Debug, Default)]
pub(in crate::rooms) struct Pick {
    /// What was typed.
    pub(in crate::rooms) typed: String,
    /// Who was chosen, by id.
    pub(in crate::rooms) chosen: String,
    /// Their own company, where it is another.
    pub(in crate::rooms) home: String,
    /// Whom it fits.
    pub(in crate::rooms) found: Vec<Person>,
    /// Whether it fits more than these.
    pub(in crate::rooms) more: bool,
    /// Companies to choose from, where there is another than this.
    pub(in crate::rooms) homes: Vec<(String, String)>,
}

impl Pick {
    /// As it was typed; without a look for anybody.
    pub(in crate::rooms) fn of(form: &Form) -> Self {
        let word = |n: &str| form.get(n).to_owned();
        Self { typed: word("user"), chosen: word("chosen"), home: word("home"), ..Self::default() }
    }
    /// Who is meant, as the API takes it.
    pub(in crate::rooms) fn who(&self) -> &str {
        if self.typed.is_empty() { &self.chosen } else { &self.typed }
    }
    /// Their own company, as the API takes it.
    pub(in crate::rooms) fn home(&self) -> Option<&str> {
        Some(self.home.as_str()).filter(|h| !h.is_empty())
    }
    /// The companies whose people may be meant: this, the provider, and one's own.
    pub(in crate::rooms) async fn homes(
        mut self,
        c: &Client,
        shell: &Shell,
    ) -> Result<Self, Problem> {
        let here = shell.me.place();
        self.homes = vec![(String::new(), here.map(|p| p.name.clone()).unwrap_or_default())];
        if here.is_none_or(|p| p.provider) {
            return Ok(self);
        }
        let page: Page<Tenant> = c.get("/tenants?limit=200").await?;
        if let Some(t) = page.items.iter().find(|t| t.id == self.home) {
            self.home.clone_from(&t.slug);
        }
        let others = page.items.into_iter().filter(|t| {
            (t.provider || t.id == shell.me.tenant) && here.is_none_or(|p| p.tenant != t.id)
        });
        self.homes.extend(others.map(|t| (t.slug, t.name)));
        let own = &shell.me.tenant;
        if self.homes.len() == 1 && here.is_some_and(|p| p.tenant != *own) {
            self.homes.push((own.clone(), "Your own company".to_owned()));
        }
        Ok(self)
    }
    /// Looks for those whom it fits: by id who was chosen, else by what was typed.
    pub(in crate::rooms) async fn look(
        mut self,
        c: &Client,
        shell: &Shell,
    ) -> Result<Self, Problem> {
        let at = match self.home() {
            Some(h) => format!("/tenants/{}", text::escape(h)),
            None => shell.api(""),
        };
        let found = if self.typed.is_empty() {
            if self.chosen.is_empty() {
                return Ok(self);
            }
            let one = c.get::<Person>(&format!("{at}/users/{}", text::escape(&self.chosen))).await;
            one.map(|p| Page { items: vec![p], next: None })
        } else {
            choose::called::<Person>(c, &at, &self.typed, "10").await
        };
        match found {
            Ok(page) => {
                self.more = page.next.is_some();
                self.found = page.items;
                self.found.truncate(FEW);
            }
            // Who does not see people types their name.
            Err(p) if matches!(p.status, 400 | 403 | 404) => {}
            Err(p) => return Err(p),
        }
        Ok(self)
    }
    /// The problem that nobody is called so, where somebody is called nearly so.
    pub(in crate::rooms) fn told(&self, problem: Option<Problem>) -> Option<Problem> {
        let p = problem?;
        if !p.is_at("user") || self.typed.is_empty() || self.found.is_empty() {
            return Some(p);
        }
        let detail = format!("choose who is meant by '{}'", self.typed);
        Some(Problem { status: p.status, ..Problem::typed("user", detail) })
    }
    /// The id of who was typed, if it is one person's; else those whom it fits are there to choose from.
    pub(in crate::rooms) async fn settle(
        self,
        c: &Client,
        shell: &Shell,
    ) -> Result<(Option<String>, Self), Trouble> {
        if !self.chosen.is_empty() && self.typed.is_empty() {
            return Ok((Some(self.chosen.clone()), self.look(c, shell).await?));
        }
        if self.typed.is_empty() {
            return Ok((None, self));
        }
        let found = self.look(c, shell).await?;
        let exact: Vec<&Person> = found
            .found
            .iter()
            .filter(|p| {
                p.user_name.eq_ignore_ascii_case(&found.typed)
                    || p.name().eq_ignore_ascii_case(&found.typed)
            })
            .collect();
        let one = match (exact.as_slice(), found.found.as_slice()) {
            ([one], _) => Some(one.id.clone()),
            ([], [one]) if !found.more => Some(one.id.clone()),
            _ => None,
        };
        Ok((one, found))
    }
}
