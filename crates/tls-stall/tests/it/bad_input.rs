//! Input that is no capture, or only begins as one.

use std::fs;

use tls_stall::{Config, NoticeCode, analyze_reader};

use super::{analyze, testdata};

fn origin() -> Vec<u8> {
    fs::read(testdata().join("origin/phone-on-3g.pcap")).unwrap()
}

/// What is said of input that cannot be read.
fn refusal(bytes: &[u8]) -> String {
    analyze_reader("x.pcap", bytes, &Config::default())
        .unwrap_err()
        .to_string()
}

#[test]
fn what_is_no_capture_is_refused_with_the_place() {
    assert!(refusal(b"").contains("empty"), "{}", refusal(b""));
    let text = refusal(b"From: alice@example.org\nTo: bob@example.org\n");
    assert!(
        text.contains("not a capture of a known format") && text.contains("offset 0"),
        "{text}"
    );
    let cut = refusal(&origin()[..20]);
    assert!(cut.contains("20"), "{cut}");
}

#[test]
fn garbage_after_a_good_start_is_a_notice_and_what_came_before_is_reported() {
    let good = origin();
    let mut bytes = good.clone();
    bytes.extend(std::iter::repeat_n(0xff, 400));
    let analysis = analyze(&bytes);
    let notice = analysis
        .notices
        .iter()
        .find(|notice| notice.code == NoticeCode::BlockDamaged);
    assert!(
        notice.is_some_and(|notice| notice.message.contains("offset")),
        "{:?}",
        analysis.notices
    );
    assert_eq!(analysis.connections, analyze(&good).connections);
}

#[test]
fn an_unknown_link_type_is_named_and_no_frame_counts_as_decoded() {
    let mut bytes = origin();
    bytes[20..24].copy_from_slice(&147_u32.to_le_bytes());
    let analysis = analyze(&bytes);
    assert_eq!((analysis.decoded_frames, analysis.frames), (0, 80));
    let notice = &analysis.notices[0];
    assert_eq!(notice.code, NoticeCode::UnknownLinkType);
    assert!(
        notice.message.contains("USER0") || notice.message.contains("147"),
        "{notice:?}"
    );
}

#[test]
fn a_capture_cut_anywhere_is_analysed_up_to_the_cut() {
    let bytes = origin();
    let whole = analyze(&bytes);
    for len in (24..bytes.len()).step_by(41) {
        let analysis = analyze(&bytes[..len]);
        assert!(analysis.frames < whole.frames);
        let cut = analysis
            .notices
            .iter()
            .any(|it| it.code == NoticeCode::CaptureCutShort);
        let at_a_boundary = boundaries(&bytes).contains(&len);
        assert_eq!(cut, !at_a_boundary, "cut at {len}");
    }
}

#[test]
fn a_damaged_byte_anywhere_is_no_panic() {
    let bytes = origin();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for at in (24..bytes.len()).step_by(5) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let mut mutant = bytes.clone();
        mutant[at] ^= u8::try_from(state >> 56).unwrap() | 1;
        // Whatever it says, it comes to an end.
        let _ = analyze_reader("mutant", mutant.as_slice(), &Config::default());
    }
}

/// The offsets between the records of a little-endian pcap file.
fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let mut offsets = vec![24];
    while let Some(head) = bytes
        .get(offsets[offsets.len() - 1]..)
        .and_then(|it| it.first_chunk::<16>())
    {
        let len = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
        offsets.push(offsets[offsets.len() - 1] + 16 + usize::try_from(len).unwrap());
    }
    offsets
}
