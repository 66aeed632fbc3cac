//! A path means one thing: what proxies and routers read in different ways is refused before anything is routed.

/// Whether a path can be read in one way only: no parameters (`;`), no backslash, no `.` or `..` segment, and nothing
/// percent-encoded that would be one of those, a slash, a percent sign or a control character.
pub fn plain(path: &str) -> bool {
    let segments = || path.split('/');
    if path.contains([';', '\\']) || segments().any(|s| matches!(s, "." | "..")) {
        return false;
    }
    path.split('%').skip(1).all(|after| {
        let digits = after.get(..2).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = digits.and_then(|d| u8::from_str_radix(d, 16).ok());
        byte.is_some_and(|b| !b.is_ascii_control() && !b"/\\.;%".contains(&b))
    })
}
