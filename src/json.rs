//! JSON that came from outside: no object has a name twice. Which of the two would count is not ours to choose, and another
//! program between the sender and us may have chosen the other (RFC 8259 4).

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::{cell::OnceCell, collections::HashSet, fmt};

/// When two names of an object are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// When their characters are.
    Exact,
    /// Also when they differ in case alone (RFC 7643 2.1).
    Folded,
}

/// Why a text is not taken.
#[derive(Debug)]
pub enum Fault {
    /// It is no JSON.
    Syntax(serde_json::Error),
    /// An object has this name twice; as it was sent the second time.
    Twice(String),
}

/// Reads a document.
///
/// # Errors
/// [`Fault`], the first one in the text.
pub fn read(text: &[u8], names: Names) -> Result<Value, Fault> {
    let twice = OnceCell::new();
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = Once { names, twice: &twice }.deserialize(&mut json);
    let read = read.and_then(|value| json.end().map(|()| value));
    read.map_err(|e| twice.into_inner().map_or(Fault::Syntax(e), Fault::Twice))
}

/// So few names are compared one with the other.
const FEW: usize = 12;

#[derive(Clone, Copy)]
struct Once<'a> {
    names: Names,
    twice: &'a OnceCell<String>,
}

impl Once<'_> {
    fn folded(self, name: &str) -> String {
        match self.names {
            Names::Exact => name.to_owned(),
            Names::Folded => name.to_ascii_lowercase(),
        }
    }
    fn same(self, a: &str, b: &str) -> bool {
        match self.names {
            Names::Exact => a == b,
            Names::Folded => a.eq_ignore_ascii_case(b),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Once<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once<'_> {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        let mut many = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if out.len() == FEW {
                many.extend(out.keys().map(|k| self.folded(k)));
            }
            let there = if out.len() < FEW {
                out.keys().any(|k| self.same(k, &name))
            } else {
                !many.insert(self.folded(&name))
            };
            if there {
                let e = A::Error::custom("a name is there twice");
                let _ = self.twice.set(name);
                return Err(e);
            }
            let value = map.next_value_seed(self)?;
            out.insert(name, value);
        }
        Ok(Value::Object(out))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(value) = seq.next_element_seed(self)? {
            out.push(value);
        }
        Ok(Value::Array(out))
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }
    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(Number::from_f64(v).map_or(Value::Null, Value::Number))
    }
    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }
    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::String(v))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}
