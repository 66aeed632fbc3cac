//! Times and sizes as people write them, and lists that may come as one text from the environment.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{net::IpAddr, time::Duration};

/// A length of time: `"90s"`, `"5m"`, `"8h"`, `"14d"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);
impl std::ops::Deref for Span {
    type Target = Duration;
    fn deref(&self) -> &Duration {
        &self.0
    }
}
impl std::str::FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = split(text).and_then(|(n, unit)| {
            let each = match unit {
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                "d" => 86400,
                _ => return None,
            };
            n.checked_mul(each)
        });
        // Longer than a century is a slip of the pen, and would overflow what is computed with it.
        seconds.filter(|s| *s < 3_200_000_000).map(|s| Self(Duration::from_secs(s))).ok_or_else(
            || format!("'{text}' is not a time; write it as \"90s\", \"5m\", \"8h\" or \"14d\""),
        )
    }
}
impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

/// A number of bytes: `"512KiB"`, `"10MiB"`, `"4096"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub usize);
impl std::str::FromStr for Size {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = split(text).and_then(|(n, unit)| {
            let each = match unit {
                "" | "B" => 1,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                _ => return None,
            };
            n.checked_mul(each).and_then(|b| usize::try_from(b).ok())
        });
        bytes.map(Self).ok_or_else(|| {
            format!(
                "'{text}' is not a size; write it as \"512KiB\", \"10MiB\" or a number of bytes"
            )
        })
    }
}
impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..at].parse().ok()?, text[at..].trim()))
}

/// A list, or one text with commas between.
pub(super) fn texts<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        List(Vec<String>),
        Text(String),
    }
    Ok(match Either::deserialize(d)? {
        Either::List(l) => l,
        Either::Text(t) => {
            t.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()
        }
    })
}

/// Networks; an address alone is the network of itself.
pub(super) fn networks<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<IpNet>, D::Error> {
    texts(d)?
        .iter()
        .map(|t| {
            t.parse::<IpNet>()
                .or_else(|_| t.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| D::Error::custom(format!("'{t}' is neither an address nor a network")))
        })
        .collect()
}
