//! The conditions' texts over other rows and over what every resource has.

use super::super::{
    db::{Compiler, uuid},
    values::db::{Cond, carries, names, scalar, text_at},
};
use crate::{
    error::{Error, Result},
    protocol::scim::{
        Resource, bad,
        filter::{AttrPath, Element, Literal, Op},
        referred,
    },
    users::query::Arg,
};
use std::fmt::Display;

fn refuse(name: &str, op: impl Display, instead: &str) -> Error {
    let text = format!("'{name} {op}' is not filtered by: {instead}");
    bad("invalidFilter", name.split('.').next().unwrap_or(name), text)
}

impl Compiler {
    /// `meta`: its type, which tells the types apart in a search of all (RFC 7644 3.4.2.1), and its version as it is without
    /// what is shown beside it.
    pub(in super::super) fn about(&mut self, p: &AttrPath, op: Op, want: &Literal) -> Result<Cond> {
        let (alias, leaf) = (self.alias(), p.leaf());
        match (leaf.name.as_str(), op, want) {
            ("resourceType", Op::Eq, Literal::Text(t)) if t == self.resource.name() => {
                Ok(Cond::always())
            }
            ("resourceType", Op::Eq, Literal::Text(_)) => Ok(Cond::never()),
            ("resourceType", ..) => {
                let x = Cond::same(format!("CAST('{}' AS text)", self.resource.name()));
                Ok(scalar(&mut self.args, &x, false, leaf, op, want))
            }
            ("version", ..) => {
                let x = Cond {
                    lite: format!("('W/\"' || {alias}.version || '\"')"),
                    pg: format!("('W/\"' || {alias}.version::text || '\"')"),
                };
                let want = match want {
                    Literal::Text(t) => Literal::Text(alone(t)),
                    other => other.clone(),
                };
                Ok(scalar(&mut self.args, &x, false, leaf, op, &want))
            }
            (name, ..) => {
                let name = format!("meta.{name}");
                Err(refuse(&name, op, "the address ends in the 'id', which is"))
            }
        }
    }

    /// `schemas eq`: everybody has the core, an extension is there or not.
    pub(in super::super) fn carries(&mut self, op: Op, want: &Literal) -> Result<Cond> {
        match (op, want) {
            (Op::Eq, Literal::Text(t)) if t == self.resource.urn() => Ok(Cond::always()),
            (Op::Eq, Literal::Text(_)) if self.resource == Resource::Group => Ok(Cond::never()),
            (Op::Eq, Literal::Text(t)) if t.contains(':') => {
                let alias = self.alias();
                Ok(carries(&mut self.args, alias, t))
            }
            (Op::Eq, Literal::Text(_) | Literal::Null) => Ok(Cond::never()),
            _ => Err(refuse("schemas", op, "it is compared by eq, ne and pr")),
        }
    }

    /// Memberships: by index from whom is named, or, of a resource that is named itself, by the key; never a scan of
    /// members. Somebody is in no group (or nobody in this one): `eq null`.
    pub(in super::super) fn member(
        &mut self,
        p: &AttrPath,
        op: Op,
        want: &Literal,
    ) -> Result<Cond> {
        if (op, want) == (Op::Eq, &Literal::Null) {
            return Ok(self.present(p)?.not());
        }
        self.some_membership(&Element::Compare(p.leaf().clone(), op, want.clone()))
    }
    /// Some membership meets a condition.
    pub(in super::super) fn some_membership(&mut self, e: &Element) -> Result<Cond> {
        if let (Element::Compare(sub, op, Literal::Text(t)), false) = (e, self.pinned) {
            match (sub.name.as_str(), op) {
                ("value", Op::Eq) => return Ok(self.named(t)),
                ("$ref", Op::Eq | Op::Ew) => {
                    if let Some(id) = self.at_end(t) {
                        return Ok(self.named(&id));
                    }
                }
                ("display", Op::Eq) => return Ok(self.displayed(t)),
                _ => {}
            }
        }
        let own = match self.resource {
            Resource::User => "m.user_id = u.id",
            Resource::Group => "m.group_id = g.id",
        };
        let text = format!("SELECT 1 FROM members m WHERE m.tenant_id = $1 AND {own}");
        Ok(self.one_membership(e)?.map(|inner| format!("EXISTS ({text} AND {inner})")))
    }
    /// Those that a member, or a group, of this id belongs to.
    fn named(&mut self, id: &str) -> Cond {
        let Some(u) = uuid(&id.to_ascii_lowercase()) else { return Cond::never() };
        // SQLite takes the longest key for the best index, however little of it is given.
        let (of, here, there, by) = match self.resource {
            Resource::User => ("u.id", "m.user_id", "m.group_id", ""),
            Resource::Group => ("g.id", "m.group_id", "m.user_id", " INDEXED BY members_user"),
        };
        let v = self.args.bind(Arg::Id(u));
        let text = |by: &str| {
            let from = format!("FROM members m{by} WHERE m.tenant_id = $1 AND {there} = {v}");
            format!("{of} IN (SELECT {here} {from})")
        };
        Cond { lite: text(by), pg: text("") }
    }
    /// Who is in a group of this name.
    fn displayed(&mut self, name: &str) -> Cond {
        let v = self.args.bind(Arg::Text(crate::text::fold(name)));
        Cond::same(format!(
            "u.id IN (SELECT m.user_id FROM groups x
                      JOIN members m ON m.tenant_id = x.tenant_id AND m.group_id = x.id
                      WHERE x.tenant_id = $1 AND x.directory_id = $2 AND x.display_key = {v})"
        ))
    }
    /// The id at the end of an address of the other type, or by itself: of the addresses here nothing else differs.
    fn at_end(&self, address: &str) -> Option<String> {
        let other = match self.resource {
            Resource::User => Resource::Group,
            Resource::Group => Resource::User,
        };
        let id = referred(other, address).unwrap_or(address);
        uuid(id).map(|_| id.to_owned())
    }
    fn one_membership(&mut self, e: &Element) -> Result<Cond> {
        let (other, named) = match self.resource {
            Resource::User => ("m.group_id", "groups"),
            Resource::Group => ("m.user_id", "members"),
        };
        Ok(match e {
            Element::And(a, b) => {
                Cond::join(&self.one_membership(a)?, "AND", &self.one_membership(b)?)
            }
            Element::Or(a, b) => {
                Cond::join(&self.one_membership(a)?, "OR", &self.one_membership(b)?)
            }
            Element::Not(a) => self.one_membership(a)?.not(),
            Element::Compare(sub, Op::Ne, want) => {
                self.one_membership(&Element::Compare(sub.clone(), Op::Eq, want.clone()))?.not()
            }
            Element::Compare(sub, op, Literal::Text(t)) => match (sub.name.as_str(), op) {
                ("value", Op::Eq) => self.is(other, &t.to_ascii_lowercase()),
                ("$ref", Op::Eq | Op::Ew) => match self.at_end(t) {
                    Some(id) => self.is(other, &id),
                    None if *op == Op::Eq => Cond::never(),
                    None => return Err(unanswered(named, &sub.name, *op)),
                },
                // Every member is a user, and every user is in a group directly.
                ("type", Op::Eq) => {
                    let only = if self.resource == Resource::User { "direct" } else { "user" };
                    if crate::text::fold(t) == only { Cond::always() } else { Cond::never() }
                }
                ("display", op) => {
                    let x = Cond::same(
                        "(SELECT x.display_key FROM groups x WHERE x.tenant_id = $1 AND x.id = m.group_id)",
                    );
                    scalar(&mut self.args, &x, false, sub, *op, &Literal::Text(t.clone()))
                }
                (name, op) => return Err(unanswered(named, name, *op)),
            },
            Element::Compare(_, Op::Eq, Literal::Null) => Cond::never(),
            Element::Present(_) => Cond::always(),
            Element::Compare(sub, op, _) => return Err(unanswered(named, &sub.name, *op)),
        })
    }
    fn is(&mut self, column: &str, id: &str) -> Cond {
        match uuid(id) {
            Some(u) => Cond::same(format!("{column} = {}", self.args.bind(Arg::Id(u)))),
            None => Cond::never(),
        }
    }

    /// The name of a user's manager, which is looked up where it is shown as well: of one whom the directory has.
    pub(in super::super) fn manager_name(&self, p: &AttrPath) -> Result<Cond> {
        let value = p.at.attr.sub("value").filter(|_| p.at.attr.name == "manager");
        let Some(value) = value else {
            let name = p.leaf().name.as_str();
            let text = format!("'{name}' is not filtered by: it stands in no document");
            return Err(bad("invalidFilter", name, text));
        };
        let x = text_at(self.alias(), false, &names(&p.at, Some(&**value))?);
        let text = |id: &str| {
            format!(
                "(SELECT COALESCE(x.display_key, x.user_name_key) FROM users x
                  WHERE x.tenant_id = $1 AND x.directory_id = $2 AND x.id = {id})"
            )
        };
        let digits = format!("replace({}, '-', '')", x.pg);
        Ok(Cond {
            lite: text(&format!("unhex(replace({}, '-', ''))", x.lite)),
            pg: text(&format!("(CASE WHEN {digits} ~ '^[0-9a-f]{{32}}$' THEN {digits}::uuid END)")),
        })
    }
}

/// A version without the groups that are shown beside it (`W/"12.5f3a9c07"`).
fn alone(tag: &str) -> String {
    match tag.split_once('.') {
        Some((version, _)) if tag.ends_with('"') => format!("{version}\""),
        _ => tag.to_owned(),
    }
}

fn unanswered(named: &str, sub: &str, op: Op) -> Error {
    let instead = "memberships are found by 'value' (eq, ne, pr), 'type' and '$ref' (eq, ne), groups by 'display' as well; \
                   the rest would look at each of them";
    refuse(&format!("{named}.{sub}"), op, instead)
}
