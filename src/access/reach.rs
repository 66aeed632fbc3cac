//! Where a role holds: one tenant, a chosen set, the tenants of a tag, every tenant, every one but some, the whole
//! instance. Scopes are only added up; two that overlap never narrow each other.

use crate::{
    error::{Error, Result},
    id::TenantId,
    text,
};
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

/// Where a role holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// In one tenant.
    Tenant(TenantId),
    /// In each of a chosen set.
    Tenants(Arc<BTreeSet<TenantId>>),
    /// In every tenant that has this tag, as long as it has it.
    Tag(Arc<str>),
    /// In every tenant, those to come too; not on the platform itself.
    Every,
    /// The same without some.
    Except(Arc<BTreeSet<TenantId>>),
    /// In every tenant and on the platform itself.
    All,
}

/// A scope as a tenant is told of it that sees no other.
pub(super) struct Told {
    /// As in the column, without a list.
    pub(super) scope: String,
    /// The tenant itself, where the scope names it.
    pub(super) tenant: Option<TenantId>,
    /// How many others it names, where there was a list.
    pub(super) others: Option<usize>,
}

/// A tenant, as far as scopes ask about it.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The tenant; [`TenantId::PLATFORM`] for the instance as such, which has no tags.
    pub tenant: TenantId,
    /// Its tags.
    pub tags: &'a BTreeSet<String>,
}

/// How many tenants a scope may name; whoever needs more gives them a tag.
pub const MOST: usize = 200;

impl Reach {
    /// Whether it reaches a tenant as it is now.
    pub fn covers(&self, site: Site<'_>) -> bool {
        let tenant = site.tenant != TenantId::PLATFORM;
        match self {
            Self::Tenant(t) => *t == site.tenant,
            Self::Tenants(some) => some.contains(&site.tenant),
            Self::Tag(tag) => site.tags.contains(&**tag),
            Self::Every => tenant,
            Self::Except(some) => tenant && !some.contains(&site.tenant),
            Self::All => true,
        }
    }
    /// Whether it reaches whatever `other` reaches, now and later: by how both are made, not by what exists today.
    pub fn includes(&self, other: &Self) -> bool {
        let names = |t: &TenantId| match self {
            Self::Tenant(own) => own == t,
            Self::Tenants(some) => some.contains(t),
            Self::Every => *t != TenantId::PLATFORM,
            Self::Except(some) => *t != TenantId::PLATFORM && !some.contains(t),
            // A tag can be taken away: it holds nothing by how it is made but itself.
            Self::Tag(_) => false,
            Self::All => true,
        };
        match other {
            Self::Tenant(t) => names(t),
            Self::Tenants(some) => some.iter().all(names),
            Self::Tag(_) => matches!(self, Self::Every | Self::All) || self == other,
            Self::Every => matches!(self, Self::Every | Self::All),
            Self::Except(without) => match self {
                Self::Every | Self::All => true,
                Self::Except(some) => some.is_subset(without),
                _ => false,
            },
            Self::All => *self == Self::All,
        }
    }
    /// Whether tenants can come into it by themselves.
    pub fn grows(&self) -> bool {
        matches!(self, Self::Tag(_) | Self::Every | Self::Except(_) | Self::All)
    }
    /// Whether it is neither one tenant nor the whole instance.
    pub fn is_wide(&self) -> bool {
        !matches!(self, Self::Tenant(_) | Self::All)
    }
    /// The one tenant, where it is one.
    pub fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::Tenant(t) => Some(*t),
            _ => None,
        }
    }
    /// The tenants that it names, to reach them or to leave them out.
    pub fn named(&self) -> impl Iterator<Item = TenantId> + '_ {
        let (one, some) = match self {
            Self::Tenant(t) => (Some(*t), None),
            Self::Tenants(some) | Self::Except(some) => (None, Some(some.iter().copied())),
            Self::Tag(_) | Self::Every | Self::All => (None, None),
        };
        one.into_iter().chain(some.into_iter().flatten())
    }
    /// Its text in the column `scope`: the same for what is the same.
    pub fn column(&self) -> String {
        match self {
            Self::Tenant(_) => "tenant".to_owned(),
            Self::Tenants(some) => format!("tenants:{}", hex(some)),
            Self::Tag(tag) => format!("tag:{tag}"),
            Self::Every => "every".to_owned(),
            Self::Except(some) => format!("except:{}", hex(some)),
            Self::All => "all".to_owned(),
        }
    }
    /// Reads the columns `scope` and `scope_tenant`; what is not understood reaches nothing.
    pub fn read(column: &str, tenant: Option<TenantId>) -> Self {
        let nowhere = || Self::Tenants(Arc::default());
        match (column, column.split_once(':')) {
            ("tenant", _) => tenant.map_or_else(nowhere, Self::Tenant),
            ("every", _) => Self::Every,
            ("all", _) => Self::All,
            (_, Some(("tag", tag))) => Self::Tag(tag.into()),
            (_, Some(("tenants", list))) => ids(list).map_or_else(nowhere, Self::Tenants),
            (_, Some(("except", list))) => ids(list).map_or_else(nowhere, Self::Except),
            _ => nowhere(),
        }
    }
    /// In each of these tenants; of one only, it is that tenant.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] for none, and for too many.
    pub fn set(tenants: BTreeSet<TenantId>) -> Result<Self> {
        let tenants = some(tenants)?;
        Ok(match tenants.first() {
            Some(one) if tenants.len() == 1 => Self::Tenant(*one),
            _ => Self::Tenants(tenants),
        })
    }
    /// In every tenant without these.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn except(tenants: BTreeSet<TenantId>) -> Result<Self> {
        some(tenants).map(Self::Except)
    }
    /// In every tenant of this tag.
    ///
    /// # Errors
    /// As [`tag`].
    pub fn tagged(word: &str) -> Result<Self> {
        Ok(Self::Tag(tag(word)?.into()))
    }
    /// What another tenant than the people's own is told: of a chosen set, or of what is left out, no more than the kind,
    /// that tenant `here` itself and how many others it names.
    pub(super) fn told(&self, here: TenantId) -> Told {
        let others = |some: &BTreeSet<TenantId>| some.len() - usize::from(some.contains(&here));
        let (scope, tenant, others) = match self {
            Self::Tenants(some) => ("tenants".to_owned(), Some(here), Some(others(some))),
            Self::Except(some) => ("except".to_owned(), None, Some(others(some))),
            _ => (self.column(), self.tenant(), None),
        };
        Told { scope, tenant, others }
    }
    /// The same in the detail of an event.
    pub(super) fn tell_one(&self, here: TenantId, detail: &mut serde_json::Value) {
        let told = self.told(here);
        if let Some(others) = told.others {
            detail["scope"] = told.scope.into();
            detail["tenant"] = told.tenant.map(|t| t.to_string()).into();
            detail["others"] = others.into();
        }
    }
    /// In words, with the names that `name` knows; tenants without are counted.
    pub fn words(&self, name: impl Fn(TenantId) -> Option<String>) -> String {
        let listed = |some: &BTreeSet<TenantId>| {
            let mut names: Vec<String> = some.iter().filter_map(|t| name(*t)).collect();
            names.sort();
            match some.len() - names.len() {
                0 => {}
                1 if names.is_empty() => names.push("one tenant".to_owned()),
                n if names.is_empty() => names.push(format!("{n} tenants")),
                n => names.push(format!("{n} more")),
            }
            names.join(", ")
        };
        match self {
            Self::Tenant(t) => name(*t).unwrap_or_else(|| "another tenant".to_owned()),
            Self::Tenants(some) => listed(some),
            Self::Tag(tag) => format!("tag '{tag}'"),
            Self::Every => "all tenants".to_owned(),
            Self::Except(some) => format!("all tenants except {}", listed(some)),
            Self::All => "the whole instance".to_owned(),
        }
    }
}

fn some(tenants: BTreeSet<TenantId>) -> Result<Arc<BTreeSet<TenantId>>> {
    if tenants.is_empty() {
        return Err(Error::invalid("the scope names no tenant").attr("scope"));
    }
    if tenants.len() > MOST {
        let text = format!("a scope names {MOST} tenants at most; give them a tag");
        return Err(Error::invalid(text).attr("scope"));
    }
    Ok(Arc::new(tenants))
}

fn hex(some: &BTreeSet<TenantId>) -> String {
    let mut out = String::with_capacity(some.len() * 33);
    for t in some {
        if !out.is_empty() {
            out.push(',');
        }
        // Writing to a String does not fail.
        let _ = write!(out, "{}", t.0.simple());
    }
    out
}

fn ids(list: &str) -> Option<Arc<BTreeSet<TenantId>>> {
    list.split(',').map(TenantId::parse).collect::<Option<BTreeSet<_>>>().map(Arc::new)
}

/// The longest tag, in bytes.
const TAG: usize = 40;

/// A tag as it is kept: lower case, words of letters and digits with `-`, `_`, `.` or one space between.
///
/// # Errors
/// [`crate::error::Kind::Invalid`], naming `tags`.
pub fn tag(word: &str) -> Result<String> {
    let word = text::fold(word).split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if word.is_empty() || word.len() > TAG || !word.chars().all(fits) {
        return Err(Error::invalid(format!(
            "'{}' is no tag: letters, digits, '-', '_', '.' and spaces, at most {TAG} bytes",
            text::excerpt(&word)
        ))
        .attr("tags"));
    }
    Ok(word)
}
