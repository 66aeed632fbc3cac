//! Of whom an application does not want to hear. Everybody it may hear of is in its stream from the beginning; it takes some
//! out, and puts them back.

mod db;

use super::{REMOVED, Receiver, stream};
use crate::{
    error::{Error, Result},
    id::{StreamId, TenantId},
    store::{Conn, Scope, Store, Tx},
    text, tx,
};
use serde_json::Value;
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

/// Takes somebody out of a stream, or puts them back. Whether there is such a person is not said.
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
    let whom = match named {
        Named::Id(id) => vec![id],
        Named::Stranger => Vec::new(),
        Named::Address(address) => {
            // platform: an application may serve people of any tenant.
            let mut c = store.read(Scope::Platform).await?;
            let met = db::by_address(&mut c, r.app, &address).await?;
            met.into_iter().map(|u| u.0).collect()
        }
    };
    tx!(store, &r.cx(), [r, whom], |tx| {
        tx.unaudited("an application chooses of whom it hears");
        stream::held(tx, &r, id).await?;
        for who in &whom {
            if wanted {
                db::delete(tx, t, id, *who).await?;
            } else {
                if db::count(tx, t, id).await? >= REMOVED {
                    let detail =
                        format!("more than {REMOVED} people were taken out of this stream");
                    return Err(Error::invalid(detail).attr("subject"));
                }
                db::insert(tx, t, id, *who).await?;
            }
        }
        Ok(())
    })
}

/// Whether somebody was taken out of a stream.
pub(super) async fn removed(c: &mut Conn, t: TenantId, id: StreamId, whom: Uuid) -> Result<bool> {
    db::has(c, t, id, whom).await
}

/// Removes some rows of a tenant that is deleted.
pub(super) async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::leave(tx, t, n).await
}
