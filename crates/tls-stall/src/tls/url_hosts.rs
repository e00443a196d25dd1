//! The hosts of the `http://` URLs in certificates: where their issuers say that status, revocation
//! lists and issuers' certificates are (RFC 5280, sections 4.2.1.13 and 4.2.2.1).

use memchr::memchr;

/// How such a URL begins.
const BEGIN: &[u8] = b"http://";

/// The first byte of that, which occurs in it once.
const BEGIN_BYTE: u8 = b'h';

/// Hosts that are kept; a chain of certificates names a handful.
const MAX_HOSTS: usize = 16;

/// The longest name that there can be.
const MAX_HOST_LEN: usize = 253;

/// Finds the hosts of URLs in bytes that come in pieces.
#[derive(Debug, Default)]
pub(crate) struct UrlHosts {
    /// Each followed by a line feed; nothing is allocated where there is none.
    found: String,
    count: usize,
    /// How much of [`BEGIN`] the last piece ended with.
    begun: usize,
    /// The start in `found` of the host within which the last piece ended.
    open: Option<usize>,
}

impl UrlHosts {
    /// Takes the next bytes of a certificate message.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) {
        if self.open.is_some() {
            bytes = self.read_host(bytes);
        } else if self.begun > 0 {
            bytes = self.read_begin(bytes);
        }
        while self.open.is_none() && self.count < MAX_HOSTS {
            let Some(at) = memchr(BEGIN_BYTE, bytes) else {
                break;
            };
            let rest = bytes.get(at..).unwrap_or_default();
            if let Some(host) = rest.strip_prefix(BEGIN) {
                self.open = Some(self.found.len());
                bytes = self.read_host(host);
            } else if BEGIN.starts_with(rest) {
                self.begun = rest.len();
                break;
            } else {
                bytes = rest.get(1..).unwrap_or_default();
            }
        }
    }

    /// Bytes are missing: what comes next does not continue what came before.
    pub(crate) fn skip(&mut self) {
        if let Some(start) = self.open.take() {
            self.found.truncate(start);
        }
        self.begun = 0;
    }

    /// The hosts, in lower case, each followed by a line feed.
    pub(crate) fn finish(mut self) -> Box<str> {
        self.skip();
        self.found.into_boxed_str()
    }

    /// Goes on with the start of a URL that the last piece ended with.
    fn read_begin<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let rest = BEGIN.get(self.begun..).unwrap_or_default();
        let len = rest.len().min(bytes.len());
        let (head, tail) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
        if !rest.starts_with(head) {
            self.begun = 0;
            return bytes;
        }
        self.begun = self.begun.saturating_add(len);
        if self.begun < BEGIN.len() {
            return tail;
        }
        self.begun = 0;
        if self.count >= MAX_HOSTS {
            return tail;
        }
        self.open = Some(self.found.len());
        self.read_host(tail)
    }

    /// Goes on with a host; gives what follows it.
    fn read_host<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let start = self.open.unwrap_or(self.found.len());
        for (index, byte) in bytes.iter().enumerate() {
            let is_of_name = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            if is_of_name && self.found.len().saturating_sub(start) < MAX_HOST_LEN {
                self.found.push(char::from(byte.to_ascii_lowercase()));
                continue;
            }
            self.open = None;
            self.close(start);
            return bytes.get(index..).unwrap_or_default();
        }
        &[]
    }

    /// Keeps the host that begins at `start`, unless it is empty or known.
    fn close(&mut self, start: usize) {
        let (known, host) = self.found.split_at_checked(start).unwrap_or_default();
        if host.is_empty() || known.lines().any(|other| other == host) {
            self.found.truncate(start);
            return;
        }
        self.found.push('\n');
        self.count = self.count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] =
        b"\x30\x86\x16http://OCSP.example/x\x82http:/no http://crl.example:80/a.crl\x00hthttp://ocsp.example/";

    fn hosts(pieces: &[&[u8]]) -> String {
        let mut hosts = UrlHosts::default();
        for piece in pieces {
            hosts.read(piece);
        }
        hosts.finish().into()
    }

    #[test]
    fn each_host_is_found_once_wherever_the_bytes_are_cut() {
        let due = "ocsp.example\ncrl.example\n";
        assert_eq!(hosts(&[TEXT]), due);
        for cut in 0..=TEXT.len() {
            let (a, b) = TEXT.split_at(cut);
            assert_eq!(hosts(&[a, b]), due, "cut at {cut}");
            assert_eq!(
                hosts(&[a, b"", b]),
                due,
                "cut at {cut}, with nothing between"
            );
        }
        let single: Vec<&[u8]> = TEXT.chunks(1).collect();
        assert_eq!(hosts(&single), due);
    }

    #[test]
    fn a_host_that_is_not_whole_is_not_kept() {
        assert_eq!(hosts(&[b"http://ocsp.exam"]), "");
        let mut gap = UrlHosts::default();
        gap.read(b"http://ocsp.exam");
        gap.skip();
        gap.read(b"ple/");
        assert_eq!(&*gap.finish(), "");
    }

    #[test]
    fn a_certificate_full_of_urls_takes_bounded_memory() {
        let mut hosts = UrlHosts::default();
        for number in 0..10_000 {
            hosts.read(format!("http://{number}.example/").as_bytes());
            hosts.read(&[b'a'; 1000]);
        }
        assert_eq!(hosts.finish().lines().count(), MAX_HOSTS);
        let mut long = UrlHosts::default();
        long.read(b"http://");
        long.read(&vec![b'a'; 100_000]);
        assert!(long.finish().len() <= MAX_HOST_LEN + 1);
    }
}
