//! The catalogue of causes: `tls-stall explain`.

use crate::Folder;

#[test]
fn a_cause_is_explained_and_all_are_listed() {
    let folder = Folder::new();
    let page = folder.run(&["explain", "reverse-dns-unanswered"]);
    assert_eq!((page.code, page.stderr.as_str()), (0, ""));
    assert!(
        page.stdout.starts_with("reverse-dns-unanswered\n"),
        "{page:?}"
    );
    assert!(page.stdout.contains("dig -x 203.0.113.25\n"), "{page:?}");
    assert!(
        page.stdout.lines().all(|line| line.len() <= 100),
        "{page:?}"
    );
    let list = folder.run(&["explain"]);
    assert_eq!((list.code, list.stderr.as_str()), (0, ""));
    for cause in tls_stall::Cause::ALL {
        let listed = list
            .stdout
            .lines()
            .any(|line| line.starts_with(cause.name()));
        assert!(listed, "{cause}: {list:?}");
    }
    let colour = folder.run(&["explain", "--color", "always", "syn-lost"]);
    assert!(colour.stdout.starts_with("\u{1b}[1msyn-lost"), "{colour:?}");
}

#[test]
fn a_cause_that_is_not_known_is_refused_with_the_nearest() {
    let run = Folder::new().run(&["explain", "reverse-dns-unaswered"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    let nearest = "a similar value exists: 'reverse-dns-unanswered'";
    assert!(run.stderr.contains(nearest), "{run:?}");
}
