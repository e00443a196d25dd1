//! Builds frames, connections and captures for the tests of tls-stall.
