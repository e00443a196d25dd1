//! Threads of the library's own.

use std::sync::mpsc::channel;
use std::thread;

/// Lets `work` go on with `value` on a thread of its own; gives the value back where there can be none.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    value: T,
    work: impl FnOnce(T) + Send + 'static,
) -> Result<(), T> {
    let (begin, begun) = channel();
    let thread = thread::Builder::new().name(name.to_owned());
    let spawned = thread.spawn(move || {
        if let Ok(value) = begun.recv() {
            work(value);
        }
    });
    if spawned.is_err() {
        return Err(value);
    }
    begin.send(value).map_err(|unsent| unsent.0)
}
