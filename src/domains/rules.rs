//! What a domain name is, and which one an address has.

use crate::{
    error::{Error, Result},
    text,
};

/// A domain as it is stored: in ASCII (RFC 5891) and lower case.
pub(super) fn name(text: &str) -> Result<String> {
    let bad = || {
        let shown = text::excerpt(text);
        Error::invalid(format!("'{shown}' is not an e-mail domain like contoso.com")).attr("domain")
    };
    let plain = text.trim().trim_end_matches('.');
    let name = idna::domain_to_ascii_strict(plain).map_err(|_| bad())?;
    let label = |l: &str| {
        !l.is_empty() && l.len() <= 63 && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    // An address in brackets or in digits is a machine and no company.
    let number = last.bytes().all(|b| b.is_ascii_digit());
    if name.len() > 253 || !name.contains('.') || number || !name.split('.').all(label) {
        return Err(bad());
    }
    Ok(name)
}

/// A domain that can be a company's: not one under which anybody registers names, nor one where anybody has an address.
pub(super) fn own(text: &str) -> Result<String> {
    let name = name(text)?;
    let no = |why: &str| Err(Error::invalid(format!("{name} {why}")).attr("domain"));
    if psl::suffix_str(&name) == Some(name.as_str()) {
        return no("is nobody's own: names are registered below it");
    }
    let free = include_str!("free.txt").lines().filter(|l| !l.starts_with('#'));
    if free.map(str::trim).any(|f| f == name) {
        return no("is no company's: anybody can have an address there");
    }
    Ok(name)
}

/// An address in the one form in which it is kept: no characters but those of plain mailboxes, and the domain as
/// [`name`] has it. Two that mail servers take for one are one.
pub(super) fn plain_address(address: &str) -> Option<String> {
    let (who, domain) = address.trim().rsplit_once('@')?;
    let plain = |c: char| c.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c);
    let fits = !who.is_empty() && who.len() <= 64 && who.chars().all(plain);
    let domain = name(domain).ok().filter(|_| fits)?;
    let whole = format!("{who}@{domain}");
    text::address("email", &whole).is_ok().then_some(whole)
}

/// The domain of an address.
pub(super) fn of_address(address: &str) -> Result<String> {
    let bad = || Error::invalid("that is not an e-mail address").attr("email");
    let (who, domain) = address.trim().rsplit_once('@').ok_or_else(bad)?;
    if who.is_empty() || who.len() > 64 || who.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Err(bad());
    }
    name(domain).map_err(|_| bad())
}
