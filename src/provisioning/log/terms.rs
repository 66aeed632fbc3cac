//! The words of SCIM that say nothing of a person, and how a filter falls into what is compared and with what. It is read
//! without its grammar: what cannot be read must not be shown either.

use std::borrow::Cow;

/// Values that RFC 7643 gives, and those of directories that say no more.
const CANONICAL: [&str; 18] = [
    "work",
    "home",
    "other",
    "mobile",
    "fax",
    "pager",
    "aim",
    "gtalk",
    "icq",
    "xmpp",
    "msn",
    "skype",
    "qq",
    "yahoo",
    "photo",
    "thumbnail",
    "user",
    "group",
];
const PLACES: [&str; 9] = [
    "v2",
    "users",
    "groups",
    "me",
    "bulk",
    ".search",
    "schemas",
    "resourcetypes",
    "serviceproviderconfig",
];
const PROTOCOL: [&str; 14] = [
    "add",
    "remove",
    "replace",
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "user",
    "group",
    "schema",
    "resourcetype",
    "ascending",
    "descending",
];
const COUNTS: [&str; 6] =
    ["startindex", "count", "itemsperpage", "totalresults", "failonerrors", "status"];
/// Names that our own sentences have in quotes.
const KNOWN: [&str; 50] = [
    "active",
    "add",
    "addresses",
    "attributes",
    "body",
    "count",
    "cursor",
    "display",
    "displayname",
    "emails",
    "entitlements",
    "excludedattributes",
    "externalid",
    "familyname",
    "filter",
    "formatted",
    "givenname",
    "groups",
    "id",
    "ims",
    "locale",
    "manager",
    "members",
    "meta",
    "name",
    "nickname",
    "op",
    "operations",
    "password",
    "path",
    "phonenumbers",
    "photos",
    "preferredlanguage",
    "primary",
    "profileurl",
    "query",
    "remove",
    "replace",
    "roles",
    "schemas",
    "sortby",
    "sortorder",
    "startindex",
    "timezone",
    "title",
    "type",
    "username",
    "usertype",
    "value",
    "x509certificates",
];
const OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

pub(super) fn is_canonical(s: &str) -> bool {
    CANONICAL.iter().any(|c| c.eq_ignore_ascii_case(s))
}
pub(super) fn is_protocol(s: &str) -> bool {
    PROTOCOL.iter().any(|c| c.eq_ignore_ascii_case(s))
}
pub(super) fn is_place(s: &str) -> bool {
    PLACES.iter().any(|c| c.eq_ignore_ascii_case(s))
}
/// Names whose numbers say how many.
pub(super) fn is_count(attr: &str) -> bool {
    COUNTS.iter().any(|c| c.eq_ignore_ascii_case(attr))
}
/// Whether a word, in lower case, is of the standard.
pub(super) fn is_known(word: &str) -> bool {
    KNOWN.contains(&word)
}
/// Whether it is made as names of attributes are; of a person's name nobody can tell it, so ask only where a name of an
/// attribute stands.
pub(super) fn is_attribute(s: &str) -> bool {
    !s.is_empty()
        && s.len() <= 200
        && s.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'_' | b'-' | b'$'))
}

/// Whether it is made as moments are.
pub(super) fn is_moment(s: &str) -> bool {
    s.len() <= 40
        && s.bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b'+' | b'T' | b'Z'))
}
/// Whether it is made as versions are: a number or a hash, in quotes.
pub(super) fn is_version(s: &str) -> bool {
    let s = s.strip_prefix("W/").unwrap_or(s).trim_matches('"');
    s.len() <= 80 && s.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}
/// Whether it is the address of somebody or something by its id, and says nothing else: names of places and ids, and no
/// query.
pub(super) fn is_location(s: &str) -> bool {
    let scheme = s.strip_prefix("https://").or_else(|| s.strip_prefix("http://"));
    // Of an address with a host, the host is the server's.
    let path = scheme.map_or(Some(s), |rest| rest.split_once('/').map(|(_, path)| path));
    let id = |p: &str| uuid::Uuid::try_parse(p).is_ok();
    let known = |p: &str| p.is_empty() || id(p) || is_place(p) || p.eq_ignore_ascii_case("scim");
    let user = scheme.is_some_and(|rest| rest.split('/').next().is_some_and(|h| h.contains('@')));
    !user && path.is_some_and(|p| p.split('/').all(known) && p.rsplit('/').next().is_some_and(id))
}

/// A piece of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// What is compared.
    Attribute(&'a str),
    /// An operator.
    Word(&'a str),
    /// Brackets and blanks.
    Gap(&'a str),
    /// With what it is compared, and whatever else it may be.
    Literal(&'a str),
}

/// The pieces of a filter, each with the attribute whose brackets it stands in.
pub(super) fn tokens(text: &str) -> Vec<(Token<'_>, Option<&str>)> {
    let mut raw = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let gap = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']');
        let end = if c == '"' {
            closing(rest)
        } else if gap(c) {
            rest.find(|c| !gap(c)).unwrap_or(rest.len())
        } else {
            rest.find(|c| gap(c) || c == '"').unwrap_or(rest.len())
        };
        let (piece, after) = rest.split_at(end);
        raw.push(piece);
        rest = after;
    }
    let word = |i: usize| raw.get(i).copied().unwrap_or_default();
    let is_gap = |s: &str| s.starts_with(|c: char| c.is_whitespace() || "()[]".contains(c));
    let operator = |s: &str| OPERATORS.iter().any(|o| o.eq_ignore_ascii_case(s));
    let mut out = Vec::new();
    let (mut within, mut compared) = (None, false);
    for i in 0..raw.len() {
        let piece = word(i);
        // The next piece that is no gap, and the gap before it.
        let gap = word(i + 1);
        let next = if is_gap(gap) { word(i + 2) } else { gap };
        let token = if is_gap(piece) {
            if piece.contains(']') {
                within = None;
            }
            Token::Gap(piece)
        } else if compared || piece.starts_with('"') {
            compared = false;
            Token::Literal(piece)
        } else if operator(piece) && i > 0 {
            compared = true;
            Token::Word(piece)
        } else if ["and", "or", "not", "pr"].iter().any(|w| w.eq_ignore_ascii_case(piece)) {
            Token::Word(piece)
        } else if is_attribute(piece)
            && (operator(next) || next.eq_ignore_ascii_case("pr") || gap.starts_with('['))
            || piece.starts_with('.') && is_attribute(piece) && i > 0 && word(i - 1).ends_with(']')
        {
            if gap.starts_with('[') {
                within = Some(piece);
            }
            Token::Attribute(piece)
        } else {
            Token::Literal(piece)
        };
        out.push((token, within.filter(|w| *w != piece)));
    }
    out
}

/// Where a text in quotes ends, with the quote; where none ends it, all of it.
fn closing(text: &str) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

/// A sentence in pieces, each with whether it stands in quotes. An apostrophe inside a word is none.
pub(super) fn quotes(text: &str) -> Vec<(bool, &str)> {
    let mut out = Vec::new();
    let (mut from, mut open) = (0, None);
    let mut before = ' ';
    for (i, c) in text.char_indices() {
        let after = text[i + c.len_utf8()..].chars().next().unwrap_or(' ');
        match open {
            None if matches!(c, '\'' | '"') && !before.is_alphanumeric() => {
                out.push((false, &text[from..=i]));
                (from, open) = (i + 1, Some(c));
            }
            Some(q) if c == q && !after.is_alphanumeric() => {
                out.push((true, &text[from..i]));
                (from, open) = (i, None);
            }
            _ => {}
        }
        before = c;
    }
    out.push((open.is_some(), &text[from..]));
    out
}

/// A literal as what it stands for.
pub(super) fn unquoted(literal: &str) -> Cow<'_, str> {
    match serde_json::from_str::<String>(literal) {
        Ok(s) => Cow::Owned(s),
        Err(_) => Cow::Borrowed(literal.trim_matches('"')),
    }
}

/// A value of a query.
pub(super) fn decoded(text: &str) -> String {
    let pair = format!("x={text}");
    let mut all = url::form_urlencoded::parse(pair.as_bytes());
    all.next().map(|(_, v)| v.into_owned()).unwrap_or_default()
}

/// What an equality in a filter compares this attribute with.
pub(super) fn compared_with(filter: &str, attr: &str) -> Option<String> {
    let mut asked = false;
    let mut equal = false;
    for (token, _) in tokens(filter) {
        match token {
            Token::Attribute(a) => {
                let name = a.rsplit(':').next().unwrap_or(a);
                asked = name.eq_ignore_ascii_case(attr);
                equal = false;
            }
            Token::Word(w) => equal = asked && w.eq_ignore_ascii_case("eq"),
            Token::Literal(l) if equal => return Some(unquoted(l).into_owned()),
            Token::Literal(_) | Token::Gap(_) => {}
        }
    }
    None
}
