//! Pure decisions about tenants.

use super::{Status, Tenant};
use crate::{
    access::reach,
    error::{Error, Result},
    text,
};
use std::collections::BTreeSet;

/// The slug grammar: 2 to 40 characters; lower case letters, digits and inner hyphens.
///
/// # Errors
/// `Invalid`, naming the grammar.
pub(super) fn slug(s: &str) -> Result<&str> {
    let s = s.trim();
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let fits = (2..=40).contains(&s.len())
        && s.bytes().all(|b| word(b) || b == b'-')
        && !s.starts_with('-')
        && !s.ends_with('-')
        && !s.contains("--");
    if fits {
        return Ok(s);
    }
    Err(Error::invalid(format!(
        "'{}' is not a slug: 2 to 40 lower case letters, digits and single hyphens inside",
        text::excerpt(s)
    ))
    .attr("slug"))
}

/// How many tags a tenant has at most.
const TAGS: usize = 20;

/// Tags as they are kept, each once.
///
/// # Errors
/// `Invalid` for what is no tag, and for too many.
pub(super) fn tags(words: &[String]) -> Result<BTreeSet<String>> {
    let tags = words.iter().map(|w| reach::tag(w)).collect::<Result<BTreeSet<_>>>()?;
    if tags.len() > TAGS {
        return Err(Error::invalid(format!("a tenant has {TAGS} tags at most")).attr("tags"));
    }
    Ok(tags)
}

/// The provider's people run the instance: suspending them would leave nobody to undo it.
pub(super) fn may_suspend(t: &Tenant, to: Status) -> Result<()> {
    if t.provider && to == Status::Suspended {
        return Err(Error::forbidden("the provider's own tenant cannot be suspended"));
    }
    Ok(())
}

/// What is being deleted is changed no more, and does not come back.
pub(super) fn stays(t: &Tenant) -> Result<()> {
    match t.deleting {
        Some(_) => Err(Error::conflict("the tenant is being deleted").code("tenant_deleting")),
        None => Ok(()),
    }
}

/// Deleted is what was suspended first, by whoever says which it is; never the provider's own.
pub(super) fn may_delete(t: &Tenant, confirm: &str) -> Result<()> {
    if t.provider {
        return Err(Error::forbidden("the provider's own tenant cannot be deleted"));
    }
    if confirm != t.slug {
        let text = "'confirm' is not the slug of the tenant; nothing was deleted";
        return Err(Error::invalid(text).attr("confirm"));
    }
    if t.status != Status::Suspended {
        let text =
            "only a suspended tenant is deleted: suspend it, and look whether anybody misses it";
        return Err(Error::conflict(text).code("not_suspended"));
    }
    Ok(())
}
