//! How a tenant's letters look. The sender's address stays the platform's, so that its domain vouches for every letter;
//! a tenant chooses the name beside it, where answers go, the button's colour and the language. No picture: one that is
//! loaded tells who read the letter and when, and mail programs hold it back for that.

mod db;

use super::words;
use crate::{
    access::{
        Permit,
        perm::{SystemEditSettings, SystemViewSettings},
    },
    audit::{self, Event},
    domains,
    error::{Error, Result},
    id::TenantId,
    mail::{As, plain_name},
    row,
    store::{Conn, Lock, Scope, Store},
    text, tx,
};
use serde_json::json;

/// The button's colour where none is chosen.
pub(super) const COLOUR: &str = "#1f5fbf";
/// The longest name, characters.
const NAME: usize = 60;
/// White letters on a colour want at least this contrast (WCAG 2.2, 1.4.3).
const CONTRAST: f64 = 4.5;

row! {
    /// How a tenant's letters look; what is not set is the platform's.
    #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
    #[schemars(rename = "LetterSettings")]
    #[serde(deny_unknown_fields, default)]
    #[schemars(example = serde_json::json!({ "display_name": "Contoso", "colour": "#1F5FBF", "locale": "en" }))]
    pub struct Looks {
        /// The name that letters are from, beside the platform's: one line of 60 characters, without an address in it.
        pub display_name: Option<String>,
        /// Where answers go: an address in a domain that is confirmed for the tenant.
        pub reply_to: Option<String>,
        /// The button's colour, `#rrggbb`; white must be readable on it.
        pub colour: Option<String>,
        /// The language, unless an invitation has its own: `en` or `de`.
        pub locale: Option<String>,
    }
}

/// What was typed, as it is kept; empty is not set.
fn checked(looks: Looks) -> Result<Looks> {
    let given = |t: Option<String>| t.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    Ok(Looks {
        display_name: given(looks.display_name).map(|n| name(&n)).transpose()?,
        reply_to: given(looks.reply_to).map(|a| text::address("reply_to", &a)).transpose()?,
        colour: given(looks.colour).map(|c| colour(&c)).transpose()?,
        locale: given(looks.locale).map(|l| words::locale(&l)).transpose()?,
    })
}

/// A name that cannot be taken for an address, an order or another line.
fn name(text: &str) -> Result<String> {
    let text = text::line("display_name", text, 4 * NAME)?;
    let wrong = |why: &str| Error::invalid(format!("'display_name' {why}")).attr("display_name");
    if text.chars().count() > NAME {
        return Err(wrong("is longer than 60 characters"));
    }
    if text.contains(['@', '<', '>', '"', '\\']) || plain_name(text, "") != text {
        return Err(wrong(
            "is a name: without an address, a link, quotes, brackets, unseen characters or double spaces",
        ));
    }
    Ok(text.to_owned())
}

/// A colour that white can be read on.
fn colour(text: &str) -> Result<String> {
    let wrong = |why: String| Error::invalid(why).attr("colour");
    let digits = text
        .strip_prefix('#')
        .filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))
        .map(str::to_ascii_lowercase);
    let number = digits.as_deref().and_then(|d| u32::from_str_radix(d, 16).ok());
    let (Some(digits), Some(number)) = (digits, number) else {
        return Err(wrong("'colour' is written like #1f5fbf".to_owned()));
    };
    let ratio = contrast(number);
    if ratio < CONTRAST {
        let text = format!(
            "white on the colour '#{digits}' has a contrast of {ratio:.1} to 1, and needs {CONTRAST}: take a darker one"
        );
        return Err(wrong(text));
    }
    Ok(format!("#{digits}"))
}

/// Of white on a colour, as WCAG counts it.
fn contrast(colour: u32) -> f64 {
    let [_, r, g, b] = colour.to_be_bytes().map(|byte| {
        let c = f64::from(byte) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05)
}

/// How the tenant's letters look, for whoever writes one. Answers go nowhere that is not the tenant's any more.
pub(super) async fn of(c: &mut Conn, t: TenantId) -> Result<Looks> {
    let mut looks = db::get(c, t).await?.unwrap_or_default();
    if let Some(to) = &looks.reply_to
        && !domains::confirmed(c, t, to).await?
    {
        looks.reply_to = None;
    }
    Ok(looks)
}

impl Looks {
    /// As whom a letter is sent.
    pub(super) fn sender(&self, words: &words::Words, brand: &str) -> As {
        let name = self.display_name.as_deref();
        As {
            name: name.map(|n| words::fill(&words.from, &[("name", n), ("brand", brand)])),
            reply_to: self.reply_to.clone(),
        }
    }
}

/// How the tenant's letters look.
///
/// # Errors
/// The database's.
pub async fn get(store: &Store, p: &Permit<SystemViewSettings>) -> Result<Looks> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    Ok(db::get(&mut c, p.tenant()).await?.unwrap_or_default())
}

/// Sets how the tenant's letters look, as a whole.
///
/// # Errors
/// `Invalid`, naming the field.
pub async fn set(store: &Store, p: &Permit<SystemEditSettings>, looks: Looks) -> Result<Looks> {
    let (t, looks) = (p.tenant(), checked(looks)?);
    if let Some(to) = &looks.reply_to {
        let mut c = store.read(Scope::Platform).await?;
        if !domains::confirmed(&mut c, t, to).await? {
            let text = "'reply_to' is an address in a domain that is confirmed for the tenant (muster domain add)";
            return Err(Error::invalid(text).attr("reply_to"));
        }
    }
    tx!(store, &p.cx(), [looks], |tx| {
        tx.lock(Lock::Named(format!("letters:{t}"))).await?;
        let was = db::get(tx, t).await?.unwrap_or_default();
        if was == looks {
            return Ok(looks);
        }
        db::put(tx, t, &looks).await?;
        let event = Event::new("letters.set").target("tenant", t);
        audit::record(tx, t, event.detail(json!({ "from": was, "to": looks }))).await?;
        Ok(looks)
    })
}
