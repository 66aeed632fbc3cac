//! Text that came from outside: what is refused, how it is folded and shortened.

use crate::error::{Error, Result};

/// The longest text that goes into an indexed column (bytes); one of the databases refuses longer keys.
pub const MAX_KEY: usize = 1024;

/// Case folding for comparison (Unicode lower case); the original is always kept beside it.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Refuses NUL (one of the databases would), and texts longer than `max` bytes.
///
/// # Errors
/// [`crate::error::Kind::Invalid`], naming `attr`.
pub fn checked<'a>(attr: &str, text: &'a str, max: usize) -> Result<&'a str> {
    if text.contains('\0') {
        return Err(Error::invalid(format!("'{attr}' contains a NUL character")).attr(attr));
    }
    if text.len() > max {
        return Err(Error::invalid(format!("'{attr}' is longer than {max} bytes")).attr(attr));
    }
    Ok(text)
}

/// An e-mail address as a person types it, its domain in the spelling that mail servers know.
///
/// # Errors
/// [`crate::error::Kind::Invalid`], naming `attr`.
pub fn address(attr: &str, text: &str) -> Result<String> {
    let text = key(attr, text)?;
    let wrong =
        || Error::invalid(format!("'{}' is not an e-mail address", excerpt(text))).attr(attr);
    let parsed: lettre::Address = text.parse().map_err(|_| wrong())?;
    // Between quotes nearly everything may stand, also what a mail program makes a link of.
    let plain = |c: char| c.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c);
    let local = parsed.user();
    if local.starts_with('"') && !local.trim_matches('"').chars().all(plain) {
        return Err(wrong());
    }
    Ok(parsed.to_string())
}

/// A text that people read in one line: as [`checked`], without control characters.
///
/// # Errors
/// [`crate::error::Kind::Invalid`], naming `attr`.
pub fn line<'a>(attr: &str, text: &'a str, max: usize) -> Result<&'a str> {
    let t = checked(attr, text, max)?;
    if t.chars().any(char::is_control) {
        let detail = format!("'{attr}' contains a line break or another control character");
        return Err(Error::invalid(detail).attr(attr));
    }
    Ok(t)
}

/// A text that must not be empty, for indexed columns: trimmed, one line, at most [`MAX_KEY`] bytes.
///
/// # Errors
/// [`crate::error::Kind::Invalid`], naming `attr`.
pub fn key<'a>(attr: &str, text: &'a str) -> Result<&'a str> {
    let t = line(attr, text.trim(), MAX_KEY)?;
    if t.is_empty() {
        return Err(Error::invalid(format!("'{attr}' is empty")).attr(attr));
    }
    Ok(t)
}

/// A name that people read and decide by: as [`key`], without characters that turn the direction of what stands beside
/// them.
///
/// # Errors
/// [`crate::error::Kind::Invalid`], naming `attr`.
pub fn name<'a>(attr: &str, text: &'a str) -> Result<&'a str> {
    let t = key(attr, text)?;
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if t.chars().any(turns) {
        let detail = format!("'{attr}' contains a character that turns the direction of text");
        return Err(Error::invalid(detail).attr(attr));
    }
    Ok(t)
}

/// The first 80 characters, control characters shown as `?`: for quoting a bad value back in an error.
pub fn excerpt(text: &str) -> String {
    let mut out: String =
        text.chars().take(80).map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.chars().nth(80).is_some() {
        out.push('…');
    }
    out
}
