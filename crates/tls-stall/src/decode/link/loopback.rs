//! Headers that hold an address family, as systems of the BSD family capture it.

use super::{Next, Step};
use crate::decode::part::Part;
use crate::decode::undecoded::Undecoded;

/// `NULL`: the family in the byte order of the host that captured.
pub(super) fn null(frame: Part<'_>) -> Step<'_> {
    let (&family, rest) = frame.split()?;
    by_family(of_either_order(family), rest)
}

/// `LOOP`, of `OpenBSD`.
pub(super) fn openbsd(frame: Part<'_>) -> Step<'_> {
    let (&family, rest) = frame.split()?;
    by_family(u32::from_be_bytes(family), rest)
}

/// `ENC`, of `OpenBSD`: the family in the byte order of the host, an `IPsec` identifier and flags,
/// then what `IPsec` carries, in clear.
pub(super) fn encrypted(frame: Part<'_>) -> Step<'_> {
    let (&[a, b, c, d, ..], rest) = frame.split::<12>()?;
    by_family(of_either_order([a, b, c, d]), rest)
}

/// `PFLOG`, of `OpenBSD`'s packet filter: the header's length, not counting what pads it to 4 bytes.
pub(super) fn packet_filter_log(frame: Part<'_>) -> Step<'_> {
    /// Up to the rule's number, which all versions have.
    const MIN_LEN: u8 = 44;

    let &[len, family] = frame.first()?;
    if len < MIN_LEN {
        return Err(Undecoded::Malformed(
            "the packet filter's header is too short",
        ));
    }
    let rest = frame.skip(usize::from(len).next_multiple_of(4))?;
    by_family(u32::from(family), rest)
}

/// `IPNET`, of Solaris: 24 bytes, of which the second is a family.
pub(super) fn solaris(frame: Part<'_>) -> Step<'_> {
    const AF_INET6: u8 = 26;

    let (&[_, family, ..], rest) = frame.split::<24>()?;
    match family {
        AF_INET6 => Ok((Next::Ip, rest)),
        family => by_family(u32::from(family), rest),
    }
}

/// The families of IP: `AF_INET` everywhere, `AF_INET6` of Linux, Windows, NetBSD and OpenBSD,
/// FreeBSD, macOS.
pub(super) fn by_family(family: u32, rest: Part<'_>) -> Step<'_> {
    match family {
        2 | 10 | 23 | 24 | 28 | 30 => Ok((Next::Ip, rest)),
        family => Err(Undecoded::AddressFamily(family)),
    }
}

/// A family is a small number, so in the wrong order it is a large one.
fn of_either_order(family: [u8; 4]) -> u32 {
    u32::from_le_bytes(family).min(u32::from_be_bytes(family))
}
