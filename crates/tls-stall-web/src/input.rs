//! A file as the page gives it: pieces on demand.

use std::io::{self, Read};

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
