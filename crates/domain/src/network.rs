//! Which addresses may be dialled at all.
//!
//! Owns the rule that link-local, site-local, cloud-metadata, unspecified, broadcast and multicast addresses are never contacted
//! unless ordered. Does not own name resolution: the dialer asks here about every address it is about to use.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Cloud metadata services that do not live in the link-local range.
const METADATA: [IpAddr; 5] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

/// Why an address may not be dialled, or `None` if it may.
pub fn refusal(address: IpAddr) -> Option<&'static str> {
    // A carrier can be forbidden itself: a link-local address stays one whatever lies in its last bits.
    refusal_as_it_is(address).or_else(|| refusal_as_it_is(embedded_ipv4(address)))
}

fn refusal_as_it_is(address: IpAddr) -> Option<&'static str> {
    if METADATA.contains(&address) {
        return Some("a cloud metadata address");
    }
    match address {
        IpAddr::V4(v4) => refusal_v4(v4),
        IpAddr::V6(v6) => refusal_v6(v6),
    }
}

/// An IPv6 address that carries an IPv4 address is judged as that one: `::ffff:169.254.169.254` and its kin.
pub fn embedded_ipv4(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let s = v6.segments();
    let low = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match s {
        [0, 0, 0, 0, 0, 0xffff | 0, a, b] if !(s[5] == 0 && a == 0 && b <= 1) => low(a, b),
        // Translation: stateless (`::ffff:0:a.b.c.d`), well-known prefix and local prefix (whose last 32 bits count).
        [0, 0, 0, 0, 0xffff, 0, a, b] => low(a, b),
        [0x0064, 0xff9b, 0, 0, 0, 0, a, b] | [0x0064, 0xff9b, 1, _, _, _, a, b] => low(a, b),
        [0x2002, a, b, ..] => low(a, b),
        // Teredo hides the client's address by inverting it.
        [0x2001, 0, .., a, b] => low(!a, !b),
        // ISATAP: told by the interface part, under any prefix that may be dialled at all. Below the others the carrier
        // itself is refused, and an allowed IPv4 network must not lift that.
        [first, .., 0 | 0x0200, 0x5efe, a, b] if first < 0xfe80 => low(a, b),
        _ => address,
    }
}

fn refusal_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [0, ..] => Some("an unspecified address"),
        [169, 254, ..] => Some("a link-local address"),
        [224..=239, ..] => Some("a multicast address"),
        [240..=255, ..] => Some("a reserved or broadcast address"),
        _ => None,
    }
}

fn refusal_v6(address: Ipv6Addr) -> Option<&'static str> {
    let first = address.segments()[0];
    match first {
        _ if address.is_unspecified() => Some("an unspecified address"),
        0xff00..=0xffff => Some("a multicast address"),
        0xfe80..=0xfebf => Some("a link-local address"),
        0xfec0..=0xfeff => Some("a site-local address"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_forbidden_address_is_refused() {
        for text in [
            "169.254.169.254",
            "169.254.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "255.255.255.255",
            "224.0.0.1",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "::ffff:100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd20:ce::254",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b:1:a:b:c:a9fe:a9fe",
            "::ffff:0:a9fe:a9fe",
            "2001::5601:5601",
            "2001:0:4136:e378:8000:63bf:5601:5601",
            "2001:db8::5efe:169.254.169.254",
            "2001:db8::200:5efe:169.254.169.254",
            "fe80::5efe:10.0.0.1",
            "fec0::1",
            "feff::1",
        ] {
            assert!(refusal(text.parse().unwrap()).is_some(), "{text}");
        }
    }

    #[test]
    fn ordinary_addresses_may_be_dialled() {
        for text in [
            "127.0.0.1",
            "10.0.1.100",
            "192.168.1.1",
            "192.0.0.191",
            "8.8.8.8",
            "::1",
            "fd00::1",
            "fd20:ce::253",
            "2001:db8::1",
            "::ffff:10.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b:1::10.0.0.1",
            "2001:0:4136:e378:8000:63bf:f5ff:fffe",
            "2001:db8::5efe:10.0.0.1",
        ] {
            assert!(refusal(text.parse().unwrap()).is_none(), "{text}");
        }
    }
}
