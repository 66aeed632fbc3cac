//! Words and addresses.

use url::form_urlencoded;

/// A half sentence as a whole one, with moments as people read them. An address at its beginning stays as it is written.
pub fn sentence(detail: &str) -> String {
    let detail = moments(&for_pages(detail));
    if ["https://", "http://"].iter().any(|h| detail.starts_with(h)) {
        return format!("{}.", detail.trim_end_matches('.'));
    }
    let mut rest = detail.trim_end_matches('.').chars();
    let first = rest.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", rest.as_str())
}

/// Without what to do in a shell, or to say to the API: that is for whoever sits at one, and stands between parentheses.
fn for_pages(detail: &str) -> String {
    let mut words = detail.to_owned();
    for begins in [" (muster ", " ('by_hand'"] {
        while let Some(at) = words.find(begins)
            && let Some(end) = words[at..].find(')')
        {
            words.replace_range(at..=at + end, "");
        }
    }
    words
}

/// A part of a path or of a query, escaped.
pub fn escape(part: &str) -> String {
    form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A query of these words; those that say nothing are left out. Begins with `?`, or is empty.
pub fn query<'a>(words: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut q = form_urlencoded::Serializer::new(String::new());
    for (name, value) in words {
        if !value.is_empty() {
            q.append_pair(name, value);
        }
    }
    let q = q.finish();
    if q.is_empty() { q } else { format!("?{q}") }
}

/// A moment, for machines and for people.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(from = "String")]
pub struct When {
    /// RFC 3339.
    pub exact: String,
    /// `2026-11-24 02:00 UTC`.
    pub shown: String,
}

impl From<String> for When {
    fn from(exact: String) -> Self {
        let shown = match (exact.get(..10), exact.get(11..16)) {
            (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
            _ => exact.clone(),
        };
        Self { exact, shown }
    }
}

/// A text with the moments in it (RFC 3339, of UTC) as [`When`] shows them.
fn moments(text: &str) -> String {
    let word = |w: &str| {
        let bare = w.trim_end_matches([',', ';', ')', '.']);
        let b = bare.as_bytes();
        let digits = |at: std::ops::Range<usize>| {
            b.get(at).is_some_and(|d| d.iter().all(u8::is_ascii_digit))
        };
        let marks = b.get(4) == Some(&b'-') && b.get(10) == Some(&b'T') && b.last() == Some(&b'Z');
        if marks && digits(0..4) && digits(5..7) && digits(8..10) && digits(11..13) {
            format!("{}{}", When::from(bare.to_owned()).shown, &w[bare.len()..])
        } else {
            w.to_owned()
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The key of a form: sent twice, it is done once.
pub fn key() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// `1 person`, `3 people`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {many}", thousands(n)) }
}

/// `12,345`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}
