//! Why a frame could not be read.

use std::fmt;

use crate::capture::LinkType;

/// Why a frame could not be decoded; frames with the same reason are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Undecoded {
    /// A link type that is not supported.
    LinkType(LinkType),
    /// An `EtherType` that is not supported.
    EtherType(u16),
    /// A PPP protocol that is not supported.
    PppProtocol(u16),
    /// An address family that is not IP, where a link-layer header states one.
    AddressFamily(u32),
    /// What is not supported and no number stands for; the text names it.
    Unsupported(&'static str),
    /// More tunnels in one another than are followed.
    TooManyTunnels,
    /// A fragment of an IP packet whose other fragments are not all in the capture.
    FragmentAlone,
    /// The capturer kept too little of the frame.
    CutShort,
    /// The frame is not what its protocol allows; the text says what is wrong.
    Malformed(&'static str),
}

/// As a fragment that follows "3 frames could not be decoded: ".
impl fmt::Display for Undecoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkType(link_type) => write!(f, "link type {link_type} is not supported"),
            Self::EtherType(ether_type) => {
                write!(f, "EtherType {ether_type:#06x} is not supported")
            }
            Self::PppProtocol(protocol) => {
                write!(f, "PPP protocol {protocol:#06x} is not supported")
            }
            Self::AddressFamily(family) => write!(f, "address family {family} is not supported"),
            Self::Unsupported(what) => write!(f, "{what} are not supported"),
            Self::TooManyTunnels => f.write_str("too many tunnels in one another"),
            Self::FragmentAlone => {
                f.write_str("not all fragments of the IP packet are in the capture")
            }
            Self::CutShort => f.write_str("the capture holds too little of the frame"),
            Self::Malformed(what) => f.write_str(what),
        }
    }
}
