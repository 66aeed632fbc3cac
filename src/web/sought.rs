//! A list of companies on a page: all of them where they are few; else a search, and one page of what it finds. The
//! address holds both, so nothing of it needs a script.

use crate::{tenants::Tenant, text::fold};

/// So many are shown without a search, and on one page.
pub const MOST: usize = 20;

/// What is looked for, as the address says it.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sought {
    /// A part of a name or short name.
    #[serde(default)]
    pub q: String,
    /// Which page; the first where it is none.
    #[serde(default)]
    pub page: String,
}

/// What is found, as a page shows it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The address of the page, without what is looked for.
    pub path: String,
    /// What was looked for.
    pub q: String,
    /// This page, from 1.
    pub page: usize,
    /// How many there are.
    pub pages: usize,
    /// How many companies fit.
    fitting: usize,
    /// Of how many.
    all: usize,
}

impl Sought {
    /// Those of `all` that are shown; `tenant` says whose name each goes by.
    pub fn among<T>(
        &self,
        path: String,
        mut all: Vec<T>,
        tenant: impl Fn(&T) -> &Tenant,
    ) -> (Found, Vec<T>) {
        let total = all.len();
        let wanted = fold(self.q.trim());
        if total > MOST {
            all.retain(|one| {
                let t = tenant(one);
                fold(&t.name).contains(&wanted) || fold(&t.slug).contains(&wanted)
            });
        }
        let fitting = all.len();
        let pages = fitting.div_ceil(MOST).max(1);
        let page = self.page.parse().unwrap_or(1).clamp(1, pages);
        let shown = all.into_iter().skip((page - 1) * MOST).take(MOST).collect();
        let q = self.q.trim().to_owned();
        (Found { path, q, page, pages, fitting, all: total }, shown)
    }
}

impl Found {
    /// Whether there are so many that one looks for what one wants.
    pub fn many(&self) -> bool {
        self.all > MOST
    }
    /// What there is, in words.
    pub fn told(&self) -> String {
        let first = (self.page - 1) * MOST + 1;
        let last = (self.page * MOST).min(self.fitting);
        match (self.q.as_str(), self.fitting) {
            ("", n) => format!("Companies {first} to {last} of {n}."),
            (q, 0) => format!("None of {} companies is called “{q}”.", self.all),
            (q, n) if self.pages == 1 => {
                format!("{n} of {} companies, called like “{q}”.", self.all)
            }
            (q, n) => format!("Companies {first} to {last} of {n} that are called like “{q}”."),
        }
    }
    /// Where the page before this one is.
    pub fn previous(&self) -> Option<String> {
        (self.page > 1).then(|| self.at(self.page - 1))
    }
    /// Where the page after this one is.
    pub fn next(&self) -> Option<String> {
        (self.page < self.pages).then(|| self.at(self.page + 1))
    }
    fn at(&self, page: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        query.append_pair("page", &page.to_string());
        format!("{}?{}", self.path, query.finish())
    }
}
