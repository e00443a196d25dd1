//! A file as the page gives it: pieces on demand.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use js_sys::Error;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen(typescript_custom_section)]
const BYTES: &str = "
/** A file that is read from its beginning to its end. */
export interface Bytes {
    /** Puts the next bytes into `room` and says how many; 0 at the end. */
    read(room: Uint8Array): number;
}
";

#[wasm_bindgen]
extern "C" {
    /// A file that JavaScript reads, from its beginning to its end.
    #[derive(Debug)]
    #[wasm_bindgen(typescript_type = "Bytes")]
    pub type Bytes;

    #[wasm_bindgen(method, catch)]
    fn read(this: &Bytes, room: &mut [u8]) -> Result<u32, JsValue>;
}

impl Read for Bytes {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = Bytes::read(self, room).map_err(|thrown| {
            let message = Error::from(thrown).message();
            io::Error::other(String::from(message))
        })?;
        usize::try_from(count).map_err(io::Error::other)
    }
}

/// How many bytes may still be read before the page is to have its turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowance(Rc<Cell<usize>>);

impl Allowance {
    /// Allows `count` bytes.
    pub(crate) fn renew(&self, count: u32) {
        self.0.set(usize::try_from(count).unwrap_or(usize::MAX));
    }

    /// Whether they have been read.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    fn spend(&self, count: usize) {
        self.0.set(self.0.get().saturating_sub(count));
    }
}

/// A file of which what is read is taken from an allowance.
///
/// It gives more than that where it is asked to, as a frame is read to its end.
#[derive(Debug)]
pub(crate) struct Counted {
    bytes: Bytes,
    allowance: Allowance,
}

impl Counted {
    pub(crate) const fn new(bytes: Bytes, allowance: Allowance) -> Self {
        Self { bytes, allowance }
    }
}

impl Read for Counted {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = Read::read(&mut self.bytes, room)?;
        self.allowance.spend(count);
        Ok(count)
    }
}
