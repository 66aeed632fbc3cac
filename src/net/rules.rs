//! Which addresses are not the public internet (IANA's special-purpose registries), also where an IPv6 address has an
//! IPv4 address inside.

use crate::error::{Error, Result};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

fn v4_refused(ip: Ipv4Addr) -> bool {
    let o = ip.octets();
    match o[0] {
        0 | 10 | 127 | 224..=255 => true,
        100 => (64..128).contains(&o[1]),
        169 => o[1] == 254,
        172 => (16..32).contains(&o[1]),
        192 => o[1] == 168 || (o[1] == 0 && matches!(o[2], 0 | 2)) || (o[1] == 88 && o[2] == 99),
        198 => matches!(o[1], 18 | 19) || (o[1] == 51 && o[2] == 100),
        203 => o[1] == 0 && o[2] == 113,
        _ => false,
    }
}

fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = ip.segments();
    let join = |a: u16, b: u16| Ipv4Addr::from((u32::from(a) << 16) | u32::from(b));
    match s {
        // Mapped, compatible, translated (RFC 6052), ISATAP, 6to4, Teredo (obfuscated).
        [0, 0, 0, 0, 0, 0xffff | 0, a, b]
        | [0, 0, 0, 0, 0xffff, 0, a, b]
        | [0x64, 0xff9b, 0, 0, 0, 0, a, b]
        | [_, _, _, _, 0 | 0x200, 0x5efe, a, b]
        | [0x2002, a, b, ..] => Some(join(a, b)),
        [0x2001, 0, .., a, b] => Some(join(!a, !b)),
        _ => None,
    }
}

fn v6_refused(ip: Ipv6Addr) -> bool {
    if let Some(v4) = embedded(ip) {
        return v4_refused(v4);
    }
    let s = ip.segments();
    match s[0] {
        // Only 2000::/3 is handed out to the public; of it, documentation and benchmarking are not.
        0x2001 => s[1] == 0xdb8 || s[1] == 2 || (s[1] & 0xfff0) == 0x10 || (s[1] & 0xfff0) == 0x20,
        0x3fff => s[1] < 0x1000,
        first => !(0x2000..=0x3fff).contains(&first),
    }
}

/// Whether an address is not of the public internet.
pub fn refused(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4_refused(v4),
        IpAddr::V6(v6) => v6_refused(v6),
    }
}

/// The allow-list: exact addresses with a port (`127.0.0.1:8443`), or networks (`10.1.0.0/16`).
#[derive(Debug, Default)]
pub struct Allow {
    exact: Vec<(IpAddr, u16)>,
    nets: Vec<IpNet>,
    texts: Vec<String>,
}

impl Allow {
    /// Reads the settings.
    ///
    /// # Errors
    /// `Invalid`, naming the entry.
    pub fn read<T: ToString>(entries: &[T]) -> Result<Self> {
        let mut out = Self::default();
        for e in entries {
            let e = e.to_string();
            if let Ok(a) = e.parse::<std::net::SocketAddr>() {
                out.exact.push((a.ip().to_canonical(), a.port()));
            } else if let Ok(n) = e.parse::<IpNet>() {
                out.nets.push(n);
            } else if let Ok(ip) = e.parse::<IpAddr>() {
                out.nets.push(ip.into());
            } else {
                let text = format!("outbound.allow: '{e}' is neither address:port nor a network");
                return Err(Error::invalid(text).attr("outbound.allow"));
            }
            out.texts.push(e);
        }
        Ok(out)
    }
    /// Whether an address and port are listed.
    pub fn lists(&self, ip: IpAddr, port: u16) -> bool {
        let ip = ip.to_canonical();
        self.exact.contains(&(ip, port)) || self.nets.iter().any(|n| n.contains(&ip))
    }
    /// Whether a name may lead there: public, or in a listed network. An exact entry has a port, which a name's
    /// resolution does not know; it is judged once more when the connection stands.
    pub fn may_resolve_to(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        !refused(ip) || self.nets.iter().any(|n| n.contains(&ip))
    }
    /// The entries as they were written.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }
}
