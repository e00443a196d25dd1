//! The type of a resource record.

use std::fmt;

/// A record type: a number of [the IANA registry][registry], known or not.
///
/// [registry]: https://www.iana.org/assignments/dns-parameters
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RecordType(pub(crate) u16);

impl RecordType {
    pub(crate) const A: Self = Self(1);
    pub(crate) const CNAME: Self = Self(5);
    pub(crate) const PTR: Self = Self(12);
    pub(crate) const AAAA: Self = Self(28);
    pub(crate) const SRV: Self = Self(33);
    pub(crate) const DNAME: Self = Self(39);
    pub(crate) const OPT: Self = Self(41);
    pub(crate) const ANY: Self = Self(255);

    const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "A",
            2 => "NS",
            5 => "CNAME",
            6 => "SOA",
            12 => "PTR",
            13 => "HINFO",
            15 => "MX",
            16 => "TXT",
            28 => "AAAA",
            29 => "LOC",
            33 => "SRV",
            35 => "NAPTR",
            39 => "DNAME",
            41 => "OPT",
            43 => "DS",
            44 => "SSHFP",
            46 => "RRSIG",
            47 => "NSEC",
            48 => "DNSKEY",
            50 => "NSEC3",
            52 => "TLSA",
            61 => "OPENPGPKEY",
            64 => "SVCB",
            65 => "HTTPS",
            99 => "SPF",
            250 => "TSIG",
            251 => "IXFR",
            252 => "AXFR",
            255 => "ANY",
            256 => "URI",
            257 => "CAA",
            _ => return None,
        })
    }
}

/// `AAAA`, or `TYPE65280` where the number has no name here (RFC 3597, section 5).
impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("TYPE{}", self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_without_a_name_is_shown_by_its_number() {
        assert_eq!(RecordType(65).to_string(), "HTTPS");
        assert_eq!(RecordType(65280).to_string(), "TYPE65280");
    }
}
