#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| tls_stall_fuzz::dns(input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    tls_stall_fuzz::replay(tls_stall_fuzz::dns)
}
