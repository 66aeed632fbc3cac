//! Pure decisions about users.

use super::{Draft, Edit, User};
use crate::{
    actor::UserKind,
    error::{Error, Result},
    id::UserId,
    text::{self, MAX_KEY},
};
use serde_json::{Map, Value, json};

/// Whether a draft fits the columns.
///
/// # Errors
/// `Invalid` (code `invalidValue`), naming the attribute.
pub(super) fn checked(d: &Draft) -> Result<()> {
    let check = || -> Result<()> {
        text::checked("userName", &d.user_name, MAX_KEY)?;
        if d.user_name.trim().is_empty() {
            return Err(Error::invalid("'userName' is empty").attr("userName"));
        }
        let optional = [
            ("externalId", &d.external_id, MAX_KEY),
            ("displayName", &d.display_name, MAX_KEY),
            ("emails", &d.email, MAX_KEY),
        ];
        for (name, value, max) in optional {
            text::checked(name, value.as_deref().unwrap_or(""), max)?;
        }
        for (value, kind) in &d.emails {
            text::checked("emails", value, MAX_KEY)?;
            text::checked("emails", kind.as_deref().unwrap_or(""), MAX_KEY)?;
        }
        Ok(())
    };
    check().map_err(|e| e.code("invalidValue"))
}

/// The twin of a document that filters compare with: names and texts folded. Of names that fold alike the last
/// wins.
///
/// # Errors
/// `Invalid` for NUL in a text, which one of the databases refuses.
pub(crate) fn folded(v: &Value) -> Result<Value> {
    let fold = |s: &str| -> Result<String> {
        if s.contains('\0') {
            return Err(Error::invalid("a text contains a NUL character").code("invalidValue"));
        }
        Ok(text::fold(s))
    };
    Ok(match v {
        Value::String(s) => Value::String(fold(s)?),
        Value::Array(a) => Value::Array(a.iter().map(folded).collect::<Result<_>>()?),
        Value::Object(o) => {
            let mut out = Map::new();
            for (k, v) in o {
                out.insert(fold(k)?, folded(v)?);
            }
            Value::Object(out)
        }
        v => v.clone(),
    })
}

/// Whether a draft changes anything.
pub(super) fn differs(u: &User, d: &Draft) -> bool {
    u.user_name != d.user_name
        || u.external_id != d.external_id
        || u.display_name != d.display_name
        || u.email != d.email
        || u.active != d.active
        || u.doc.0 != d.doc
}

/// Whether the index of addresses must be written anew.
pub(super) fn emails_differ(u: &User, d: &Draft) -> bool {
    u.doc.0.get("emails") != d.doc.get("emails")
}

/// The names of the attributes that a draft changes, for the audit event and the provisioning log.
pub fn changed(u: &User, d: &Draft) -> Vec<String> {
    let none = Map::new();
    let (a, b) = (u.doc.0.as_object().unwrap_or(&none), d.doc.as_object().unwrap_or(&none));
    let mut names: Vec<String> =
        a.keys().chain(b.keys()).filter(|k| a.get(*k) != b.get(*k)).cloned().collect();
    let columns = [
        ("userName", u.user_name != d.user_name),
        ("externalId", u.external_id != d.external_id),
        ("displayName", u.display_name != d.display_name),
        ("active", u.active != d.active),
    ];
    names.extend(columns.into_iter().filter(|(_, on)| *on).map(|(n, _)| n.to_owned()));
    names.sort();
    names.dedup();
    names
}

/// What an audit event keeps apart because it names a person.
pub(super) fn personal(u: &User) -> Value {
    json!({ "user_name": u.user_name, "display_name": u.display_name, "email": u.email })
}

/// Which kinds fit where: administrators and technicians are the provider's people; administrators are made by those
/// who hold everything; integration users are made with their client.
///
/// # Errors
/// `Invalid` or `Forbidden`.
pub(super) fn kind_fits(kind: UserKind, provider: bool, may_administrator: bool) -> Result<()> {
    match kind {
        UserKind::Integration => Err(Error::invalid(
            "an integration user is made together with its client, under integrations",
        )
        .attr("kind")),
        UserKind::Administrator | UserKind::Technician if !provider => {
            let detail = format!("a user of the kind '{}' belongs to the provider", kind.as_str());
            Err(Error::invalid(detail).attr("kind"))
        }
        kind => reachable(kind, may_administrator).map_err(|e| e.attr("kind")),
    }
}

/// Administrators are made, changed and removed by those who hold everything.
///
/// # Errors
/// `Forbidden`.
pub(super) fn reachable(kind: UserKind, everything: bool) -> Result<()> {
    if kind == UserKind::Administrator && !everything {
        let detail = "only a Global Administrator makes, changes or removes administrators";
        return Err(Error::forbidden(detail));
    }
    Ok(())
}

/// Integration users are handled with their clients.
pub(super) fn a_person(u: &User) -> Result<()> {
    if u.kind == UserKind::Integration {
        let detail = "an integration user is managed under integrations \
                      ('system.manage_integrations' is needed)";
        return Err(Error::forbidden(detail));
    }
    Ok(())
}

/// The first thing of an edit that a directory says of its own people.
pub(super) fn described(e: &Edit) -> Option<&'static str> {
    let fields =
        [("user_name", &e.user_name), ("display_name", &e.display_name), ("email", &e.email)];
    fields.into_iter().find(|(_, v)| v.is_some()).map(|(name, _)| name)
}

/// Whether a draft calls somebody otherwise than before.
pub(super) fn renamed(u: &User, d: &Draft) -> bool {
    text::fold(&u.user_name) != text::fold(&d.user_name) || u.external_id != d.external_id
}

/// By what a draft calls somebody who was not called so: name, address, the directory's id.
pub(super) fn newly_called<'a>(
    u: &User,
    d: &'a Draft,
) -> (Option<&'a str>, Option<&'a str>, Option<&'a str>) {
    let fold = |s: &Option<String>| s.as_deref().map(text::fold);
    let name = text::fold(&u.user_name) != text::fold(&d.user_name);
    let email = d.email.as_deref().filter(|_| fold(&u.email) != fold(&d.email));
    let id = d.external_id.as_deref().filter(|_| u.external_id != d.external_id);
    (name.then_some(d.user_name.as_str()), email, id)
}

/// Whether a draft leaves everything alone that anybody else is asked about: names, addresses.
pub(super) fn keeps_names(u: &User, d: &Draft) -> bool {
    !renamed(u, d) && newly_called(u, d) == (None, None, None) && !emails_differ(u, d)
}

/// Whether this is somebody's name or address.
pub(super) fn is_called(u: &User, text: &str) -> bool {
    let key = text::fold(text);
    text::fold(&u.user_name) == key || u.email.as_deref().is_some_and(|e| text::fold(e) == key)
}

/// Whether what a person typed of a user fits; a directory's words are its own.
///
/// # Errors
/// `Invalid`, naming the field.
pub(super) fn typed(name: Option<&str>, display: Option<&str>, email: Option<&str>) -> Result<()> {
    if let Some(name) = name {
        // What turns the direction of text would show another name than it is.
        text::name("user_name", name)?;
    }
    if let Some(display) = display.map(str::trim).filter(|d| !d.is_empty()) {
        text::name("display_name", display)?;
    }
    match email.map(str::trim).filter(|e| !e.is_empty()) {
        Some(e) => text::address("email", e).map(drop),
        None => Ok(()),
    }
}

/// Refuses a name that has the form of an id: whoever names people by either would mean the other one. What a directory
/// calls somebody is its own; there an id is read first.
///
/// # Errors
/// `Invalid`, naming the field.
pub(super) fn no_id(field: &'static str, name: &str) -> Result<()> {
    if UserId::parse(name.trim()).is_none() {
        return Ok(());
    }
    let text =
        format!("'{field}' has the form of an id, and would be taken for one; choose another");
    Err(Error::invalid(text).attr(field))
}

/// A user that no directory brought, as a draft.
pub(super) fn by_hand(name: &str, display: Option<String>, email: Option<String>) -> Draft {
    let given = |s: Option<String>| s.map(|s| s.trim().to_owned()).filter(|s| !s.is_empty());
    let (name, display, email) = (name.trim(), given(display), given(email));
    let mut doc = Map::new();
    doc.insert("userName".to_owned(), json!(name));
    if let Some(d) = &display {
        doc.insert("displayName".to_owned(), json!(d));
    }
    if let Some(e) = &email {
        doc.insert("emails".to_owned(), json!([{ "value": e, "primary": true }]));
    }
    Draft {
        user_name: name.to_owned(),
        external_id: None,
        display_name: display,
        emails: email.iter().map(|e| (e.clone(), None)).collect(),
        email,
        active: true,
        doc: Value::Object(doc),
    }
}

/// What an edit makes of a user.
pub(super) fn edited(u: &User, e: &Edit) -> Draft {
    if u.directory_id.is_some() {
        return Draft {
            user_name: u.user_name.clone(),
            external_id: u.external_id.clone(),
            display_name: u.display_name.clone(),
            email: u.email.clone(),
            active: u.active,
            doc: u.doc.0.clone(),
            emails: Vec::new(),
        };
    }
    let name = e.user_name.as_deref().unwrap_or(&u.user_name);
    let display = e.display_name.clone().or_else(|| u.display_name.clone());
    by_hand(name, display, e.email.clone().or_else(|| u.email.clone()))
}
