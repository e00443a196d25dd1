//! What a pcapng file says besides its packets: names of addresses, and secrets to decrypt with.

use std::fmt;
use std::net::IpAddr;

use super::byte_order::{ByteOrder, in_memory};
use super::faults::{Damage, Faults};

/// The most bytes kept of names and secrets together (4 MiB).
///
/// The names are those that a capturing program looked up, which are few; and TLS needs 200 bytes
/// of secrets a connection.
pub(super) const MAX_ASIDES: usize = 4 * 1024 * 1024;

/// What a name or a secret takes besides its bytes.
const OVERHEAD: usize = 64;

/// Where in a Name Resolution Block the records begin.
const RECORDS_AT: usize = 8;
const NRB_RECORD_IPV4: u16 = 1;
const NRB_RECORD_IPV6: u16 = 2;

/// Where in a Decryption Secrets Block the secrets begin.
const SECRETS_AT: usize = 16;

/// Secrets that decrypt what was captured, as a file holds them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Secrets {
    /// What they are: 0x544c534b is a TLS key log, as `SSLKEYLOGFILE` has it.
    pub kind: u32,
    /// The secrets themselves.
    pub data: Vec<u8>,
}

/// Without the secrets: what is printed ends in logs.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("kind", &self.kind)
            .field("len", &self.data.len())
            .finish_non_exhaustive()
    }
}

/// The asides of a file so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Asides {
    names: Vec<(IpAddr, String)>,
    secrets: Vec<Secrets>,
    /// How many bytes they take.
    len: usize,
}

impl Asides {
    pub(super) fn names(&self) -> &[(IpAddr, String)] {
        &self.names
    }

    pub(super) fn secrets(&self) -> &[Secrets] {
        &self.secrets
    }

    /// Reads a Name Resolution Block up to its closing length.
    pub(super) fn read_names(
        &mut self,
        order: ByteOrder,
        block: &[u8],
        faults: &mut Faults,
    ) -> Result<(), Damage> {
        let mut rest = block.get(RECORDS_AT..).ok_or(Damage::TooShort)?;
        while let Some(kind) = order.u16_at(rest, 0) {
            let len = usize::from(order.u16_at(rest, 2).ok_or(Damage::TooShort)?);
            // The end mark; it may be missing, and options follow it.
            if kind == 0 {
                break;
            }
            let padded_len = len.next_multiple_of(4).saturating_add(4);
            let record = rest.get(4..len.saturating_add(4)).ok_or(Damage::Record)?;
            let named = match kind {
                NRB_RECORD_IPV4 => record
                    .split_first_chunk::<4>()
                    .map(|(&address, names)| (IpAddr::from(address), names)),
                NRB_RECORD_IPV6 => record
                    .split_first_chunk::<16>()
                    .map(|(&address, names)| (IpAddr::from(address), names)),
                _ => None,
            };
            if let Some((address, names)) = named {
                for name in names
                    .split(|&byte| byte == 0)
                    .filter(|name| !name.is_empty())
                {
                    if self.has_room(name.len(), faults) {
                        let name = String::from_utf8_lossy(name).into_owned();
                        self.names.push((address, name));
                    }
                }
            }
            rest = rest.get(padded_len..).unwrap_or_default();
        }
        Ok(())
    }

    /// Reads a Decryption Secrets Block up to its closing length.
    pub(super) fn read_secrets(
        &mut self,
        order: ByteOrder,
        block: &[u8],
        faults: &mut Faults,
    ) -> Result<(), Damage> {
        let kind = order.u32_at(block, 8).ok_or(Damage::TooShort)?;
        let len = order.u32_at(block, 12).ok_or(Damage::TooShort)?;
        let end = SECRETS_AT.saturating_add(in_memory(len));
        let data = block.get(SECRETS_AT..end).ok_or(Damage::Record)?;
        if self.has_room(data.len(), faults) {
            let data = data.to_vec();
            self.secrets.push(Secrets { kind, data });
        }
        Ok(())
    }

    /// Whether `len` more bytes are kept; counts them, or what is dropped.
    fn has_room(&mut self, len: usize, faults: &mut Faults) -> bool {
        let with = self.len.saturating_add(len).saturating_add(OVERHEAD);
        let has_room = with <= MAX_ASIDES;
        if has_room {
            self.len = with;
        } else {
            faults.aside_dropped();
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Bytes, block, only, packet, start};
    use super::ByteOrder::{Big, Little};
    use super::*;
    use crate::{CaptureReader, NoticeCode};

    const TLS_KEY_LOG: u32 = 0x544c_534b;

    /// Reads all of `file`, which has one packet.
    fn reader(file: &[u8]) -> CaptureReader<&[u8]> {
        let mut reader = CaptureReader::new(file).unwrap();
        assert!(reader.next_frame().unwrap().is_some());
        assert!(reader.next_frame().unwrap().is_none());
        reader
    }

    #[test]
    fn names_of_both_families_are_kept_in_both_byte_orders() {
        for order in [Little, Big] {
            let v6 = *b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01six.example\0";
            let names = Bytes::new(order)
                .option(NRB_RECORD_IPV4, b"\x0a\0\0\x01one.example\0two.example\0")
                .option(3, b"\x02\0\0\0\0\x01a link address\0")
                .option(NRB_RECORD_IPV6, &v6)
                .option(0, b"")
                // An option of the block, of the server that was asked.
                .option(2, b"resolver.example");
            let file = [start(order), block(4, names), packet(order, 0, 0, b"abcd")].concat();
            let reader = reader(&file);
            assert_eq!(reader.notices(), []);
            let (v4, v6) = ("10.0.0.1".parse().unwrap(), "2001:db8::1".parse().unwrap());
            let expected = [
                (v4, "one.example"),
                (v4, "two.example"),
                (v6, "six.example"),
            ];
            assert_eq!(
                reader.names(),
                expected.map(|(ip, name)| (ip, name.to_owned()))
            );
        }
    }

    #[test]
    fn a_record_that_runs_past_its_block_leaves_the_names_before_it() {
        let names = Bytes::new(Little)
            .option(NRB_RECORD_IPV4, b"\x0a\0\0\x01one.example\0")
            .u16(NRB_RECORD_IPV4)
            .u16(400)
            .raw(b"\x0a\0\0\x02");
        let file = [
            start(Little),
            block(4, names),
            packet(Little, 0, 0, b"abcd"),
        ]
        .concat();
        let reader = reader(&file);
        assert_eq!(reader.names().len(), 1);
        let notices = reader.notices();
        assert!(
            only(&notices)
                .2
                .ends_with("one of its records would end beyond it")
        );
    }

    #[test]
    fn secrets_are_kept_without_their_padding_and_never_printed() {
        for order in [Little, Big] {
            let secrets = Bytes::new(order).u32(TLS_KEY_LOG).u32(6).raw(b"SECRET");
            let file = [
                start(order),
                block(10, secrets),
                packet(order, 0, 0, b"abcd"),
            ]
            .concat();
            let reader = reader(&file);
            let [secrets] = reader.secrets() else {
                panic!("not one")
            };
            assert_eq!(
                (secrets.kind, secrets.data.as_slice()),
                (TLS_KEY_LOG, &b"SECRET"[..])
            );
            assert_eq!(
                format!("{secrets:?}"),
                "Secrets { kind: 1414288203, len: 6, .. }"
            );
        }
    }

    #[test]
    fn more_than_is_kept_is_said() {
        let secrets = |len: u32| {
            let data = vec![0; in_memory(len)];
            block(10, Bytes::new(Little).u32(TLS_KEY_LOG).u32(len).raw(&data))
        };
        let file = [
            start(Little),
            secrets(3 * 1024 * 1024),
            secrets(3 * 1024 * 1024),
            secrets(5),
            packet(Little, 0, 0, b"abcd"),
        ];
        let file = file.concat();
        let reader = reader(&file);
        assert_eq!(reader.secrets().len(), 2);
        let message = "1 name or secret beyond the first 4194304 bytes of them left out";
        let notices = reader.notices();
        assert_eq!(only(&notices), (NoticeCode::LimitReached, None, message));
    }
}
