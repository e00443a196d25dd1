//! The frames of evidence as a capture: `--annotate`.

use std::fs;

use crate::ring;

/// The comments of packets in a pcapng file, in their order.
fn comments(file: &[u8]) -> Vec<String> {
    let word = |at: usize| u32::from_le_bytes(*file.get(at..).unwrap().first_chunk().unwrap());
    let half = |at: usize| u16::from_le_bytes(*file.get(at..).unwrap().first_chunk().unwrap());
    let (mut comments, mut at) = (Vec::new(), 0);
    while at < file.len() {
        let len = usize::try_from(word(at + 4)).unwrap();
        if word(at) == 6 {
            let captured = usize::try_from(word(at + 20)).unwrap();
            let mut option = at + 28 + captured.next_multiple_of(4);
            while half(option) == 1 {
                let value = option + 4;
                let len = usize::from(half(option + 2));
                let comment = file.get(value..value + len).unwrap();
                comments.push(String::from_utf8(comment.to_vec()).unwrap());
                option = value + len.next_multiple_of(4);
            }
        }
        at += len;
    }
    comments
}

#[test]
fn the_evidence_is_written_as_a_capture_with_comments() {
    let folder = ring();
    let run = folder.run(&["--annotate", "out.pcapng", "whole.pcap"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("whole.pcap: "), "{run:?}");
    let said = comments(&fs::read(folder.path("out.pcapng")).unwrap());
    assert_eq!(said.len(), 9);
    assert_eq!(
        said[1],
        "frame 51 of whole.pcap: PTR query for 25.113.0.203.in-addr.arpa to 10.0.0.1, never \
         answered [reverse-dns-unanswered, high]"
    );
    // It is a capture like others.
    let again = folder.run(&["--all", "out.pcapng"]);
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
    assert!(
        again.stdout.starts_with("out.pcapng: 9 frames"),
        "{again:?}"
    );

    // The files of a ring, by the numbers of the merged capture.
    let run = folder.run(&["--merge", "--annotate", "merged.pcapng", "ring"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let merged = comments(&fs::read(folder.path("merged.pcapng")).unwrap());
    let frames = |comments: &[String]| -> Vec<String> {
        let number = |it: &String| it.split(' ').nth(1).unwrap().to_owned();
        comments.iter().map(number).collect()
    };
    assert_eq!(frames(&merged), frames(&said));

    // Several captures are several sections; with --whole, each frame says which it was.
    let file = fs::read(folder.path("whole.pcap")).unwrap();
    let folder = folder.with("again.pcap", &file);
    let args = [
        "--whole",
        "--annotate",
        "two.pcapng",
        "whole.pcap",
        "again.pcap",
    ];
    let run = folder.run(&args);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let two = comments(&fs::read(folder.path("two.pcapng")).unwrap());
    assert_eq!(two[0], "frame 46 of whole.pcap");
    assert!(
        two.iter()
            .any(|it| it.starts_with("frame 51 of again.pcap: PTR query "))
    );
}

#[test]
fn what_cannot_be_annotated_is_refused_before_anything_is_read_or_written() {
    let folder = ring().with("earlier.pcapng", b"earlier");
    let run = folder.run_from("whole.pcap", &["--annotate", "out.pcapng", "-"]);
    run.is_refusal("tls-stall: cannot read standard input: no regular file, and --annotate ");
    let run = folder.run(&["--annotate", "whole.pcap", "whole.pcap"]);
    run.is_refusal("tls-stall: cannot write whole.pcap: it is one of the captures");
    let run = folder.run(&["--annotate", "-", "whole.pcap"]);
    run.is_refusal("tls-stall: cannot write standard output: --annotate writes a file");
    let args = [
        "--annotate",
        "out.pcapng",
        "-o",
        "./out.pcapng",
        "whole.pcap",
    ];
    let run = folder.run(&args);
    run.is_refusal("tls-stall: cannot write out.pcapng: the report and the annotated capture");
    for args in [
        ["--redact", "--annotate", "out.pcapng", "whole.pcap"].as_slice(),
        &["--whole", "whole.pcap"],
        &["--jobs", "0", "whole.pcap"],
    ] {
        let run = folder.run(args);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    }
    // Nothing can be put there: what is there stays, and nothing is left beside it.
    let run = folder.run(&["--annotate", "nowhere/out.pcapng", "whole.pcap"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(folder.read("earlier.pcapng"), "earlier");
    assert_eq!(folder.names(), ["earlier.pcapng", "ring", "whole.pcap"]);
}
