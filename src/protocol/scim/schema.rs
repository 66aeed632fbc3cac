//! The attributes, as data: the truth behind /Schemas, and what filters, paths and bodies are read by. The core is the
//! same for everybody ([`super::core`]); what a tenant's administrator declares beside it joins it in [`Schemas`].

use super::{
    ENTERPRISE, Resource,
    filter::AttrPath,
    quirks::{Rule, Rules},
};
use std::sync::Arc;

/// RFC 7643 2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// A number.
    Decimal,
    /// A whole number.
    Integer,
    /// A moment, RFC 3339.
    DateTime,
    /// Base64.
    Binary,
    /// A URI.
    Reference,
    /// With sub-attributes.
    Complex,
}
/// RFC 7643 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    /// The server's.
    ReadOnly,
    /// The client's.
    ReadWrite,
    /// Set once.
    Immutable,
    /// Never shown.
    WriteOnly,
}
/// RFC 7643 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// In every answer.
    Always,
    /// Unless it is left out.
    Default,
    /// Where it is asked for by name.
    Request,
    /// Never.
    Never,
}

/// One attribute with its characteristics.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "RFC 7643, 7 has as many")]
pub struct Attr {
    /// Its name in the RFC's spelling.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Several values.
    pub multi: bool,
    /// Must be there.
    pub required: bool,
    /// Compared with case.
    pub case_exact: bool,
    /// Who writes it.
    pub mutability: Mutability,
    /// When it is shown.
    pub returned: Returned,
    /// No two alike in a directory.
    pub unique: bool,
    /// Of a complex attribute; of a simple one with several values the value itself, so that conditions can name it.
    pub subs: Vec<Arc<Attr>>,
    /// Suggested values.
    pub canonical: Vec<String>,
    /// Of a reference: to what.
    pub refers: Vec<String>,
    /// What it is.
    pub about: String,
    /// An add lists all values, so that it replaces (1.11).
    pub whole: bool,
}
impl Attr {
    /// The sub-attribute of this name, in any case.
    pub fn sub(&self, name: &str) -> Option<&Arc<Attr>> {
        self.subs.iter().find(|s| s.name.eq_ignore_ascii_case(name))
    }
    /// Whether its values are objects.
    pub fn complex(&self) -> bool {
        self.ty == Type::Complex
    }
}
impl PartialEq for Attr {
    fn eq(&self, o: &Self) -> bool {
        self.name == o.name && self.ty == o.ty
    }
}

/// A schema: the core of a resource or an extension of it.
#[derive(Debug, Clone)]
pub struct Schema {
    /// What it is named by.
    pub urn: Arc<str>,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Of which resource.
    pub resource: Resource,
    /// Its attributes.
    pub attrs: Vec<Arc<Attr>>,
}
impl Schema {
    fn attr(&self, name: &str) -> Option<&Arc<Attr>> {
        named(&self.attrs, name)
    }
}

fn named<'a>(list: &'a [Arc<Attr>], name: &str) -> Option<&'a Arc<Attr>> {
    list.iter().find(|a| a.name.eq_ignore_ascii_case(name))
}

/// Where an attribute stands in a resource.
#[derive(Debug, Clone)]
pub struct Found {
    /// The extension it belongs to; `None` for core and common attributes.
    pub extension: Option<Arc<str>>,
    /// The attribute.
    pub attr: Arc<Attr>,
}
impl PartialEq for Found {
    fn eq(&self, o: &Self) -> bool {
        self.extension == o.extension && self.attr.name == o.attr.name
    }
}

/// What a qualified name names.
#[derive(Debug, Clone, PartialEq)]
pub enum Named {
    /// An extension as a whole.
    Extension(Arc<str>),
    /// An attribute or a sub-attribute.
    Attr(AttrPath),
}

/// Why a name names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unresolved {
    /// Its URN is of no schema here.
    Schema,
    /// The schema has no such attribute, or the attribute no such part.
    Attribute,
}

/// The schemas of a tenant: the core ones and what its administrator declared.
#[derive(Debug, Clone)]
pub struct Schemas {
    /// The user's and the group's.
    core: [Schema; 2],
    /// The enterprise extension, then the tenant's own.
    extensions: Vec<Schema>,
    /// Of every resource, in no schema (RFC 7643 3.1).
    common: Vec<Arc<Attr>>,
}

impl Schemas {
    /// Core and enterprise.
    pub fn core() -> Arc<Self> {
        static CORE: std::sync::LazyLock<Arc<Schemas>> =
            std::sync::LazyLock::new(|| Arc::new(Schemas::with(Vec::new())));
        CORE.clone()
    }
    /// Core, enterprise, and these extensions.
    pub fn with(own: Vec<Schema>) -> Self {
        let mut extensions = vec![super::core::enterprise()];
        extensions.extend(own);
        Self {
            core: [super::core::user(), super::core::group()],
            extensions,
            common: super::core::common(),
        }
    }
    /// The core schema of a resource.
    pub fn of(&self, resource: Resource) -> &Schema {
        match resource {
            Resource::User => &self.core[0],
            Resource::Group => &self.core[1],
        }
    }
    /// The extensions of a resource.
    pub fn extensions(&self, resource: Resource) -> impl Iterator<Item = &Schema> {
        self.extensions.iter().filter(move |s| s.resource == resource)
    }
    /// The attributes of extensions that are shown always, or only on request.
    pub fn shown(&self, resource: Resource, when: Returned) -> impl Iterator<Item = Named> {
        self.extensions(resource).skip(1).flat_map(move |s| {
            let chosen = s.attrs.iter().filter(move |a| a.returned == when);
            chosen.map(|a| {
                let at = Found { extension: Some(s.urn.clone()), attr: a.clone() };
                Named::Attr(AttrPath { at, sub: None })
            })
        })
    }
    /// Every schema.
    pub fn all(&self) -> impl Iterator<Item = &Schema> {
        self.core.iter().chain(&self.extensions)
    }
    /// The extension of this URN, in any case; also as the enterprise one is misspelt in the field (1.20).
    pub fn extension(&self, rules: Rules, resource: Resource, urn: &str) -> Option<&Schema> {
        let urn = match MISSPELT {
            m if rules.has(Rule::Schemas) && urn.eq_ignore_ascii_case(m) => ENTERPRISE,
            _ => urn,
        };
        self.extensions(resource).find(|s| s.urn.eq_ignore_ascii_case(urn))
    }
    /// The attribute of a name, in any case, in an extension, or (`None`) in the core and what every resource has.
    pub fn find(
        &self,
        resource: Resource,
        extension: Option<&Schema>,
        name: &str,
    ) -> Option<Found> {
        let (urn, attr) = match extension {
            Some(s) => (Some(s.urn.clone()), s.attr(name)),
            None => (None, self.of(resource).attr(name).or_else(|| named(&self.common, name))),
        };
        Some(Found { extension: urn, attr: attr?.clone() })
    }
    /// What `URN:attr.sub` names, in any case, with or without its parts. The URN is one that is known here, since URNs
    /// have dots and colons of their own; a dot after it is taken as well where rule 1.5 says so. `bare` is the rule
    /// by which an enterprise attribute goes without its URN.
    pub fn resolve(
        &self,
        rules: Rules,
        bare: Rule,
        resource: Resource,
        text: &str,
    ) -> Result<Named, Unresolved> {
        let (extension, rest) = self.split(rules, resource, text).ok_or(Unresolved::Schema)?;
        if rest.is_empty() {
            let whole = extension.map(|e| Named::Extension(e.urn.clone()));
            return whole.ok_or(Unresolved::Attribute);
        }
        let (attr, sub) = match rest.split_once('.') {
            Some((a, s)) => (a, Some(s)),
            None => (rest, None),
        };
        let at = self.find(resource, extension, attr).or_else(|| {
            let alone = rules.has(bare) && rest.len() == text.len();
            let enterprise = self.extension(Rules::NONE, resource, ENTERPRISE);
            self.find(resource, Some(enterprise.filter(|_| alone)?), attr)
        });
        let at = at.ok_or(Unresolved::Attribute)?;
        let sub = match sub {
            None => None,
            Some(s) => {
                let sub = at.attr.sub(s).filter(|_| at.attr.complex());
                Some(sub.ok_or(Unresolved::Attribute)?.clone())
            }
        };
        Ok(Named::Attr(AttrPath { at, sub }))
    }
    /// A name's extension, if it has one, and what is left. `None` when its URN is not known here.
    fn split<'t>(
        &self,
        rules: Rules,
        resource: Resource,
        text: &'t str,
    ) -> Option<(Option<&Schema>, &'t str)> {
        if !text.contains(':') {
            return Some((None, text));
        }
        let after = |urn: &str| {
            let head = text.get(..urn.len())?;
            let rest = text.get(urn.len()..)?;
            let end = |c: char| c == ':' || (c == '.' && rules.has(Rule::UrnDot));
            match rest.strip_prefix(end) {
                _ if !head.eq_ignore_ascii_case(urn) => None,
                Some(rest) => Some(rest),
                None => rest.is_empty().then_some(""),
            }
        };
        if let Some(rest) = after(&self.of(resource).urn) {
            return Some((None, rest));
        }
        let misspelt = || {
            let rest = after(MISSPELT).filter(|_| rules.has(Rule::Schemas))?;
            Some((self.extension(Rules::NONE, resource, ENTERPRISE)?, rest))
        };
        // The longest URN that fits: one may be the beginning of another.
        let known = self.extensions(resource).filter_map(|s| Some((s, after(&s.urn)?)));
        let found = known.min_by_key(|(_, rest)| rest.len()).or_else(misspelt);
        found.map(|(s, rest)| (Some(s), rest))
    }
}

/// The enterprise URN as it is misspelt in the field (1.20).
pub(super) const MISSPELT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User";
