//! Filter texts: recursive descent, limited in length and depth. Lenient where clients are known to be: names,
//! operators and URNs in any case, values without quotes (1.14), booleans as texts (1.1).

use super::{
    Resource, bad,
    filter::{AttrPath, Element, Filter, Literal, Op},
    quirks::{Rule, Rules},
    schema::{Attr, Named, Returned, Schemas, Type},
};
use crate::{clock::Timestamp, error::Error, text::excerpt};
use std::sync::Arc;

/// The longest filter (bytes).
const MAX: usize = 4096;
/// The deepest nesting.
const DEPTH: u32 = 32;

type Res<T> = Result<T, Error>;

/// Reads a filter over `resource`.
///
/// # Errors
/// `invalidFilter`, naming what stands where it should not; `sensitive` for what is never shown.
pub fn parse_filter(
    schemas: &Schemas,
    rules: Rules,
    resource: Resource,
    text: &str,
) -> Res<Filter> {
    let mut p = Parser::new(schemas, rules, resource, text)?;
    let f = p.or(&mut |p| p.term(), &Filter::Or, &Filter::And)?;
    p.end()?;
    Ok(f)
}

/// Reads a filter over resources of which `resource` is one type: what only another type has, this one has no value of
/// (RFC 7644 3.4.2.1).
///
/// # Errors
/// As [`parse_filter`], for what no type has.
pub fn parse_filter_among(
    schemas: &Schemas,
    rules: Rules,
    resource: Resource,
    text: &str,
) -> Res<Filter> {
    let mut p = Parser::new(schemas, rules, resource, text)?;
    p.among = true;
    let f = p.or(&mut |p| p.term(), &Filter::Or, &Filter::And)?;
    p.end()?;
    Ok(f)
}

/// Reads the condition of a value path's brackets (the text between them).
///
/// # Errors
/// `invalidFilter`.
pub(super) fn parse_element(
    schemas: &Schemas,
    rules: Rules,
    resource: Resource,
    attr: &Attr,
    text: &str,
) -> Res<Element> {
    let mut p = Parser::new(schemas, rules, resource, text)?;
    let e = p.element(attr)?;
    p.end()?;
    Ok(e)
}

struct Parser<'a> {
    schemas: &'a Schemas,
    rules: Rules,
    resource: Resource,
    text: &'a str,
    at: usize,
    depth: u32,
    /// Of several types.
    among: bool,
}

type Term<'a, T> = &'a mut dyn FnMut(&mut Parser<'_>) -> Res<T>;
type Join<'a, T> = &'a dyn Fn(Box<T>, Box<T>) -> T;

impl<'a> Parser<'a> {
    fn new(schemas: &'a Schemas, rules: Rules, resource: Resource, text: &'a str) -> Res<Self> {
        if text.len() > MAX {
            return Err(bad(
                "invalidFilter",
                "filter",
                format!("the filter is longer than {MAX} bytes"),
            ));
        }
        if text.contains('\0') {
            return Err(bad("invalidFilter", "filter", "the filter contains a NUL character"));
        }
        Ok(Self { schemas, rules, resource, text, at: 0, depth: 0, among: false })
    }
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
    fn wrong<T>(&self, what: &str) -> Res<T> {
        let rest = match self.rest() {
            "" => "the end".to_owned(),
            r => format!("'{}'", excerpt(r)),
        };
        Err(bad("invalidFilter", "filter", format!("filter: {what} at {} ({rest})", self.at + 1)))
    }
    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
    }
    fn eat(&mut self, c: char) -> bool {
        self.blanks();
        let hit = self.rest().starts_with(c);
        if hit {
            self.at += c.len_utf8();
        }
        hit
    }
    fn word(&mut self) -> &'a str {
        self.blanks();
        let rest = self.rest();
        let end =
            rest.find(|c: char| c.is_whitespace() || "()[]\"".contains(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }
    fn keyword(&mut self, want: &str) -> bool {
        let was = self.at;
        let hit = self.word().eq_ignore_ascii_case(want);
        if !hit {
            self.at = was;
        }
        hit
    }
    fn end(&mut self) -> Res<()> {
        self.blanks();
        if self.rest().is_empty() { Ok(()) } else { self.wrong("unexpected text") }
    }

    fn or<T>(&mut self, term: Term<'_, T>, or: Join<'_, T>, and: Join<'_, T>) -> Res<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(bad(
                "invalidFilter",
                "filter",
                format!("the filter is nested deeper than {DEPTH}"),
            ));
        }
        let mut left = self.and(term, and)?;
        while self.keyword("or") {
            left = or(left.into(), self.and(term, and)?.into());
        }
        self.depth -= 1;
        Ok(left)
    }
    fn and<T>(&mut self, term: Term<'_, T>, and: Join<'_, T>) -> Res<T> {
        let mut left = term(self)?;
        while self.keyword("and") {
            left = and(left.into(), term(self)?.into());
        }
        Ok(left)
    }

    fn term(&mut self) -> Res<Filter> {
        if let Some(f) = self.group(
            |p| p.or(&mut |p| p.term(), &Filter::Or, &Filter::And),
            |f| Filter::Not(f.into()),
        )? {
            return Ok(f);
        }
        let name = self.word();
        if name.is_empty() {
            return self.wrong("an attribute is wanted");
        }
        let path = match self.path(self.resource, name) {
            Ok(path) => path,
            Err(e) if self.among => {
                let other = match self.resource {
                    Resource::User => Resource::Group,
                    Resource::Group => Resource::User,
                };
                let path = self.path(other, name).map_err(|_| e)?;
                return self.elsewhere(&path, name);
            }
            Err(e) => return Err(e),
        };
        if self.rest().starts_with('[') {
            self.at += 1;
            return self.value_path(&path, name);
        }
        match self.operator()? {
            None => Ok(Filter::Present(path)),
            Some(op) => {
                let leaf = path.leaf().clone();
                let value = self.literal(&leaf, op)?;
                // Of a complex attribute that has no `value` only its presence can be asked.
                if leaf.complex() {
                    let present = Filter::Present(path);
                    let absent = op == Op::Eq;
                    return Ok(if absent { Filter::Not(present.into()) } else { present });
                }
                Ok(Filter::Compare(path, op, value))
            }
        }
    }
    /// A condition on what this type has not: read to its end, and as if it had no value.
    fn elsewhere(&mut self, path: &AttrPath, name: &str) -> Res<Filter> {
        let absent = if self.rest().starts_with('[') {
            self.at += 1;
            self.value_path(path, name)?;
            false
        } else {
            match self.operator()? {
                None => false,
                Some(op) => {
                    let null = self.literal(&path.leaf().clone(), op)? == Literal::Null;
                    null == (op == Op::Eq) && matches!(op, Op::Eq | Op::Ne)
                }
            }
        };
        let id = self.schemas.find(self.resource, None, "id").ok_or_else(|| unknown("id"))?;
        let always = Filter::Present(AttrPath { at: id, sub: None });
        Ok(if absent { always } else { Filter::Not(always.into()) })
    }
    /// `( ... )` and `not ( ... )`.
    fn group<T>(
        &mut self,
        inner: impl Fn(&mut Self) -> Res<T>,
        negate: impl Fn(T) -> T,
    ) -> Res<Option<T>> {
        let was = self.at;
        let not = self.keyword("not");
        if !self.eat('(') {
            self.at = was;
            return Ok(None);
        }
        let f = inner(self)?;
        if !self.eat(')') {
            return self.wrong("')' is missing");
        }
        Ok(Some(if not { negate(f) } else { f }))
    }
    /// `attr[ ... ]`, and as some directories write it `attr[ ... ].sub op value` (1.14).
    fn value_path(&mut self, path: &AttrPath, name: &str) -> Res<Filter> {
        let attr = &path.at.attr;
        if path.sub.is_some() || !attr.multi || attr.subs.is_empty() {
            return Err(bad(
                "invalidFilter",
                name,
                format!("'{}' has no elements to choose from", excerpt(name)),
            ));
        }
        let mut e = self.element(attr)?;
        if !self.eat(']') {
            return self.wrong("']' is missing");
        }
        if self.rest().starts_with('.') && self.rules.has(Rule::FilterPath) {
            self.at += 1;
            let sub = self.word();
            let sub = attr.sub(sub).ok_or_else(|| unknown(sub))?;
            let more = self.condition(sub)?;
            e = Element::And(e.into(), more.into());
        }
        Ok(Filter::Some(path.at.clone(), e.into()))
    }
    fn element(&mut self, attr: &Attr) -> Res<Element> {
        self.or(&mut |p| p.element_term(attr), &Element::Or, &Element::And)
    }
    fn element_term(&mut self, attr: &Attr) -> Res<Element> {
        if let Some(e) = self.group(|p| p.element(attr), |e| Element::Not(e.into()))? {
            return Ok(e);
        }
        let name = self.word();
        if name.is_empty() {
            return self.wrong("a sub-attribute is wanted");
        }
        let sub = attr.sub(name).ok_or_else(|| unknown(name))?;
        self.condition(sub)
    }
    fn condition(&mut self, sub: &Arc<Attr>) -> Res<Element> {
        Ok(match self.operator()? {
            None => Element::Present(sub.clone()),
            Some(op) => Element::Compare(sub.clone(), op, self.literal(sub, op)?),
        })
    }
    /// The probe for a manager comes without the extension's URN (1.15).
    fn path(&self, resource: Resource, name: &str) -> Res<AttrPath> {
        match self.schemas.resolve(self.rules, Rule::Probes, resource, name) {
            Ok(Named::Attr(p)) if p.at.attr.returned == Returned::Never => {
                let text = format!(
                    "'{}' is never compared, and has no place in an address",
                    excerpt(name)
                );
                Err(Error::forbidden(text).code("sensitive").attr(excerpt(name)))
            }
            Ok(Named::Attr(p)) => Ok(p),
            _ => Err(unknown(name)),
        }
    }
    /// `None` is `pr`.
    fn operator(&mut self) -> Res<Option<Op>> {
        let was = self.at;
        let op = match self.word().to_ascii_lowercase().as_str() {
            "pr" => return Ok(None),
            "eq" => Op::Eq,
            "ne" => Op::Ne,
            "co" => Op::Co,
            "sw" => Op::Sw,
            "ew" => Op::Ew,
            "gt" => Op::Gt,
            "ge" => Op::Ge,
            "lt" => Op::Lt,
            "le" => Op::Le,
            _ => {
                self.at = was;
                return self.wrong("an operator is wanted (eq ne co sw ew gt ge lt le pr)");
            }
        };
        Ok(Some(op))
    }
    fn literal(&mut self, attr: &Attr, op: Op) -> Res<Literal> {
        self.blanks();
        let (text, quoted) = if self.rest().starts_with('"') {
            (self.quoted()?, true)
        } else {
            let w = self.word();
            if w.is_empty() {
                return self.wrong("a value is wanted");
            }
            if w.starts_with('\'') {
                self.at -= w.len();
                return self.wrong("a text stands between double quotes");
            }
            (w.to_owned(), false)
        };
        let misfit = || {
            let t = excerpt(&text);
            Err(bad(
                "invalidFilter",
                &attr.name,
                format!("'{}' is not compared with '{t}' that way", attr.name),
            ))
        };
        if !quoted && text.eq_ignore_ascii_case("null") {
            return if matches!(op, Op::Eq | Op::Ne) { Ok(Literal::Null) } else { misfit() };
        }
        match attr.ty {
            Type::Boolean if quoted && !self.rules.has(Rule::Texts) => misfit(),
            Type::Boolean => {
                let value = if text.eq_ignore_ascii_case("true") {
                    true
                } else if text.eq_ignore_ascii_case("false") {
                    false
                } else {
                    return misfit();
                };
                if matches!(op, Op::Eq | Op::Ne) { Ok(Literal::Bool(value)) } else { misfit() }
            }
            Type::DateTime if quoted || self.rules.has(Rule::Unquoted) => {
                match Timestamp::parse_rfc3339(&text) {
                    Some(t) if !matches!(op, Op::Co | Op::Sw | Op::Ew) => Ok(Literal::Time(t)),
                    _ => misfit(),
                }
            }
            Type::Decimal | Type::Integer => {
                let taken = !quoted || self.rules.has(Rule::Texts);
                let number = serde_json::from_str::<serde_json::Number>(&text).ok();
                match number.and_then(|n| n.as_f64()).filter(|_| taken) {
                    Some(n) if !matches!(op, Op::Co | Op::Sw | Op::Ew) => Ok(Literal::Number(n)),
                    _ => misfit(),
                }
            }
            Type::Complex => misfit(),
            _ if !quoted && !self.rules.has(Rule::Unquoted) => misfit(),
            Type::Binary if matches!(op, Op::Gt | Op::Ge | Op::Lt | Op::Le) => misfit(),
            Type::String | Type::Reference | Type::Binary | Type::DateTime => {
                Ok(Literal::Text(text))
            }
        }
    }
    /// A JSON string.
    fn quoted(&mut self) -> Res<String> {
        let rest = self.rest();
        let mut escaped = false;
        for (i, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let Ok(text) = serde_json::from_str::<String>(&rest[..=i]) else {
                        return self.wrong("a text that is not JSON");
                    };
                    if text.contains('\0') {
                        return self.wrong("a NUL character");
                    }
                    self.at += i + 1;
                    return Ok(text);
                }
                _ => {}
            }
        }
        self.wrong("a text without an end")
    }
}

fn unknown(name: &str) -> Error {
    bad("invalidFilter", name, format!("there is no attribute '{}' to filter by", excerpt(name)))
}
