//! The conditions' texts: what columns and index tables answer, and what is left to the document ([`super::values`]).

use super::values::db::{
    Args, Cond, Elements, chosen, id_text, names, number, numeric, scalar, text_at,
};
use crate::{
    error::Result,
    protocol::scim::{
        Resource,
        filter::{AttrPath, Element, Filter, Literal, Op},
        quirks::{Rule, Rules},
        schema::{Attr, Found, Mutability, Named, Returned, Schemas, Type},
    },
    users::query::{Arg, By, Order, Where},
};
use uuid::Uuid;

pub(super) struct Compiler {
    pub(super) resource: Resource,
    /// One resource is named by its id, and what else is asked is asked of it.
    pub(super) pinned: bool,
    pub(super) args: Args,
    elements: u32,
}

/// The condition of a filter over users (alias `u`).
///
/// # Errors
/// `invalidFilter` for what no index and no document can answer.
pub fn where_user(f: &Filter) -> Result<Where> {
    compile(Resource::User, f)
}

/// The condition of a filter over groups (alias `g`).
///
/// # Errors
/// `invalidFilter`.
pub fn where_group(f: &Filter) -> Result<Where> {
    compile(Resource::Group, f)
}

fn compile(resource: Resource, f: &Filter) -> Result<Where> {
    let pinned = pins(f);
    let mut c = Compiler { resource, pinned, args: Args::default(), elements: 0 };
    let cond = c.filter(f)?;
    Ok(Where {
        few: c.few(f),
        lite: cond.lite,
        pg: cond.pg,
        args: c.args.0,
        indexed: indexed(f),
        keyed: !pinned && keyed(resource, f),
    })
}

impl Compiler {
    pub(super) fn alias(&self) -> &'static str {
        match self.resource {
            Resource::User => "u",
            Resource::Group => "g",
        }
    }
    fn filter(&mut self, f: &Filter) -> Result<Cond> {
        Ok(match f {
            Filter::And(a, b) => Cond::join(&self.filter(a)?, "AND", &self.filter(b)?),
            Filter::Or(a, b) => Cond::join(&self.filter(a)?, "OR", &self.filter(b)?),
            Filter::Not(a) => self.filter(a)?.not(),
            Filter::Compare(p, Op::Ne, want) => {
                let eq = Filter::Compare(p.clone(), Op::Eq, want.clone());
                self.filter(&eq)?.not()
            }
            Filter::Compare(p, op, want) => self.compare(p, *op, want)?,
            Filter::Present(p) => self.present(p)?,
            Filter::Some(at, e) => match self.email(at, e) {
                Some(c) => c,
                None => self.some(at, e)?,
            },
        })
    }

    /// A column that answers for an attribute: its text, and how a value is bound.
    fn column(&self, p: &AttrPath) -> Option<&'static str> {
        let user = self.resource == Resource::User;
        if p.at.extension.is_some() {
            return None;
        }
        match (p.at.attr.name.as_str(), p.sub.as_ref().map(|s| s.name.as_str())) {
            ("id", None) => Some(if user { "u.id" } else { "g.id" }),
            ("externalId", None) => Some(if user { "u.external_id" } else { "g.external_id" }),
            ("userName", None) => Some("u.user_name_key"),
            ("active", None) => Some("u.active"),
            ("displayName", None) => Some(if user { "u.display_key" } else { "g.display_key" }),
            ("meta", Some("created")) => Some(if user { "u.created_at" } else { "g.created_at" }),
            ("meta", Some("lastModified")) => {
                Some(if user { "u.updated_at" } else { "g.updated_at" })
            }
            _ => None,
        }
    }

    /// Whether an index leads to the few rows that can meet it.
    fn few(&self, f: &Filter) -> bool {
        match f {
            Filter::And(a, b) => self.few(a) || self.few(b),
            Filter::Or(a, b) => self.few(a) && self.few(b),
            Filter::Compare(p, Op::Eq, Literal::Text(_)) => match self.column(p) {
                Some(column) => !column.ends_with("_at"),
                None => {
                    p.at.extension.is_none()
                        && p.at.attr.name == "emails"
                        && p.leaf().name == "value"
                }
            },
            Filter::Some(at, e) => address(self.resource, at, e).is_some(),
            _ => false,
        }
    }

    fn compare(&mut self, p: &AttrPath, op: Op, want: &Literal) -> Result<Cond> {
        let leaf = p.leaf();
        if let Some(column) = self.column(p) {
            if leaf.name == "id" {
                return Ok(self.id(column, leaf, op, want));
            }
            return Ok(scalar(&mut self.args, &Cond::same(column), true, leaf, op, want));
        }
        match (&p.at.extension, p.at.attr.name.as_str()) {
            (None, "meta") => self.about(p, op, want),
            (None, "schemas") => self.carries(op, want),
            (None, "members" | "groups") => self.member(p, op, want),
            (None, "emails") if op == Op::Eq && leaf.name == "value" => match want {
                Literal::Text(t) => Ok(self.by_email(t, None)),
                _ => self.in_document(p, op, want),
            },
            _ => self.in_document(p, op, want),
        }
    }

    fn id(&mut self, column: &str, leaf: &Attr, op: Op, want: &Literal) -> Cond {
        match (op, want) {
            (Op::Eq, Literal::Text(t)) => match uuid(t) {
                Some(u) => Cond::same(format!("{column} = {}", self.args.bind(Arg::Id(u)))),
                None => Cond::never(),
            },
            (_, Literal::Null) => Cond::never(),
            _ => scalar(&mut self.args, &id_text(column), false, leaf, op, want),
        }
    }

    fn by_email(&mut self, value: &str, kind: Option<&str>) -> Cond {
        let v = self.args.bind(Arg::Text(crate::text::fold(value)));
        let kind = match kind {
            Some(k) => {
                let k = self.args.bind(Arg::Text(crate::text::fold(k)));
                format!(" AND e.type_key = {k}")
            }
            None => String::new(),
        };
        Cond::same(format!(
            "u.id IN (SELECT e.user_id FROM user_emails e WHERE e.tenant_id = $1 AND e.value_key = {v}{kind})"
        ))
    }
    /// `emails[type eq "work" and value eq "x"]`, by index.
    fn email(&mut self, at: &Found, e: &Element) -> Option<Cond> {
        let (value, kind) = address(self.resource, at, e)?;
        Some(self.by_email(&value, kind.as_deref()))
    }

    fn in_document(&mut self, p: &AttrPath, op: Op, want: &Literal) -> Result<Cond> {
        let (attr, leaf) = (&p.at.attr, p.leaf());
        // What is only shown stands in no document.
        if leaf.mutability == Mutability::ReadOnly {
            let x = self.manager_name(p)?;
            return Ok(scalar(&mut self.args, &x, false, leaf, op, want));
        }
        if attr.multi && !attr.subs.is_empty() {
            let some = self.some(&p.at, &Element::Compare(leaf.clone(), op, want.clone()))?;
            if *want == Literal::Null {
                let has = self.some(&p.at, &Element::Present(leaf.clone()))?;
                return Ok(Cond::join(&some, "OR", &has.not()));
            }
            return Ok(some);
        }
        let sub = (leaf.name != attr.name || p.sub.is_some()).then_some(&**leaf);
        let x = text_at(self.alias(), leaf.case_exact, &names(&p.at, sub)?);
        Ok(scalar(&mut self.args, &x, false, leaf, op, want))
    }

    /// Some element of a multi-valued attribute meets a condition.
    fn some(&mut self, at: &Found, e: &Element) -> Result<Cond> {
        if at.extension.is_none() && (at.attr.name == "members" || at.attr.name == "groups") {
            return self.some_membership(e);
        }
        self.elements += 1;
        let list = Elements {
            alias: self.alias(),
            var: format!("e{}", self.elements),
            names: names(at, None)?,
            complex: at.attr.complex(),
        };
        let inner = self.element(&list, e)?;
        Ok(list.some(&inner))
    }
    fn element(&mut self, l: &Elements<'_>, e: &Element) -> Result<Cond> {
        Ok(match e {
            Element::And(a, b) => Cond::join(&self.element(l, a)?, "AND", &self.element(l, b)?),
            Element::Or(a, b) => Cond::join(&self.element(l, a)?, "OR", &self.element(l, b)?),
            Element::Not(a) => self.element(l, a)?.not(),
            Element::Compare(sub, Op::Ne, want) => {
                self.element(l, &Element::Compare(sub.clone(), Op::Eq, want.clone()))?.not()
            }
            Element::Compare(sub, op, want) => {
                scalar(&mut self.args, &l.part(sub), false, sub, *op, want)
            }
            Element::Present(sub) => l.part(sub).map(|x| format!("{x} IS NOT NULL")),
        })
    }

    pub(super) fn present(&mut self, p: &AttrPath) -> Result<Cond> {
        if let Some(column) = self.column(p) {
            return Ok(match column {
                "u.id" | "g.id" => Cond::always(),
                column => Cond::same(format!("{column} IS NOT NULL")),
            });
        }
        let attr = &p.at.attr;
        match (&p.at.extension, attr.name.as_str()) {
            (None, "meta" | "schemas") => return Ok(Cond::always()),
            (None, "members") => {
                return Ok(Cond::same(
                    "EXISTS (SELECT 1 FROM members m WHERE m.tenant_id = $1 AND m.group_id = g.id)",
                ));
            }
            (None, "groups") => {
                return Ok(Cond::same(
                    "EXISTS (SELECT 1 FROM members m WHERE m.tenant_id = $1 AND m.user_id = u.id)",
                ));
            }
            _ => {}
        }
        if let (true, Some(sub)) = (attr.multi, &p.sub) {
            return self.some(&p.at, &Element::Present(sub.clone()));
        }
        let x = match &p.sub {
            Some(sub) if sub.mutability == Mutability::ReadOnly => self.manager_name(p)?,
            sub => text_at(self.alias(), false, &names(&p.at, sub.as_deref())?),
        };
        Ok(x.map(|x| format!("{x} IS NOT NULL")))
    }
}

/// An id as ids are written here: other forms of the same number are nobody's.
pub(super) fn uuid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|u| u.to_string() == text)
}

/// The address, and its type, that a condition on one element of `emails` names and nothing else.
fn address(resource: Resource, at: &Found, e: &Element) -> Option<(String, Option<String>)> {
    if at.extension.is_some() || at.attr.name != "emails" || resource != Resource::User {
        return None;
    }
    let parts = e.made_of()?;
    let value = parts.get("value")?.as_str()?.to_owned();
    let kind = parts.get("type").and_then(|t| t.as_str()).map(str::to_owned);
    let more = parts.len() > 1 + usize::from(kind.is_some()) || twice(e);
    (!more).then_some((value, kind))
}

/// Whether another table's index gives the ids of what a filter finds, or of a part of it that all else is joined to.
fn keyed(resource: Resource, f: &Filter) -> bool {
    match f {
        Filter::And(a, b) => keyed(resource, a) || keyed(resource, b),
        Filter::Some(at, e) => address(resource, at, e).is_some(),
        Filter::Compare(p, Op::Eq, Literal::Text(_)) => {
            let lists = ["emails", "members", "groups"].contains(&p.at.attr.name.as_str());
            let leaf = p.leaf().name.as_str();
            let by_name = p.at.attr.name == "groups" && leaf == "display";
            lists && p.at.extension.is_none() && (leaf == "value" || by_name)
        }
        _ => false,
    }
}

/// Whether a filter names one resource by its id.
fn pins(f: &Filter) -> bool {
    match f {
        Filter::And(a, b) => pins(a) || pins(b),
        Filter::Compare(p, Op::Eq, Literal::Text(_)) => {
            p.at.extension.is_none() && p.at.attr.name == "id"
        }
        _ => false,
    }
}

/// Whether an index answers a filter, or a part of it that all else is joined to.
fn indexed(f: &Filter) -> bool {
    match f {
        Filter::And(a, b) => indexed(a) || indexed(b),
        Filter::Some(at, _) => at.extension.is_none() && at.attr.name == "emails",
        Filter::Compare(p, op, want) if p.at.extension.is_none() && *want != Literal::Null => {
            let sub = p.sub.as_ref().map(|s| s.name.as_str());
            match (p.at.attr.name.as_str(), sub) {
                ("meta", Some("lastModified")) => *op != Op::Ne,
                (
                    "id" | "userName" | "externalId" | "displayName" | "emails" | "members"
                    | "groups",
                    None,
                )
                | ("emails" | "members" | "groups", Some("value")) => *op == Op::Eq,
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether a conjunction names one sub-attribute twice: no index answers that.
fn twice(e: &Element) -> bool {
    fn names<'a>(e: &'a Element, out: &mut Vec<&'a str>) {
        match e {
            Element::And(a, b) | Element::Or(a, b) => {
                names(a, out);
                names(b, out);
            }
            Element::Not(a) => names(a, out),
            Element::Compare(s, ..) | Element::Present(s) => out.push(&s.name),
        }
    }
    let mut all = Vec::new();
    names(e, &mut all);
    let n = all.len();
    all.sort_unstable();
    all.dedup();
    all.len() < n
}

/// Of several values the primary one counts, or else the first (RFC 7644 3.4.2.3).
fn of_several(p: &AttrPath, alias: &str, descending: bool) -> Option<Order> {
    let leaf = p.leaf();
    let names = names(&p.at, None).ok()?;
    let sub = p.at.attr.complex().then(|| leaf.name.clone());
    if sub.is_none() && p.sub.is_some() {
        return None;
    }
    let x = chosen(alias, leaf.case_exact, &names, sub.as_deref());
    let by = By::Chosen {
        names: names.iter().map(|n| (*n).to_owned()).collect(),
        sub,
        exact: leaf.case_exact,
        number: numeric(leaf),
    };
    if numeric(leaf) {
        let x = number(&x);
        return Some(Order { lite: x.lite, pg: x.pg, descending, by });
    }
    Some(Order { lite: x.lite, pg: format!("{} COLLATE \"C\"", x.pg), descending, by })
}

/// The order of `sortBy`; `None` for what is not sorted by.
pub fn order(
    schemas: &Schemas,
    rules: Rules,
    resource: Resource,
    name: &str,
    descending: bool,
) -> Option<Order> {
    let Ok(Named::Attr(p)) = schemas.resolve(rules, Rule::Probes, resource, name) else {
        return None;
    };
    let c = Compiler { resource, pinned: false, args: Args::default(), elements: 0 };
    if let Some(column) = c.column(&p) {
        let name = column.split_once('.').map_or(column, |(_, name)| name);
        let nullable = matches!(column, "u.external_id" | "g.external_id" | "u.display_key");
        let by = if nullable { By::Nullable(name) } else { By::Column(name) };
        return Some(Order { lite: column.to_owned(), pg: column.to_owned(), descending, by });
    }
    let (attr, leaf) = (&p.at.attr, p.leaf());
    let own = ["meta", "groups", "members", "schemas"].contains(&attr.name.as_str());
    if leaf.ty == Type::Complex
        || leaf.returned == Returned::Never
        || (own && p.at.extension.is_none())
    {
        return None;
    }
    if attr.multi {
        return of_several(&p, c.alias(), descending);
    }
    let sub = (leaf.name != attr.name).then_some(&**leaf);
    let names = names(&p.at, sub).ok()?;
    let x = text_at(c.alias(), leaf.case_exact, &names);
    let by = By::Document {
        names: names.iter().map(|n| (*n).to_owned()).collect(),
        exact: leaf.case_exact,
        number: numeric(leaf),
    };
    if numeric(leaf) {
        let x = number(&x);
        return Some(Order { lite: x.lite, pg: x.pg, descending, by });
    }
    Some(Order { lite: x.lite, pg: format!("{} COLLATE \"C\"", x.pg), descending, by })
}
