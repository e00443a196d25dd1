//! Checks, and the one rule by which they earn a confidence.
//!
//! * A **necessary** check that fails rules the cause out.
//! * A **strong** check that fails or that the capture does not tell, and a necessary one that it
//!   does not tell, is a doubt.
//! * No doubt is high confidence, one is medium, more are low.
//! * A **supporting** check is for the reader; it neither adds nor takes.

use crate::report::{self, Confidence};

/// One test of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    name: &'static str,
    weight: Weight,
    /// `None` where the capture does not tell.
    holds: Option<bool>,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    Necessary,
    Strong,
    Supporting,
}

impl Check {
    pub(crate) fn necessary(
        name: &'static str,
        holds: impl Into<Option<bool>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            name,
            weight: Weight::Necessary,
            holds: holds.into(),
            detail: detail.into(),
        }
    }

    pub(crate) fn strong(
        name: &'static str,
        holds: impl Into<Option<bool>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            name,
            weight: Weight::Strong,
            holds: holds.into(),
            detail: detail.into(),
        }
    }

    pub(crate) fn supporting(
        name: &'static str,
        holds: impl Into<Option<bool>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            name,
            weight: Weight::Supporting,
            holds: holds.into(),
            detail: detail.into(),
        }
    }

    pub(super) const fn is_necessary(&self) -> bool {
        matches!(self.weight, Weight::Necessary)
    }

    pub(super) fn map_detail(mut self, map: impl FnOnce(String) -> String) -> Self {
        self.detail = map(self.detail);
        self
    }

    pub(super) fn report(self) -> report::Check {
        report::Check {
            name: self.name,
            holds: self.holds,
            detail: self.detail,
        }
    }
}

/// What `checks` earn; the detail of the first necessary one that fails.
pub(super) fn confidence(checks: &[Check]) -> Result<Confidence, String> {
    let mut doubts: u32 = 0;
    for check in checks {
        match (check.weight, check.holds) {
            (Weight::Necessary, Some(false)) => return Err(check.detail.clone()),
            (Weight::Necessary, None) | (Weight::Strong, None | Some(false)) => doubts += 1,
            (_, Some(true)) | (Weight::Supporting, _) => {}
        }
    }
    Ok(match doubts {
        0 => Confidence::High,
        1 => Confidence::Medium,
        _ => Confidence::Low,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubts_lower_the_confidence_and_a_failed_necessity_rules_out() {
        let holds = Check::necessary("a", true, "");
        let unknown = Check::strong("b", None, "");
        let fails = Check::strong("c", false, "");
        let helps = Check::supporting("d", false, "");
        assert_eq!(confidence(&[holds.clone(), helps]), Ok(Confidence::High));
        assert_eq!(
            confidence(&[holds.clone(), unknown.clone()]),
            Ok(Confidence::Medium)
        );
        assert_eq!(confidence(&[holds, unknown, fails]), Ok(Confidence::Low));
        let impossible = Check::necessary("e", false, "it asks for another address");
        assert_eq!(
            confidence(&[impossible]),
            Err("it asks for another address".into())
        );
    }
}
