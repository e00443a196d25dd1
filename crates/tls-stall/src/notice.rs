//! What a reader of a report must know about the capture itself.

use crate::names::named;
use crate::time::FrameNumber;

named! {
    /// What a notice is about; its name is stable.
    pub enum NoticeCode {
        /// The file ends within a frame.
        CaptureCutShort = "capture-cut-short",
        /// Frames that could not be decoded.
        FramesUndecoded = "frames-undecoded",
        /// A block or record that is not what the format allows.
        BlockDamaged = "block-damaged",
        /// A link type that is not supported.
        UnknownLinkType = "unknown-link-type",
        /// The capturer says that it lost frames, or acknowledgements show it.
        FramesLost = "frames-lost",
        /// Only one direction of the traffic was captured.
        OneDirection = "one-direction",
        /// The same packet was captured more than once.
        DuplicateFrames = "duplicate-frames",
        /// The capturer's clock was set while it ran.
        ClockStep = "clock-step",
        /// Frames stand in the file out of the order of their times.
        TimestampsReordered = "timestamps-reordered",
        /// Frames were captured without their end.
        SnaplenShort = "snaplen-short",
        /// A connection began before the capture.
        StartsMidConnection = "starts-mid-connection",
        /// The capture ends while something is awaited.
        EndsInWait = "ends-in-wait",
        /// No name lookup was captured.
        DnsNotVisible = "dns-not-visible",
        /// Name lookups were encrypted.
        DnsEncrypted = "dns-encrypted",
        /// The capture was made by a phone's VPN app.
        VpnAppView = "vpn-app-view",
        /// Reverse lookups by the capturing program itself.
        AnalystLookups = "analyst-lookups",
        /// A limit of the configuration was reached.
        LimitReached = "limit-reached",
    }
}

/// One thing to know about the capture, with the first frame that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Notice {
    /// What it is about.
    pub code: NoticeCode,
    /// The first frame concerned, where there is one.
    pub frame: Option<FrameNumber>,
    /// One sentence for a person.
    pub message: String,
}

impl Notice {
    /// A notice of `code`, first seen in `frame`.
    #[must_use]
    pub fn new(code: NoticeCode, frame: Option<FrameNumber>, message: impl Into<String>) -> Self {
        Self {
            code,
            frame,
            message: message.into(),
        }
    }
}
