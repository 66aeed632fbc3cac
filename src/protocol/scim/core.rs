//! The schemas of RFC 7643, 4 and 3.1: what every tenant has.

use super::{
    ENTERPRISE, GROUP, Resource, USER,
    schema::{Attr, Mutability, Returned, Schema, Type},
};
use std::sync::Arc;

fn text(name: &str, about: &str) -> Attr {
    Attr {
        name: name.to_owned(),
        ty: Type::String,
        multi: false,
        required: false,
        case_exact: false,
        mutability: Mutability::ReadWrite,
        returned: Returned::Default,
        unique: false,
        subs: Vec::new(),
        canonical: Vec::new(),
        refers: Vec::new(),
        about: about.to_owned(),
        whole: false,
    }
}
fn boolean(name: &str, about: &str) -> Attr {
    Attr { ty: Type::Boolean, ..text(name, about) }
}
fn reference(name: &str, to: &str, about: &str) -> Attr {
    Attr { ty: Type::Reference, case_exact: true, refers: vec![to.to_owned()], ..text(name, about) }
}
fn complex<const N: usize>(name: &str, subs: [Attr; N], about: &str) -> Attr {
    Attr { ty: Type::Complex, subs: subs.map(Arc::new).into(), ..text(name, about) }
}
fn many<const N: usize>(name: &str, subs: [Attr; N], about: &str) -> Attr {
    Attr { multi: true, ..complex(name, subs, about) }
}
impl Attr {
    fn required(self) -> Self {
        Self { required: true, ..self }
    }
    fn exact(self) -> Self {
        Self { case_exact: true, ..self }
    }
    fn read_only(self) -> Self {
        Self { mutability: Mutability::ReadOnly, ..self }
    }
    fn immutable(self) -> Self {
        Self { mutability: Mutability::Immutable, ..self }
    }
    fn on_request(self) -> Self {
        Self { returned: Returned::Request, ..self }
    }
    fn always(self) -> Self {
        Self { returned: Returned::Always, ..self }
    }
    fn suggests(self, values: &[&str]) -> Self {
        Self { canonical: values.iter().map(|v| (*v).to_owned()).collect(), ..self }
    }
}

/// `value` and the usual company of a multi-valued attribute (RFC 7643 2.4).
fn values(name: &str, value: Attr, kinds: &[&str], about: &str) -> Attr {
    let display = text("display", "A name for people to read.");
    let kind = text("type", "What the value is for.").suggests(kinds);
    many(name, [value, display, kind, primary()], about)
}
fn primary() -> Attr {
    boolean("primary", "The preferred value; true for one at most.")
}

/// RFC 7643 4.1.
pub(super) fn user() -> Schema {
    let schema = |attrs: Vec<Attr>| Schema {
        urn: USER.into(),
        name: "User".to_owned(),
        about: "A person".to_owned(),
        resource: Resource::User,
        attrs: attrs.into_iter().map(Arc::new).collect(),
    };
    schema(vec![
        Attr {
            unique: true,
            ..text("userName", "The name to sign in with; unique in the directory.")
        }
        .required(),
        name(),
        text("displayName", "The name for people to read."),
        text("nickName", "A casual name."),
        reference("profileUrl", "external", "A page about the user."),
        text("title", "The job title."),
        text("userType", "How the user belongs to the organisation."),
        text("preferredLanguage", "Languages, as in Accept-Language."),
        text("locale", "For dates and numbers."),
        text("timezone", "IANA time zone."),
        // Required in that it cannot be removed: whoever is out would be let in by the default. Creation may leave it
        // out.
        boolean("active", "Whether the user may come in; false ends everything at once.")
            .required(),
        Attr {
            mutability: Mutability::WriteOnly,
            returned: Returned::Never,
            ..text("password", "Taken and dropped: people sign in through their directory.")
        },
        values("emails", text("value", "The address."), WORK, "E-mail addresses."),
        values(
            "phoneNumbers",
            text("value", "The number."),
            &["work", "home", "mobile", "fax", "pager", "other"],
            "Telephone numbers.",
        ),
        values(
            "ims",
            text("value", "The address."),
            &["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"],
            "Instant messaging addresses.",
        ),
        values(
            "photos",
            reference("value", "external", "The picture's URL."),
            &["photo", "thumbnail"],
            "Pictures.",
        ),
        addresses(),
        groups(),
        values("entitlements", text("value", "The value."), &[], "Entitlements."),
        values(
            "roles",
            text("value", "The value."),
            &[],
            "The directory's own roles; rights here follow from group mappings.",
        ),
        values(
            "x509Certificates",
            Attr { ty: Type::Binary, ..text("value", "A DER certificate in base64.") }.exact(),
            &[],
            "Certificates.",
        ),
    ])
}

const WORK: &[&str] = &["work", "home", "other"];

fn name() -> Attr {
    let subs = [
        text("formatted", "The whole name, for display."),
        text("familyName", "The family name."),
        text("givenName", "The given name."),
        text("middleName", "The middle names."),
        text("honorificPrefix", "A title."),
        text("honorificSuffix", "A suffix."),
    ];
    complex("name", subs, "The parts of the name.")
}

fn addresses() -> Attr {
    let subs = [
        text("formatted", "The whole address, for display."),
        text("streetAddress", "Street and number."),
        text("locality", "City."),
        text("region", "State or region."),
        text("postalCode", "Postal code."),
        text("country", "Country, ISO 3166-1."),
        text("type", "What the value is for.").suggests(WORK),
        primary(),
    ];
    many("addresses", subs, "Postal addresses.")
}

fn groups() -> Attr {
    let subs = [
        text("value", "The group's id.").read_only(),
        reference("$ref", "Group", "The group's URL.").read_only(),
        text("display", "The group's name.").read_only(),
        text("type", "How the user is in it.").suggests(&["direct"]).read_only(),
    ];
    many("groups", subs, "The groups the user is in.").read_only()
}

/// RFC 7643 4.2.
pub(super) fn group() -> Schema {
    let members = [
        text("value", "The member's id.").immutable(),
        reference("$ref", "User", "The member's URL.").immutable(),
        text("type", "What the member is.").suggests(&["User"]).immutable(),
    ];
    let attrs = [
        text("displayName", "The group's name.").required(),
        many("members", members, "Who is in it."),
    ];
    Schema {
        urn: GROUP.into(),
        name: "Group".to_owned(),
        about: "A group".to_owned(),
        resource: Resource::Group,
        attrs: attrs.map(Arc::new).into(),
    }
}

/// RFC 7643 4.3.
pub(super) fn enterprise() -> Schema {
    let manager = [
        text("value", "The manager's id."),
        reference("$ref", "User", "The manager's URL."),
        // Looked up, so that it costs something: for those who ask.
        text("displayName", "The manager's name.").read_only().on_request(),
    ];
    let attrs = [
        text("employeeNumber", "A number or code of the organisation's."),
        text("costCenter", "The cost centre."),
        text("organization", "The organisation."),
        text("division", "The division."),
        text("department", "The department."),
        complex("manager", manager, "The manager."),
    ];
    Schema {
        urn: ENTERPRISE.into(),
        name: "EnterpriseUser".to_owned(),
        about: "What an enterprise knows of a person".to_owned(),
        resource: Resource::User,
        attrs: attrs.map(Arc::new).into(),
    }
}

/// RFC 7643 3.1: of every resource, in no schema.
pub(super) fn common() -> Vec<Arc<Attr>> {
    let url = |name| Attr { refers: Vec::new(), ..reference(name, "", "") };
    let time = |name| Attr { ty: Type::DateTime, ..text(name, "") };
    let meta = [
        text("resourceType", "").exact().read_only(),
        time("created").read_only(),
        time("lastModified").read_only(),
        url("location").read_only(),
        text("version", "").exact().read_only(),
    ];
    let attrs = [
        text("id", "").exact().always().read_only(),
        text("externalId", "").exact(),
        complex("meta", meta, "").read_only(),
        Attr { multi: true, ..url("schemas") }.always().read_only(),
    ];
    attrs.map(Arc::new).into()
}
