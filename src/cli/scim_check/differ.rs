//! What an answer lacks of what was expected. Expectations are JSON documents of which the answer may hold more:
//!
//! * an object: each of its members must be there and match; `null` means unassigned: absent, or an empty list;
//! * a list: as many elements, in any order; `{"<has>": [..]}`: at least these;
//! * `"<any>"`, `"<text>"` (not empty), `"<number>"`, `"<url>"`, `"<time>"` (RFC 3339): something of that kind;
//!   `"<ends X>"`, `"<starts X>"`, `"<holds X>"` (without case): a text like that; `"<below N>"`, `"<atleast N>"`;
//!   `"<count N>"`: a list of so many;
//! * `"<not X>"`: anything but X, or absent; everything else: equal.

use crate::clock::Timestamp;
use serde_json::Value;

/// Appends to `out` what `actual` lacks, each with its place.
pub fn differ(expected: &Value, actual: Option<&Value>, place: &str, out: &mut Vec<String>) {
    let here = if place.is_empty() { "the answer" } else { place };
    match (expected, actual) {
        (Value::Null, None) => {}
        (Value::Null, Some(Value::Array(a))) if a.is_empty() => {}
        (Value::Null, Some(v)) => out.push(format!("{here} should be absent, is {}", short(v))),
        (Value::String(s), _) if s.starts_with('<') => pattern(s, actual, here, out),
        (_, None) => out.push(format!("{here} is missing, expected {}", short(expected))),
        (Value::Object(want), Some(v)) => {
            if let Some(Value::Array(some)) = want.get("<has>") {
                return match v {
                    Value::Array(have) => at_least(some, have, here, out),
                    _ => out.push(format!("{here} is not a list: {}", short(v))),
                };
            }
            let Value::Object(have) = v else {
                return out.push(format!("{here} is not an object: {}", short(v)));
            };
            for (k, w) in want {
                differ(w, have.get(k), &format!("{place}/{k}"), out);
            }
        }
        (Value::Array(want), Some(Value::Array(have))) => {
            if want.len() == have.len() {
                at_least(want, have, here, out);
            } else {
                out.push(format!(
                    "{here} has {} elements, expected {}: {}",
                    have.len(),
                    want.len(),
                    actual.map(short).unwrap_or_default()
                ));
            }
        }
        (want, Some(have)) => {
            if want != have {
                out.push(format!("{here} is {}, expected {}", short(have), short(want)));
            }
        }
    }
}

/// Each expected element finds one of its own among `have`, first come first served.
fn at_least(want: &[Value], have: &[Value], here: &str, out: &mut Vec<String>) {
    let mut taken = vec![false; have.len()];
    for w in want {
        let free = (0..have.len()).find(|i| {
            let mut d = Vec::new();
            differ(w, Some(&have[*i]), "", &mut d);
            !taken[*i] && d.is_empty()
        });
        match free {
            Some(i) => taken[i] = true,
            None if want.len() == 1 && have.len() == 1 => {
                differ(w, Some(&have[0]), &format!("{here}/0"), out);
            }
            None => out.push(format!(
                "{here} lacks {} among {}",
                short(w),
                short(&Value::Array(have.to_vec()))
            )),
        }
    }
}

fn pattern(p: &str, actual: Option<&Value>, here: &str, out: &mut Vec<String>) {
    let inner = p.trim_start_matches('<').trim_end_matches('>');
    let (verb, arg) = inner.split_once(' ').unwrap_or((inner, ""));
    let text = actual.and_then(Value::as_str);
    let number = actual.and_then(Value::as_f64);
    let limit = || arg.parse::<f64>().ok();
    let ok = match verb {
        "any" => actual.is_some_and(|v| !v.is_null()),
        "text" => text.is_some_and(|t| !t.trim().is_empty()),
        "number" => number.is_some(),
        "url" => text.is_some_and(|t| t.starts_with("http://") || t.starts_with("https://")),
        "time" => text.is_some_and(|t| Timestamp::parse_rfc3339(t).is_some()),
        "ends" => text.is_some_and(|t| t.ends_with(arg)),
        "starts" => text.is_some_and(|t| t.starts_with(arg)),
        "holds" => text.is_some_and(|t| t.to_lowercase().contains(&arg.to_lowercase())),
        "not" => text != Some(arg) && actual.is_none_or(|v| *v.to_string() != *arg),
        "count" => {
            let list = actual.and_then(Value::as_array).map(Vec::len);
            list.is_some_and(|n| Ok(n) == arg.parse())
        }
        "below" => number.zip(limit()).is_some_and(|(n, l)| n < l),
        "atleast" => number.zip(limit()).is_some_and(|(n, l)| n >= l),
        _ => actual.and_then(Value::as_str) == Some(p),
    };
    if !ok {
        let is = actual.map_or_else(|| "missing".to_owned(), |v| format!("is {}", short(v)));
        out.push(format!("{here} {is}, expected {p}"));
    }
}

/// A value on one line, cut where it gets long.
pub(super) fn short(v: &Value) -> String {
    let s = v.to_string();
    match s.char_indices().nth(300) {
        Some((i, _)) => format!("{}...", &s[..i]),
        None => s,
    }
}
