//! The phases of two connections, one beside the other.

use crate::milestone::Milestone;
use crate::report::{Connection, EndedBy, Phase, Wait};
use crate::time::Span;

/// A phase that differs by less than this part of a stall, in percent, parts no two connections.
const LEAST_SHARE_OF_STALL: i64 = 10;

/// A phase that makes this part of the whole difference, in percent, parts two connections though it
/// is no stall.
const SHARE_OF_DIFFERENCE: i64 = 50;

/// One phase of two connections: how long each was in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PhasePair {
    /// The phase.
    pub phase: Phase,
    /// How long, all its waits together; `None` where there was no such phase, or it is not seen.
    #[cfg_attr(feature = "serde", serde(rename = "duration_s"))]
    pub durations: [Option<Span>; 2],
    /// What ended the last of its waits.
    pub ended_by: [Option<EndedBy>; 2],
    /// How much longer it was here than there; `None` where one of them is not known.
    #[cfg_attr(feature = "serde", serde(rename = "difference_s"))]
    pub difference: Option<Span>,
}

impl PhasePair {
    fn new(phase: Phase, two: [&Connection; 2]) -> Option<Self> {
        let durations = two.map(|connection| {
            let waits = of_phase(connection, phase).map(|wait| wait.duration);
            waits.reduce(Span::plus)
        });
        let ended_by =
            two.map(|connection| of_phase(connection, phase).last().map(|it| it.ended_by));
        let difference = match durations {
            [None, None] => return None,
            [Some(here), Some(there)] => Some(here.minus(there)),
            _ => None,
        };
        Some(Self {
            phase,
            durations,
            ended_by,
            difference,
        })
    }

    /// How much longer than there it was here, where a phase that is not there took no time.
    fn excess(&self) -> Span {
        match self.durations {
            [Some(here), there] => here.minus(there.unwrap_or(Span::ZERO)).max(Span::ZERO),
            [None, _] => Span::ZERO,
        }
    }

    /// Whether what was awaited came there, and something else came here in its place.
    fn fails_here(&self) -> bool {
        let [here, there] = self.ended_by;
        here.is_some_and(is_failure) && there.is_some_and(is_reached)
    }
}

/// The waits of `connection` in `phase`.
pub(super) fn of_phase(connection: &Connection, phase: Phase) -> impl Iterator<Item = &Wait> {
    let waits = connection.waits.iter();
    waits.filter(move |wait| wait.phase == phase)
}

/// Whether what was awaited came.
pub(super) const fn is_reached(end: EndedBy) -> bool {
    match end {
        EndedBy::Milestone(milestone) => !matches!(
            milestone,
            Milestone::Alert
                | Milestone::ClientFin
                | Milestone::ServerFin
                | Milestone::ClientRst
                | Milestone::ServerRst
        ),
        EndedBy::ProxyRequest | EndedBy::ProxyAnswer => true,
        _ => false,
    }
}

/// Whether it is known that what was awaited did not come.
const fn is_failure(end: EndedBy) -> bool {
    !is_reached(end) && !matches!(end, EndedBy::EndOfCapture)
}

/// Each phase that at least one of `two` went through.
pub(super) fn pairs(two: [&Connection; 2]) -> Vec<PhasePair> {
    let phases = Phase::ALL.iter();
    phases
        .filter_map(|&phase| PhasePair::new(phase, two))
        .collect()
}

/// The phases of the handshake: what a client does with its connection afterwards is its own affair.
fn of_handshake(pairs: &[PhasePair]) -> impl Iterator<Item = &PhasePair> {
    let is_before = |pair: &&PhasePair| pair.phase != Phase::ApplicationData;
    pairs.iter().filter(is_before)
}

/// The first phase that failed here and not there, was longer here by a stall, or makes at least
/// half of the whole difference and a tenth of a stall.
pub(super) fn part_at(pairs: &[PhasePair], threshold: Span) -> Option<Phase> {
    let whole = of_handshake(pairs).map(PhasePair::excess);
    let whole = whole.fold(Span::ZERO, Span::plus);
    let share = whole
        .percent(SHARE_OF_DIFFERENCE)
        .max(threshold.percent(LEAST_SHARE_OF_STALL));
    let parts = |pair: &&PhasePair| {
        let excess = pair.excess();
        pair.fails_here() || excess >= threshold || (excess > Span::ZERO && excess >= share)
    };
    of_handshake(pairs).find(parts).map(|pair| pair.phase)
}

/// The first phase that was a stall longer at one end than at the other, of those seen at both.
pub(super) fn differ_at(pairs: &[PhasePair], threshold: Span) -> Option<Phase> {
    let differs = |pair: &&PhasePair| pair.difference.is_some_and(|it| it.abs() >= threshold);
    of_handshake(pairs).find(differs).map(|pair| pair.phase)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLD: Span = Span::from_secs(1);

    fn pair(phase: Phase, here: i64, there: i64) -> PhasePair {
        let durations = [here, there].map(|millis| Some(Span::from_millis(millis)));
        let reached = EndedBy::Milestone(Milestone::ServerHello);
        PhasePair {
            phase,
            durations,
            ended_by: [Some(reached); 2],
            difference: Some(Span::from_millis(here - there)),
        }
    }

    #[test]
    fn a_longer_way_parts_no_two_connections() {
        let pairs = [
            pair(Phase::TcpConnect, 80, 40),
            pair(Phase::ServerHello, 84, 46),
            pair(Phase::ServerFinished, 81, 43),
        ];
        assert_eq!(part_at(&pairs, THRESHOLD), None);
    }

    #[test]
    fn half_of_the_difference_parts_them_though_it_is_no_stall() {
        let pairs = [
            pair(Phase::TcpConnect, 80, 40),
            pair(Phase::ServerHello, 446, 46),
        ];
        assert_eq!(part_at(&pairs, THRESHOLD), Some(Phase::ServerHello));
        let less = [
            pair(Phase::TcpConnect, 80, 40),
            pair(Phase::ServerHello, 145, 46),
        ];
        assert_eq!(part_at(&less, THRESHOLD), None);
    }

    #[test]
    fn the_first_of_two_stalls_parts_them() {
        let pairs = [
            pair(Phase::TcpConnect, 1040, 40),
            pair(Phase::ServerHello, 28_000, 46),
        ];
        assert_eq!(part_at(&pairs, THRESHOLD), Some(Phase::TcpConnect));
    }

    #[test]
    fn what_failed_at_once_parts_them_and_what_the_capture_cut_does_not() {
        let mut refused = pair(Phase::TcpConnect, 10, 40);
        refused.ended_by[0] = Some(EndedBy::Milestone(Milestone::ServerRst));
        assert_eq!(
            part_at(&[refused.clone()], THRESHOLD),
            Some(Phase::TcpConnect)
        );
        refused.ended_by[0] = Some(EndedBy::EndOfCapture);
        assert_eq!(part_at(&[refused], THRESHOLD), None);
    }

    #[test]
    fn the_first_application_data_is_the_clients_own_affair() {
        let pairs = [pair(Phase::ApplicationData, 19_000, 3)];
        assert_eq!(part_at(&pairs, THRESHOLD), None);
        assert_eq!(differ_at(&pairs, THRESHOLD), None);
    }

    #[test]
    fn a_phase_that_is_not_there_took_no_time() {
        let mut attempts = pair(Phase::EarlierAttempts, 21_000, 0);
        (attempts.durations[1], attempts.ended_by[1]) = (None, None);
        assert_eq!(
            part_at(&[attempts], THRESHOLD),
            Some(Phase::EarlierAttempts)
        );
    }
}
