//! The conditions' texts. `f` is the folded document, `d` the document; an attribute that is compared with case reads
//! the latter.

use crate::{
    error::Result,
    protocol::scim::{
        Resource, bad,
        filter::{AttrPath, Element, Filter, Literal, Op, folded, is_text},
        quirks::{Rule, Rules},
        schema::{Attr, Found, Named, Schemas, Type},
    },
    users::query::{Arg, Order, Where},
};
use uuid::Uuid;

/// A condition in both dialects.
#[derive(Clone)]
struct Cond {
    lite: String,
    pg: String,
}
impl Cond {
    fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { lite: text.clone(), pg: text }
    }
    fn map(self, f: impl Fn(&str) -> String) -> Self {
        Self { lite: f(&self.lite), pg: f(&self.pg) }
    }
    fn join(a: &Self, word: &str, b: &Self) -> Self {
        Self {
            lite: format!("({} {word} {})", a.lite, b.lite),
            pg: format!("({} {word} {})", a.pg, b.pg),
        }
    }
    fn never() -> Self {
        Self::same("1 = 0")
    }
}

struct Compiler {
    resource: Resource,
    args: Vec<Arg>,
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
    let mut c = Compiler { resource, args: Vec::new(), elements: 0 };
    let cond = c.filter(f)?;
    Ok(Where { lite: cond.lite, pg: cond.pg, args: c.args })
}

fn alias(resource: Resource) -> &'static str {
    match resource {
        Resource::User => "u",
        Resource::Group => "g",
    }
}

impl Compiler {
    fn arg(&mut self, a: Arg) -> String {
        self.args.push(a);
        format!("${}", self.args.len() + 2)
    }
    fn filter(&mut self, f: &Filter) -> Result<Cond> {
        Ok(match f {
            Filter::And(a, b) => Cond::join(&self.filter(a)?, "AND", &self.filter(b)?),
            Filter::Or(a, b) => Cond::join(&self.filter(a)?, "OR", &self.filter(b)?),
            Filter::Not(a) => not(self.filter(a)?),
            Filter::Compare(p, Op::Ne, want) => {
                let eq = Filter::Compare(p.clone(), Op::Eq, want.clone());
                not(self.filter(&eq)?)
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
        match (&p.at.extension, p.at.attr.name.as_str(), p.sub.as_ref().map(|s| s.name.as_str())) {
            (None, "id", None) => Some(if user { "u.id" } else { "g.id" }),
            (None, "externalId", None) => {
                Some(if user { "u.external_id" } else { "g.external_id" })
            }
            (None, "userName", None) => Some("u.user_name_key"),
            (None, "active", None) => Some("u.active"),
            (None, "displayName", None) if !user => Some("g.display_key"),
            (None, "meta", Some("created")) => {
                Some(if user { "u.created_at" } else { "g.created_at" })
            }
            (None, "meta", Some("lastModified")) => {
                Some(if user { "u.updated_at" } else { "g.updated_at" })
            }
            _ => None,
        }
    }

    fn compare(&mut self, p: &AttrPath, op: Op, want: &Literal) -> Result<Cond> {
        let leaf = p.leaf();
        if let Some(column) = self.column(p) {
            if leaf.name == "id" {
                return self.id(column, op, want);
            }
            return self.scalar(&Cond::same(column), leaf, op, want);
        }
        match (&p.at.extension, p.at.attr.name.as_str()) {
            (None, "meta" | "schemas") => Err(refuse(p)),
            (None, "members") => self.member("m.group_id = g.id AND m.user_id", p, op, want),
            (None, "groups") => self.member("m.user_id = u.id AND m.group_id", p, op, want),
            (None, "emails") if op == Op::Eq && leaf.name == "value" => match want {
                Literal::Text(t) => Ok(self.by_email(t, None)),
                _ => self.in_document(p, op, want),
            },
            _ => self.in_document(p, op, want),
        }
    }

    fn id(&mut self, column: &str, op: Op, want: &Literal) -> Result<Cond> {
        match (op, want) {
            (Op::Eq, Literal::Text(t)) => {
                Ok(match Uuid::try_parse(t).ok().filter(|u| u.to_string() == *t) {
                    Some(u) => Cond::same(format!("{column} = {}", self.arg(Arg::Id(u)))),
                    None => Cond::never(),
                })
            }
            (Op::Eq, Literal::Null) => Ok(Cond::never()),
            _ => Err(bad("invalidFilter", "id", "'id' is compared with eq and ne")),
        }
    }

    /// Memberships: key look-ups, never a scan of members.
    fn member(&mut self, key: &str, p: &AttrPath, op: Op, want: &Literal) -> Result<Cond> {
        match (op, want, p.leaf().name.as_str()) {
            (Op::Eq, Literal::Text(t), "value") => Ok(match Uuid::try_parse(t) {
                Ok(u) => {
                    let v = self.arg(Arg::Id(u));
                    Cond::same(format!(
                        "EXISTS (SELECT 1 FROM members m WHERE m.tenant_id = $1 AND {key} = {v})"
                    ))
                }
                Err(_) => Cond::never(),
            }),
            _ => Err(refuse(p)),
        }
    }

    fn by_email(&mut self, value: &str, kind: Option<&str>) -> Cond {
        let v = self.arg(Arg::Text(crate::text::fold(value)));
        let kind = match kind {
            Some(k) => format!(" AND e.type_key = {}", self.arg(Arg::Text(crate::text::fold(k)))),
            None => String::new(),
        };
        Cond::same(format!(
            "u.id IN (SELECT e.user_id FROM user_emails e WHERE e.tenant_id = $1 AND e.value_key = {v}{kind})"
        ))
    }
    /// `emails[type eq "work" and value eq "x"]`, by index.
    fn email(&mut self, at: &Found, e: &Element) -> Option<Cond> {
        if at.extension.is_some() || at.attr.name != "emails" || self.resource != Resource::User {
            return None;
        }
        let parts = e.made_of()?;
        let value = parts.get("value")?.as_str()?.to_owned();
        let kind = parts.get("type").and_then(|t| t.as_str()).map(str::to_owned);
        if parts.len() > 1 + usize::from(kind.is_some()) || twice(e) {
            return None;
        }
        Some(self.by_email(&value, kind.as_deref()))
    }

    /// The document's text for an attribute: an object's member at a path of names from the tables.
    fn text_at(&self, case: bool, names: &[&str]) -> Cond {
        let a = alias(self.resource);
        let doc = if case { "doc" } else { "folded" };
        let name = |n: &&str| if case { (*n).to_owned() } else { n.to_lowercase() };
        let lite: Vec<String> = names.iter().map(|n| format!(".\"{}\"", name(n))).collect();
        let pg: Vec<String> = names.iter().map(|n| format!("\"{}\"", name(n))).collect();
        Cond {
            lite: format!("({a}.{doc} ->> '${}')", lite.concat()),
            pg: format!("({a}.{doc} #>> '{{{}}}')", pg.join(",")),
        }
    }
    fn names<'a>(at: &'a Found, sub: Option<&'a str>) -> Vec<&'a str> {
        let mut names: Vec<&str> = at.extension.as_deref().into_iter().collect();
        names.push(&at.attr.name);
        names.extend(sub);
        names
    }

    fn in_document(&mut self, p: &AttrPath, op: Op, want: &Literal) -> Result<Cond> {
        let (attr, leaf) = (&p.at.attr, p.leaf());
        if attr.multi && !attr.subs.is_empty() {
            let some = self.some(&p.at, &Element::Compare(leaf.clone(), op, want.clone()))?;
            if *want == Literal::Null {
                let has = self.some(&p.at, &Element::Present(leaf.clone()))?;
                return Ok(Cond::join(&some, "OR", &not(has)));
            }
            return Ok(some);
        }
        let sub = (leaf.name != attr.name || p.sub.is_some()).then_some(leaf.name.as_str());
        let x = self.text_at(leaf.case_exact, &Self::names(&p.at, sub));
        self.scalar(&x, leaf, op, want)
    }

    /// One value compared; `x` may be NULL, which counts as false.
    fn scalar(&mut self, x: &Cond, attr: &Attr, op: Op, want: &Literal) -> Result<Cond> {
        let cmp = match op {
            Op::Eq => "=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Ne | Op::Co | Op::Sw | Op::Ew => "",
        };
        let column = !x.lite.starts_with('(');
        Ok(match want {
            Literal::Null => x.clone().map(|x| format!("{x} IS NULL")),
            Literal::Bool(b) if column => {
                let v = self.arg(Arg::Bool(*b));
                x.clone().map(|x| format!("{x} = {v}"))
            }
            // In documents: SQLite gives 1 and 0, PostgreSQL the words.
            Literal::Bool(b) => Cond {
                lite: format!("{} = {}", x.lite, i32::from(*b)),
                pg: format!("{} = '{b}'", x.pg),
            },
            Literal::Time(t) if column => {
                let v = self.arg(Arg::Time(*t));
                x.clone().map(|x| format!("{x} {cmp} {v}"))
            }
            Literal::Time(_) => {
                return Err(bad("invalidFilter", &attr.name, "this time is not filtered by"));
            }
            Literal::Text(t) => {
                let t = folded(attr, t);
                let n = t.chars().count();
                let v = self.arg(Arg::Text(t));
                match op {
                    Op::Co => Cond {
                        lite: format!("instr({}, {v}) > 0", x.lite),
                        pg: format!("strpos({}, {v}) > 0", x.pg),
                    },
                    Op::Sw => Cond {
                        lite: format!("substr({}, 1, {n}) = {v}", x.lite),
                        pg: format!("left({}, {n}) = {v}", x.pg),
                    },
                    Op::Ew if n == 0 => {
                        x.clone().map(|x| format!("({x} IS NOT NULL AND {v} = '')"))
                    }
                    Op::Ew => Cond {
                        lite: format!(
                            "substr({}, -{n}) = {v} AND length({}) >= {n}",
                            x.lite, x.lite
                        ),
                        pg: format!("right({}, {n}) = {v}", x.pg),
                    },
                    _ => Cond {
                        lite: format!("{} {cmp} {v}", x.lite),
                        pg: format!("{} COLLATE \"C\" {cmp} {v}", x.pg),
                    },
                }
            }
        })
    }

    /// Some element of a multi-valued attribute meets a condition.
    fn some(&mut self, at: &Found, e: &Element) -> Result<Cond> {
        if at.attr.name == "members" || at.attr.name == "groups" {
            return match e {
                Element::Compare(sub, op, want) => {
                    let p = AttrPath { at: at.clone(), sub: at.attr.sub(&sub.name).cloned() };
                    self.compare(&p, *op, want)
                }
                _ => Err(bad("invalidFilter", &at.attr.name, "members are found by 'value eq'")),
            };
        }
        self.elements += 1;
        let var = format!("e{}", self.elements);
        let inner = self.element(&var, e)?;
        let a = alias(self.resource);
        let name = at.attr.name.as_str();
        // Elements carry their case-folded and their original half side by side: the same position in both arrays.
        let low = name.to_lowercase();
        Ok(Cond {
            lite: format!(
                "EXISTS (SELECT 1 FROM json_each({a}.folded, '$.\"{low}\"') {var} WHERE {})",
                inner.lite
            ),
            pg: format!(
                "EXISTS (SELECT 1 FROM jsonb_path_query({a}.folded, '$.\"{low}\"[*]') WITH ORDINALITY \
                 AS {var}(value, key) WHERE {})",
                inner.pg
            ),
        })
        .map(|c| c.map(|t| t.replace("@doc@", &format!("{a}.doc")).replace("@name@", name)))
    }
    fn element(&mut self, var: &str, e: &Element) -> Result<Cond> {
        Ok(match e {
            Element::And(a, b) => Cond::join(&self.element(var, a)?, "AND", &self.element(var, b)?),
            Element::Or(a, b) => Cond::join(&self.element(var, a)?, "OR", &self.element(var, b)?),
            Element::Not(a) => not(self.element(var, a)?),
            Element::Compare(sub, Op::Ne, want) => {
                not(self.element(var, &Element::Compare(sub.clone(), Op::Eq, want.clone()))?)
            }
            Element::Compare(sub, op, want) => {
                let x = part(var, sub);
                self.scalar(&x, sub, *op, want)?
            }
            Element::Present(sub) => part(var, sub).map(|x| format!("{x} IS NOT NULL")),
        })
    }

    fn present(&mut self, p: &AttrPath) -> Result<Cond> {
        if let Some(column) = self.column(p) {
            return Ok(Cond::same(format!("{column} IS NOT NULL")));
        }
        let attr = &p.at.attr;
        match (&p.at.extension, attr.name.as_str()) {
            (None, "meta" | "schemas") => return Ok(Cond::same("1 = 1")),
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
        let x = self.text_at(false, &Self::names(&p.at, p.sub.as_ref().map(|s| s.name.as_str())));
        Ok(x.map(|x| format!("{x} IS NOT NULL")))
    }
}

/// A sub-attribute of an element: folded, or the original at the same position where case counts.
fn part(var: &str, sub: &Attr) -> Cond {
    let low = sub.name.to_lowercase();
    if sub.case_exact && is_text(sub) {
        let name = &sub.name;
        return Cond {
            lite: format!("(@doc@ ->> ('$.\"@name@\"[' || {var}.key || '].\"{name}\"'))"),
            pg: format!("(@doc@ -> '@name@' -> ({var}.key - 1)::int ->> '{name}')"),
        };
    }
    Cond {
        lite: format!("({var}.value ->> '$.\"{low}\"')"),
        pg: format!("({var}.value ->> '{low}')"),
    }
}

fn not(c: Cond) -> Cond {
    c.map(|t| format!("NOT COALESCE(({t}), 1 = 0)"))
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

fn refuse(p: &AttrPath) -> crate::error::Error {
    let name = &p.at.attr.name;
    bad("invalidFilter", name, format!("'{name}' is not filtered by in this way"))
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
    let c = Compiler { resource, args: Vec::new(), elements: 0 };
    if let Some(column) = c.column(&p) {
        return Some(Order { lite: column.to_owned(), pg: column.to_owned(), descending });
    }
    let leaf = p.leaf();
    let attr = &p.at.attr;
    if attr.multi || leaf.ty == Type::Complex || matches!(attr.name.as_str(), "meta" | "groups") {
        return None;
    }
    let names = Compiler::names(&p.at, p.sub.as_ref().map(|s| s.name.as_str()));
    let x = c.text_at(leaf.case_exact, &names);
    Some(Order { lite: x.lite, pg: format!("{} COLLATE \"C\"", x.pg), descending })
}
