//! The attributes, as data: the truth behind /Schemas, and what filters, paths and bodies are read by.

use super::{ENTERPRISE, GROUP, Resource, USER};

/// RFC 7643 2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text.
    String,
    /// True or false.
    Boolean,
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
    /// Never.
    Never,
}

/// One attribute with its characteristics.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "RFC 7643, 7 has as many")]
pub struct Attr {
    /// Its name in the RFC's spelling.
    pub name: &'static str,
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
    /// Of a complex attribute.
    pub subs: &'static [Attr],
    /// Suggested values.
    pub canonical: &'static [&'static str],
    /// Of a reference: to what.
    pub refers: &'static [&'static str],
    /// What it is.
    pub about: &'static str,
}
impl Attr {
    /// The sub-attribute of this name, in any case.
    pub fn sub(&self, name: &str) -> Option<&'static Attr> {
        self.subs.iter().find(|s| s.name.eq_ignore_ascii_case(name))
    }
}

const S: Attr = Attr {
    name: "",
    ty: Type::String,
    multi: false,
    required: false,
    case_exact: false,
    mutability: Mutability::ReadWrite,
    returned: Returned::Default,
    unique: false,
    subs: &[],
    canonical: &[],
    refers: &[],
    about: "",
};
const fn s(name: &'static str, about: &'static str) -> Attr {
    Attr { name, about, ..S }
}
const fn boolean(name: &'static str, about: &'static str) -> Attr {
    Attr { name, about, ty: Type::Boolean, ..S }
}
const fn complex(name: &'static str, subs: &'static [Attr], about: &'static str) -> Attr {
    Attr { name, about, ty: Type::Complex, subs, ..S }
}
const fn many(name: &'static str, subs: &'static [Attr], about: &'static str) -> Attr {
    Attr { name, about, ty: Type::Complex, multi: true, subs, ..S }
}
const DISPLAY: Attr = s("display", "A name for people to read.");
const PRIMARY: Attr = boolean("primary", "The preferred value; true for one at most.");
const TYPE: Attr = s("type", "What the value is for.");
const WORK: &[&str] = &["work", "home", "other"];

const NAME: &[Attr] = &[
    s("formatted", "The whole name, for display."),
    s("familyName", "The family name."),
    s("givenName", "The given name."),
    s("middleName", "The middle names."),
    s("honorificPrefix", "A title."),
    s("honorificSuffix", "A suffix."),
];
const EMAILS: &[Attr] =
    &[s("value", "The address."), DISPLAY, Attr { canonical: WORK, ..TYPE }, PRIMARY];
const PHONES: &[Attr] = &[
    s("value", "The number."),
    DISPLAY,
    Attr { canonical: &["work", "home", "mobile", "fax", "pager", "other"], ..TYPE },
    PRIMARY,
];
const IMS: &[Attr] = &[s("value", "The address."), DISPLAY, TYPE, PRIMARY];
const PHOTOS: &[Attr] = &[
    Attr {
        ty: Type::Reference,
        case_exact: true,
        refers: &["external"],
        ..s("value", "The picture's URL.")
    },
    DISPLAY,
    Attr { canonical: &["photo", "thumbnail"], ..TYPE },
    PRIMARY,
];
const ADDRESSES: &[Attr] = &[
    s("formatted", "The whole address, for display."),
    s("streetAddress", "Street and number."),
    s("locality", "City."),
    s("region", "State or region."),
    s("postalCode", "Postal code."),
    s("country", "Country, ISO 3166-1."),
    Attr { canonical: WORK, ..TYPE },
    PRIMARY,
];
const VALUES: &[Attr] = &[s("value", "The value."), DISPLAY, TYPE, PRIMARY];
const CERTIFICATES: &[Attr] = &[
    Attr { ty: Type::Binary, case_exact: true, ..s("value", "A DER certificate in base64.") },
    DISPLAY,
    TYPE,
    PRIMARY,
];
const RO: Attr = Attr { mutability: Mutability::ReadOnly, ..S };
const GROUPS: &[Attr] = &[
    Attr { name: "value", case_exact: true, about: "The group's id.", ..RO },
    Attr {
        name: "$ref",
        ty: Type::Reference,
        case_exact: true,
        refers: &["Group"],
        about: "The group's URL.",
        ..RO
    },
    Attr { name: "display", about: "The group's name.", ..RO },
    Attr { name: "type", canonical: &["direct"], about: "How the user is in it.", ..RO },
];

/// RFC 7643 4.1.
pub const USER_ATTRS: &[Attr] = &[
    Attr {
        required: true,
        unique: true,
        ..s("userName", "The name to sign in with; unique in the directory.")
    },
    complex("name", NAME, "The parts of the name."),
    s("displayName", "The name for people to read."),
    s("nickName", "A casual name."),
    Attr {
        ty: Type::Reference,
        case_exact: true,
        refers: &["external"],
        ..s("profileUrl", "A page about the user.")
    },
    s("title", "The job title."),
    s("userType", "How the user belongs to the organisation."),
    s("preferredLanguage", "Languages, as in Accept-Language."),
    s("locale", "For dates and numbers."),
    s("timezone", "IANA time zone."),
    // Required in that it cannot be removed: whoever is out would be let in by the default. Creation may leave it out.
    Attr {
        required: true,
        ..boolean("active", "Whether the user may come in; false ends everything at once.")
    },
    Attr {
        mutability: Mutability::WriteOnly,
        returned: Returned::Never,
        ..s("password", "Taken and dropped: people sign in through their directory.")
    },
    many("emails", EMAILS, "E-mail addresses."),
    many("phoneNumbers", PHONES, "Telephone numbers."),
    many("ims", IMS, "Instant messaging addresses."),
    many("photos", PHOTOS, "Pictures."),
    many("addresses", ADDRESSES, "Postal addresses."),
    Attr {
        mutability: Mutability::ReadOnly,
        ..many("groups", GROUPS, "The groups the user is in.")
    },
    many("entitlements", VALUES, "Entitlements."),
    many("roles", VALUES, "The directory's own roles; rights here follow from group mappings."),
    many("x509Certificates", CERTIFICATES, "Certificates."),
];

const MANAGER: &[Attr] = &[
    Attr { case_exact: true, ..s("value", "The manager's id.") },
    Attr {
        ty: Type::Reference,
        case_exact: true,
        refers: &["User"],
        ..s("$ref", "The manager's URL.")
    },
    Attr { mutability: Mutability::ReadOnly, ..s("displayName", "The manager's name.") },
];

/// RFC 7643 4.3.
pub const ENTERPRISE_ATTRS: &[Attr] = &[
    s("employeeNumber", "A number or code of the organisation's."),
    s("costCenter", "The cost centre."),
    s("organization", "The organisation."),
    s("division", "The division."),
    s("department", "The department."),
    complex("manager", MANAGER, "The manager."),
];

const MEMBERS: &[Attr] = &[
    Attr { mutability: Mutability::Immutable, case_exact: true, ..s("value", "The member's id.") },
    Attr {
        mutability: Mutability::Immutable,
        ty: Type::Reference,
        case_exact: true,
        refers: &["User"],
        ..s("$ref", "The member's URL.")
    },
    Attr {
        mutability: Mutability::Immutable,
        canonical: &["User"],
        ..s("type", "What the member is.")
    },
];

/// RFC 7643 4.2.
pub const GROUP_ATTRS: &[Attr] = &[
    Attr { required: true, ..s("displayName", "The group's name.") },
    many("members", MEMBERS, "Who is in it."),
];

const META: &[Attr] = &[
    Attr { name: "resourceType", case_exact: true, ..RO },
    Attr { name: "created", ty: Type::DateTime, ..RO },
    Attr { name: "lastModified", ty: Type::DateTime, ..RO },
    Attr { name: "location", ty: Type::Reference, case_exact: true, ..RO },
    Attr { name: "version", case_exact: true, ..RO },
];

/// RFC 7643 3.1: of every resource, in no schema.
pub const COMMON: &[Attr] = &[
    Attr { name: "id", case_exact: true, returned: Returned::Always, ..RO },
    Attr { name: "externalId", case_exact: true, ..S },
    Attr { name: "meta", ty: Type::Complex, subs: META, ..RO },
    Attr {
        name: "schemas",
        ty: Type::Reference,
        multi: true,
        case_exact: true,
        returned: Returned::Always,
        ..RO
    },
];

/// Where an attribute stands in a resource.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// The extension it belongs to; `None` for core and common attributes.
    pub extension: Option<&'static str>,
    /// The attribute.
    pub attr: &'static Attr,
}
impl PartialEq for Found {
    fn eq(&self, o: &Self) -> bool {
        self.extension == o.extension && self.attr.name == o.attr.name
    }
}

fn in_table(table: &'static [Attr], name: &str) -> Option<&'static Attr> {
    table.iter().find(|a| a.name.eq_ignore_ascii_case(name))
}

/// The attribute of a name, in any case, with the URN it was qualified by, if any.
pub fn find(resource: Resource, urn: Option<&str>, name: &str) -> Option<Found> {
    let core = match resource {
        Resource::User => USER_ATTRS,
        Resource::Group => GROUP_ATTRS,
    };
    let plain = |a| Found { extension: None, attr: a };
    match urn {
        None => in_table(core, name).or_else(|| in_table(COMMON, name)).map(plain),
        Some(u) if u.eq_ignore_ascii_case(resource.urn()) => {
            in_table(core, name).or_else(|| in_table(COMMON, name)).map(plain)
        }
        Some(u) if resource == Resource::User && is_enterprise(u) => {
            in_table(ENTERPRISE_ATTRS, name).map(|a| Found { extension: Some(ENTERPRISE), attr: a })
        }
        Some(_) => None,
    }
}

/// The enterprise extension's URN, in any case, also as it is misspelt in the field (1.20).
pub fn is_enterprise(urn: &str) -> bool {
    urn.eq_ignore_ascii_case(ENTERPRISE)
        || urn.eq_ignore_ascii_case("urn:ietf:params:scim:schemas:extension:enterprise:2.0User")
}

/// Splits `URN:attr.sub` at the last colon of a URN that is known here (URNs have dots of their own); a dot after the
/// URN is taken as well (1.5). A name without a colon has no URN. `None` when the URN is not one of ours.
pub fn split_urn(resource: Resource, text: &str) -> Option<(Option<&'static str>, &str)> {
    if !text.contains(':') {
        return Some((None, text));
    }
    let known: &[&'static str] = match resource {
        Resource::User => &[USER, ENTERPRISE],
        Resource::Group => &[GROUP],
    };
    for urn in known {
        let Some(head) = text.get(..urn.len()) else { continue };
        if !head.eq_ignore_ascii_case(urn) {
            continue;
        }
        match text[urn.len()..].strip_prefix([':', '.']) {
            Some(rest) => return Some((Some(urn), rest)),
            None if text.len() == urn.len() => return Some((Some(urn), "")),
            None => {}
        }
    }
    None
}
