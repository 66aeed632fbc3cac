//! Of whom an application does not want to hear. Everybody it may hear of is in its stream from the beginning; it takes some
//! out, and puts them back.

mod db;

use super::{
    REMOVED, Receiver, Stream, put,
    rules::{self, About},
    stream,
};
use crate::{
    error::{Error, Result},
    id::{GroupId, StreamId, TenantId, UserId},
    store::{Conn, Scope, Store, Tx},
    text, tx,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A subject as it is named (RFC 9493, RFC 9967).
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    /// A person or group of ours.
    Id(Uuid),
    /// Whoever has the address.
    Address(String),
    /// Nobody here.
    Stranger,
}

/// Reads a subject.
fn named(subject: &Value, issuer: &str) -> Result<Named> {
    let bad = |text: &str| Error::invalid(text.to_owned()).attr("subject");
    let field = |name: &str| {
        let found = subject[name].as_str().filter(|v| !v.is_empty() && v.len() <= 1000);
        found.ok_or_else(|| bad(&format!("the subject has no '{name}'")))
    };
    let id = |text: &str| Uuid::try_parse(text).map_or(Named::Stranger, Named::Id);
    match field("format")? {
        "iss_sub" => {
            let (iss, sub) = (field("iss")?, field("sub")?);
            Ok(if iss == issuer { id(sub) } else { Named::Stranger })
        }
        "opaque" => Ok(id(field("id")?)),
        "scim" => Ok(id(field("uri")?.rsplit('/').next().unwrap_or_default())),
        "email" => Ok(Named::Address(text::fold(field("email")?))),
        "complex" if subject["user"].is_object() => named(&subject["user"], issuer),
        "complex" => Err(bad("only a subject with 'user' is taken in or out here")),
        "account" | "phone_number" | "did" | "uri" | "aliases" | "jwt_id" | "saml_assertion_id" => {
            Ok(Named::Stranger)
        }
        other => Err(bad(&format!("'{}' is not a subject's format", text::excerpt(other)))),
    }
}

/// The person or group of an id that an application may hear of as one of all.
async fn resource(c: &mut Conn, r: &Receiver, id: Uuid) -> Result<Option<About>> {
    let person = if r.client().app.platform {
        db::resource_anywhere(c, id).await?
    } else {
        db::resource(c, r.tenant, id).await?
    };
    let about = |p| if p { About::Person(UserId(id)) } else { About::Group(GroupId(id)) };
    Ok(person.map(about))
}

/// Whether a stream is told of what is of this kind.
fn hears(s: &Stream, kind: &str) -> bool {
    s.settings.0.delivered(s.app.0.scopes.as_deref()).contains(&kind)
}

/// Takes somebody out of a stream, or puts them back. Whether there is such a person is not said; a stream that hears of all
/// of them is told who came or went by it (RFC 9967, 2.3), in its order.
///
/// # Errors
/// `NotFound` for the stream; `Invalid` for what is no subject, and for too many that were taken out.
pub async fn set(
    store: &Store,
    issuer: &str,
    r: &Receiver,
    id: StreamId,
    (subject, wanted): (&Value, bool),
) -> Result<()> {
    let named = named(subject, issuer)?;
    let t = r.tenant;
    let s = stream::find(store, r, id).await?;
    // Who it is, in whatever tenant, is looked for where the stream is told of it: most streams are not.
    let told = hears(&s, rules::fed(wanted));
    // platform: an application may serve people of any tenant.
    let mut c = store.read(Scope::Platform).await?;
    let ids = match named {
        Named::Id(id) => vec![id],
        Named::Stranger => Vec::new(),
        Named::Address(address) => {
            let met = db::by_address(&mut c, r.app, &address).await?;
            met.into_iter().map(|u| u.0).collect()
        }
    };
    let mut whom = Vec::with_capacity(ids.len());
    for id in ids {
        whom.push((id, if told { resource(&mut c, r, id).await? } else { None }));
    }
    drop(c);
    tx!(store, &r.cx(), [r, whom], |tx| {
        tx.unaudited("an application chooses of whom it hears");
        stream::held(tx, &r, id).await?;
        for (who, about) in &whom {
            let moved = if wanted {
                db::delete(tx, t, id, *who).await?
            } else {
                if db::count(tx, t, id).await? >= REMOVED {
                    let detail =
                        format!("more than {REMOVED} people were taken out of this stream");
                    return Err(Error::invalid(detail).attr("subject"));
                }
                db::insert(tx, t, id, *who).await?
            };
            if let (Some(about), true) = (about, moved > 0) {
                tell(tx, &r, id, (*about, wanted)).await?;
            }
        }
        Ok(())
    })
}

/// Says in the stream itself who came into it or went out of it.
async fn tell(
    tx: &mut Tx,
    r: &Receiver,
    id: StreamId,
    (about, wanted): (About, bool),
) -> Result<()> {
    // As it is now: what was said of the one before counts.
    let s = stream::held(tx, r, id).await?;
    let kind = rules::fed(wanted);
    if !hears(&s, kind) {
        return Ok(());
    }
    let txn = tx.actor().request().to_string();
    put::put(tx, &s, &rules::resource(about), (kind, &json!({})), &txn).await
}

/// Whether somebody was taken out of a stream.
pub(super) async fn removed(c: &mut Conn, t: TenantId, id: StreamId, whom: Uuid) -> Result<bool> {
    db::has(c, t, id, whom).await
}

/// Removes some rows of a tenant that is deleted.
pub(super) async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::leave(tx, t, n).await
}
